"""Suggestions: proposes the category of a demand from its text."""
