"""Where messages leave: one module for each kind of gateway."""
