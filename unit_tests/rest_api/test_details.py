"""The configurable platform: documents that are asked for one by one."""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests_mock
from airbyte_cdk.models import FailureType, SyncMode

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from unit_tests.rest_api.helpers import BASE, CHILD, CUSTOMERS, LIST, Json, config, invoices, query, read, stream

NONE: Json = {"type": "none"}
DETAIL: Json = {"path": "/v1/invoices/{id}", "record_path": "invoice"}
SOURCE: Json = invoices(cursor_field="at", since_param="since", pagination=NONE, detail=DETAIL)
LINES: Json = {"name": "lines", "from": "invoices", "expand": "items"}
WINDOW: Json = {"days": 30, "from_param": "from", "to_param": "to", "first": "2026-01-01"}
LISTED: list[Json] = [{"id": number, "at": f"2026-0{number}-01T00:00:00Z", "short": True} for number in (3, 1, 2)]


def documents(request: Any, context: Any) -> Json:
    key = int(urlsplit(request.url).path.rpartition("/")[2])
    if key == 2:
        context.status_code = 404
        return {}
    own = {"id": key, "at": "another"} if key == 1 else {}
    return {"invoice": {**own, "total": key + 0.5, "items": [{"price": key}, {"price": None}]}}


@pytest.fixture
def api(server: requests_mock.Mocker) -> requests_mock.Mocker:
    def response(request: Any, context: Any) -> Json:
        return {"data": [row for row in LISTED if row["at"] >= query(request).get("since", "")]}

    server.get(requests_mock.ANY, json=documents)
    server.get(LIST, json=response)
    return server


def synced(values: Json, name: str = "invoices", state: Json | None = None) -> tuple[list[Json], Json]:
    chosen = stream(values, name)
    chosen.state = dict(state or {})
    rows = [dict(row) for row in chosen.read_records(SyncMode.full_refresh)]
    return rows, dict(chosen.state)


def asked(server: requests_mock.Mocker) -> list[str]:
    return [urlsplit(request.url).path.rpartition("/")[2] for request in server.request_history]


def test_the_record_is_the_document_and_its_cursor_that_of_its_row(api: requests_mock.Mocker) -> None:
    rows, state = synced(config(SOURCE))

    assert [(str(row["id"]), row["at"], row["total"]) for row in rows] == [
        ("1", "2026-01-01T00:00:00Z", 1.5),
        ("3", "2026-03-01T00:00:00Z", 3.5),
    ]
    assert not any("short" in row for row in rows)
    assert asked(api) == ["invoices", "1", "2", "3"]
    assert state["at"] >= "2026-03-01T00:00:00Z"


def test_a_further_sync_asks_for_what_changed(api: requests_mock.Mocker) -> None:
    _, state = synced(config(SOURCE))
    api.reset_mock()

    rows, _ = synced(config(SOURCE), state={"at": "2026-02-15T00:00:00Z"})
    assert asked(api) == ["invoices", "3"]
    api.reset_mock()
    again, _ = synced(config(SOURCE), state=state)

    assert [row["total"] for row in rows] == [3.5]
    # A filter that lists nothing has to show that it would list a later change.
    assert (again, set(asked(api))) == ([], {"invoices"})


def test_a_schema_is_inferred_from_some_documents(api: requests_mock.Mocker) -> None:
    shown = stream(config({**SOURCE, "json_schema": ""})).as_airbyte_stream()

    assert shown.source_defined_primary_key == [["id"]]
    assert shown.default_cursor_field == ["at"]
    assert {"id", "at", "total", "items"} <= set((shown.json_schema or {})["properties"])
    assert "short" not in (shown.json_schema or {})["properties"]


