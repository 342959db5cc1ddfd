"""The contracts about a demand: its facts, its state, its lifecycle."""
