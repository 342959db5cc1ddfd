"""Versions of the dispatch catalogue: drafted, checked, rehearsed, published at a moment, and rolled back."""
