"""Reporting's public pages."""
