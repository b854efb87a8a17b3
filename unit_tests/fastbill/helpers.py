"""Configurations of FastBill for tests, a server of a list, and how to read from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import requests_mock
from airbyte_cdk.models import (
    SyncMode,
)

from source_invoicing import SourceInvoicing
from source_invoicing.streams.stream import InvoicingStream

Json = dict[str, Any]
ADDRESS = "https://my.fastbill.com/api/1.0/api.php"
ROW = {"INVOICE_ID": "7", "TOTAL": 1.5}


def config(**options: Any) -> Json:
    return {
        "platform": {"name": "fastbill", "username": "büro@łódź.example", "api_key": "schlüssel-€", **options},
    }


def streams(values: Json | None = None) -> dict[str, InvoicingStream]:
    """The streams of one account by name."""
    found = SourceInvoicing().streams(values or config())
    return {stream.name: stream for stream in found if isinstance(stream, InvoicingStream)}


def stream(name: str, values: Json | None = None, state: Mapping[str, Any] | None = None) -> InvoicingStream:
    chosen = streams(values)[name]
    chosen.state = json.loads(json.dumps(state or {}))
    return chosen


def read(name: str, values: Json | None = None, state: Mapping[str, Any] | None = None) -> list[Json]:
    chosen = stream(name, values, state)
    return [dict(row) for row in chosen.read_records(SyncMode.incremental)]


def serve(server: requests_mock.Mocker, rows: Sequence[Json], list_key: str = "INVOICES") -> None:
    """A list of rows, a hundred to a page."""

    def response(request: Any, context: Any) -> Json:
        asked = request.json()
        page = rows[asked["OFFSET"] : asked["OFFSET"] + min(asked["LIMIT"], 100)]
        return {"REQUEST": asked, "RESPONSE": {list_key: list(page)}}

    server.post(ADDRESS, json=response)


def asked(server: requests_mock.Mocker) -> list[Json]:
    return [request.json() for request in server.request_history]


def invoices(count: int) -> list[Json]:
    return [{"INVOICE_ID": str(number), "LASTUPDATE": "2026-01-31 12:00:00"} for number in range(count)]
