"""Builds reporting's views anew from the log, beside those in use."""
