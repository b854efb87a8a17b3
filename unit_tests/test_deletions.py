"""What the state keeps of ids, and what a search makes of them."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from typing import Any

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
from source_invoicing.streams import ListReading, sweep_deletions
from source_invoicing.streams.cursor_state import CursorState
from source_invoicing.streams.known_keys import GrowingKeySet, KeySet
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.state import STATES_PER_LONG_MEMORY
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


# -- a search -----------------------------------------------------------------------------------------------------


class Items:
    """An account with items, some of which may be missing from the list."""

    def __init__(self, api: mock.Mocker, there: Sequence[Any], listed: Sequence[Any]) -> None:
        api.get(f"{URL}/items", json=self._page([{"id": each, "updated_at": 5} for each in listed]))
        for each in {*there, "gone"}:
            status = 200 if each in there else 404
            api.get(f"{URL}/items/{each}", json={"id": each} if each in there else {}, status_code=status)

    @staticmethod
    def _page(rows: list[dict[str, Any]]) -> Any:
        def page(request: Any, context: Any) -> list[dict[str, Any]]:
            since = int(request.qs.get("updated_after", ["0"])[0])
            left = [row for row in rows if row["updated_at"] > since]
            context.headers["X-Total-Count"] = str(len(left))
            return left

        return page

    @staticmethod
    def read(known: Any, **config: Any) -> list[AirbyteMessage]:
        source = SourceInvoicing()
        settings = {**CONFIG, **config}
        items = next(each for each in source.streams(settings) if each.name == "items").as_airbyte_stream()
        configured = ConfiguredAirbyteStream(items, SyncMode.incremental, DestinationSyncMode.append_dedup)
        stored = {"updated_at": 5, "known_ids": known}
        message = {"type": "STREAM", "stream": {"stream_descriptor": {"name": "items"}, "stream_state": stored}}
        state = [AirbyteStateMessageSerializer.load(message)]
        return list(source.read(logging.getLogger("airbyte"), settings, ConfiguredAirbyteCatalog([configured]), state))


def tombstones(messages: list[AirbyteMessage]) -> list[Any]:
    records = [message.record.data for message in messages if message.record is not None]
    return [record["id"] for record in records if record.get("_ab_cdc_deleted_at")]


def last_state(messages: list[AirbyteMessage]) -> dict[str, Any]:
    states = [message.state for message in messages if message.state is not None]
    state: dict[str, Any] = AirbyteStateMessageSerializer.dump(states[-1])["stream"]["stream_state"]
    return state


def known(*ids: Any) -> dict[str, Any]:
    return {**LONG_AGO, "ids": KeySet(ids).stored()}


def test_a_row_that_the_list_misses_and_that_answers_is_alive(requests_mock: mock.Mocker) -> None:
    Items(requests_mock, there=["a", "b"], listed=["a"])

    messages = Items.read(known("a", "b", "gone"))

    assert tombstones(messages) == ["gone"]
    assert sorted(map(str, KeySet.restore(last_state(messages)["known_ids"]["ids"]))) == ["a", "b"]


def test_what_may_not_be_asked_for_is_not_told(requests_mock: mock.Mocker) -> None:
    Items(requests_mock, there=["a"], listed=["a"])
    requests_mock.get(f"{URL}/items/gone", status_code=403, json={"message": "No."})

    messages = Items.read(known("a", "gone"))

    assert tombstones(messages) == []
    assert set(KeySet.restore(last_state(messages)["known_ids"]["ids"])) == {"a", "gone"}


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


def test_a_first_reading_that_workers_share_is_complete_whoever_begins_last(requests_mock: mock.Mocker) -> None:
    """Otherwise the list would be read once more at once."""
    items = next(stream for stream in SourceInvoicing().platform(CONFIG).streams() if stream.name == "items")
    reading = ListReading(items, [items])
    assert reading.deletions is not None
    reading.deletions.open()
    for is_first in (True, False):  # by then, the first one has moved the state
        reader = items.reader(Partition())
        reading.deletions.watch(reader, Partition(), is_first=is_first)
        assert reader.on_begin is not None
        reader.on_begin(True, False)

    reading.deletions.find()

    assert requests_mock.call_count == 0
