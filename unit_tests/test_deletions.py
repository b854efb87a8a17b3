"""What the state keeps of ids, and what a search makes of them."""

from __future__ import annotations

import base64
import logging
import random
import re
import time
import weakref
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, cast

import pytest
import requests_mock as mock
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from source_invoicing import SourceInvoicing
from source_invoicing.messages import SyncFailed
from source_invoicing.platforms.invoiced.events import parse_event
from source_invoicing.streams import EventFeed, sweep_deletions
from source_invoicing.streams.cursor_state import CursorState
from source_invoicing.streams.known_keys import GrowingKeySet, KeySet
from source_invoicing.streams.listing import Batch
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.state import STATES_PER_LONG_MEMORY, StreamState
from source_invoicing.streams.timestamps import UnixSeconds

URL = "https://api.invoiced.com"
CONFIG = {"platform": {"name": "invoiced", "api_key": "key-of-a-test"}, "num_workers": 1, "deletions": "emit"}
LONG_AGO = {"swept_at": 0}


def zoho_ids(number: int) -> Iterator[str]:
    """Ids of a counter that all records of an organization share."""
    steps, identity = random.Random(1), 460_000_000_026_049
    for _ in range(number):
        identity += steps.choice((2, 2, 2, 2, 3, 5, 20, 40, steps.randrange(2, 2000)))
        yield str(identity)


def invoiced_ids(number: int) -> Iterator[int]:
    """Ids of a counter that all accounts share."""
    steps, identity = random.Random(1), 88_001
    for _ in range(number):
        identity += steps.randrange(1, 2000)
        yield identity


# -- ids in a state -----------------------------------------------------------------------------------------------

keys = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 2**63 - 1).map(str),
    st.text(min_size=1).filter(lambda text: not any("\ud800" <= sign <= "\udfff" for sign in text)),
    st.tuples(st.sampled_from(["card", "bank_account"]), st.integers(1, 1000)),
)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_INVOICING_BACKOFF_SCALE", "0.0001")


@settings(max_examples=40)
@given(st.lists(keys, max_size=20))
def test_keys_come_out_of_a_state_as_they_went_in(chosen: list[Any]) -> None:
    stored = KeySet([*chosen, *chosen]).stored()

    assert sorted(map(repr, KeySet.restore(stored))) == sorted(
        map(repr, {(type(key), key): key for key in chosen}.values())
    )


@pytest.mark.parametrize(
    ("ids", "most"),
    [(list(zoho_ids(100_000)), 100_000), (list(invoiced_ids(100_000)), 300_000)],
    ids=["zoho", "invoiced"],
)
def test_a_hundred_thousand_ids_are_short(ids: Sequence[Any], most: int) -> None:
    stored = KeySet(ids).stored()

    assert sum(map(len, stored.values())) < most
    assert list(KeySet.restore(stored)) == list(ids)


def test_ids_that_come_page_by_page_are_stored_in_few_sets_and_hardly_longer() -> None:
    ids, growing = list(invoiced_ids(10_000)), GrowingKeySet()
    for first in range(0, len(ids), 100):
        growing.update(ids[first : first + 100])

    stored = growing.stored()

    assert list(KeySet.restore(stored)) == list(growing.all()) == ids
    assert len(stored) <= 12
    assert sum(len(text) for each in stored for text in each.values()) < 1.1 * len(KeySet(ids).stored()["numbers"])


