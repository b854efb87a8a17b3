"""The configurable platform: streams of what stands inside the rows of another one."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import (
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
)

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from source_invoicing.streams.state import FINISHED
from unit_tests.rest_api.helpers import BASE, CHILD, CUSTOMERS, LIST, Json, config, invoices, query, read, stream

NONE: Json = {"type": "none"}
SOURCE: Json = invoices(cursor_field="at", since_param="since", pagination=NONE)
LINES: Json = {"name": "lines", "from": "invoices", "expand": "items"}
ROWS: list[Json] = [
    {
        "id": 1,
        "at": "2026-01-01T00:00:00Z",
        "items": [{"id": 7, "at": "x", "price": 5}, {"id": 8, "price": None}],
        "taxes": {"lines": [{"tax": [{"rate": 1}]}, {"tax": [{"rate": 2}, {"rate": 3}]}]},
    },
    {"id": 2, "at": "2026-02-01T00:00:00Z", "items": {"id": 9, "position": "first"}},
    {"id": 3, "at": "2026-03-01T00:00:00Z", "items": []},
    {"id": 4, "at": "2026-04-01T00:00:00Z", "items": None},
]


@pytest.fixture
def api(server: requests_mock.Mocker) -> requests_mock.Mocker:
    def response(request: Any, context: Any) -> Json:
        since = query(request).get("since", "")
        return {"data": [row for row in ROWS if row["at"] >= since]}

    server.get(LIST, json=response)
    return server


def test_parts_carry_their_document_and_their_position(api: requests_mock.Mocker) -> None:
    first, second = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"

    assert read(config(SOURCE, LINES), "lines") == [
        {"invoice_id": 1, "at": first, "position": 1, "id": 7, "row_at": "x", "price": 5},
        {"invoice_id": 1, "at": first, "position": 2, "id": 8, "price": None},
        {"invoice_id": 2, "at": second, "position": 1, "id": 9, "row_position": "first"},
    ]
    shown = stream(config(SOURCE, LINES), "lines").as_airbyte_stream()
    assert shown.source_defined_primary_key == [["invoice_id"], ["position"]]
    assert (shown.default_cursor_field, shown.source_defined_cursor) == (["at"], True)
    assert (shown.json_schema or {})["properties"]["invoice_id"] == {"type": "integer"}
    assert (shown.json_schema or {})["properties"]["price"] == {"type": ["null", "number"]}


def test_parts_stand_where_a_path_steps_into_each_element(api: requests_mock.Mocker) -> None:
    declared = {**LINES, "expand": "taxes.lines.*.tax", "document_field": "doc", "primary_key": ["doc", "rate"]}

    rows = read(config(SOURCE, declared), "lines")
    assert [(row["doc"], row["position"], row["rate"]) for row in rows] == [(1, 1, 1), (1, 2, 2), (1, 3, 3)]
    shown = stream(config(SOURCE, declared), "lines").as_airbyte_stream()
    assert shown.source_defined_primary_key == [["doc"], ["rate"]]


def test_one_reading_feeds_a_stream_and_its_parts(api: requests_mock.Mocker) -> None:
    values, source = config(SOURCE, LINES), SourceInvoicing()
    catalog = ConfiguredAirbyteCatalog(
        streams=[
            ConfiguredAirbyteStream(
                stream=each, sync_mode=SyncMode.incremental, destination_sync_mode=DestinationSyncMode.append
            )
            for each in source.discover(logging.getLogger(), values).streams
        ]
    )
    api.reset_mock()

    messages = list(source.read(logging.getLogger(), values, catalog))

    assert len(api.request_history) == 1
    records = [message.record for message in messages if message.record is not None]
    assert [sum(record.stream == name for record in records) for name in ("invoices", "lines")] == [4, 3]
    states = {
        message.state.stream.stream_descriptor.name: message.state.stream.stream_state
        for message in messages
        if message.state is not None and message.state.stream is not None
    }
    assert states.keys() == {"invoices", "lines"}
    assert all(vars(state) == {"at": "2026-04-01T00:00:00Z"} for state in states.values())


def test_a_further_sync_brings_the_parts_of_what_changed(api: requests_mock.Mocker) -> None:
    rows = read(config(SOURCE, LINES), "lines", state={"at": "2026-01-15T00:00:00Z"})

    assert [row["id"] for row in rows] == [9]
    assert query(api.request_history[0])["since"] == "2026-01-14T23:59:59Z"


def test_parts_of_lists_of_parents_carry_the_parent(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": 1}, {"id": 2}]})
    for customer in (1, 2):
        server.get(f"{BASE}/v1/customers/{customer}/notes", json={"data": [{"id": 5, "words": [{"word": "a"}]}]})
    child = {**CHILD, "primary_key": ["customer_id", "id"]}
    values = config(CUSTOMERS, child, {"name": "words", "from": "notes", "expand": "words"})

    assert read(values, "words") == [
        {"customer_id": customer, "note_id": 5, "position": 1, "word": "a"} for customer in (1, 2)
    ]
    shown = stream(values, "words").as_airbyte_stream()
    assert shown.source_defined_primary_key == [["customer_id"], ["note_id"], ["position"]]


@pytest.mark.parametrize("name", ["notes", "lines"])
def test_parts_of_lists_of_parents_go_on_behind_parents_without_a_list(server: requests_mock.Mocker, name: str) -> None:
    """Also where the first parent has none, and where the list of a parent fails."""
    server.get(f"{BASE}/v1/customers", json={"data": [{"id": number} for number in (1, 2, 3)]})
    server.get(f"{BASE}/v1/customers/1/notes", status_code=404, json={})
    server.get(f"{BASE}/v1/customers/2/notes", json={"data": [{"id": 5, "items": [{}]}]})
    server.get(f"{BASE}/v1/customers/3/notes", status_code=403, json={})
    chosen = stream(config(CUSTOMERS, CHILD, {**LINES, "from": "notes"}), name)

    with pytest.raises(Failure, match="403"):
        list(chosen.read_records(SyncMode.full_refresh))
    assert chosen.state == {"customer_id": 2}

    server.get(f"{BASE}/v1/customers/3/notes", status_code=404, json={})
    chosen = stream(config(CUSTOMERS, CHILD, {**LINES, "from": "notes"}), name)
    chosen.state = {"customer_id": 2}
    assert list(chosen.read_records(SyncMode.full_refresh)) == []
    assert chosen.state in ({"customer_id": 3}, FINISHED)


def test_a_place_that_no_record_has_is_told(api: requests_mock.Mocker, caplog: pytest.LogCaptureFixture) -> None:
    assert read(config(SOURCE, {**LINES, "expand": "lines"}), "lines") == []
    assert "no record of the first page of invoices has anything at 'lines'" in caplog.text


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (
            {"primary_key": ["number"]},
            r"a part has nothing at 'number', which primary_key names.*Leave primary_key out",
        ),
        ({"expand": "at"}, r"a record of invoices has a text at 'at', where expand expects objects"),
    ],
    ids=["key", "place"],
)
def test_what_does_not_fit_the_description_is_told(api: requests_mock.Mocker, declared: Json, message: str) -> None:
    with pytest.raises(Failure, match=message):
        read(config(SOURCE, {**LINES, **declared}), "lines")


@pytest.mark.parametrize(
    ("source", "parts", "sentence"),
    [
        (SOURCE, {"from": "invoice"}, r"streams\[1\]\.from is 'invoice', but the streams with a path are: invoices"),
        (SOURCE, {"expand": ""}, r"streams\[1\]\.expand is missing"),
        (SOURCE, {"expand": "."}, r"streams\[1\]\.expand should be names joined by single dots"),
        (SOURCE, {"expand": "a..b"}, r"streams\[1\]\.expand should be names joined by single dots"),
        (SOURCE, {"name": "invoices"}, r"streams\[1\]\.name is 'invoices' a second time"),
        (SOURCE, {"name": "a-b"}, r"streams\[1\]\.name should be letters"),
        (invoices(primary_key=[]), {}, r"streams\[1\]\.from is 'invoices', which has no primary_key"),
        (
            invoices(cursor_field="version", since_format="integer"),
            {},
            r"streams\[1\]\.from is 'invoices', whose records do not tell when they were changed",
        ),
    ],
    ids=range(8),
)
def test_parts_that_cannot_be_read_are_refused(source: Json, parts: Json, sentence: str) -> None:
    with pytest.raises(Failure, match=rf"^platform\.{sentence}"):
        SourceInvoicing().streams(config(source, {**LINES, **parts}))


def test_a_part_has_no_path(caplog: pytest.LogCaptureFixture) -> None:
    SourceInvoicing().streams(config(SOURCE, {**LINES, "path": "/lines"}))

    assert "platform.streams[1].path is not known there and is ignored" in caplog.text
