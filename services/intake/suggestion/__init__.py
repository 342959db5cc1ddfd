"""Suggests what a demand is about from what the citizen has written."""
