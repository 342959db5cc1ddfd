"""Tracing with OpenTelemetry: spans of requests, of facts in the relay and the consumers, of timers and messages."""
