"""Routing: decides which unit answers a demand and by when, and handles the commands of staff."""
