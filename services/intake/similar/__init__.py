"""Finds the open demands that a new one may repeat, while it is still being written."""
