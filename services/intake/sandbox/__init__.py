"""Runs work on strangers' files in a process of its own, with limits."""
