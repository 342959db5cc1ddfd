"""Field visits, written down without a network."""
