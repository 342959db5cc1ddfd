"""Kafka: how a client connects, and what is asked of the cluster."""
