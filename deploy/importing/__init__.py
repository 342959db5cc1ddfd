"""Bulk import: files of other systems, read through declared mappings, handed to intake."""
