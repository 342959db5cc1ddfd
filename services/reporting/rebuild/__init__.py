"""Rebuilds reporting's tables from the log, beside the tables in use."""
