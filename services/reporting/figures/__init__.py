"""Figures: what is counted, how counters are moved, and how they are asked."""
