"""The configurable platform: a description that is wrong in one property is refused, warned of, or read completely."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests_mock

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from unit_tests.rest_api.helpers import BASE, Json, query, read

ROWS: list[Json] = [
    {
        "id": number,
        "lines": [{"id": number}],
        "kind": "ab"[number % 2],
        "at": f"2026-01-{1 + number % 28:02}T00:00:00Z",
        "customer": number % 3,
    }
    for number in range(25)
]
SIZE = 10
AUTH: Json = {"type": "api_key", "location": "header", "name": "X-Key", "prefix": "Token", "value": "key1"}
STREAM: Json = {"name": "invoices", "path": "/invoices", "record_path": "result.rows", "primary_key": ["id"]}
OFFSET: Json = {"type": "offset", "limit_param": "n", "offset_param": "skip", "limit": SIZE, "total_path": "count"}
DESCRIPTIONS: dict[str, list[Json]] = {
    "offset": [{**STREAM, "pagination": OFFSET, "cursor_field": "at", "since_param": "since", "error_path": "error"}],
    "page": [
        {
            **STREAM,
            "pagination": {
                **{"type": "page", "page_param": "p", "size_param": "n", "size": SIZE, "start_page": 1},
                **{"total_pages_path": "pages", "total_header": "X-Total"},
            },
        }
    ],
    "cursor": [
        {
            **STREAM,
            "pagination": {
                **{"type": "cursor", "cursor_param": "after", "source": "last_record", "path": "id"},
                "has_more_path": "more",
            },
            "params": [{"name": "n", "value": "10"}],
        }
    ],
    "next_url": [{**STREAM, "pagination": {"type": "next_url", "path": "links.next", "has_more_header": "X-More"}}],
    "body": [
        {
            **STREAM,
            "method": "POST",
            "body": '{"skip": "{offset}", "n": "{limit}", "filter": {"since": "{since}"}}',
            "pagination": {"type": "offset", "limit": SIZE, "first_offset": 0, "total_path": "count"},
            "cursor_field": "at",
        }
    ],
    "values": [
        {**STREAM, "path": "/kinds/{value}", "values": ["a", "b"], "value_field": "kind_", "pagination": OFFSET}
    ],
    "children": [
        {"name": "customers", "path": "/customers", "record_path": "", "pagination": {"type": "none"}},
        {
            **STREAM,
            "path": "/customers/{id}/invoices",
            "pagination": OFFSET,
            "parent": {"stream": "customers", "key": "id", "field": "customer"},
        },
    ],
    "detail": [
        {
            **{**STREAM, "pagination": OFFSET, "cursor_field": "at"},
            "detail": {"path": "/invoices/{id}", "record_path": "invoice"},
        }
    ],
    "parts": [
        {**STREAM, "pagination": OFFSET, "cursor_field": "at"},
        {
            **{"name": "lines", "from": "invoices", "expand": "lines.*", "document_field": "document"},
            "primary_key": ["document", "id"],
        },
    ],
    "asked parts": [
        {**STREAM, "pagination": OFFSET, "cursor_field": "at"},
        {
            **{"name": "lines", "from": "invoices", "expand": "of.lines", "primary_key": ["invoice_id", "id"]},
            "detail": {"path": "/lines", "params": [{"name": "of", "value": "{id}"}], "total_path": "count"},
        },
    ],
    "selected": [
        {
            **{**STREAM, "pagination": OFFSET, "cursor": "sync_start", "since_param": "since"},
            "detail": {"path": "/invoices/{id}", "record_path": "invoice"},
        }
    ],
    "window and values": [
        {
            **{**STREAM, "path": "/kinds/{value}", "values": ["a", "b"], "value_field": "kind_"},
            "pagination": {"type": "none", "total_path": "count"},
            "window": {"days": 10, "from_param": "from", "to_param": "to", "first": "2026-01-01", "format": "date"},
        }
    ],
    "window": [
        {
            **STREAM,
            "pagination": {"type": "none", "total_path": "count"},
            "window": {"days": 10, "from_param": "from", "to_param": "to", "first": "2026-01-01", "format": "date"},
        }
    ],
}


def answer(request: Any, context: Any) -> Any:
    """An API that demands its key and ignores parameters that it does not know."""
    key = request.headers.get("X-Key")
    if (key.decode() if isinstance(key, bytes) else key) != "Token key1":
        context.status_code = 401
        return {"error": "no such key"}
    path = urlsplit(request.url).path
    if path.startswith("/invoices/") and path.split("/")[2].isdigit():
        return {"invoice": ROWS[int(path.split("/")[2])]}
    if path == "/lines":
        key = query(request).get("of", "")
        if not key.isdigit():
            context.status_code = 400
            return {"error": "of what?"}
        return {"of": {"lines": ROWS[int(key)]["lines"]}, "count": 1}
    if path == "/customers":
        return [{"id": number} for number in range(3)]
    asked = {**query(request), **(request.json() if request.method == "POST" else {})}
    rows = [row for row in ROWS if asked.get("from", "") <= row["at"][:10] <= asked.get("to", "9")]
    if path in ("/kinds/a", "/kinds/b"):
        rows = [row for row in rows if row["kind"] == path[-1]]
    elif path.startswith("/customers/") and path.endswith("/invoices"):
        rows = [row for row in rows if str(row["customer"]) == path.split("/")[2]]
    elif path != "/invoices":
        context.status_code = 404
        return {"error": "no such path"}
    size = min(int(asked["n"]) if str(asked.get("n")).isdigit() else SIZE, SIZE)
    if "from" in asked or "to" in asked:
        size = len(rows)
    start = int(asked.get("skip") or 0) + (int(asked.get("p") or 1) - 1) * size
    if "after" in asked:
        start = next((place + 1 for place, row in enumerate(rows) if str(row["id"]) == asked["after"]), 0)
    page = rows[start : start + size]
    more = start + size < len(rows)
    context.headers.update({"X-Total": str(len(rows)), "X-More": str(more).lower()})
    return {
        "result": {"rows": page},
        "count": len(rows),
        "pages": -(-len(rows) // size) if size else 0,
        "more": more,
        "links": {"next": f"{path}?n={size}&skip={start + size}" if more else None},
    }


def described(name: str) -> Json:
    platform = {
        **{"name": "rest_api", "base_url": BASE, "auth": AUTH, "rate": {"calls": 10_000, "per_seconds": 1}},
        **{"headers": [{"name": "Accept", "value": "application/json"}], "streams": DESCRIPTIONS[name]},
    }
    return {"platform": copy.deepcopy(platform)}


Place = tuple[Any, ...]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Where each property stands, and each element of a list of texts."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*place, name)
        yield from places(member, (*place, name))


def mutants(name: str) -> Iterator[Any]:
    """The description with one property misspelt, of another type, or of another value."""
    for place in places(described(name), ()):
        if len(place) < 2 or place == ("platform", "name"):
            continue
        if place[1] != "streams" and name != "offset":
            continue  # the same in all of them
        for kind in ("misspelt", "typed", "changed"):
            if (mutant := mutated(described(name), place, kind)) is not None:
                yield pytest.param(mutant, id=f"{name}-{'.'.join(map(str, place[1:]))}-{kind}")


def mutated(values: Json, place: Place, kind: str) -> Json | None:
    around: Any = values
    for step in place[:-1]:
        around = around[step]
    name = place[-1]
    value = around[name]
    if kind == "misspelt":
        if isinstance(name, int):
            return None
        around[f"{name}x"] = around.pop(name)
    elif kind == "typed":
        around[name] = 5 if not isinstance(value, int) else "five"
    elif isinstance(value, str):
        around[name] = f"{value}x"
    elif isinstance(value, int):
        around[name] = 1 - value if value in (0, 1) else value + 1
    else:
        return None
    return values


ALL = [mutant for name in DESCRIPTIONS for mutant in mutants(name)]


@pytest.fixture
def api(server: requests_mock.Mocker) -> requests_mock.Mocker:
    server.register_uri(requests_mock.ANY, requests_mock.ANY, json=answer)
    return server


def keys(rows: list[Json]) -> set[str]:
    return {str(row["id"]) for row in rows}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_the_description_itself_is_right(
    api: requests_mock.Mocker, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert SourceInvoicing().check_connection(logging.getLogger(), described(name)) == (True, None)
    assert keys(read(described(name))) == keys(ROWS)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("values", ALL)
def test_a_description_that_is_wrong_in_one_property_is_never_half_read_in_silence(
    api: requests_mock.Mocker, values: Json, caplog: pytest.LogCaptureFixture
) -> None:
    succeeded, said = SourceInvoicing().check_connection(logging.getLogger(), values)
    if not succeeded:
        assert said
        return
    if any(record.levelno >= logging.WARNING for record in caplog.records):
        return
    streams = [each.name for each in SourceInvoicing().streams(values)]
    try:
        rows = read(values, streams[-1])
    except Failure:
        return
    assert keys(rows) == keys(ROWS)
