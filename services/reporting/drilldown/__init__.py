"""Opens a figure to its demands, and a demand to its facts."""
