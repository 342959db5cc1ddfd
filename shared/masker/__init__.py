"""Masks texts without blocking the event loop."""
