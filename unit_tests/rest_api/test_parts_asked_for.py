"""The configurable platform: what one request per record brings that rows do not hold, whatever their cursor is."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests_mock
from airbyte_cdk.models import (
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStream,
    AirbyteStreamState,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    StreamDescriptor,
    SyncMode,
)

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from source_invoicing.messages import SyncFailed
from unit_tests.rest_api.helpers import BASE, LIST, Json, config, invoices, query, read

NONE: Json = {"type": "none"}
DETAIL: Json = {"path": "/v1/invoices/{id}", "record_path": "invoice"}
LISTED: list[Json] = [{"id": number, "at": f"2026-0{number}-01T00:00:00Z"} for number in (3, 1, 2)]


def synced_together(values: Json, states: Json | None = None) -> tuple[dict[str, list[Json]], Json]:
    """The records of all streams, read by one sync, and their states. Streams may fail."""
    source = SourceInvoicing()
    streams = [
        ConfiguredAirbyteStream(
            stream=AirbyteStream(name=each.name, json_schema={}, supported_sync_modes=list(SyncMode)),
            sync_mode=SyncMode.incremental,
            destination_sync_mode=DestinationSyncMode.append,
        )
        for each in source.streams(values)
    ]
    before = [
        AirbyteStateMessage(
            type=AirbyteStateType.STREAM,
            stream=AirbyteStreamState(
                stream_descriptor=StreamDescriptor(name=name), stream_state=AirbyteStateBlob(state)
            ),
        )
        for name, state in (states or {}).items()
    ]
    records: dict[str, list[Json]] = {each.stream.name: [] for each in streams}
    after: Json = {}
    with suppress(SyncFailed):
        for message in source.read(logging.getLogger(), values, ConfiguredAirbyteCatalog(streams=streams), before):
            if message.record:
                records[message.record.stream].append(message.record.data)
            elif message.state and message.state.stream:
                after[message.state.stream.stream_descriptor.name] = vars(message.state.stream.stream_state)
    return records, after


# -- parts that are asked for by themselves ---------------------------------------------------------------------------

PLAIN: Json = invoices(cursor_field="at", since_param="since", pagination=NONE)
ITEMS: Json = {
    **{"name": "items", "from": "invoices", "expand": "items.item"},
    "detail": {
        "path": "/v1/items",
        "params": [{"name": "invoice", "value": "{id}"}, {"name": "per_page", "value": "1000"}],
        "total_path": "total",
    },
}


def items(request: Any, context: Any) -> Json:
    """One alone is no list, and the answer has an id of its own."""
    key = int(query(request)["invoice"])
    assert query(request)["per_page"] == "1000"
    rows = [{"id": 10 * key + number} for number in range(key)]
    return {"id": "answer", "items": {"item": rows if len(rows) > 1 else rows[0]}, "total": str(key)}


def test_parts_are_asked_for_where_rows_do_not_hold_them_and_rows_stay_as_they_are(
    server: requests_mock.Mocker,
) -> None:
    def listed(request: Any, context: Any) -> Json:
        return {"data": [row for row in LISTED if row["at"] >= query(request).get("since", "")]}

    server.get(LIST, json=listed)
    server.get(f"{BASE}/v1/items", json=items)
    records, states = synced_together(config(PLAIN, ITEMS))

    assert [row["id"] for row in records["invoices"]] == [3, 1, 2]
    assert sorted((str(row["invoice_id"]), row["position"], row["id"]) for row in records["items"]) == [
        *[("1", 1, 10), ("2", 1, 20), ("2", 2, 21)],
        *[("3", 1, 30), ("3", 2, 31), ("3", 3, 32)],
    ]
    assert {row["at"] for row in records["items"]} == {row["at"] for row in LISTED}
    server.reset_mock()
    again, _ = synced_together(config(PLAIN, ITEMS), {**states, "items": {"at": "2026-02-15T00:00:00Z"}})

    assert {str(row["invoice_id"]) for row in again["items"]} == {"3"}
    assert [query(each)["invoice"] for each in server.request_history if each.path == "/v1/items"] == ["3"]


def test_an_answer_that_holds_fewer_parts_than_it_counts_fails_the_stream(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [{"id": 1}]})
    server.get(f"{BASE}/v1/items", json={"items": {"item": [{"id": 1}]}, "total": 2})

    with pytest.raises(Failure, match=r"/v1/items tells of 2 parts and holds 1\."):
        read(config(invoices(pagination=NONE), ITEMS), "items")
    server.get(f"{BASE}/v1/items", json={"items": {"item": [{"id": 1}]}})
    with pytest.raises(Failure, match=r"has nothing where detail\.total_path expects a count"):
        read(config(invoices(pagination=NONE), ITEMS), "items")


@pytest.mark.parametrize("record_path", ["", "data.lines"])
def test_an_answer_may_be_the_list_of_the_parts(server: requests_mock.Mocker, record_path: str) -> None:
    lines: dict[int, Any] = {1: [{"n": 1}], 2: [{"n": 1}, {"n": 2}], 3: [], 4: {"n": 1}}
    server.get(LIST, json={"data": [{"id": key} for key in lines]})
    for key, answer in lines.items():
        server.get(f"{LIST}/{key}/lines", json={"data": {"lines": answer}} if record_path else answer)
    detail = {"path": "/v1/invoices/{id}/lines", "record_path": record_path}
    values = config(invoices(pagination=NONE), {"name": "lines", "from": "invoices", "expand": ".", "detail": detail})

    assert SourceInvoicing().check_connection(logging.getLogger(), values) == (True, None)
    rows = read(values, "lines")
    assert [(str(row["invoice_id"]), row["position"], row["n"]) for row in rows] == [
        *[("1", 1, 1), ("2", 1, 1), ("2", 2, 2), ("4", 1, 1)],
    ]
    server.get(f"{LIST}/1/lines", json={"data": {"lines": "none"}} if record_path else "none")
    with pytest.raises(Failure, match=r"has a text where detail\.record_path expects a record"):
        read(values, "lines")


def test_check_looks_at_what_is_asked_for_one_record(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    values = config(invoices(pagination=NONE), ITEMS)
    server.get(LIST, json={"data": [{"id": 1}]})
    server.get(f"{BASE}/v1/items", json={"rows": [], "total": 0})

    assert SourceInvoicing().check_connection(logging.getLogger(), values) == (True, None)
    assert "has anything at 'items.item', which expand names" in caplog.text
    server.get(f"{BASE}/v1/items", status_code=404, json={})
    succeeded, said = SourceInvoicing().check_connection(logging.getLogger(), values)
    assert (succeeded, "/v1/items" in str(said)) == (False, True)


# -- of lists that select and tell no time ----------------------------------------------------------------------------

SELECTED: Json = invoices(cursor="sync_start", since_param="since", pagination=NONE)
WHOLE: Json = {**SELECTED, "name": "whole", "detail": DETAIL}


class Selecting:
    """An API that selects what changed, by times that its rows do not tell."""

    def __init__(self, server: requests_mock.Mocker, now: int) -> None:
        self.now = now
        self.changed = dict.fromkeys((1, 2, 3), now)
        self.broken: set[int] = set()
        self._server = server
        server.get(requests_mock.ANY, json=self._document)
        server.get(LIST, json=self._listed)

    def _listed(self, request: Any, context: Any) -> Json:
        since = query(request).get("since", "")
        rows: list[Json] = [
            {"id": key, "items": [{"price": key}]} for key, at in self.changed.items() if _iso(at) >= since
        ]
        return {"data": rows}

    def _document(self, request: Any, context: Any) -> Json:
        key = int(urlsplit(request.url).path.rpartition("/")[2])
        context.status_code = 403 if key in self.broken else 200 if key in self.changed else 404
        return {"invoice": {"id": key, "items": [{"price": key + 0.5}], "rows": [{"price": key + 0.5}]}}

    def asked(self) -> list[str]:
        """Lists, by their filter, and documents, by their id, that were asked for since the last call. Workers ask for
        several documents at a time."""
        lists, *documents = [
            query(each).get("since", "all") if each.path == "/v1/invoices" else each.path.rpartition("/")[2]
            for each in self._server.request_history
        ]
        self._server.reset_mock()
        return [lists, *sorted(documents)]


def _iso(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    now = [1_800_000_000]
    monkeypatch.setattr(time, "time", lambda: float(now[0]))
    return now


FED: list[Json] = [
    {"name": "lines", "from": "invoices", "expand": "items"},
    {"name": "rows", "from": "invoices", "expand": "rows", "detail": DETAIL},
    {"name": "more", "from": "invoices", "expand": "items", "detail": DETAIL},
]


def test_the_start_of_a_sync_is_the_cursor_of_parts_and_details_too(
    server: requests_mock.Mocker, clock: list[int]
) -> None:
    api = Selecting(server, clock[0] - 7200)
    values = config(SELECTED, *FED)

    records, states = synced_together(values)

    assert api.asked() == ["all", "1", "2", "3"]
    for name, price in (("lines", 0), ("rows", 0.5), ("more", 0.5)):
        assert sorted((str(row["invoice_id"]), row["price"]) for row in records[name]) == [
            (str(key), key + price) for key in (1, 2, 3)
        ]
        assert {row["_synced_at"] for row in records[name]} == {_iso(clock[0])}
    assert set(states) == {"invoices", "lines", "rows", "more"}
    assert {str(state) for state in states.values()} == {str({"_synced_at": _iso(clock[0] - 60)})}

    clock[0] += 7200
    api.changed[2] = clock[0] - 3600
    again, later = synced_together(values, states)

    assert api.asked() == [_iso(clock[0] - 7200 - 61), "2"]
    assert {name: [str(row.get("invoice_id", row.get("id"))) for row in rows] for name, rows in again.items()} == {
        name: ["2"] for name in states
    }
    assert {state["_synced_at"] for state in later.values()} == {_iso(clock[0] - 60)}


def test_the_list_is_asked_for_what_the_stream_needs_that_is_furthest_behind(
    server: requests_mock.Mocker, clock: list[int]
) -> None:
    api = Selecting(server, clock[0] - 7200)
    api.broken = {2}
    values = config(SELECTED, *FED[1:2])

    _, states = synced_together(values)
    assert set(states) == {"invoices"}
    api.asked()
    api.broken = set()
    clock[0] += 7200
    records, states = synced_together(values, states)

    assert api.asked() == ["all", "1", "2", "3"]
    assert sorted(row["price"] for row in records["rows"]) == [1.5, 2.5, 3.5]
    assert {state["_synced_at"] for state in states.values()} == {_iso(clock[0] - 60)}


def test_a_document_that_vanished_is_passed_over_where_documents_have_been_read(
    server: requests_mock.Mocker, clock: list[int]
) -> None:
    api = Selecting(server, clock[0])
    values = config(WHOLE)
    _, states = synced_together(values)
    clock[0] += 7200
    server.get(LIST, json={"data": [{"id": 9}]})

    records, states = synced_together(values, states)

    assert api.asked()[-1] == "9"
    assert (records, states["whole"]) == ({"whole": []}, {"_synced_at": _iso(clock[0] - 60)})
