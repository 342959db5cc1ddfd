"""Bulk import: readers, mappings, refused rows, going on after an interruption."""
