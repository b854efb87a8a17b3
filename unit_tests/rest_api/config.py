"""Configurations of the platform ``rest_api`` for tests, and how to read with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from airbyte_cdk.models import SyncMode

from source_invoicing import SourceInvoicing
from source_invoicing.streams import InvoicingStream

Json = dict[str, Any]
BASE = "https://api.example.com"
LIST = f"{BASE}/v1/invoices"


def config(*streams: Json, **options: Any) -> Json:
    """A configuration; without streams, the one that there is by default."""
    platform = {"name": "rest_api", "base_url": BASE, "auth": {"type": "none"}, **options}
    return {"platform": {**platform, "streams": list(streams)} if streams else platform}


def invoices(**options: Any) -> Json:
    """The declaration of a stream."""
    return {"name": "invoices", "path": "/v1/invoices", **options}


def read(values: Json, state: Mapping[str, Any] | None = None) -> list[Json]:
    """The records of the first stream of a configuration."""
    stream = SourceInvoicing().streams(values)[0]
    assert isinstance(stream, InvoicingStream)
    stream.state = dict(state or {})
    return [dict(row) for row in stream.read_records(SyncMode.full_refresh)]


def query(request: Any) -> dict[str, str]:
    """The parameters of a request."""
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
