"""Notifications: which messages citizens and units get, and how they are sent."""
