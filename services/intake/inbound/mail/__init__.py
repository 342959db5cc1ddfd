"""Demands by e-mail."""
