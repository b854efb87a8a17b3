"""The platforms the sandbox can play. A further one is a subclass of Platform that is entered here."""

from __future__ import annotations

from collections.abc import Mapping

from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.fastbill import FastBill
from integration_tests.sandbox.invoiced import Invoiced
from integration_tests.sandbox.platform import Platform
from integration_tests.sandbox.rest_api import RestApi
from integration_tests.sandbox.zoho_products import ZohoBooks, ZohoInvoice

PLATFORMS: Mapping[str, type[Platform]] = {
    platform.name: platform for platform in (Invoiced, ZohoInvoice, ZohoBooks, FastBill, RestApi)
}


def platform_class(name: str) -> type[Platform]:
    """The platform of that name."""
    if name not in PLATFORMS:
        raise SandboxError(f"Unknown platform {name!r}; known: {', '.join(PLATFORMS)}.")
    return PLATFORMS[name]
