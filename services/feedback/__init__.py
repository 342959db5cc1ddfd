"""Tells the citizen, asks whether it is solved, and ends the demand."""
