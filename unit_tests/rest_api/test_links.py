"""The configurable platform: lists whose answers link to the next page, or hold its token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests_mock
from airbyte_cdk.models import FailureType

from source_invoicing.http import Failure
from unit_tests.rest_api.helpers import KEY, LIST, ROWS, Json, config, ids, invoices, query, read


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
