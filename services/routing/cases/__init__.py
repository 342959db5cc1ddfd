"""A case: who answers it and by when, and what staff may say about it."""
