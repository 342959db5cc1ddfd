"""Channels: their keys, quotas, gateways and menus."""
