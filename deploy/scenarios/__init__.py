"""Scenarios for demos: recorded demands and cases, generated from a fixed seed."""
