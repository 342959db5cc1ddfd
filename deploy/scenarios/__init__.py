"""Seeded scenarios: recorded demands that replay a story through the whole pipeline."""
