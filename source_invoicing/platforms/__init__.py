"""The registry of platforms, by their name in the configuration."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from typing_extensions import override

from source_invoicing.platforms.platform import Platform

__all__ = ["PLATFORMS", "Platform"]


class _Registry(Mapping[str, type[Platform]]):
    """Imports a platform on first use: a connection needs only one, and importing all of them takes a while.

    :param classes: module in this package and class in it, by name of the platform
    """

    def __init__(self, classes: Mapping[str, tuple[str, str]]) -> None:
        self._classes = classes

    @override
    def __getitem__(self, name: str) -> type[Platform]:
        module, class_name = self._classes[name]
        platform: type[Platform] = getattr(import_module(f"{__name__}.{module}"), class_name)
        return platform

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    @override
    def __len__(self) -> int:
        return len(self._classes)


PLATFORMS = _Registry(
    {
        "invoiced": ("invoiced", "Invoiced"),
        "zoho_invoice": ("zoho", "ZohoInvoice"),
        "zoho_books": ("zoho", "ZohoBooks"),
        "fastbill": ("fastbill", "FastBill"),
        "rest_api": ("rest_api", "RestApi"),
    }
)
