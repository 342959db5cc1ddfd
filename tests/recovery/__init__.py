"""Drills of what operators do when something was lost or must be changed, with the commands of `docs/operating/`."""
