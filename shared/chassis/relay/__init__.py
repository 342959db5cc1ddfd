"""Sends a service's journal to Kafka, in order, by one process at a time."""
