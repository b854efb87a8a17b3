"""The configurable platform: defaults, every pager and way to log in, and each complaint about a configuration."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests_mock
from airbyte_cdk.models import (
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    FailureType,
    SyncMode,
)
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from jsonschema import Draft7Validator

from source_invoicing import SourceInvoicing
from source_invoicing.config import Config
from source_invoicing.http import Failure
from source_invoicing.platforms.rest_api.options import Options
from source_invoicing.platforms.rest_api.paths import MISSING, dig, put
from source_invoicing.platforms.rest_api.schema import infer
from source_invoicing.platforms.rest_api.timestamps import AnyTimestamp, filter_value
from source_invoicing.streams import InvoicingStream
from unit_tests.pages import pages

Json = dict[str, Any]
BASE = "https://api.example.com"
LIST = f"{BASE}/v1/invoices"
KEY = "k+ey/with=odd%20signs"
AUTH: Json = {"type": "api_key", "value": KEY}
ROWS = [{"id": number, "total": number + 0.5} for number in range(250)]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_INVOICING_BACKOFF_SCALE", "0.0001")


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker(case_sensitive=True) as mocker:
        yield mocker


def config(*streams: Json, **options: Any) -> Json:
    platform = {"name": "rest_api", "base_url": BASE, "auth": AUTH, **options}
    return {"platform": {**platform, "streams": list(streams)} if streams else platform}


def invoices(**options: Any) -> Json:
    return {"name": "invoices", "path": "/v1/invoices", **options}


def stream(values: Json, name: str = "invoices") -> InvoicingStream:
    found = next(stream for stream in SourceInvoicing().streams(values) if stream.name == name)
    assert isinstance(found, InvoicingStream)
    return found


def read(values: Json, name: str = "invoices", state: Mapping[str, Any] | None = None) -> list[Json]:
    chosen = stream(values, name)
    chosen.state = dict(state or {})
    return read_stream(chosen)


def read_stream(chosen: InvoicingStream) -> list[Json]:
    return [
        dict(row)
        for each in chosen.stream_slices(sync_mode=SyncMode.full_refresh)
        for row in chosen.read_records(SyncMode.full_refresh, stream_slice=each)
    ]


def query(request: Any) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))


def by_offset(rows: list[Json], cap: int = 100, **told: Any) -> Callable[[Any, Any], Json]:
    def response(request: Any, context: Any) -> Json:
        asked = query(request)
        start = int(asked["offset"])
        return {"data": rows[start : start + min(int(asked["limit"]), cap)], **told}

    return response


def ids(records: list[Json]) -> list[Any]:
    return [record["id"] for record in records]


# -- defaults ---------------------------------------------------------------------------------------------------------


def test_an_address_and_a_key_read_invoices(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_offset(ROWS))

    assert ids(read(config())) == list(range(250))
    assert [query(request) for request in server.request_history] == [
        {"limit": "100", "offset": str(offset), "api_key": KEY} for offset in (0, 99, 198)
    ]


def test_a_base_url_keeps_its_path(server: requests_mock.Mocker) -> None:
    server.get("https://proxy.example/a/v1/invoices", json={"data": []})

    assert read(config(base_url="https://proxy.example/a/")) == []


def test_a_connection_test_costs_one_request(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_offset(ROWS))

    assert SourceInvoicing().check_connection(logging.getLogger(), config()) == (True, None)
    assert len(server.request_history) == 1


# -- logging in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"type": "api_key", "location": "header", "name": "X-API-TOKEN", "value": "key1"}, "X-API-TOKEN", "key1"),
        (
            {"type": "api_key", "location": "header", "name": "Authorization", "prefix": "Token ", "value": "key1"},
            "Authorization",
            "Token key1",
        ),
        ({"type": "bearer", "token": "key1"}, "Authorization", "Bearer key1"),
        ({"type": "basic", "username": "büro", "password": ""}, "Authorization", "Basic YsO8cm86"),
        ({"type": "none"}, "Authorization", None),
    ],
)
def test_credentials_go_where_they_belong(
    server: requests_mock.Mocker, auth: Json, header: str, value: str | None
) -> None:
    server.get(LIST, json={"data": []})

    read(config(auth=auth))

    sent = server.request_history[0].headers.get(header)
    assert (sent.decode() if isinstance(sent, bytes) else sent) == value
    assert "key1" not in server.request_history[0].url


def test_a_key_in_the_query_is_encoded_once_and_masked_in_each_form(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": []})

    read(config())

    url = server.request_history[0].url
    assert parse_qsl(urlsplit(url).query)[-1] == ("api_key", KEY)
    assert "k%2Bey%2Fwith%3Dodd%2520signs" in url
    assert "with" not in filter_secrets(url)


OAUTH: Json = {
    "type": "oauth2",
    "token_url": f"{BASE}/token",
    "client_id": "client-1",
    "client_secret": "secret-1",
    "refresh_token": "refresh-1",
}


def test_a_rotated_refresh_token_is_handed_back_to_be_stored(
    server: requests_mock.Mocker, capsys: pytest.CaptureFixture[str]
) -> None:
    server.post(f"{BASE}/token", json={"access_token": "access-1", "expires_in": 3600, "refresh_token": "refresh-2"})
    server.get(LIST, [{"json": {"data": [{"id": 1}]}}, {"json": {"data": []}}])

    read({**config(auth=OAUTH), "start_date": "2024-01-01T00:00:00Z"})

    control = next(json.loads(line) for line in capsys.readouterr().out.splitlines() if '"CONTROL"' in line)
    stored = control["control"]["connectorConfig"]["config"]
    assert stored["platform"]["auth"]["refresh_token"] == "refresh-2"
    assert stored["start_date"] == "2024-01-01T00:00:00Z"
    assert server.request_history[1].headers["Authorization"] in ("Bearer access-1", b"Bearer access-1")


def test_an_access_token_that_ends_early_is_renewed_and_the_request_repeated(
    server: requests_mock.Mocker, capsys: pytest.CaptureFixture[str]
) -> None:
    server.post(
        f"{BASE}/token",
        [{"json": {"access_token": f"access-{n}", "refresh_token": f"refresh-{n}"}} for n in (2, 3)],
    )
    server.get(LIST, [{"status_code": 401, "json": {}}, {"json": {"data": [{"id": 1}]}}, {"json": {"data": []}}])

    assert ids(read(config(auth=OAUTH))) == [1]
    asked = [request for request in server.request_history if request.method == "GET"]
    assert [request.headers["Authorization"] for request in asked] == [f"Bearer access-{n}" for n in (2, 3, 3)]
    stored = [json.loads(line)["control"] for line in capsys.readouterr().out.splitlines() if '"CONTROL"' in line]
    tokens = [control["connectorConfig"]["config"]["platform"]["auth"]["refresh_token"] for control in stored]
    assert tokens == ["refresh-2", "refresh-3"]


@pytest.mark.parametrize("status", [200, 400])
def test_a_refused_refresh_token_is_for_the_user_to_mend(server: requests_mock.Mocker, status: int) -> None:
    server.post(f"{BASE}/token", status_code=status, json={"error": "invalid_grant"})

    with pytest.raises(Failure, match=r"invalid_grant.*platform\.auth\.client_id") as caught:
        read(config(auth=OAUTH))
    assert caught.value.failure_type is FailureType.config_error


# -- pagers -----------------------------------------------------------------------------------------------------------


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


def pages_asked(server: requests_mock.Mocker) -> list[tuple[int, int]]:
    """Page and size of each request; the size is 0 where none was named."""
    asked = [query(request) for request in server.request_history]
    return [(int(pair["page"]), int(pair.get("per_page", 0))) for pair in asked]


OVERLAPPING = [(1, 100), (2, 99), (3, 98)]


@pytest.mark.parametrize(
    ("pagination", "pages"),
    [
        ({"type": "page"}, OVERLAPPING),
        ({"type": "page", "start_page": 0}, [(number - 1, size) for number, size in OVERLAPPING]),
        ({"type": "page", "total_pages_path": "meta.pages"}, OVERLAPPING),
        ({"type": "page", "total_path": "meta.total"}, OVERLAPPING),
        ({"type": "page", "max_page": 3}, [(number, 100) for number in (1, 2, 3, 1, 2, 3)]),
        ({"type": "page", "size_param": ""}, [(number, 0) for number in (1, 2, 3, 1, 2, 3)]),
    ],
    ids=["plain", "from zero", "number of pages", "total", "under a ceiling", "no size"],
)
def test_pages_are_read_to_the_end(
    server: requests_mock.Mocker, pagination: Json, pages: list[tuple[int, int]]
) -> None:
    server.get(LIST, json=by_page(ROWS, first=pagination.get("start_page", 1)))

    assert ids(read(config(invoices(pagination=pagination)))) == list(range(250))
    assert pages_asked(server) == pages


def test_pages_whose_size_cannot_be_chosen_are_read_until_two_passes_agree(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_page(ROWS, fixed=True))

    assert ids(read(config(invoices(pagination={"type": "page"})))) == list(range(250))
    assert [page for page, _ in pages_asked(server)] == [1, 2, 1, 2, 3, 1, 2, 3]


@pytest.mark.parametrize("fixed", [False, True], ids=["capped", "fixed"])
@pytest.mark.parametrize("cap", [20, 40])
@pytest.mark.parametrize("count", [39, 40, 41, 100])
def test_pages_that_are_silently_shorter_are_read_to_the_end(
    server: requests_mock.Mocker, count: int, cap: int, fixed: bool
) -> None:
    """Each customer in turn: what the first list taught about the pages must not cut the second one short."""
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}, {"id": 2}]})
    for customer in (1, 2):
        server.get(f"{BASE}/v1/customers/{customer}/notes", json=by_page(ROWS[:count], cap, fixed=fixed))
    values = config(CUSTOMERS, {**CHILD, "pagination": {"type": "page"}})

    assert set(map(tuple, (row.items() for row in read(values, "notes")))) == {
        tuple({**row, "customer_id": customer}.items()) for customer in (1, 2) for row in ROWS[:count]
    }


def test_a_limit_that_is_silently_lowered_is_noticed(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_offset(ROWS, cap=40))

    assert ids(read(config())) == list(range(250))


def test_a_cursor_is_the_last_id(server: requests_mock.Mocker) -> None:
    def response(request: Any, context: Any) -> Json:
        after = int(query(request).get("after", -1)) + 1
        return {"data": ROWS[after : after + 100], "more": after + 100 < len(ROWS)}

    server.get(LIST, json=response)
    pagination = {"type": "cursor", "cursor_param": "after", "has_more_path": "more"}

    assert ids(read(config(invoices(pagination=pagination)))) == list(range(250))
    assert [query(request).get("after") for request in server.request_history] == [None, "99", "199"]


def test_a_cursor_in_the_body_ends_where_it_is_missing(server: requests_mock.Mocker) -> None:
    server.get(
        LIST,
        [
            {"json": {"data": ROWS[:2], "meta": {"next": "abc"}}},
            {"json": {"data": [], "meta": {"next": "def"}}},
            {"json": {"data": ROWS[2:3], "meta": {}}},
        ],
    )
    pagination = {"type": "cursor", "cursor_param": "after", "source": "body", "path": "meta.next"}

    assert ids(read(config(invoices(pagination=pagination)))) == [0, 1, 2]
    assert query(server.request_history[1])["after"] == "abc"


@pytest.mark.parametrize("link", [f"{LIST}?page=2&api_key=old", "/v1/invoices?page=2", "?page=2"])
@pytest.mark.parametrize("place", ["path", "header", "link_header"])
def test_a_link_to_the_next_page_is_followed_with_one_key(server: requests_mock.Mocker, link: str, place: str) -> None:
    headers = {"X-Next": link, "Link": f'<{link}>; rel="next", <{LIST}>; rel="first"'}
    server.get(
        LIST,
        [
            {"json": {"data": ROWS[:2], "links": {"next": link}}, "headers": headers},
            {"json": {"data": ROWS[2:3], "links": {"next": None}}},
        ],
    )
    pagination = {
        "path": {"type": "next_url", "path": "links.next"},
        "header": {"type": "next_url", "header": "X-Next"},
        "link_header": {"type": "link_header"},
    }[place]
    values = config(invoices(pagination=pagination, params=[{"name": "sort", "value": "id"}]))

    assert ids(read(values)) == [0, 1, 2]
    assert urlsplit(server.request_history[1].url).path == "/v1/invoices"
    assert parse_qsl(urlsplit(server.request_history[1].url).query) == [("page", "2"), ("api_key", KEY)]


@pytest.mark.parametrize(
    "link", ["https://evil.example/v1/invoices?page=2", "http://evil.example/v1/invoices", "//evil.example/x"]
)
def test_a_link_to_another_host_gets_no_key(server: requests_mock.Mocker, link: str) -> None:
    server.register_uri(requests_mock.ANY, requests_mock.ANY, json={"data": []})
    server.get(LIST, json={"data": ROWS[:2], "next": link})

    with pytest.raises(Failure, match="base_url") as caught:
        read(config(invoices(pagination={"type": "next_url", "path": "next"})))
    assert caught.value.failure_type is FailureType.config_error
    assert len(server.request_history) == 1


def test_a_link_that_forgets_the_s_of_https_is_followed_by_https(server: requests_mock.Mocker) -> None:
    """As from an API behind a proxy. The key goes to the host that the user named, and never in the clear."""
    server.register_uri(requests_mock.ANY, requests_mock.ANY, status_code=500)
    link = f"http{LIST[5:]}?after=x"
    server.get(LIST, [{"json": {"data": ROWS[:2], "next": link}}, {"json": {"data": ROWS[2:3]}}])

    assert ids(read(config(invoices(pagination={"type": "next_url", "path": "next"})))) == [0, 1, 2]
    assert [request.scheme for request in server.request_history] == ["https", "https"]


LINK_HEADERS = (
    '<{link}>; rel="next"',
    "<{link}>; rel=next",
    "<{link}>; rel='next'",
    '<{link}> ; rel = "next"',
    '<{link}>; Rel="Next"',
    '<{link}>; rel="prefetch next"',
    '<{link}>; cursor="MDo="; rel="next"; results="true"',
    '<{link}>; title="a=b"; rel="next"',
    '<{link}>; title="a, b; rel=prev"; rel="next"',
    r'<{link}>; title="a \" b"; rel="next"',
    '<{link}>; rel="next"; title="x, <y>"',
    '<{link}&x=a,b;c>; rel="next"',
    '<{link}&x=1>; rel="last",<{link}>;rel="next",  <{link}&x=2>; rel="first"',
)


@pytest.mark.parametrize("header", LINK_HEADERS)
def test_each_form_of_the_header_link_is_understood(server: requests_mock.Mocker, header: str) -> None:
    headers = {"Link": header.format(link=f"{LIST}?after=b")}
    server.get(LIST, [{"json": {"data": ROWS[:2]}, "headers": headers}, {"json": {"data": ROWS[2:3]}}])

    assert ids(read(config(invoices(pagination={"type": "link_header"})))) == [0, 1, 2]
    assert query(server.request_history[1])["after"] == "b"


def test_a_header_link_without_an_address_is_no_end(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": ROWS[:2]}, headers={"Link": f'{LIST}?page=2; rel="next"'})

    with pytest.raises(Failure, match="its header Link names no address"):
        read(config(invoices(pagination={"type": "link_header"})))


def by_token(rows: list[Json], token: Callable[[int], str], beside: str = "", change: bool = False) -> Any:
    """A server that hands out tokens in each place where a token may be.

    :param token: the token of the page behind so many rows
    :param beside: what else stands in each link
    :param change: whether a row of the first page is deleted and another one inserted, once the page was answered
    """
    starts = {token(start): start for start in range(0, 1000, 100)}

    def response(request: Any, context: Any) -> Json:
        asked = query(request).get("at", "")
        start = starts[asked] if asked else 0
        page = rows[start : start + 100]
        following = token(start + 100) if start + 100 < len(rows) else None
        link = following and f"/v1/invoices?at={following}{beside}"
        if link:
            context.headers["Link"] = f'<{link}>; rel="next"'
        if change and {"id": 999} not in rows:
            del rows[3]
            rows.append({"id": 999})
        return {"data": page, "next": link, "at": following, "total": len(rows)}

    return response


COUNTING: dict[str, Callable[[int], str]] = {
    "pages from 1": lambda rows: str(rows // 100 + 1),
    "pages from 0": lambda rows: str(rows // 100),
    "rows": str,
    "rows from 1": lambda rows: str(rows + 1),
}
OPAQUE: dict[str, Callable[[int], str]] = {
    "text": lambda rows: f"p{rows}",
    "numbers": lambda rows: str(7_000_000 + rows * rows),
}
BY_TOKEN: list[Json] = [
    {"type": "link_header"},
    {"type": "next_url", "path": "next"},
    {"type": "cursor", "cursor_param": "at", "source": "body", "path": "at"},
]


@pytest.mark.parametrize("total", ["", "total"], ids=["", "total"])
@pytest.mark.parametrize("count", COUNTING)
@pytest.mark.parametrize("pagination", BY_TOKEN, ids=lambda pagination: pagination["type"])
def test_links_that_count_lose_no_row_when_others_delete(
    server: requests_mock.Mocker, pagination: Json, count: str, total: str
) -> None:
    """A delete on the first page pulls a row of the second one onto it; an insert hides that from the total."""
    server.get(LIST, json=by_token(list(ROWS), COUNTING[count], change=True))

    found = ids(read(config(invoices(pagination={**pagination, "total_path": total}))))

    assert set(range(250)) - {3} <= set(found)


@pytest.mark.parametrize("pagination", BY_TOKEN, ids=lambda pagination: pagination["type"])
@pytest.mark.parametrize(("tokens", "passes"), [(COUNTING, 2), (OPAQUE, 1)], ids=["counting", "opaque"])
def test_only_links_that_count_are_read_twice(
    server: requests_mock.Mocker, tokens: Mapping[str, Callable[[int], str]], passes: int, pagination: Json
) -> None:
    for token in tokens.values():
        server.reset_mock()
        server.get(LIST, json=by_token(ROWS, token))

        assert ids(read(config(invoices(pagination=pagination)))) == list(range(250))
        assert len(server.request_history) == 3 * passes


def test_a_number_that_stands_in_each_link_counts_nothing(server: requests_mock.Mocker) -> None:
    """Here the size of a page, which is as many rows as stand before the second one, and a version."""
    server.get(LIST, json=by_token(ROWS, "p{}".format, beside="&limit=100&version=2"))

    read(config(invoices(pagination={"type": "link_header"})))
    assert len(server.request_history) == 3


@pytest.mark.parametrize("status", [400, 404, 410, 422])
@pytest.mark.parametrize("stays", [False, True], ids=["once", "always"])
def test_a_cursor_whose_row_was_deleted_makes_the_list_begin_again_once(
    server: requests_mock.Mocker, status: int, stays: bool
) -> None:
    rows = list(ROWS)

    def response(request: Any, context: Any) -> Any:
        after = int(query(request).get("after", -1))
        if after >= 0 and (stays or after not in ids(rows)):
            context.status_code = status
            return {"error": {"message": f"No such invoice: {after}"}}
        page = [row for row in rows if row["id"] > after][:100]
        if len(server.request_history) == 1:
            rows.remove(page[-1])
        return {"data": page, "more": page[-1] != rows[-1]}

    server.get(LIST, json=response)
    pagination = {"type": "cursor", "cursor_param": "after", "has_more_path": "more"}

    if not stays:
        assert set(ids(read(config(invoices(pagination=pagination))))) == set(range(250))
        return
    with pytest.raises(Failure, match=f"HTTP {status}.*No such invoice"):
        read(config(invoices(pagination=pagination)))
    assert len(server.request_history) == 4


@pytest.mark.parametrize(
    "pagination",
    [
        {"type": "cursor", "cursor_param": "at", "source": "body", "path": "paging.next.at"},
        {"type": "next_url", "path": "paging.next.link"},
        {"type": "cursor", "cursor_param": "at", "has_more_path": "paging.more"},
        {"type": "offset", "offset_param": "at", "has_more_path": "paging.more"},
    ],
    ids=str,
)
def test_what_tells_of_a_next_page_may_be_left_out_on_the_last_one(
    server: requests_mock.Mocker, pagination: Json
) -> None:
    def response(request: Any, context: Any) -> Json:
        at = query(request).get("at")
        names_a_row = pagination["type"] == "cursor" and "source" not in pagination
        start = int(at or 0) + bool(at and names_a_row)
        told = {"more": True, "next": {"at": start + 100, "link": f"?at={start + 100}"}}
        return {"data": ROWS[start : start + 100], **({"paging": told} if start + 100 < len(ROWS) else {})}

    server.get(LIST, json=response)

    assert ids(read(config(invoices(pagination=pagination)))) == list(range(250))


def test_an_empty_list_need_not_name_a_next_page(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": []})

    assert read(config(invoices(pagination={"type": "next_url", "path": "paging.next.link"}))) == []


def test_a_name_with_a_dot_is_found(server: requests_mock.Mocker) -> None:
    """As OData has it; a list of one page has no such name."""
    first = {"@odata.context": "x", "value": ROWS[:2], "@odata.nextLink": "?$skiptoken=x"}
    server.get(LIST, [{"json": first}, {"json": {"@odata.context": "x", "value": ROWS[2:3]}}])
    values = config(invoices(record_path="value", pagination={"type": "next_url", "path": "@odata.nextLink"}))

    assert ids(read(values)) == [0, 1, 2]
    assert ids(read(values)) == [2]


def with_an_end(response: Callable[[Any, Any], Json], status: int) -> Callable[[Any, Any], Any]:
    """A server that has no page behind the last one."""

    def wrapped(request: Any, context: Any) -> Any:
        body = response(request, context)
        if not body["data"] and int(query(request)["page"]) > 1:
            context.status_code = status
            return {"detail": "Invalid page."}
        return body

    return wrapped


@pytest.mark.parametrize("status", [404, 416])
@pytest.mark.parametrize(
    ("count", "size", "fixed"),
    [
        *((count, 100, fixed) for count in (1, 37, 100, 130) for fixed in (False, True)),
        # Where no size is asked for, it may be any.
        (239, 120, True),
    ],
)
def test_a_page_behind_the_end_that_is_not_found_is_the_end(
    server: requests_mock.Mocker, count: int, size: int, fixed: bool, status: int
) -> None:
    server.get(LIST, json=with_an_end(by_page(ROWS[:count], size, fixed=fixed), status))
    pagination = {"type": "page", "size_param": "" if fixed else "per_page"}

    assert ids(read(config(invoices(pagination=pagination)))) == list(range(count))


@pytest.mark.parametrize("told", [{}, {"total_path": "meta.total"}], ids=["untold", "told"])
def test_a_page_that_is_not_found_behind_a_full_one_may_be_a_ceiling(server: requests_mock.Mocker, told: Json) -> None:
    """Unless the API tells how long the list is, nothing proves that it ends there."""
    server.get(LIST, json=with_an_end(by_page(ROWS[:200], fixed=True), 404))
    values = config(invoices(pagination={"type": "page", "size_param": "", **told}))

    if told:
        assert ids(read(values)) == list(range(200))
        return
    with pytest.raises(Failure, match=r"HTTP 404.*Invalid page.*total_path.*next_url.*since_param"):
        read(values)


def test_no_content_is_an_empty_list(server: requests_mock.Mocker) -> None:
    server.get(LIST, status_code=204)

    assert read(config()) == []
    assert len(server.request_history) == 1


def test_no_content_does_not_end_a_list_that_is_said_to_be_longer(server: requests_mock.Mocker) -> None:
    server.get(LIST, [{"json": {"data": ROWS[:100], "total": 250}}, {"status_code": 204}])

    with pytest.raises(Failure, match="an empty body"):
        read(config(invoices(pagination={"type": "offset", "total_path": "total"})))


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("https://evil.example/", "https://evil.example"),
        ("http://api.example.com/x", "http://api.example.com"),
        ("//evil.example/x", "evil.example"),
        ("https://api.example.com:8443/x", "https://api.example.com:8443"),
    ],
)
def test_a_redirect_to_another_place_gets_no_key(server: requests_mock.Mocker, target: str, shown: str) -> None:
    server.register_uri(requests_mock.ANY, requests_mock.ANY, json={"data": []})
    server.get(LIST, status_code=302, headers={"Location": f"{target}?api_key={KEY}"})

    with pytest.raises(Failure, match=rf"redirects /v1/invoices to {re.escape(shown)}\. ") as caught:
        read(config())
    assert caught.value.failure_type is FailureType.config_error
    assert KEY not in str(caught.value)
    assert len(server.request_history) == 1


@pytest.mark.parametrize("target", ["/v2/invoices/?offset=0&api_key=old", f"{BASE}/v2/invoices/?offset=0"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_host_is_followed_with_one_key(
    server: requests_mock.Mocker, target: str, status: int
) -> None:
    server.get(LIST, status_code=status, headers={"Location": target})
    server.get(f"{BASE}/v2/invoices/", json={"data": [{"id": 1}]})

    assert ids(read(config(invoices(pagination={"type": "none"})))) == [1]
    assert parse_qsl(urlsplit(server.request_history[1].url).query) == [("offset", "0"), ("api_key", KEY)]


@pytest.mark.parametrize("status", [307, 308])
def test_a_post_is_sent_on_as_a_post(server: requests_mock.Mocker, status: int) -> None:
    server.post(LIST, status_code=status, headers={"Location": "/v2/invoices"})
    server.post(f"{BASE}/v2/invoices", json={"data": [{"id": 1}]})

    assert ids(read(config(invoices(method="POST", body='{"all": true}', pagination={"type": "none"})))) == [1]
    assert server.request_history[1].json() == {"all": True}


def test_a_redirect_in_circles_and_one_that_makes_a_post_a_get_are_not_followed(server: requests_mock.Mocker) -> None:
    server.get(LIST, status_code=307, headers={"Location": "/v1/invoices"})
    server.post(LIST, status_code=302, headers={"Location": "/v2/invoices"})

    with pytest.raises(Failure, match="redirects"):
        read(config())
    assert len(server.request_history) == 6
    with pytest.raises(Failure, match="redirects"):
        read(config(invoices(method="POST")))
    assert len(server.request_history) == 7


@pytest.mark.parametrize(
    ("pagination", "told"),
    [
        ({"type": "offset"}, {}),
        ({"type": "page"}, {}),
        ({"type": "cursor", "cursor_param": "after"}, {}),
        ({"type": "cursor", "cursor_param": "after", "source": "body", "path": "next"}, {"next": "same"}),
        ({"type": "next_url", "path": "next"}, {"next": "?page=2"}),
    ],
)
def test_an_answer_that_never_changes_is_an_error(server: requests_mock.Mocker, pagination: Json, told: Json) -> None:
    server.get(LIST, json={"data": ROWS[:100], **told})

    with pytest.raises(Failure, match=r"/v1/invoices .*(twice|again and again)"):
        read(config(invoices(pagination=pagination)))


@pytest.mark.parametrize("rows", [37, 100])
def test_an_api_that_ignores_the_offset_is_for_the_user_to_describe(server: requests_mock.Mocker, rows: int) -> None:
    server.get(LIST, json={"data": ROWS[:rows]})

    with pytest.raises(Failure, match=r"twice, .*Check the pagination of the stream: .* Type none") as caught:
        read(config())
    assert caught.value.failure_type is FailureType.config_error


@pytest.mark.parametrize("total", [0, 1, "of the page"])
def test_a_total_of_fewer_rows_than_there_are_is_for_the_user_to_describe(
    server: requests_mock.Mocker, total: Any
) -> None:
    server.get(LIST, json=by_offset(ROWS, total=100 if total == "of the page" else total))

    with pytest.raises(Failure, match=r"'total' is .* where at least .* rows are\. Check pagination") as caught:
        read(config(invoices(pagination={"type": "offset", "total_path": "total"})))
    assert caught.value.failure_type is FailureType.config_error


@pytest.mark.parametrize(("count", "requests"), [(37, 1), (99, 1), (100, 2), (101, 2)])
def test_a_total_that_makes_a_full_page_the_last_one_is_made_sure_of(
    server: requests_mock.Mocker, count: int, requests: int
) -> None:
    server.get(LIST, json=by_offset(ROWS[:count], total=count))

    assert len(read(config(invoices(pagination={"type": "offset", "total_path": "total"})))) == count
    assert len(server.request_history) == requests


@pytest.mark.parametrize("primary_key", [["id"], ["id", "line"], []])
@pytest.mark.parametrize("cursor_field", ["", "changed"])
def test_a_list_by_offset_that_was_left_is_gone_on_with(
    server: requests_mock.Mocker, primary_key: list[str], cursor_field: str
) -> None:
    rows = [{"id": number, "line": 1, "changed": "2026-01-31T12:00:00Z"} for number in range(250)]
    server.get(LIST, json=by_offset(rows))
    values = config(invoices(primary_key=primary_key, cursor_field=cursor_field))
    left = stream(values)
    came_in = pages(left)
    came = [row["id"] for _ in range(2) for row in next(came_in)]
    next(came_in)
    state = json.loads(json.dumps(left.state))
    server.reset_mock()

    came += ids(read(values, state=state))

    assert came == list(range(250))
    assert [query(request)["offset"] for request in server.request_history] == ["198", "249"]
    assert left.as_airbyte_stream().is_resumable


@pytest.mark.parametrize(
    "pagination", [{"type": "page", "max_page": 2}, {"type": "offset", "max_offset": 150}], ids=["page", "offset"]
)
def test_a_list_behind_the_ceiling_fails_instead_of_being_cut(server: requests_mock.Mocker, pagination: Json) -> None:
    server.get(LIST, json=by_page(ROWS) if pagination["type"] == "page" else by_offset(ROWS))

    with pytest.raises(Failure, match=r"max_.*since_param.*range of dates"):
        read(config(invoices(pagination=pagination)))


@pytest.mark.parametrize("status", [400, 404, 416, 422])
@pytest.mark.parametrize("pagination", [{"type": "page"}, {"type": "offset"}], ids=["page", "offset"])
def test_a_ceiling_nobody_told_of_fails_with_advice_and_hands_out_nothing_twice(
    server: requests_mock.Mocker, pagination: Json, status: int
) -> None:
    rows = [{"id": number, "changed": None} for number in range(2500)]
    honest = by_page(rows) if pagination["type"] == "page" else by_offset(rows)

    def response(request: Any, context: Any) -> Any:
        asked = query(request)
        depth = int(asked.get("offset", 0)) or (int(asked.get("page", 1)) - 1) * int(asked.get("per_page", 0))
        if depth < 1500:
            return honest(request, context)
        context.status_code = status
        return {"message": "too deep"}

    server.get(LIST, json=response)
    handed_out: list[int] = []
    chosen = stream(config(invoices(pagination=pagination, cursor_field="changed", since_param="since")))

    with pytest.raises(Failure, match=rf"HTTP {status}.*too deep.*since_param.*range of dates") as caught:
        handed_out.extend(row["id"] for row in chosen.read_records(SyncMode.full_refresh))
    assert ("next_url" in str(caught.value)) is (pagination["type"] == "page" and status in (404, 416))
    assert caught.value.failure_type is FailureType.config_error
    assert handed_out == list(range(len(handed_out)))
    assert len(handed_out) > 1400


@pytest.mark.parametrize(
    ("pagination", "message"),
    [({"type": "offset"}, r"offset 99.*range of dates"), ({"type": "next_url", "path": "next"}, "HTTP 404")],
    ids=["offset", "link"],
)
def test_a_list_that_breaks_off_is_not_taken_for_that_of_a_customer_that_vanished(
    server: requests_mock.Mocker, pagination: Json, message: str
) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}]})

    def response(request: Any, context: Any) -> Any:
        context.status_code = 200 if query(request).get("offset", "0") == "0" else 404
        return {"data": ROWS[:100], "next": "?offset=100"}

    server.get(f"{BASE}/v1/customers/1/notes", json=response)

    with pytest.raises(Failure, match=message):
        read(config(CUSTOMERS, {**CHILD, "pagination": pagination}), "notes")


@pytest.mark.parametrize("there", [0, 100, 120, 200])
@pytest.mark.parametrize(
    "pagination", [{"type": "offset"}, {"type": "page"}, {"type": "page", "size_param": ""}], ids=str
)
def test_a_total_that_is_not_reached_is_an_error(server: requests_mock.Mocker, pagination: Json, there: int) -> None:
    def response(request: Any, context: Any) -> Json:
        rows = by_offset if pagination["type"] == "offset" else by_page
        return {**rows(ROWS[:there])(request, context), "total": 250}

    server.get(LIST, json=response)

    with pytest.raises(Failure, match=f"tells of 250 rows and ends after {there}"):
        read(config(invoices(pagination={**pagination, "total_path": "total"})))


@pytest.mark.parametrize(
    "pagination",
    [
        {"type": "offset", "has_more_path": "more"},
        {"type": "page", "has_more_path": "more"},
        {"type": "page", "total_pages_path": "pages"},
        {"type": "cursor", "cursor_param": "after", "has_more_path": "more"},
    ],
    ids=str,
)
def test_an_empty_page_of_a_list_that_goes_on_is_an_error(server: requests_mock.Mocker, pagination: Json) -> None:
    server.get(LIST, json={"data": [], "more": True, "pages": 3})

    with pytest.raises(Failure, match="goes on"):
        read(config(invoices(pagination=pagination)))


@pytest.mark.parametrize(
    ("pagination", "message"),
    [
        ({"type": "offset", "total_path": "meta.total"}, "total_path"),
        ({"type": "page", "total_pages_path": "pages"}, "total_pages_path"),
        ({"type": "cursor", "cursor_param": "a", "source": "body", "path": "meta.next"}, "has no 'meta'"),
        ({"type": "cursor", "cursor_param": "a", "path": "number"}, "no cursor at 'number'"),
        ({"type": "offset", "has_more_path": "more"}, "has_more_path"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(server: requests_mock.Mocker, pagination: Json, message: str) -> None:
    server.get(LIST, json={"data": ROWS[:3]})

    with pytest.raises(Failure, match=message):
        read(config(invoices(pagination=pagination)))


@pytest.mark.parametrize("more", [{"total": 3}, {"total": 2}], ids=["beyond", "all there"])
@pytest.mark.parametrize(
    "pagination",
    [
        {"type": "none"},
        {"type": "link_header"},
        {"type": "next_url", "path": "next"},
        {"type": "cursor", "cursor_param": "after", "source": "body", "path": "next"},
    ],
    ids=lambda pagination: pagination["type"],
)
def test_a_total_proves_a_list_of_any_pagination(
    server: requests_mock.Mocker, pagination: Json, more: Json, caplog: pytest.LogCaptureFixture
) -> None:
    server.get(LIST, json={"data": ROWS[:2], **more})

    if more["total"] == 2:
        assert ids(read(config(invoices(pagination={**pagination, "total_path": "total"})))) == [0, 1]
        assert not caplog.records
        return
    with pytest.raises(Failure, match=r"rows of 3|2 rows|tells of 3 rows and ends after 2"):
        read(config(invoices(pagination={**pagination, "total_path": "total"})))
    read(config(invoices(pagination=pagination)))
    assert "total is 3" in caplog.text


def test_a_link_to_a_next_page_is_not_overlooked(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": ROWS[:2]}, headers={"Link": f'<{LIST}?page=2>; rel="next"'})

    with pytest.raises(Failure, match="pagination is none"):
        read(config(invoices(pagination={"type": "none"})))


@pytest.mark.parametrize(
    ("rows", "doubt"),
    [
        ([{"id": 1}, {"id": 2}], "nothing at 'changed'"),
        ([{"id": 1, "changed": "31.01.2026"}], "since_format"),
        ([{"id": 1, "changed": None}], ""),
        ([{"id": 1}, {"id": 2, "changed": "2026-01-31"}], ""),
        ([], ""),
    ],
)
def test_a_cursor_field_that_cannot_be_right_is_refused_by_check_and_told_by_read(
    server: requests_mock.Mocker, rows: list[Json], doubt: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.get(LIST, json={"data": rows})
    values = config(invoices(cursor_field="changed", pagination={"type": "none"}))

    succeeded, said = SourceInvoicing().check_connection(logging.getLogger(), values)
    caplog.clear()

    assert succeeded is not bool(doubt)
    assert doubt in str(said)
    assert ids(read(values)) == ids(rows)
    assert bool(caplog.records) is bool(doubt)


def test_only_the_first_page_of_a_list_raises_doubts_about_the_cursor(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    """Any page may hold a single row with a blank of another kind."""
    rows = [*({"id": number, "changed": "2026-01-31"} for number in range(100)), {"id": 100, "changed": ""}]
    server.get(LIST, json=by_offset(rows, cap=100))

    assert len(read(config(invoices(cursor_field="changed", pagination={"type": "offset", "limit": 2})))) == 101
    assert not caplog.records


def test_records_that_share_their_key_are_told_once(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    server.get(LIST, json=by_page([{"id": number // 2} for number in range(130)]))

    read(config(invoices(pagination={"type": "page", "size_param": ""})))
    assert [record.message.partition(". ")[0] for record in caplog.records] == [
        "Stream invoices: records of the first page have the same id, which primary_key names"
    ]


# -- records ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "body", "expected"),
    [
        ({"record_path": ""}, [{"id": 1}], [1]),
        ({"record_path": "."}, [{"id": 1}], [1]),
        ({"record_path": "a.b"}, {"a": {"b": [{"id": 1}]}}, [1]),
        ({"record_path": "a.b"}, {"a": {"b": None}}, []),
        ({}, {"data": []}, []),
        ({}, {"data": None}, []),
        ({"single_object_as_list": True}, {"data": {"id": 1}}, [1]),
    ],
)
def test_records_are_found(server: requests_mock.Mocker, options: Json, body: Any, expected: list[int]) -> None:
    server.get(LIST, json=body)

    assert ids(read(config(invoices(pagination={"type": "none"}, **options)))) == expected


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({}, {"message": "fine"}),
        ({}, {"data": {"id": 1}}),
        ({}, {"data": ["text"]}),
        ({"record_path": ""}, {"data": []}),
        ({"record_path": "a.b"}, {"a": {}}),
    ],
)
def test_a_record_path_that_leads_nowhere_is_no_empty_list(
    server: requests_mock.Mocker, options: Json, body: Any
) -> None:
    server.get(LIST, json=body)

    with pytest.raises(Failure, match="record_path"):
        read(config(invoices(**options)))
    assert len(server.request_history) == 4


@pytest.mark.parametrize("error", ["broken", {"message": "broken"}, [{"text": "broken"}], {"base": ["broken"]}])
def test_an_error_under_http_200_is_a_failure(server: requests_mock.Mocker, error: Any) -> None:
    server.get(LIST, json={"data": [], "errors": error})

    with pytest.raises(Failure, match="broken"):
        read(config(invoices(error_path="errors")))


@pytest.mark.parametrize("nothing", [None, "", [], {}, 0, False])
def test_no_error_is_no_failure(server: requests_mock.Mocker, nothing: Any) -> None:
    server.get(LIST, json={"data": [], "error": nothing})

    assert read(config(invoices(error_path="error"))) == []


def test_a_record_without_its_key_is_told(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [{"number": 1}]})

    with pytest.raises(Failure, match=r"nothing at 'id'.*keys number"):
        read(config())


def test_a_nested_key_is_a_key(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_offset([{"Invoice": row} for row in ROWS]))
    values = config(invoices(primary_key=["Invoice.id"], cursor_field="Invoice.changed"))

    assert len(read(values)) == 250
    shown = stream(values).as_airbyte_stream()
    assert shown.source_defined_primary_key == [["Invoice", "id"]]
    assert shown.default_cursor_field == ["Invoice", "changed"]


def test_post_writes_into_the_body_what_it_has_a_place_for(server: requests_mock.Mocker) -> None:
    server.post(LIST, [{"json": {"data": ROWS[:100]}}, {"json": {"data": ROWS[99:102]}}])
    body = '{"SERVICE": "list", "WINDOW": {"OFFSET": 0}}'
    pagination = {"type": "offset", "offset_param": "WINDOW.OFFSET"}

    assert ids(read(config(invoices(method="POST", body=body, pagination=pagination)))) == list(range(102))
    assert server.request_history[1].json() == {"SERVICE": "list", "WINDOW": {"OFFSET": 99}}
    assert query(server.request_history[1]) == {"limit": "100", "api_key": KEY}


def test_parameters_keep_their_order_and_may_repeat(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": []})
    params = [{"name": "status[]", "value": "paid"}, {"name": "status[]", "value": "open"}]

    read(config(invoices(params=params, pagination={"type": "none"})))

    assert parse_qsl(urlsplit(server.request_history[0].url).query)[:2] == [("status[]", "paid"), ("status[]", "open")]
    assert stream(config(invoices(params=params))).request_params(None)["status[]"] == ["paid", "open"]


def test_the_budget_of_the_configuration_holds(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_offset(ROWS))

    with pytest.raises(Failure, match="budget of 2 requests within 900 seconds"):
        read(config(rate={"calls": 2, "per_seconds": 900}))
    assert len(server.request_history) == 2


# -- incremental ------------------------------------------------------------------------------------------------------


def changed(*timestamps: Any) -> list[Json]:
    return [{"id": number, "changed": timestamp} for number, timestamp in enumerate(timestamps)]


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("iso8601", "2026-01-31T11:59:59Z"),
        ("date", "2026-01-30"),
        ("unix", "1769860799"),
        ("unix_ms", "1769860799000"),
        ("%d/%m/%Y", "30/01/2026"),
        ("%Y-%m-%d %H:%M", "2026-01-31 11:59"),
    ],
)
def test_the_filter_is_written_as_the_api_wants_it(server: requests_mock.Mocker, form: str, value: str) -> None:
    server.get(LIST, json={"data": []})
    values = config(invoices(cursor_field="changed", since_param="since", since_format=form))

    read(values, state={"changed": "2026-01-31T12:00:00Z"})

    assert query(server.request_history[0])["since"] == value


@pytest.mark.parametrize(
    ("form", "state"),
    [
        ("%Y-%m-%dT%H:%M:%SZ", "2026-01-31T12:00:00Z"),
        ("%Y-%m-%dT%H:%M:%S+00:00", "2026-01-31T12:00:00Z"),
        ("%Y-%m-%d %H:%M:%S", "2026-01-31T00:00:00Z"),
        ("%Y-%m-%d", "2026-01-30T00:00:00Z"),
    ],
)
def test_the_state_stays_behind_local_times_that_do_not_say_so(
    server: requests_mock.Mocker, form: str, state: str
) -> None:
    """Whatever the zone of the rows is: what was edited since the sync began is not behind the state."""
    began = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
    rows = changed((began + timedelta(days=1)).strftime(form))
    server.get(LIST, json={"data": rows}, headers={"Date": format_datetime(began, usegmt=True)})
    chosen = stream(config(invoices(cursor_field="changed", pagination={"type": "none"})))

    list(chosen.read_records(SyncMode.incremental))

    assert chosen.state == {"changed": state}


def test_without_a_filter_the_connector_selects(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": changed("2026-01-01T00:00:00Z", "2026-03-01T00:00:00+01:00", 1769000000, None)})
    values = config(invoices(cursor_field="changed", pagination={"type": "none"}))

    assert ids(read(values, state={"changed": "2026-02-01T00:00:00Z"})) == [1, 3]


@pytest.mark.parametrize(
    "value",
    [
        1769860800,
        1769860800.9,
        1769860800000,
        "1769860800",
        "2026-01-31T12:00:00Z",
        "2026-01-31T13:00:00+01:00",
        "2026-01-31T13:00:00.123456+0100",
        "2026-01-31 12:00:00",
        "31/01/2026 12:00",
    ],
)
def test_a_moment_is_understood_in_each_form(value: Any) -> None:
    assert AnyTimestamp("%d/%m/%Y %H:%M").seconds(value) == 1769860800


@pytest.mark.parametrize(
    ("pattern", "value", "timestamp"),
    [
        ("%Y%m%d%H%M%S", "20240131120000", "2024-01-31T12:00:00Z"),
        ("%Y%m%d%H%M", "202401311200", "2024-01-31T12:00:00Z"),
        ("%Y%m%d", "20240611", "2024-06-11T00:00:00Z"),
        ("%Y%m%d", 20240611, "2024-06-11T00:00:00Z"),
        ("%d%m%Y", "11062024", "2024-06-11T00:00:00Z"),
        ("%Y-%d-%m", "2024-05-04", "2024-04-05T00:00:00Z"),
        # What the state holds is not for the pattern, and what does not fit it is read as ever.
        ("%Y-%d-%mT%H:%M:%SZ", "2024-05-04T00:00:00Z", "2024-05-04T00:00:00Z"),
        ("%Y%m%d", 1769860800, "2026-01-31T12:00:00Z"),
        ("%Y%m%d", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        # The same with each version of Python.
        ("", "20240131T120000", "2024-01-31T12:00:00Z"),
        ("", "2024-01-31 12:00:00 +0100", "2024-01-31T11:00:00Z"),
        ("", "2024-01-31T12:00:00.12+01", "2024-01-31T11:00:00Z"),
        ("", "2024-01-31", "2024-01-31T00:00:00Z"),
        ("", "2024/01/31", "2024-01-31T00:00:00Z"),
    ],
)
def test_a_pattern_goes_before_what_a_moment_looks_like(pattern: str, value: Any, timestamp: str) -> None:
    timestamps = AnyTimestamp(pattern)
    seconds = timestamps.seconds(value)

    assert seconds is not None
    assert timestamps.value(seconds) == timestamp


@pytest.mark.parametrize("value", [None, "", "soon", "12:00", "20240131", True, "0000-00-00", [], float("nan"), "42"])
def test_what_is_no_moment_is_none(value: Any) -> None:
    assert AnyTimestamp().seconds(value) is None


def test_a_moment_survives_the_state() -> None:
    timestamps = AnyTimestamp()

    assert timestamps.seconds(timestamps.value(1769860800)) == 1769860800
    assert filter_value("unix")(5) == 5


# -- parents ----------------------------------------------------------------------------------------------------------

CUSTOMERS: Json = {"name": "customers", "path": "/v1/customers", "pagination": {"type": "none"}}
CHILD: Json = {
    "name": "notes",
    "path": "/v1/customers/{id}/notes",
    "pagination": {"type": "none"},
    "parent": {"stream": "customers", "key": "id", "field": "customer_id"},
}


def test_lists_of_customers_carry_the_customer(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": "b/2"}, {"id": "a"}]})
    server.get(f"{BASE}/v1/customers/a/notes", json={"data": [{"id": 1}]})
    server.get(f"{BASE}/v1/customers/b%2F2/notes", json={"data": [{"id": 2}]})

    assert read(config(CHILD, CUSTOMERS), "notes") == [{"id": 1, "customer_id": "a"}, {"id": 2, "customer_id": "b/2"}]


def test_a_customer_has_one_id_in_its_record_and_in_its_lists(server: requests_mock.Mocker) -> None:
    """Whatever reads the ids: a state that counts in text would leave out whoever counts in numbers."""
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}]})
    server.get(f"{BASE}/v1/customers/1/notes", json={"data": [{"id": 7}]})
    values = config({**CUSTOMERS, "json_schema": '{"properties": {"id": {"type": "string"}}}'}, CHILD)

    assert ids(read(values, "customers")) == ["1"]
    assert read(values, "notes") == [{"id": 7, "customer_id": "1"}]


def test_a_customer_that_vanished_has_no_lists_and_a_wrong_path_is_told(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}, {"id": 2}]})
    server.get(f"{BASE}/v1/customers/1/notes", json={"data": [{"id": 1}]})
    server.get(f"{BASE}/v1/customers/2/notes", status_code=404, json={})
    assert ids(read(config(CUSTOMERS, CHILD), "notes")) == [1]

    server.get(f"{BASE}/v1/customers/1/notes", status_code=404, json={})
    with pytest.raises(Failure, match="404"):
        read(config(CUSTOMERS, CHILD), "notes")


@pytest.mark.parametrize("with_list", [{3, 6}, {6}, {1}], ids=str)
def test_parents_without_a_list_cost_one_request_each(server: requests_mock.Mocker, with_list: set[int]) -> None:
    """Wherever the first one is that has a list."""
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": number} for number in range(1, 7)]})
    for number in range(1, 7):
        found: Json = {"json": {"data": [{"id": number * 10}]}} if number in with_list else {"status_code": 404}
        server.get(f"{BASE}/v1/customers/{number}/notes", **found)

    chosen = stream(config(CUSTOMERS, CHILD), "notes")

    assert ids(read_stream(chosen)) == [number * 10 for number in sorted(with_list)]
    assert len(server.request_history) == 1 + 6
    assert chosen.state == {"customer_id": 6}


def test_parents_are_not_done_while_no_list_was_seen(server: requests_mock.Mocker) -> None:
    """With the path put right, the next sync has to read them all."""
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": number} for number in range(500)]})
    server.get(re.compile("/notes"), status_code=404)
    chosen = stream(config(CUSTOMERS, CHILD), "notes")

    with pytest.raises(Failure, match=r"HTTP 404.*all 100 parents asked about"):
        read_stream(chosen)
    assert chosen.state == {}
    assert len(server.request_history) == 1 + 100


def test_a_list_whose_later_page_is_missing_is_not_that_of_a_parent_without_one(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}]})
    server.get(f"{BASE}/v1/customers/1/notes?page=1", json={"data": ROWS[:100], "total": 130})
    server.get(f"{BASE}/v1/customers/1/notes?page=2", status_code=404)

    with pytest.raises(Failure, match="HTTP 404"):
        read(config(CUSTOMERS, {**CHILD, "pagination": {"type": "page", "total_path": "total"}}), "notes")


@pytest.mark.parametrize("start_date", ["", "2024-01-01T00:00:00Z"])
def test_parents_that_are_read_in_the_same_sync_are_read_once(server: requests_mock.Mocker, start_date: str) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}]})
    server.get(f"{BASE}/v1/customers/1/notes", json={"data": [{"id": 7}]})
    values = {**config(CUSTOMERS, CHILD), "start_date": start_date}
    source = SourceInvoicing()
    catalog = ConfiguredAirbyteCatalog(
        [
            ConfiguredAirbyteStream(each.as_airbyte_stream(), SyncMode.full_refresh, DestinationSyncMode.append)
            for each in source.streams(values)
        ]
    )
    server.reset_mock()

    messages = list(source.read(logging.getLogger("airbyte"), values, catalog))

    assert [message.record.data["id"] for message in messages if message.record] == [1, 7]
    assert [request.path for request in server.request_history] == ["/v1/customers", "/v1/customers/1/notes"]


def test_rows_may_be_told_apart_by_their_parent(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}, {"id": 2}]})
    for customer in (1, 2):
        server.get(f"{BASE}/v1/customers/{customer}/notes", json=by_offset([{"no": n} for n in range(150)]))
    values = config(CUSTOMERS, {**CHILD, "primary_key": ["customer_id", "no"], "pagination": {"type": "offset"}})

    found = [(row["customer_id"], row["no"]) for row in read(values, "notes")]

    assert found == [(customer, number) for customer in (1, 2) for number in range(150)]
    required = stream(values, "notes").get_json_schema()["required"]
    assert set(required) == {"customer_id", "no"}


def test_short_lists_cost_one_request_each_once_a_longer_one_was_seen(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": number} for number in range(10)]})
    for customer in range(10):
        rows = ROWS[: 10 - customer]
        server.get(f"{BASE}/v1/customers/{customer}/notes", json=by_page(rows))
    values = config(CUSTOMERS, {**CHILD, "pagination": {"type": "page", "size_param": ""}})

    assert len(read(values, "notes")) == 55
    assert len(server.request_history) == 1 + 2 * 2 + 9


# -- schemas ----------------------------------------------------------------------------------------------------------


def test_a_schema_is_inferred_from_the_first_page(server: requests_mock.Mocker) -> None:
    rows = [
        {"id": 1, "total": 100, "note": None, "customer": {"name": "A", "age": None}, "lines": [{"price": 5}]},
        {"id": 2, "total": 99.5, "note": "x", "customer": None, "lines": []},
    ]
    server.get(LIST, json={"data": rows})

    schema = stream(config()).get_json_schema()

    assert schema["properties"]["id"] == {"type": "number"}
    assert schema["required"] == ["id"]
    assert schema["properties"]["total"] == {"type": ["null", "number"]}
    assert schema["properties"]["note"] == {"type": ["null", "string"]}
    assert schema["properties"]["customer"]["type"] == ["null", "object"]
    assert schema["properties"]["lines"]["items"]["properties"]["price"] == {"type": ["null", "number"]}
    assert len(server.request_history) == 1


def test_a_schema_is_the_same_from_run_to_run_and_has_no_combinators() -> None:
    rows: list[Json] = [{"id": 1, "a": [1, "x", {"b": True}]}, {"id": 2, "a": {"c": 1}}, {"id": "3", "a": "text"}]

    first, second = infer("s", rows, ["id"]), infer("s", rows, ["id"])

    assert json.dumps(first) == json.dumps(second)
    assert not any(word in json.dumps(first) for word in ("anyOf", "allOf", "oneOf", "not", "integer"))
    assert first["properties"]["a"]["type"] == ["null", "string", "object", "array"]


def test_an_empty_list_has_a_schema_with_its_key() -> None:
    assert infer("s", [], ["Invoice.id"], ["at"])["properties"].keys() == {"Invoice", "at"}


@pytest.mark.parametrize("status", [402, 403])
def test_a_list_that_may_not_be_read_does_not_hide_the_others(server: requests_mock.Mocker, status: int) -> None:
    server.get(LIST, status_code=status, json={})

    assert stream(config()).get_json_schema()["properties"].keys() == {"id"}


@pytest.mark.parametrize(
    "refusal",
    [
        {"status_code": 400, "json": {"error": "bad filter"}},
        {"status_code": 401, "json": {}},
        {"status_code": 500, "json": {}},
        {"json": {"items": []}},
    ],
    ids=str,
)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_one_list_that_cannot_be_read_does_not_hide_the_others_and_all_of_them_fail(
    server: requests_mock.Mocker, refusal: Json, first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server.get(LIST, **refusal)
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1, "name": "A"}]})
    declared = [invoices(), CUSTOMERS] if first else [CUSTOMERS, invoices()]

    catalog = SourceInvoicing().discover(logging.getLogger(), config(*declared))

    assert {len(each.json_schema["properties"]) for each in catalog.streams} == {1, 2}
    assert "Stream invoices: its schema stays open" in caplog.text
    server.get(f"{BASE}/v1/customers", **refusal)
    with pytest.raises(Failure, match=f"^Stream {declared[0]['name']}: The "):
        SourceInvoicing().discover(logging.getLogger(), config(*declared))


def test_discover_looks_at_the_lists_of_the_first_parents_only(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json=by_offset(ROWS))
    server.get(re.compile("/notes"), json={"data": []})
    server.get(f"{BASE}/v1/customers/0/notes", status_code=404)
    server.get(f"{BASE}/v1/customers/2/notes", json={"data": [{"id": 1, "text": "x"}]})
    customers = {"name": "customers", "path": "/v1/customers"}

    catalog = SourceInvoicing().discover(logging.getLogger(), config(customers, CHILD, {**CHILD, "name": "others"}))

    assert [set(each.json_schema["properties"]) for each in catalog.streams[1:]] == [{"id", "text", "customer_id"}] * 2
    assert [request.path.count("/notes") for request in server.request_history].count(0) == 1
    assert len(server.request_history) == 1 + 3 + 3


def test_a_given_schema_is_used_and_costs_nothing(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [{"id": 5, "total": "1.50"}]})
    schema = '{"properties": {"id": {"type": "string"}, "total": {"type": ["null", "number"]}}}'
    values = config(invoices(json_schema=schema, pagination={"type": "none"}))

    assert stream(values).get_json_schema()["properties"]["id"] == {"type": "string"}
    assert not server.request_history
    assert read(values) == [{"id": "5", "total": 1.5}]


def test_records_fit_the_schema_that_the_connection_has_stored(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [{"id": 5}]})
    chosen = stream(config(invoices(pagination={"type": "none"})))
    chosen.use_schema({"properties": {"id": {"type": "string"}}})

    assert list(chosen.read_records(SyncMode.full_refresh)) == [{"id": "5"}]


# -- paths ------------------------------------------------------------------------------------------------------------


def test_paths() -> None:
    body = {"a": {"b": [{"c": 1}], "d": None}}

    assert dig(body, "") is body
    assert dig(body, "a.b.0.c") == 1
    assert dig(body, "a.d.e") is None
    assert dig(body, "a.x") is MISSING
    assert dig(body, "a.b.7") is MISSING
    assert dig({"a": {"b.c": 1, "b": {"c": 2}}}, "a.b.c") == 1
    target: Json = {}
    put(target, "a.b", 1)
    assert target == {"a": {"b": 1}}


# -- the form ---------------------------------------------------------------------------------------------------------

TOTAL: Json = {"total_path": "total"}
PAGINATIONS: list[Json] = [
    {
        **TOTAL,
        **{"type": "offset", "limit_param": "limit", "offset_param": "offset", "limit": 100},
        **{"has_more_path": "more", "max_offset": 10_000},
    },
    {
        **TOTAL,
        **{"type": "page", "page_param": "page", "size_param": "per_page", "size": 100, "start_page": 1},
        **{"max_page": 30, "total_pages_path": "pages", "has_more_path": "more"},
    },
    {
        **TOTAL,
        **{"type": "cursor", "cursor_param": "after", "source": "body", "path": "next", "has_more_path": "more"},
    },
    {**TOTAL, "type": "link_header", "rel": "next"},
    {**TOTAL, "type": "next_url", "path": "next"},
    {**TOTAL, "type": "next_url", "header": "X-Next"},
    {**TOTAL, "type": "none"},
]
AUTHS: list[Json] = [
    {"type": "api_key", "location": "header", "name": "X-Key", "value": "key1", "prefix": "Token "},
    {"type": "basic", "username": "anna", "password": "key1"},
    {"type": "bearer", "token": "key1"},
    OAUTH,
    {"type": "none"},
]
DECLARED: Json = {
    "name": "invoices",
    "path": "/v1/customers/{id}/invoices",
    "params": [{"name": "order_by", "value": "id"}],
    "method": "POST",
    "body": "{}",
    "record_path": "data",
    "single_object_as_list": False,
    "primary_key": ["id"],
    "cursor_field": "updated_at",
    "since_param": "updated_since",
    "since_format": "iso8601",
    "parent": {"stream": "customers", "key": "id", "field": "customer_id"},
    "error_path": "error",
    "json_schema": '{"properties": {}}',
}
ACCOUNT: Json = {
    "headers": [{"name": "Accept", "value": "application/json"}],
    "rate": {"calls": 300, "per_seconds": 900},
}
EVERYTHING = [
    *(config(CUSTOMERS, {**DECLARED, "pagination": pagination}, **ACCOUNT) for pagination in PAGINATIONS),
    *(config(auth=auth, **ACCOUNT) for auth in AUTHS),
]


def offered() -> Json:
    """The platform's part of the form."""
    platforms: list[Json] = (
        SourceInvoicing().spec(logging.getLogger()).connectionSpecification["properties"]["platform"]["oneOf"]
    )
    return next(option for option in platforms if option["properties"]["name"]["const"] == "rest_api")


