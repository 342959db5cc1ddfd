"""Drill-down: from a figure to its demands, and from a demand to its facts."""
