"""Events: what happens to a channel's demands, as pages and as a stream that can begin at any cursor."""
