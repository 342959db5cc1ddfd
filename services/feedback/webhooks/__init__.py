"""Webhooks: sends events of demands to other systems, signed, in order, and again until they are accepted."""
