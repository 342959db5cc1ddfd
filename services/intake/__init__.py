"""Takes demands in on every channel and never turns one away."""
