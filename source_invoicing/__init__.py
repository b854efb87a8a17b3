"""One Airbyte source for five kinds of invoicing system."""

from source_invoicing.source import SourceInvoicing

__all__ = ["SourceInvoicing"]
