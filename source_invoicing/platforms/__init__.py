"""The registry: the platforms there are, by the name they have in the configuration."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from typing_extensions import override

from source_invoicing.platforms.platform import Platform

__all__ = ["PLATFORMS", "Platform"]


class _Registry(Mapping[str, type[Platform]]):
    """A platform is imported when it is asked for: a connection needs one of them, and all take a while.

    :param classes: by name of the platform, the module below this package and the class in it
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
