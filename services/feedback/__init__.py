"""Feedback: sends messages to citizens, asks whether the matter is solved, and closes demands."""
