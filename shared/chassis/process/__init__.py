"""One process: its parts, its health, and its end."""
