"""The configurable platform: placeholders in the path, the query, headers and the body."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests_mock

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from unit_tests.rest_api.helpers import BASE, CUSTOMERS, LIST, ROWS, Json, config, ids, invoices, query, read

STATE = {"changed": "2026-01-31T12:00:00Z"}
NONE: Json = {"type": "none"}


def param(name: str, value: str) -> Json:
    return {"name": name, "value": value}


def asked(server: requests_mock.Mocker, index: int = 0) -> dict[str, str]:
    """The parameters of a request, but the key."""
    return {name: value for name, value in query(server.request_history[index]).items() if name != "api_key"}


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("{since}", "2026-01-31T11:59:59Z"),
        ("{since:%Y-%m-%d}", "2026-01-30"),
        ("{since:%d.%m.%Y %H:%M}", "31.01.2026 11:59"),
        ("{since:unix}", "1769860799"),
        ("{since:ms_date}", "/Date(1769860799000)/"),
        ("updated_at>={since:unix_ms} and {status}", "updated_at>=1769860799000 and {status}"),
        ("[{since}]{", "[2026-01-31T11:59:59Z]{"),
    ],
)
def test_a_parameter_with_a_time_is_filled_and_left_out_without_one(
    server: requests_mock.Mocker, text: str, sent: str
) -> None:
    server.get(LIST, json={"data": []})
    params = [param("filter[]", "kind=invoice"), param("filter[]", text)]
    values = config(invoices(cursor_field="changed", params=params, pagination=NONE))

    read(values, state=STATE)
    read(values)

    filtered, *_, full = server.request_history
    assert parse_qsl(urlsplit(filtered.url).query)[:2] == [("filter[]", "kind=invoice"), ("filter[]", sent)]
    assert parse_qsl(urlsplit(full.url).query)[:1] == [("filter[]", "kind=invoice")]
    assert len(parse_qsl(urlsplit(full.url).query)) == 2


def test_a_query_text_has_places_for_the_time_and_the_page(server: requests_mock.Mocker) -> None:
    """As QuickBooks Online has it, whose rows count from 1."""
    text = "select * from Invoice where MetaData.LastUpdatedTime >= '{since}' startposition {offset} maxresults {limit}"

    def answer(request: Any, context: Any) -> Json:
        words = query(request)["query"].split()
        start, size = int(words[-3]) - 1, int(words[-1])
        return {"data": ROWS[start : start + size]}

    server.get(LIST, json=answer)
    stream = invoices(
        cursor_field="changed",
        first_since="2000-01-01",
        params=[param("query", text)],
        pagination={"type": "offset", "first_offset": 1},
    )

    assert ids(read(config(stream))) == list(range(250))
    assert asked(server) == {
        "query": "select * from Invoice where MetaData.LastUpdatedTime >= '2000-01-01T00:00:00Z' startposition 1 "
        "maxresults 100"
    }


@pytest.mark.parametrize(
    ("start_date", "state", "sent"),
    [
        ("", {}, "2015-01-01"),
        ("2020-05-02T00:00:00Z", {}, "2020-05-01"),
        ("", STATE, "2026-01-30"),
    ],
)
@pytest.mark.parametrize(
    "place", [{"since_param": "since"}, {"since_header": "Since"}, {"params": [param("since", "{since}")]}], ids=str
)
def test_something_stands_for_the_time_in_a_first_sync(
    server: requests_mock.Mocker, place: Json, start_date: str, state: Json, sent: str
) -> None:
    server.get(LIST, json={"data": []})
    stream = invoices(cursor_field="changed", since_format="date", first_since="2015-01-02", pagination=NONE, **place)

    read({**config(stream), **({"start_date": start_date} if start_date else {})}, state=state)

    request = server.request_history[0]
    assert query(request).get("since", request.headers.get("Since")) == sent


def test_the_header_of_a_time_is_left_out_without_one_and_not_modified_is_an_empty_list(
    server: requests_mock.Mocker,
) -> None:
    server.get(LIST, json={"data": [{"id": 1, "changed": "2026-01-01"}]})
    server.get(LIST, request_headers={"If-Modified-Since": "Sat, 31 Jan 2026 11:59:59 GMT"}, status_code=304)
    stream = invoices(
        cursor_field="changed",
        since_header="If-Modified-Since",
        since_format="%a, %d %b %Y %H:%M:%S GMT",
        pagination=NONE,
    )

    assert ids(read(config(stream))) == [1]
    assert "If-Modified-Since" not in server.request_history[0].headers
    assert read(config(stream), state=STATE) == []


def test_pages_may_be_asked_for_in_the_path(server: requests_mock.Mocker) -> None:
    """As SuperFaktura has it."""

    def answer(request: Any, context: Any) -> Json:
        size, page = (int(step.rpartition(":")[2]) for step in request.path.split("/")[-2:])
        return {"data": ROWS[(page - 1) * size : page * size]}

    server.get(requests_mock.ANY, json=answer)
    stream = invoices(path="/list/per_page:{limit}/page:{page}", pagination={"type": "page"})

    assert ids(read(config(stream))) == list(range(250))
    assert urlsplit(server.request_history[0].url).path == "/list/per_page:100/page:1"
    assert asked(server) == {}


@pytest.mark.parametrize("status", [404, 416])
def test_the_page_behind_the_last_one_may_be_missing_in_the_path_too(server: requests_mock.Mocker, status: int) -> None:
    server.get(f"{BASE}/list/1", json={"data": ROWS[:37]})
    server.get(f"{BASE}/list/2", status_code=status, json={})
    pagination = {"type": "page", "size_param": ""}

    assert ids(read(config(invoices(path="/list/{page}", pagination=pagination)))) == list(range(37))


def test_a_body_gets_typed_values_and_lacks_what_has_none(server: requests_mock.Mocker) -> None:
    server.post(LIST, json={"data": [], "next": None})
    body = (
        '{"page": {"size": "{limit}", "number": "{page}"}, "filter": {"since": "{since:unix}", "note": null}, '
        '"sort": ["since {since}", null, "{cursor} and {more}"], "text": "page {page}"}'
    )
    stream = invoices(method="POST", body=body, cursor_field="changed", pagination={"type": "page", "size": 50})

    read(config({**stream, "body": body.replace("{cursor}", "{x}")}))
    read(config({**stream, "body": body.replace("{cursor}", "{x}")}), state=STATE)

    first, *_ = (request.json() for request in server.request_history)
    assert first == {
        "page": {"size": 50, "number": 1},
        "filter": {"note": None},
        "sort": [None, "{x} and {more}"],
        "text": "page 1",
    }
    filtered = next(request.json() for request in server.request_history if "since" in request.json()["filter"])
    assert filtered["filter"] == {"since": 1769860799, "note": None}
    assert filtered["sort"][0] == "since 2026-01-31T11:59:59Z"
    assert asked(server) == {}


def test_a_cursor_may_stand_in_the_body_alone(server: requests_mock.Mocker) -> None:
    server.post(LIST, [{"json": {"data": ROWS[:2], "next": "abc"}}, {"json": {"data": ROWS[2:3], "next": None}}])
    pagination = {"type": "cursor", "source": "body", "path": "next"}
    stream = invoices(method="POST", body='{"variables": {"after": "{cursor}"}}', pagination=pagination)

    assert ids(read(config(stream))) == [0, 1, 2]
    assert [request.json() for request in server.request_history] == [
        {"variables": {}},
        {"variables": {"after": "abc"}},
    ]


def test_a_selection_of_graphql_stays_what_it_is(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    server.post(LIST, json={"data": [{"id": 1}]})
    body = '{"query": "query{invoices{id}}"}'

    assert ids(read(config(invoices(method="POST", body=body, pagination=NONE)))) == [1]
    assert server.request_history[0].json() == {"query": "query{invoices{id}}"}
    assert "platform.streams[0].body holds {id}, which is text: the stream names no parent." in caplog.text


@pytest.mark.parametrize("shared", [False, True], ids=["of the stream", "of the platform"])
def test_headers_of_a_stream_are_filled(server: requests_mock.Mocker, shared: bool) -> None:
    server.get(LIST, json={"data": []})
    headers = [{"name": "Since", "value": "after {since}"}, {"name": "accept", "value": "text/json"}]
    above = headers if shared else [{"name": "Accept", "value": "text/html"}, {"name": "Since", "value": "never"}]
    stream = invoices(cursor_field="changed", pagination=NONE, **({} if shared else {"headers": headers}))

    read(config(stream, headers=above), state=STATE)
    read(config(stream, headers=above))

    filtered, *_, full = server.request_history
    assert (filtered.headers["Since"], filtered.headers["Accept"]) == ("after 2026-01-31T11:59:59Z", "text/json")
    # Without a value, the stream's own header leaves the place to that of the platform.
    assert full.headers.get("Since") == (None if shared else "never")


@pytest.mark.parametrize(
    "place",
    [
        {"params": [param("customer", "{id}")]},
        {"method": "POST", "body": '{"customer": "{id}"}'},
        {"headers": [{"name": "X-Customer", "value": "{id}"}]},
    ],
    ids=["params", "body", "headers"],
)
def test_the_id_of_a_parent_stands_in_any_part(server: requests_mock.Mocker, place: Json) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 7}, {"id": 8}]})

    def answer(request: Any, context: Any) -> Json:
        at = query(request).get("customer") or request.headers.get("X-Customer") or request.json()["customer"]
        return {"data": [{"id": int(at) * 10}]}

    server.register_uri(requests_mock.ANY, f"{BASE}/v1/notes", json=answer)
    notes = {"name": "notes", "path": "/v1/notes", "parent": {"stream": "customers"}, "pagination": NONE, **place}

    assert read(config(CUSTOMERS, notes), "notes") == [{"id": 70, "customers_id": 7}, {"id": 80, "customers_id": 8}]
    if "body" in place:
        assert server.request_history[-1].json() == {"customer": 8}


@pytest.mark.parametrize(
    ("stream", "sentence"),
    [
        ({"params": [param("p", "{since}")]}, "params[0].value holds {since}, but without a cursor_field"),
        ({"params": [param("p", "{page}")]}, "params[0].value holds {page}, but this type of pagination has no such"),
        ({"params": [param("p", "{id}")]}, "params[0].value holds {id}, but the stream names no parent"),
        ({"params": [param("p", "{value}")]}, "params[0].value holds {value}, but the stream names no values"),
        ({"params": [param("p", "{from:%Y}")]}, "params[0].value holds {from:%Y}, but the stream has no window"),
        ({"headers": [param("P", "{cursor}")]}, "headers[0].value holds {cursor}, but this type"),
        ({"method": "POST", "body": '{"a": ["{since}"]}'}, "body holds {since}, but without a cursor_field"),
        ({"cursor_field": "c", "params": [param("p", "{since:rfc}")]}, "params[0].value should be iso8601, date"),
        ({"cursor_field": "c", "params": [param("p", "{since:%Q}")]}, "params[0].value should be a pattern"),
        ({"path": "/x/{customer}"}, "path holds {customer}, which is no placeholder; they are {since}, "),
        ({"path": "/x/{id"}, "path holds {id, which is no placeholder"),
        ({"path": "/x/{since}", "cursor_field": "c"}, "path holds {since}, so the first sync needs a first_since"),
        (
            {"path": "/x/{cursor}", "pagination": {"type": "cursor"}},
            "path holds {cursor}, which has no value on the first page",
        ),
        ({"first_since": "2015-01-01"}, "first_since goes with since_param, since_header or {since} only"),
        ({"first_since": "soon", "cursor_field": "c", "since_param": "s"}, "first_since should be a date"),
        ({"since_header": "S"}, "since_header goes with cursor_field only"),
        ({"since_header": "S:", "cursor_field": "c"}, "since_header is no name of a header"),
        (
            {"since_header": "s", "cursor_field": "c", "headers": [param("S", "x")]},
            "since_header is 's', which stands among the headers already",
        ),
        ({"headers": [param("S", "x"), param("s", "y")]}, "headers[1].name is s, which stands there already"),
        ({"headers": [param("X-App", "x")]}, "headers[0].name is X-App, which secret_headers sets"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_placeholder_that_is_never_filled_is_refused(stream: Json, sentence: str) -> None:
    values = config(invoices(**stream), secret_headers=[{"name": "X-App", "value": "sesame-1"}])

    succeeded, said = SourceInvoicing().check_connection(logging.getLogger(), values)

    assert not succeeded
    assert str(said).startswith(f"platform.streams[0].{sentence}")


@pytest.mark.parametrize("sign", ["€", "\n"])
@pytest.mark.parametrize("place", ["value", "id", "cursor"])
def test_a_header_that_cannot_hold_what_a_placeholder_stands_for_is_named(
    server: requests_mock.Mocker, place: str, sign: str
) -> None:
    server.register_uri(requests_mock.ANY, requests_mock.ANY, json={"data": [{"id": f"a{sign}"}], "more": True})
    declarations: dict[str, Json] = {
        "value": {"values": [f"a{sign}b"]},
        "id": {"parent": {"stream": "customers"}},
        "cursor": {"pagination": {"type": "cursor", "has_more_path": "more"}},
    }
    declared = invoices(**{"pagination": NONE, **declarations[place]}, headers=[param("X-Of", f"{{{place}}}")])

    with pytest.raises(Failure, match="The header X-Of cannot be sent for /v1/invoices: what its placeholder stands"):
        read(config(CUSTOMERS, declared))


def test_braces_that_nearly_are_a_placeholder_are_named(caplog: pytest.LogCaptureFixture) -> None:
    SourceInvoicing().streams(config(invoices(params=[param("a", "{sinse}"), param("b", "{x} {name:1}")])))

    assert [record.message for record in caplog.records] == [
        "platform.streams[0].params[0].value holds {sinse}, which is text; the nearest placeholder is {since}."
    ]
