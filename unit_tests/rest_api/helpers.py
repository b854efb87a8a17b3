"""Configurations of the platform ``rest_api`` for tests, servers of canned lists, and how to read from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from airbyte_cdk.models import SyncMode

from source_invoicing import SourceInvoicing
from source_invoicing.streams import InvoicingStream

Json = dict[str, Any]
BASE = "https://api.example.com"
LIST = f"{BASE}/v1/invoices"
KEY = "k+ey/with=odd%20signs"
AUTH: Json = {"type": "api_key", "value": KEY}
OAUTH: Json = {
    "type": "oauth2",
    "token_url": f"{BASE}/token",
    "client_id": "client-1",
    "client_secret": "secret-1",
    "refresh_token": "refresh-1",
}
CUSTOMERS: Json = {"name": "customers", "path": "/v1/customers", "pagination": {"type": "none"}}
CHILD: Json = {
    "name": "notes",
    "path": "/v1/customers/{id}/notes",
    "pagination": {"type": "none"},
    "parent": {"stream": "customers", "key": "id", "field": "customer_id"},
}
ROWS = [{"id": number, "total": number + 0.5} for number in range(250)]


def config(*streams: Json, **options: Any) -> Json:
    """A configuration; without streams, the one that there is by default."""
    platform = {"name": "rest_api", "base_url": BASE, "auth": AUTH, **options}
    return {"platform": {**platform, "streams": list(streams)} if streams else platform}


def invoices(**options: Any) -> Json:
    """The declaration of a stream."""
    return {"name": "invoices", "path": "/v1/invoices", **options}


def stream(values: Json, name: str = "invoices") -> InvoicingStream:
    """A stream of a configuration."""
    found = next(stream for stream in SourceInvoicing().streams(values) if stream.name == name)
    assert isinstance(found, InvoicingStream)
    return found


def read(values: Json, name: str = "invoices", state: Mapping[str, Any] | None = None) -> list[Json]:
    """The records of a stream from a state on."""
    chosen = stream(values, name)
    chosen.state = dict(state or {})
    return read_stream(chosen)


def read_stream(chosen: InvoicingStream) -> list[Json]:
    """The records of a stream, slice by slice."""
    return [
        dict(row)
        for each in chosen.stream_slices(sync_mode=SyncMode.full_refresh)
        for row in chosen.read_records(SyncMode.full_refresh, stream_slice=each)
    ]


def query(request: Any) -> dict[str, str]:
    """The parameters of a request."""
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))


def by_offset(rows: list[Json], cap: int = 100, **told: Any) -> Callable[[Any, Any], Json]:
    """A server of a list by offset.

    :param cap: rows on a page at most
    :param told: what the body holds beside the rows
    """

    def response(request: Any, context: Any) -> Json:
        asked = query(request)
        start = int(asked["offset"])
        return {"data": rows[start : start + min(int(asked["limit"]), cap)], **told}

    return response


def ids(records: list[Json]) -> list[Any]:
    """The ids of records, in order."""
    return [record["id"] for record in records]


def by_page(rows: list[Json], cap: int = 100, first: int = 1, *, fixed: bool = False) -> Callable[[Any, Any], Json]:
    """A server of numbered pages.

    :param cap: rows on a page at most
    :param fixed: each page has that many rows, whatever is asked for
    """

    def response(request: Any, context: Any) -> Json:
        asked = query(request)
        page = int(asked["page"]) - first
        size = cap if fixed else min(int(asked.get("per_page", cap)), cap)
        pages = -(-len(rows) // size)
        return {"data": rows[page * size : (page + 1) * size], "meta": {"pages": pages, "total": str(len(rows))}}

    return response
