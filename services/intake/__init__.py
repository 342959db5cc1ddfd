"""Intake: takes demands in on every channel, and keeps what citizens entrust to it."""
