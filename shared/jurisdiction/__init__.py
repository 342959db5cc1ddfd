"""Jurisdiction packs: local data such as divisions, units, the dispatch catalogue, limits, the calendar and texts."""
