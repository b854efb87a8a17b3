"""One list, the streams it feeds, and where each of its workers begins."""

from __future__ import annotations

import json
import logging
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import requests_mock as mock
from airbyte_cdk.models import (
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
)

from source_invoicing import SourceInvoicing
from source_invoicing.streams import ListReading
from source_invoicing.streams.cursor_state import CursorState
from source_invoicing.streams.listing import KeyRanges
from source_invoicing.streams.listing.ranges import SHARE_ALWAYS
from source_invoicing.streams.readings import readings_of
from source_invoicing.streams.timestamps import UnixSeconds
from unit_tests.rest_api.helpers import BASE, CHILD, CUSTOMERS, config, query
from unit_tests.zoho.details import answer_tokens
from unit_tests.zoho.details import sync as sync_zoho
from unit_tests.zoho.helpers import US_BOOKS
from unit_tests.zoho.helpers import config as zoho_config
from unit_tests.zoho.zoho_list import ZohoList, rows, serve, written

URL = "https://api.invoiced.com"
INVOICED = {"platform": {"name": "invoiced", "api_key": "key-of-a-test"}, "num_workers": 2}
JUNE = 1_750_000_000
Row = dict[str, Any]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[mock.Mocker]:
    monkeypatch.setenv("SOURCE_INVOICING_BACKOFF_SCALE", "0")
    monkeypatch.setenv("SOURCE_INVOICING_BUDGET_SCALE", "0")
    with mock.Mocker() as api:
        yield api


