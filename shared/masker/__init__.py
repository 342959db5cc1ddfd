"""Masks words without holding up the event loop."""
