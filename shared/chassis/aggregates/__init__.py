"""A service's own copy of its aggregates, kept in step with its journal."""
