"""Traces, from the request to the last row and message that follow from it."""
