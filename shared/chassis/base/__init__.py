"""The base of all chassis packages: settings, time, logs, metrics, tokens."""
