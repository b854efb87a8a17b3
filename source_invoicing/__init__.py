"""One Airbyte source for five kinds of invoicing system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_invoicing.source import SourceInvoicing

__all__ = ["SourceInvoicing"]


def __getattr__(name: str) -> Any:
    """Import the source on first access, since it imports the CDK, which ``spec`` does not need."""
    if name != "SourceInvoicing":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from source_invoicing.source import SourceInvoicing  # noqa: PLC0415 - see above

    return SourceInvoicing


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
