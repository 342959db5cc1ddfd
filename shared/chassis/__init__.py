"""What every service is built on: message delivery, storage, HTTP, process start and telemetry."""
