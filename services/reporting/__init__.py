"""Remembers every fact as figures that can be opened."""
