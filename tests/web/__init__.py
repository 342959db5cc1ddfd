"""The common look: its words, its files, its macros."""
