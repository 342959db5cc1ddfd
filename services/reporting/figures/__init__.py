"""Figures: what is counted, how counters are updated, and how they are read."""
