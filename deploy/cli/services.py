"""The services by name, and each one's manifest, loaded when it is asked for: a process loads itself alone."""

from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from shared.chassis.process.manifest import ServiceManifest

SERVICE_NAMES: Final = ("intake", "routing", "feedback", "reporting")


@lru_cache(maxsize=len(SERVICE_NAMES))
def manifest(name: str) -> ServiceManifest[Any]:
    """What the service of this name says of itself."""
    service_manifest: ServiceManifest[Any] = import_module(f"services.{name}.app").SERVICE
    return service_manifest


def manifests() -> tuple[ServiceManifest[Any], ...]:
    """Those of all services."""
    return tuple(map(manifest, SERVICE_NAMES))
