"""Finds common demands (共性需求): many at one place about one matter within a few days."""