@pytest.mark.parametrize(
    "stored",
    [None, 5, [], {"other": ""}, {"numbers": 5}, {"numbers": "§"}, {"digits": "eJw"}, {"texts": "eJwrBgAAdAB0"}],
)
def test_what_is_no_set_of_keys_is_refused(stored: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        KeySet.restore(stored)


def test_a_long_set_goes_along_with_few_states() -> None:
    states: list[int] = []
    progress = CursorState("invoices", "updated_at", UnixSeconds(), ())
    progress.restore({"updated_at": 1, "known_ids": {"swept_at": 1, "ids": KeySet(invoiced_ids(20_000)).stored()}})
    progress.on_change = lambda: states.append(progress.value()["updated_at"])

    for second in range(2, 2 + 3 * STATES_PER_LONG_MEMORY):
        progress.advance(None, second)
    progress.advance(None, 1000)
    progress.flush()
    progress.flush()

    assert len(states) == 4
    assert states[-1] == 1000


def test_keys_of_one_part_are_kept_as_that_part() -> None:
    assert KeySet([("7",), ("a",), ("a", "b")]).stored() == KeySet(["7", "a", ("a", "b")]).stored()


# -- a search -----------------------------------------------------------------------------------------------------

#: Responses that do not say whether a record exists.
UNUSABLE: Sequence[dict[str, Any]] = (
    {"status_code": 403, "json": {"message": "No."}},
    {"status_code": 500, "json": {"message": "boom"}},
    {"text": "null"},
    {"json": []},
    {"json": {"type": "api_error", "message": "internal"}},
    {"json": {"id": "another"}},
)


class Items:
    """An account with items, some of which may be missing from the list."""

    def __init__(self, api: mock.Mocker, there: Sequence[Any], listed: Sequence[Any]) -> None:
        api.get(f"{URL}/items", json=page_of([{"id": each, "updated_at": 5} for each in listed]))
        for each in {*there, "gone"}:
            status = 200 if each in there else 404
            api.get(f"{URL}/items/{each}", json={"id": each} if each in there else {}, status_code=status)

    @staticmethod
    def read(known: Any, **config: Any) -> list[AirbyteMessage]:
        return read({"items": {"updated_at": 5, "known_ids": known}}, **config)


def page_of(rows: list[dict[str, Any]]) -> Any:
    """The only page of a list of Invoiced, filtered and sorted by the time of each row."""

    def page(request: Any, context: Any) -> list[dict[str, Any]]:
        changed_after, since = (int(request.qs.get(name, ["0"])[0]) for name in ("updated_after", "start_date"))
        times = [int(row.get("updated_at") or row["timestamp"]) for row in rows]
        left = [row for at, row in zip(times, rows, strict=True) if at > changed_after and at >= since]
        context.headers["X-Total-Count"] = str(len(left))
        return left

    return page


def read(states: Mapping[str, Any], **config: Any) -> list[AirbyteMessage]:
    """The messages of a sync.

    :param states: those of the streams to read
    """
    return list(messages_of(states, **config))


def messages_of(states: Mapping[str, Any], **config: Any) -> Iterator[AirbyteMessage]:
    source, settings = SourceInvoicing(), {**CONFIG, **config}
    streams = [each.as_airbyte_stream() for each in source.streams(settings) if each.name in states]
    catalog = ConfiguredAirbyteCatalog(
        [ConfiguredAirbyteStream(each, SyncMode.incremental, DestinationSyncMode.append_dedup) for each in streams]
    )
    stored = [
        {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": state}}
        for name, state in states.items()
    ]
    state = [AirbyteStateMessageSerializer.load(message) for message in stored]
    return iter(source.read(logging.getLogger("airbyte"), settings, catalog, state))


def records(messages: list[AirbyteMessage]) -> list[Mapping[str, Any]]:
    return [message.record.data for message in messages if message.record is not None]


def tombstones(messages: list[AirbyteMessage]) -> list[Any]:
    return [record["id"] for record in records(messages) if record.get("_ab_cdc_deleted_at")]


def states(messages: list[AirbyteMessage]) -> dict[str, dict[str, Any]]:
    """The last state of each stream."""
    dumped = [AirbyteStateMessageSerializer.dump(each.state)["stream"] for each in messages if each.state is not None]
    return {stream["stream_descriptor"]["name"]: stream["stream_state"] for stream in dumped}


def last_state(messages: list[AirbyteMessage]) -> dict[str, Any]:
    (state,) = states(messages).values()
    return state


def known(*ids: Any) -> dict[str, Any]:
    return {**LONG_AGO, "ids": KeySet(ids).stored()}


def test_ids_that_an_earlier_version_kept_as_keys_of_one_part_are_known(requests_mock: mock.Mocker) -> None:
    """Those of ``rest_api``."""
    declared: dict[str, Any] = {
        "name": "items",
        "path": "/items",
        "record_path": "",
        "cursor_field": "updated_at",
        "primary_key": ["id"],
    }
    declared["pagination"] = {"type": "none"}
    platform = {"name": "rest_api", "base_url": URL, "auth": {"type": "api_key", "value": "k"}, "streams": [declared]}
    Items(requests_mock, there=[], listed=[7, 8])
    texts = base64.b64encode(zlib.compress(b'["7"]\n["8"]\n["9"]')).decode()

    messages = Items.read({**LONG_AGO, "ids": {"texts": texts}}, platform=platform)

    assert list(map(str, tombstones(messages))) == ["9"]
    assert last_state(messages)["known_ids"]["ids"] == KeySet(["7", "8"]).stored()


def test_a_row_that_the_list_misses_and_that_answers_is_alive(requests_mock: mock.Mocker) -> None:
    Items(requests_mock, there=["a", "b"], listed=["a"])

    messages = Items.read(known("a", "b", "gone"))

    assert tombstones(messages) == ["gone"]
    assert sorted(map(str, KeySet.restore(last_state(messages)["known_ids"]["ids"]))) == ["a", "b"]


@pytest.mark.parametrize("answer", UNUSABLE, ids=repr)
def test_a_row_that_cannot_be_asked_for_is_kept_and_the_others_are_reported(
    requests_mock: mock.Mocker, caplog: pytest.LogCaptureFixture, answer: dict[str, Any]
) -> None:
    Items(requests_mock, there=["a"], listed=["a"])
    requests_mock.get(f"{URL}/items/b", **answer)

    messages = Items.read(known("a", "b", "gone"))

    assert tombstones(messages) == ["gone"]
    assert "whether 'b' is gone is not known" in caplog.text
    remembered = last_state(messages)["known_ids"]
    assert set(KeySet.restore(remembered["ids"])) == {"a", "b"}
    assert remembered["swept_at"] > 0


def test_an_api_that_fails_for_each_missing_row_is_asked_for_a_few_of_them(requests_mock: mock.Mocker) -> None:
    Items(requests_mock, there=["a"], listed=["a"])
    failing = requests_mock.get(re.compile(f"{URL}/items/b"), status_code=500, json={"message": "boom"})

    messages = Items.read(known("a", *(f"b{number}" for number in range(30))))

    assert tombstones(messages) == []
    assert len({request.path for request in failing.request_history}) == 10
    assert len(KeySet.restore(last_state(messages)["known_ids"]["ids"])) == 31


def test_a_search_that_fails_leaves_the_stream_complete_and_the_ids_as_they_are(requests_mock: mock.Mocker) -> None:
    Items(requests_mock, there=["a"], listed=["a"])
    requests_mock.get(f"{URL}/items/gone", status_code=401, json={"message": "No."})
    before = known("a", "gone")

    messages = Items.read(before)

    assert tombstones(messages) == []
    assert last_state(messages)["known_ids"] == {**before, "latest": 5}


def test_ids_that_a_later_start_leaves_out_are_not_told(requests_mock: mock.Mocker) -> None:
    Items(requests_mock, there=["a"], listed=["a"])

    messages = Items.read(known("a", "gone"), start_date="1970-01-01T00:00:02Z")

    assert tombstones(messages) == []
    assert list(KeySet.restore(last_state(messages)["known_ids"]["ids"])) == ["a"]


def test_too_many_ids_are_given_up_and_the_rest_goes_on(
    requests_mock: mock.Mocker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sweep_deletions, "LARGEST_SET", 10)
    Items(requests_mock, there=["a"], listed=["a"])

    messages = Items.read(known("a", "gone"))
    given_up = last_state(messages)["known_ids"]
    asked = requests_mock.call_count
    again = Items.read(given_up)

    assert tombstones(messages) == ["gone"]
    assert set(given_up) == {"swept_at"}
    assert "too many to be kept" in caplog.text
    assert last_state(again)["known_ids"] == given_up
    # The list is not searched any more.
    assert requests_mock.call_count - asked < asked


@pytest.mark.parametrize("stored", [5, {"swept_at": "x"}, {"swept_at": 1, "ids": {"numbers": "§"}}])
def test_ids_that_cannot_be_read_are_refused(requests_mock: mock.Mocker, stored: Any) -> None:
    Items(requests_mock, there=["a"], listed=["a"])

    with pytest.raises(SyncFailed, match="items"):
        Items.read(stored)


def test_deletions_that_are_switched_off_leave_no_trace(requests_mock: mock.Mocker) -> None:
    Items(requests_mock, there=["a"], listed=["a"])

    messages = Items.read(known("a", "gone"), deletions="ignore")

    assert tombstones(messages) == []
    assert set(last_state(messages)) == {"updated_at"}


# -- by events ----------------------------------------------------------------------------------------------------

NOW = int(time.time())
FIRST_EVENT = {"id": 1, "type": "customer.created", "timestamp": NOW - 8000, "data": {"object": {"id": 1}}}
EVENTS_READ = {"events_until": NOW - 8000, "events_seen": KeySet([1]).stored()}


def deleted(kind: str, record: Any, at: int, event: int = 2) -> dict[str, Any]:
    return {"id": event, "type": f"{kind}.deleted", "timestamp": at, "data": {"object": {"id": record}}}


class Payments:
    """An account whose payment 3 an event calls deleted.

    :param answer: to the request for that payment
    """

    STATES: Mapping[str, dict[str, Any]] = {
        "payments": {"updated_at": NOW - 6000, **EVENTS_READ},
        "payment_applications": {"updated_at": NOW - 6000},
    }

    def __init__(self, api: mock.Mocker, **answer: Any) -> None:
        api.get(f"{URL}/payments", json=page_of([self.payment(number) for number in (1, 2, 3)]))
        api.get(f"{URL}/events", json=page_of([FIRST_EVENT, deleted("payment", 3, NOW - 4000)]))
        api.get(f"{URL}/payments/3", **answer)

    @staticmethod
    def payment(number: int, **fields: Any) -> dict[str, Any]:
        return {"id": number, "updated_at": NOW - 9000 + number, "applied_to": [{"type": "invoice"}], **fields}


@pytest.mark.parametrize("answer", UNUSABLE, ids=repr)
def test_an_event_about_a_record_that_cannot_be_asked_for_is_looked_into_by_the_next_sync(
    requests_mock: mock.Mocker, caplog: pytest.LogCaptureFixture, answer: dict[str, Any]
) -> None:
    Payments(requests_mock, **answer)

    first = read(Payments.STATES)
    Payments(requests_mock, status_code=404, json={})
    second = read(states(first))

    assert records(first) == []
    assert "whether 3 is gone is not known" in caplog.text
    assert tombstones(second) == [3]
    assert tombstones(read(states(second))) == []


def test_a_part_of_another_shape_in_a_record_that_is_read_again_stops_that_part_alone(
    requests_mock: mock.Mocker,
) -> None:
    Payments(requests_mock, json=Payments.payment(3, voided=True, applied_to="nothing"))

    messages: list[AirbyteMessage] = []
    with pytest.raises(SyncFailed, match="completely: payment_applications"):
        messages.extend(messages_of(Payments.STATES))

    assert [(row["id"], row["voided"]) for row in records(messages)] == [(3, True)]
    assert states(messages)["payments"]["events_until"] == NOW - 4000


def test_a_cursor_of_several_lists_is_not_above_that_of_a_deletion(requests_mock: mock.Mocker) -> None:
    """By the clock of the vendor, the event is older than the row."""
    requests_mock.get(f"{URL}/subscriptions", json=[], headers={"X-Total-Count": "0"})
    requests_mock.get(f"{URL}/subscriptions/1", status_code=404, json={})
    requests_mock.get(f"{URL}/events", json=page_of([FIRST_EVENT, deleted("subscription", 1, NOW - 4000)]))
    lists = {"current": NOW - 900, "canceled": NOW - 7000, "finished": NOW - 7000}

    messages = read({"subscriptions": {"updated_at": NOW - 7000, "lists": lists, **EVENTS_READ}})

    assert [(row["id"], row["updated_at"]) for row in records(messages)] == [(1, NOW - 900)]


@pytest.mark.parametrize("stream", ["customers", "contacts"])
def test_what_is_deleted_after_a_first_sync_that_cannot_read_events_is_reported(
    requests_mock: mock.Mocker, stream: str
) -> None:
    kind, events = stream.removesuffix("s"), [FIRST_EVENT, deleted("contact", 9, NOW - 7000, 2)]
    rows = {"customers": [7, 8], "contacts": [70, 80]}

    def serve(**events_answer: Any) -> None:
        at = {
            identity: {"id": identity, "updated_at": NOW - 9000 + identity}
            for each in rows.values()
            for identity in each
        }
        requests_mock.get(f"{URL}/events", **events_answer)
        requests_mock.get(f"{URL}/customers", json=page_of([at[each] for each in rows["customers"]]))
        requests_mock.get(f"{URL}/customers/7/contacts", json=page_of([at[each] for each in rows["contacts"]]))
        requests_mock.get(f"{URL}/customers/8/contacts", json=[], headers={"X-Total-Count": "0"})

    serve(status_code=500)
    first = read({stream: {}})
    gone = rows[stream].pop()
    events.append(deleted(kind, gone, NOW - 1, 3))
    serve(json=page_of(events))
    second = read(states(first))

    assert [row["id"] for row in records(first)] == [*rows[stream], gone]
    assert states(first)[stream]["events_until"] <= time.time() - 60
    assert tombstones(second) == [gone]
    assert tombstones(read(states(second))) == []


@pytest.mark.parametrize("newest", [NOW - 90_000, NOW - 3000], ids=["long before", "within the hour"])
def test_events_before_the_start_are_not_new_to_the_next_sync(requests_mock: mock.Mocker, newest: int) -> None:
    """The stream of the events has read none of them."""
    events = [deleted("contact", number, NOW - 90_010 + number, number) for number in range(1, 5)]
    events += [deleted("contact", 5, NOW - 4000, 5)] if newest > NOW - 3600 else []
    requests_mock.get(f"{URL}/events", json=page_of([*events, deleted("contact", 6, newest, 6)]))
    requests_mock.get(f"{URL}/customers", json=page_of([{"id": 7, "updated_at": NOW - 5000}]))
    requests_mock.get(f"{URL}/customers/7/contacts", json=[], headers={"X-Total-Count": "0"})
    start = datetime.fromtimestamp(NOW - 3600, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    first = read({"events": {}, "contacts": {}}, start_date=start)
    requests_mock.reset_mock()
    second = read(states(first), start_date=start)

    assert states(first)["contacts"]["events_until"] == newest
    assert tombstones(second) == []
    asked = [each.qs for each in requests_mock.request_history if each.path == "/events"]
    assert min(int(query["start_date"][0]) for query in asked if "start_date" in query) == newest - 3601


def test_of_events_only_those_are_kept_that_a_stream_wants_and_records_only_of_deletions() -> None:
    class Member(dict[str, Any]):
        """What a record holds."""

    kinds = ["invoice.updated", "contact.updated", "contact.deleted"]
    members: weakref.WeakValueDictionary[str, Member] = weakref.WeakValueDictionary()

    class Events:
        key = staticmethod(lambda row: row["id"])
        timestamp = staticmethod(lambda row: row["timestamp"])

        def reader(self, partition: Partition) -> Any:
            return self

        def batches(self, since: int | None) -> Iterator[Batch]:
            for event, kind in enumerate(kinds, 1):
                members[kind] = member = Member()
                row = {"id": event, "customer": 5, "items": [member]}
                yield Batch([{"id": event, "type": kind, "timestamp": NOW - 500, "data": {"object": row}}])

    feed = EventFeed(cast(Any, Events), parse_event)
    state = StreamState("contacts")
    state.memory = dict(EVENTS_READ)
    feed.expect({"contact.updated", "contact.deleted"}, {"contact.deleted"}, state.memory)

    news = feed.news({"contact.updated", "contact.deleted"}, state)

    assert news is not None
    assert [(event.kind, event.parents) for event in news.events] == [("contact.updated", (5,)), (kinds[2], (5,))]
    assert news.newest == len(kinds)
    assert list(members) == ["contact.deleted"]
