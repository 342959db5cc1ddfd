"""One small function for each rule; it yields descriptions of violations."""
