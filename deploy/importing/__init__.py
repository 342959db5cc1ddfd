"""Bulk import: reads files of other systems by declared mappings, and sends their rows to intake."""
