"""Runs a pure function in a process of its own, with limits on its time and memory."""
