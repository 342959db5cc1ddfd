"""The names and manifests of the services; a manifest is imported on demand, so that a process loads only its own."""

from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from shared.chassis.process.manifest import ServiceManifest

SERVICE_NAMES: Final = ("intake", "routing", "feedback", "reporting")


@lru_cache(maxsize=len(SERVICE_NAMES))
def manifest(name: str) -> ServiceManifest[Any]:
    """Import and return the manifest of a service."""
    service_manifest: ServiceManifest[Any] = import_module(f"services.{name}.app").SERVICE
    return service_manifest


def manifests() -> tuple[ServiceManifest[Any], ...]:
    """The manifests of all services."""
    return tuple(map(manifest, SERVICE_NAMES))
