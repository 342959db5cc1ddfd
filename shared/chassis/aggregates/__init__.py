"""Aggregates: how a service loads them, changes them by facts, and saves them together with its journal."""