def test_parts_are_those_of_the_document(api: requests_mock.Mocker) -> None:
    rows, _ = synced(config(SOURCE, LINES), "lines")

    assert [(str(row["invoice_id"]), row["at"], row["position"], row["price"]) for row in rows] == [
        ("1", "2026-01-01T00:00:00Z", 1, 1),
        ("1", "2026-01-01T00:00:00Z", 2, None),
        ("3", "2026-03-01T00:00:00Z", 1, 3),
        ("3", "2026-03-01T00:00:00Z", 2, None),
    ]
    shown = stream(config(SOURCE, LINES), "lines").as_airbyte_stream()
    assert shown.source_defined_primary_key == [["invoice_id"], ["position"]]
    assert {"invoice_id", "at", "position", "price"} <= set((shown.json_schema or {})["properties"])


def test_documents_of_lists_of_parents_know_the_parent(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}, {"id": 2}]})
    for customer in (1, 2):
        server.get(f"{BASE}/v1/customers/{customer}/notes", json={"data": [{"id": "a/b"}]})
        server.get(f"{BASE}/{customer}/a%2Fb", json={"id": "a/b", "text": f"of {customer}"})
    child = {**CHILD, "detail": {"path": "/{parent}/{id}"}}

    rows, _ = synced(config(CUSTOMERS, child), "notes")
    assert rows == [{"id": "a/b", "text": f"of {customer}", "customer_id": customer} for customer in (1, 2)]


def test_documents_of_lists_of_values_know_the_value(server: requests_mock.Mocker) -> None:
    """Also where records do not hold it, and where they are tried out and looked at."""
    for value in ("a", "b"):
        server.get(f"{BASE}/v1/{value}", json={"data": [{"id": 1 if value == "a" else 2}]})
        server.get(f"{BASE}/v1/{value}/1", json={"id": 1, "text": value})
        server.get(f"{BASE}/v1/{value}/2", json={"id": 2, "text": value})
    values = {"path": "/v1/{value}", "values": ["a", "b"], "pagination": NONE, "detail": {"path": "/v1/{value}/{id}"}}

    for more in ({}, {"value_field": "list"}):
        declared = config(invoices(**values, **more))
        assert SourceInvoicing().check_connection(logging.getLogger(), declared) == (True, None)
        assert "text" in (stream(declared).as_airbyte_stream().json_schema or {})["properties"]
        assert sorted(row["text"] for row in synced(declared)[0]) == ["a", "b"]


def test_a_document_that_is_none_is_told(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [{"id": 1}]})
    server.get(f"{LIST}/1", json={"invoices": {}})

    with pytest.raises(Failure, match=r"/v1/invoices/1.*nothing where detail\.record_path expects a record"):
        read(config(invoices(pagination=NONE, detail=DETAIL)))