def sync(values: Row, *names: str, states: dict[str, Row] | None = None) -> tuple[dict[str, list[Row]], dict[str, Row]]:
    """The records and the last states of a sync."""
    source, logger = SourceInvoicing(), logging.getLogger("airbyte")
    streams = [stream.as_airbyte_stream() for stream in source.streams(values) if stream.name in names]
    catalog = ConfiguredAirbyteCatalog(
        [
            ConfiguredAirbyteStream(stream, stream.supported_sync_modes[-1], DestinationSyncMode.append)
            for stream in streams
        ]
    )
    stored = [
        AirbyteStateMessageSerializer.load(
            {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": state}}
        )
        for name, state in (states or {}).items()
    ]
    records: dict[str, list[Row]] = defaultdict(list)
    last: dict[str, Row] = {}
    for message in source.read(logger, values, catalog, stored):
        if message.record:
            records[message.record.stream].append(dict(message.record.data))
        elif message.state and message.state.stream and message.state.stream.stream_state:
            stored = AirbyteStateMessageSerializer.dump(message.state)["stream"]
            last[stored["stream_descriptor"]["name"]] = stored["stream_state"]
    return records, last


def invoiced_streams(*names: str) -> list[Any]:
    streams = {stream.name: stream for stream in SourceInvoicing().streams(INVOICED)}
    return [streams[name] for name in names]


class SharedInvoices:
    """Invoices of Zoho that one worker has begun to read, just when a second one is called.

    :param names: of the streams that they are read for, themselves among these
    """

    ROWS = 1500

    def __init__(self, api: mock.Mocker, monkeypatch: pytest.MonkeyPatch, *names: str, **options: Any) -> None:
        monkeypatch.setenv(SHARE_ALWAYS, "1")
        answer_tokens(api)
        invoices = [
            {"invoice_id": str(each), "created_time": written(each), "last_modified_time": written(7000 * each)}
            for each in range(self.ROWS)
        ]
        self.listed = serve(api, f"{US_BOOKS}/invoices", ZohoList("invoices", invoices, cap=20))
        values = {**zoho_config(organization_id="111", details=True), **options}
        streams = {each.name: each for each in SourceInvoicing().platform(values).streams()}
        self.reading = readings_of([streams[name] for name in names])[0]
        assert isinstance(self.reading, ListReading)
        [self._chain] = self.reading.chains()
        called: list[KeyRanges] = []
        self.first = self.reading.read(self._chain, self.reading.share(self._chain, 2, called.append))
        while not called:
            next(self.first)
        assert streams["invoices"].progress.value()
        self._ranges = called[0]

    def second(self) -> Iterator[tuple[Any, list[Row]]]:
        """What the second worker reads."""
        return self.reading.read(self._chain, self._ranges)


def test_a_worker_that_joins_begins_where_the_first_one_did(api: mock.Mocker, monkeypatch: pytest.MonkeyPatch) -> None:
    """By then, the first one has moved the state of one of two streams. If the list then has to be read in another way,
    as a whole, nothing of what the first one emitted counts any more."""
    shared = SharedInvoices(api, monkeypatch, "invoices", "invoice_details")
    shared.listed.refused = ["sort_column=last_modified_time"]
    ids = [record["invoice_id"] for _, records in shared.second() for record in records]

    assert set(ids) == {str(each) for each in range(SharedInvoices.ROWS)}


def test_a_first_reading_that_workers_share_is_complete(api: mock.Mocker, monkeypatch: pytest.MonkeyPatch) -> None:
    """To find out what was deleted, the list would otherwise be read once more at once."""
    shared = SharedInvoices(api, monkeypatch, "invoices", deletions="emit")
    for worker in (shared.second(), shared.first):
        for _, records in worker:
            records.clear()
    asked = api.call_count

    assert list(shared.reading.tombstones()) == []
    assert api.call_count == asked


def test_a_stream_that_drops_out_does_not_fail_the_others(api: mock.Mocker) -> None:
    """Two workers come to the same malformed part: the second one after the first one has dropped its stream."""
    malformed = {"id": 1, "updated_at": JUNE, "items": [{"id": 5}], "discounts": "none"}
    api.get(f"{URL}/invoices", json=[malformed], headers={"X-Total-Count": "1"})
    lines, discounts = invoiced_streams("invoice_line_items", "invoice_discounts")
    reading = ListReading(lines.source_stream, [lines, discounts])
    [chain] = reading.chains()
    workers = [reading.read(chain), reading.read(chain)]
    emitted = [next(worker)[0] for worker in workers] + [outlet for worker in workers for outlet, _ in worker]

    assert emitted == [lines, lines]
    assert list(reading.failures) == [discounts]


@pytest.mark.parametrize("workers", [1, 5])
def test_a_list_that_was_left_in_the_middle_goes_on_there(api: mock.Mocker, workers: int) -> None:
    """Also if the way to read it that the API refused before would let several workers share it."""
    answer_tokens(api)
    things = ZohoList("items", rows(1000, "item_id"), refused=("sort_column=last_modified_time",))
    serve(api, f"{US_BOOKS}/items", things)
    read = 0

    def is_cut_off() -> bool:
        nonlocal read
        read += 1
        return read > 500

    before = sync_zoho("items", workers=workers, cut_off=is_cut_off)
    state = {"items": before.state["items"]}
    ids = [int(row["item_id"]) for row in sync_zoho("items", state=state, workers=workers).records["items"]]

    assert 0 < min(ids) < len(before.records["items"])
    assert max(ids) == 999


def test_children_of_all_parents_are_read_after_workers_left_a_gap(api: mock.Mocker) -> None:
    """A state may hold what workers have read ahead, and no cursor."""
    customers = [{"id": each, "updated_at": JUNE + each} for each in range(1, 51)]
    api.get(re.compile("."), json=[])
    api.get(re.compile(f"{URL}/customers/"), json=[{"id": 1}])

    def listed(request: requests.Request, context: Any) -> list[Row]:
        since = int(query(request).get("updated_after", 0))
        found = [row for row in customers if row["updated_at"] > since]
        context.headers["X-Total-Count"] = str(len(found))
        return found[::-1] if "DESC" in query(request).get("sort", "").upper() else found

    api.get(f"{URL}/customers", json=listed)
    ahead = {"customers": {"read_ahead": [[JUNE + 20, JUNE + 40]]}}
    records, _ = sync(INVOICED, "customers", "contacts", states=ahead)

    assert len(records["customers"]) < len(customers)
    assert {contact["customer_id"] for contact in records["contacts"]} == set(range(1, 51))


@pytest.mark.parametrize("named", [{}, {"value_field": "list"}], ids=["", "with value_field"])
def test_children_of_all_parents_are_read_where_parents_have_several_lists(api: mock.Mocker, named: Row) -> None:
    changed = {
        "active": {1: "2024-01-01T00:00:00Z", 2: "2024-01-02T00:00:00Z"},
        "archived": {3: "2024-01-03T00:00:00Z"},
    }

    def customers(request: requests.Request, _: Any) -> Row:
        asked = query(request)
        listed = changed[asked["status"]].items()
        return {"data": [{"id": each, "updated_at": at} for each, at in listed if at >= asked.get("since", "")]}

    api.get(f"{BASE}/v1/customers", json=customers)
    api.get(re.compile(f"{BASE}/v1/customers/\\d+/notes"), json={"data": [{"id": 1}]})
    parents = {
        **CUSTOMERS,
        **named,
        "params": [{"name": "status", "value": "{value}"}],
        "values": ["active", "archived"],
        "cursor_field": "updated_at",
        "since_param": "since",
        "primary_key": ["id"],
    }
    _, states = sync(config(parents, CHILD), "customers", "notes")
    changed["active"][2] = "2024-02-02T00:00:00Z"
    records, _ = sync(config(parents, CHILD), "customers", "notes", states=states)

    assert {row["id"] for row in records["customers"]} == {2, 3}
    assert {note["customer_id"] for note in records["notes"]} == {1, 2, 3}


def test_a_stream_that_joins_a_list_per_parent_leaves_the_others_where_they_are(api: mock.Mocker) -> None:
    lines = {"name": "lines", "from": "notes", "expand": "lines"}
    api.get(f"{BASE}/v1/customers", json={"data": [{"id": each} for each in range(1, 6)]})

    def notes(request: Any, _: Any) -> Row:
        customer = int(request.path.split("/")[3])
        return {"data": [{"id": customer * 10, "lines": [{"id": customer * 100}]}]}

    api.get(re.compile(f"{BASE}/v1/customers/\\d+/notes"), json=notes)
    values = {**config(CUSTOMERS, CHILD, lines), "num_workers": 1}
    records, _ = sync(values, "notes", "lines", states={"notes": {"customer_id": 4}})

    assert [note["customer_id"] for note in records["notes"]] == [5]
    assert [line["id"] for line in records["lines"]] == [100, 200, 300, 400, 500]


@pytest.mark.parametrize("back", ["roll_back", "forget_ranges"])
def test_a_state_that_goes_back_is_announced_at_once(back: str) -> None:
    """Other changes wait where much is remembered to find deletions. A kill would leave a cursor that does not hold."""
    state = CursorState("things", "at", UnixSeconds(), ())
    state.remember({"known_ids": {"ids": {"i": "a" * 20_000}}})
    announced: list[Row] = []
    state.on_change = lambda: announced.append(json.loads(json.dumps(state.value())))
    for at in range(1, 25):
        state.advance(None, JUNE + at)
    assert "at" in announced[-1]

    if back == "roll_back":
        state.roll_back(None)
    else:
        state.forget_ranges()

    assert "at" not in announced[-1]
