"""The scenarios that are replayed."""
