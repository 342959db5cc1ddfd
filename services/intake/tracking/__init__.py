"""Follows a demand: who may see it, and its story."""
