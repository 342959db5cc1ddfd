"""Generates what image, compose and chart need to know of the product: its processes, paths and settings."""