@pytest.mark.parametrize(
    "streams", [[SOURCE], [SOURCE, LINES], [{**SOURCE, "detail": {}}, {**LINES, "detail": DETAIL}]]
)
def test_an_error_in_place_of_a_document_does_not_become_a_record(
    api: requests_mock.Mocker, streams: list[Json]
) -> None:
    """The state does not pass it, so that the next sync asks for it once more."""
    streams = [{**streams[0], "error_path": "error"}, *streams[1:]]
    declared = [
        {**each, "detail": {**each["detail"], "record_path": ""}} if each.get("detail") else each for each in streams
    ]
    api.get(f"{LIST}/3", json={"error": "busy", "items": [{"price": 3}]})

    with pytest.raises(Failure, match=r"/v1/invoices/3 .* says under 'error': busy"):
        read(config(*declared), streams[-1]["name"])
    chosen = stream(config(*declared), streams[-1]["name"])
    with pytest.raises(Failure):
        list(chosen.read_records(SyncMode.full_refresh))
    assert dict(chosen.state).get("at", "") < "2026-03-01T00:00:00Z"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"status_code": 404, "json": {}}, r"HTTP 404 .* Check detail\.path of the stream\.$"),
        ({"status_code": 400, "json": {}}, r"HTTP 400 .* Check detail\.path and detail\.params of the stream\.$"),
        ({"status_code": 405, "json": {}}, r"HTTP 405 .* Check detail\.path and detail\.params of the stream\.$"),
        ({"text": "<html>"}, r"instead of JSON\. Check detail\.path of the stream, and whether the API wants a header"),
    ],
    ids=["404", "400", "405", "web page"],
)
def test_a_refused_document_names_the_options_to_check(api: requests_mock.Mocker, answer: Json, sentence: str) -> None:
    api.get(re.compile(f"{LIST}/"), **answer)

    with pytest.raises(Failure, match=sentence) as caught:
        synced(config(SOURCE))
    succeeded, said = SourceInvoicing().check_connection(logging.getLogger(), config(SOURCE))

    assert caught.value.failure_type is not FailureType.system_error
    assert (succeeded, bool(re.search(sentence, said or ""))) == (False, True)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"detail": {"path": "/v1/invoices"}}, r"detail\.path should hold \{id\}"),
        ({"detail": {"path": "/v1/{parent}/{id}"}}, r"detail\.path should hold \{id\}.*nothing else but \{id\}"),
        ({"detail": {"path": "https://x/{id}"}}, r"detail\.path should be a path below base_url"),
        ({"detail": {"record_path": "invoice"}}, r"detail\.path is missing"),
        ({"detail": {"path": "/{id}", "record_path": "a.*"}}, r"detail\.record_path should lead to one value"),
        ({"detail": DETAIL, "primary_key": []}, r"detail\.path needs a primary_key"),
        (
            {"detail": DETAIL, "cursor_field": "v", "since_format": "integer"},
            r"detail\.path goes with records that tell",
        ),
        ({"detail": DETAIL, "window": WINDOW}, r"detail\.path goes with records that tell"),
        ({"detail": {"params": [{"name": "id", "value": "{id}"}]}}, r"detail\.path is missing"),
        ({"detail": {**DETAIL, "params": [{"name": "p", "value": "{page}"}]}}, r"detail\.path should hold \{id\}"),
        ({"detail": {**DETAIL, "total_path": "total"}}, r"detail\.total_path goes with a stream that has from"),
    ],
    ids=range(11),
)
def test_a_detail_that_cannot_be_asked_for_is_refused(more: Json, sentence: str) -> None:
    with pytest.raises(Failure, match=rf"^platform\.streams\[0\]\.{sentence}"):
        SourceInvoicing().streams(config(invoices(**more)))


def test_an_empty_detail_of_the_form_is_none(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [{"id": 1}]})

    assert read(config(invoices(pagination=NONE, detail={}))) == [{"id": 1}]


def test_a_document_that_a_list_no_longer_shows_is_gone_only_if_its_own_request_says_so(
    server: requests_mock.Mocker,
) -> None:
    there = {1, 3, 4}

    def document(request: Any, context: Any) -> Json:
        key = int(urlsplit(request.url).path.rpartition("/")[2])
        context.status_code = 200 if key in there else 404
        return {"invoice": {"id": key}} if key in there else {}

    def listed(request: Any, context: Any) -> Json:
        rows: list[Json] = [{"id": key, "at": f"2026-0{key}-01T00:00:00Z"} for key in sorted(there - hidden)]
        return {"data": [row for row in rows if row["at"] >= query(request).get("since", "")]}

    hidden: set[int] = set()
    server.get(requests_mock.ANY, json=document)
    server.get(LIST, json=listed)
    values = {**config(SOURCE), "deletions": "emit"}
    _, state = synced(values)
    state["known_ids"]["swept_at"] -= 30 * 86_400
    there.remove(3)
    hidden.add(1)

    rows, _ = synced(values, state=state)

    assert [row["id"] for row in rows if row.get("_ab_cdc_deleted_at")] in ([3], ["3"])


def test_a_part_is_not_taken_for_its_document_when_that_is_gone(api: requests_mock.Mocker) -> None:
    """Not even where both are told apart by a field of the same name."""
    values = {**config(SOURCE, {**LINES, "primary_key": ["id"]}), "deletions": "emit"}

    assert [stream(values, name).emits_deletions for name in ("invoices", "lines")] == [True, False]
