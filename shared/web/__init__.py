"""The common look of the pages."""
