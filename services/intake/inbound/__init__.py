"""Gateways in front of intake's commands, one module for each kind of channel."""
