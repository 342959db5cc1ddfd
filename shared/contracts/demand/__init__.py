"""What is told about a demand: its facts, its state, its life."""