def closed(schema: Any) -> Any:
    """The same for which a property nobody knows is an error."""
    if isinstance(schema, list):
        return [closed(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: False if name == "additionalProperties" else closed(member) for name, member in schema.items()}


def names_in(schema: Json, path: str = "") -> set[str]:
    """The paths of all properties of a form."""
    found = set()
    for part in (schema, schema.get("items", {}), *schema.get("oneOf", ())):
        for name, member in part.get("properties", {}).items():
            found |= {f"{path}.{name}", *names_in(member, f"{path}.{name}")}
    return found


def paths_in(value: Any, path: str = "") -> set[str]:
    """The same of a configuration."""
    if isinstance(value, list):
        return {found for member in value for found in paths_in(member, path)}
    if not isinstance(value, dict):
        return set()
    return {
        found for name, member in value.items() for found in (f"{path}.{name}", *paths_in(member, f"{path}.{name}"))
    }


@pytest.mark.parametrize("values", EVERYTHING, ids=range(len(EVERYTHING)))
def test_each_option_is_in_the_form_and_is_read(values: Json) -> None:
    Draft7Validator(closed(offered())).validate(values["platform"])

    assert SourceInvoicing().streams(values)


def test_the_form_offers_nothing_else() -> None:
    assert names_in(offered()) == {path for values in EVERYTHING for path in paths_in(values["platform"])}


@pytest.mark.parametrize("values", [config(), config(auth={**AUTH, "location": "query", "name": "api_key"})])
def test_an_address_and_a_key_mean_the_same_as_the_default_spelled_out(values: Json) -> None:
    pagination = {"type": "offset", "limit_param": "limit", "offset_param": "offset", "limit": 100, "total_path": ""}
    spelled_out = {"record_path": "data", "single_object_as_list": False, "primary_key": ["id"], "method": "GET"}

    declared = Options.parse(Config.parse(values, ["rest_api"]).options)

    explicit = config(invoices(**spelled_out, pagination=pagination), auth=values["platform"]["auth"])
    assert declared == Options.parse(Config.parse(explicit, ["rest_api"]).options)


# -- complaints -------------------------------------------------------------------------------------------------------

NEXT: Json = {"type": "next_url"}
COMPLAINTS: list[tuple[Json, str]] = [
    (config(base_url=""), "platform.base_url is missing"),
    (config(base_url="http://api.example.com"), "platform.base_url should begin with https://"),
    (config(base_url="https://u:p@api.example.com"), "platform.base_url must not hold credentials"),
    (config(auth=None), "platform.auth is missing"),
    (config(auth={"value": "x"}), "platform.auth.type should be one of api_key, basic, bearer, none, oauth2; it is"),
    (config(auth={"type": "magic"}), "platform.auth.type should be one of"),
    (config(auth={"type": "api_key"}), "platform.auth.value is missing"),
    (config(auth={**AUTH, "location": "cookie"}), "platform.auth.location should be one of"),
    (config(auth={**AUTH, "prefix": "Token "}), "platform.auth.prefix goes with location header only"),
    (config(auth={"type": "basic"}), "platform.auth.username and password are both empty"),
    (config(auth={"type": "bearer"}), "platform.auth.token is missing"),
    (config(auth={**OAUTH, "token_url": "http://x.example/t"}), "platform.auth.token_url should begin with https://"),
    (config(auth={**OAUTH, "token_url": BASE}), "platform.auth.token_url should have a path"),
    (config(auth={**OAUTH, "client_secret": ""}), "platform.auth.client_secret is missing"),
    (
        config(auth={"type": "bearer", "token": "x"}, headers=[{"name": "authorization", "value": "y"}]),
        "platform.headers[0].name is authorization, which the credentials",
    ),
    (config(headers=[{"name": "A"}]), "platform.headers[0].value is missing"),
    (config(headers=[{"name": "A b", "value": "c"}]), "platform.headers[0].name is no name of a header"),
    (config(headers=[{"name": "A", "value": "x\ny"}]), "platform.headers[0].value holds a line break"),
    (config(headers=[{"name": "A", "value": "x€"}]), "platform.headers[0].value holds a line break or another sign"),
    *(
        (
            config(auth={**AUTH, "location": "header", "name": name}),
            f"platform.auth.name is no name of a header: {name!r}",
        )
        for name in ("X-Key:", "X-Schlüssel", "X Key")
    ),
    (
        config(headers=[{"name": "A", "value": "b"}, {"name": "a", "value": "c"}]),
        "platform.headers[1].name is a a second time",
    ),
    (config(headers={"A": "b"}), "platform.headers should be a list, found an object"),
    (config(rate={"calls": 5}), "platform.rate.per_seconds is missing"),
    (config(rate={"calls": 0, "per_seconds": 1}), "platform.rate.calls should be a whole number"),
    (config(invoices(), invoices()), "platform.streams[1].name is 'invoices' a second time"),
    (config({"path": "/x"}), "platform.streams[0].name is missing"),
    (config(invoices(name="a-b")), "platform.streams[0].name should be letters"),
    (config({"name": "x"}), "platform.streams[0].path is missing"),
    (config(invoices(path="https://evil.example/x")), "platform.streams[0].path should be a path below base_url"),
    (config(invoices(path="//evil.example/x")), "platform.streams[0].path should be a path below base_url"),
    (config(invoices(path="/x?y=1")), "platform.streams[0].path should hold no query"),
    (config(invoices(path="/../x")), "platform.streams[0].path should hold no . or .. steps"),
    (config(invoices(path="/x/{id}")), "platform.streams[0].path holds {id}, but the stream names no parent"),
    (config(CUSTOMERS, {**CHILD, "path": "/notes"}), "platform.streams[1].path should hold {id} once"),
    (config(CHILD), "platform.streams[0].parent.stream is 'customers', but the other streams are: (none)"),
    (
        config(CUSTOMERS, CHILD, {**CHILD, "name": "n2", "parent": {"stream": "notes"}}),
        "platform.streams[2].parent.stream is 'notes', which has a parent itself",
    ),
    (
        config(CUSTOMERS, CHILD, {**CHILD, "name": "n2", "parent": {"stream": "customers", "key": "no"}}),
        "platform.streams[1].parent.key should be the same",
    ),
    (config(invoices(params=[{"name": "API_KEY", "value": "x"}])), "platform.streams[0].params[0].name is 'API_KEY'"),
    (config(invoices(params=[{"name": "offset", "value": "x"}])), "platform.streams[0].params[0].name is 'offset'"),
    (
        config(invoices(cursor_field="c", since_param="s", params=[{"name": "s", "value": "x"}])),
        "platform.streams[0].params[0].name is 's', which since_param sets",
    ),
    (config(invoices(since_param="s")), "platform.streams[0].since_param goes with cursor_field only"),
    (config(invoices(since_format="rfc")), "platform.streams[0].since_format should be iso8601"),
    *(
        (config(invoices(since_format=form)), f"platform.streams[0].since_format should be a pattern {why}")
        for form, why in {
            "%": "such as %d/%m/%Y, but '%' holds '%', which stands for nothing",
            "%Q": "such as %d/%m/%Y, but '%Q' holds '%Q', which stands for nothing",
            "%d/%m/%Y %": "such as %d/%m/%Y, but '%d/%m/%Y %' holds '%', which",
            "100%%": "such as %d/%m/%Y, but '100%%' names no part of a date",
        }.items()
    ),
    *(
        (
            config(invoices(cursor_field="c", since_param=name, pagination=pagination)),
            f"platform.streams[0].since_param is '{name}', which pagination sets",
        )
        for name, pagination in {
            "limit": {"type": "offset"},
            "offset": {"type": "offset"},
            "page": {"type": "page"},
            "after": {"type": "cursor", "cursor_param": "after"},
        }.items()
    ),
    (
        config(invoices(pagination={"type": "offset", "limit_param": "x", "offset_param": "x"})),
        "platform.streams[0].pagination uses the parameter 'x' for two things",
    ),
    (
        config(invoices(pagination={"type": "page", "size_param": "page"})),
        "platform.streams[0].pagination uses the parameter 'page' for two things",
    ),
    *(
        (config(invoices(**{name: path})), f"platform.streams[0].{name} should be names joined by")
        for name in ("record_path", "error_path", "cursor_field")
        for path in ("a..b", "a.", "$.data", "data[0]", "data[*].id")
    ),
    (config(invoices(primary_key=["id", "$.no"])), "platform.streams[0].primary_key[1] should be names joined by dots"),
    (
        config(invoices(pagination={"type": "offset", "total_path": "$.total"})),
        "platform.streams[0].pagination.total_path should be names joined by dots",
    ),
    (
        config(CUSTOMERS, {**CHILD, "parent": {"stream": "customers", "key": "a..b"}}),
        "platform.streams[1].parent.key should be names joined by single dots",
    ),
    (
        config(CUSTOMERS, {**CHILD, "parent": {"stream": "customers", "field": "id"}}),
        "platform.streams[1].parent.field is 'id', which is the whole primary_key",
    ),
    *(
        (
            config(invoices(record_path="data.items", error_path=path)),
            f"platform.streams[0].error_path is '{path}', where record_path finds the records",
        )
        for path in ("data", "data.items")
    ),
    (config(invoices(method="PUT")), "platform.streams[0].method should be one of"),
    (config(invoices(body="{}")), "platform.streams[0].body goes with method POST only"),
    (config(invoices(method="POST", body="{")), "platform.streams[0].body should be a JSON text"),
    (config(invoices(json_schema="[]")), "platform.streams[0].json_schema should be the JSON text of an object"),
    (config(invoices(json_schema="{}")), "platform.streams[0].json_schema should be a JSON schema of an object"),
    *(
        (
            config(invoices(json_schema=json.dumps({"properties": {"id": {"items": wrong}}}))),
            f"platform.streams[0].json_schema is no JSON schema at $.properties.id.items{at}",
        )
        for wrong, at in (({"type": "text"}, ".type"), ({"type": 5}, ".type"), ({"properties": []}, ".properties"))
    ),
    (config(invoices(primary_key="id")), "platform.streams[0].primary_key should be a list"),
    (config(invoices(primary_key=[""])), "platform.streams[0].primary_key[0] should be text"),
    (config(invoices(primary_key=["a", "a"])), "platform.streams[0].primary_key names a field twice"),
    (config(invoices(pagination={"limit": 5})), "platform.streams[0].pagination.type should be one of"),
    (config(invoices(pagination={"type": "x"})), "platform.streams[0].pagination.type should be one of"),
    (config(invoices(pagination=NEXT)), "platform.streams[0].pagination.path is missing"),
    (
        config(invoices(pagination={**NEXT, "path": "a", "header": "b"})),
        "platform.streams[0].pagination.header and path are both set",
    ),
    (config(invoices(pagination={"type": "cursor"})), "platform.streams[0].pagination.cursor_param is missing"),
    (
        config(invoices(pagination={"type": "cursor", "cursor_param": "c", "source": "body"})),
        "platform.streams[0].pagination.path is missing. It is where the cursor is in the body",
    ),
    (
        config(invoices(pagination={"type": "cursor", "cursor_param": "api_key"})),
        "platform.streams[0].pagination uses the parameter 'api_key', which holds the key",
    ),
    (config(invoices(pagination={"type": "offset", "limit": 1})), "platform.streams[0].pagination.limit should be a"),
    (
        config(invoices(single_object_as_list="yes")),
        "platform.streams[0].single_object_as_list should be true or false",
    ),
]


@pytest.mark.parametrize(("values", "sentence"), COMPLAINTS, ids=[sentence for _, sentence in COMPLAINTS])
def test_a_wrong_configuration_is_refused_in_a_sentence_that_names_the_property(values: Json, sentence: str) -> None:
    succeeded, said = SourceInvoicing().check_connection(logging.getLogger(), values)

    assert not succeeded
    assert str(said).startswith(sentence)


def test_header_values_that_sound_secret_are_masked() -> None:
    SourceInvoicing().streams(config(headers=[{"name": "X-App-Secret", "value": "sesame-open"}]))

    assert "sesame" not in filter_secrets("it was sesame-open")


def test_the_name_of_a_column_to_sort_by_is_no_secret() -> None:
    params = [{"name": name, "value": "updated_at"} for name in ("sort_key", "sortKey", "order_by_key", "keyword")]
    SourceInvoicing().streams(config(invoices(params=params)))

    assert filter_secrets("updated_at") == "updated_at"
