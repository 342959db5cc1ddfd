"""Counts the facts of all demands as figures, and shows the demands behind each figure."""
