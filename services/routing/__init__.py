"""Decides who answers a demand, and by when."""
