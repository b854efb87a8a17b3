"""Configurations of Zoho for tests, its responses, and how to read from them."""

from __future__ import annotations

from typing import Any

import requests_mock

from source_invoicing import SourceInvoicing
from source_invoicing.streams import InvoicingStream
from unit_tests.pages import pages

CREDENTIALS = {
    "client_id": "1000.CLIENTCLIENT",
    "client_secret": "s3cret-of-the-client",
    "refresh_token": "1000.refresh.refresh",
}
TOKEN = {"access_token": "1000.access.one", "expires_in": 3600, "token_type": "Bearer"}
ACME = {"organization_id": "111", "name": "Acme", "is_default_org": True}
BETA = {"organization_id": "222", "name": "Beta", "is_default_org": False}
US_TOKENS = "https://accounts.zoho.com/oauth/v2/token"
US_BOOKS = "https://www.zohoapis.com/books/v3"

Mock = requests_mock.Mocker


def config(name: str = "zoho_books", start_date: str = "", **options: Any) -> dict[str, Any]:
    start = {"start_date": start_date} if start_date else {}
    return {"platform": {"name": name, **CREDENTIALS, **options}, **start}


def check(**options: Any) -> str | None:
    """The sentence of a refused check, or nothing."""
    succeeded, sentence = SourceInvoicing().check_connection(None, config(**options))  # type: ignore[arg-type]
    return None if succeeded else sentence


def stream(name: str, platform: str = "zoho_books", **options: Any) -> InvoicingStream:
    streams = {each.name: each for each in SourceInvoicing().streams(config(platform, **options))}
    found = streams[name]
    assert isinstance(found, InvoicingStream)
    return found


def read(name: str, **options: Any) -> list[dict[str, Any]]:
    return [row for page in pages(stream(name, **options)) for row in page]


def envelope(key: str, rows: list[dict[str, Any]], **context: Any) -> dict[str, Any]:
    page = {"page": 1, "per_page": 200, "has_more_page": False, **context}
    return {"code": 0, "message": "success", key: rows, "page_context": page}


def last(matcher: Any) -> Any:
    """The last request that was answered so."""
    return matcher.last_request


def refused(code: int, message: str = "no") -> dict[str, Any]:
    return {"code": code, "message": message}
