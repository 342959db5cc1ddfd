"""Pages in a real browser: what people see, can reach by keys, and can do without JavaScript."""
