"""Tells other systems what happens to demands: signed, in order, until they have taken it."""
