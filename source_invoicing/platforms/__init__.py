"""The registry: the platforms there are, by the name they have in the configuration."""

from collections.abc import Mapping

from source_invoicing.platforms.fastbill import FastBill
from source_invoicing.platforms.invoiced import Invoiced
from source_invoicing.platforms.platform import Platform
from source_invoicing.platforms.rest_api import RestApi
from source_invoicing.platforms.zoho import ZohoBooks, ZohoInvoice

PLATFORMS: Mapping[str, type[Platform]] = {
    platform.name: platform
    for platform in (
        Invoiced,
        ZohoInvoice,
        ZohoBooks,
        FastBill,
        RestApi,
    )
}

__all__ = ["PLATFORMS", "Platform"]
