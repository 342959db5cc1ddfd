"""Deadlines: what is due of a demand, and the facts that are recorded when a due time is near, missed or escalated."""
