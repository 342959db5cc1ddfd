"""Where messages leave: one module for each gateway, and whom a message is for."""
