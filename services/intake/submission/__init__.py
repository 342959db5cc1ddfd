"""Takes demands in: each once."""
