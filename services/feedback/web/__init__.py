"""Feedback's pages for citizens."""
