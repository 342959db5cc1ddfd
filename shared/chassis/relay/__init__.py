"""The relay: sends a service's journal (its outbox) to Kafka in order, in one process at a time."""
