"""The HTTP application around a service's routes, and how it refuses."""
