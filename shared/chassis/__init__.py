"""How services say it: delivery, storage, telemetry."""
