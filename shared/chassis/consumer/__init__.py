"""Reads topics: each record is applied once and in order, or set aside with its cause."""
