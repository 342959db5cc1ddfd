"""The versions of the dispatch catalogue: drafts, checks, rehearsals, publications and rollbacks."""
