"""Decides which facts follow from a command of staff; pure."""
