"""Streams side by side: what stands in line, and what is left when a read is over."""

from __future__ import annotations

import gc
import json
import logging
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
import requests
import requests_mock as mock
from airbyte_cdk.models import (
    AirbyteMessage,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    FailureType,
    Type,
)

from source_invoicing import SourceInvoicing
from source_invoicing.lanes import Job, Lane
from source_invoicing.messages import SyncFailed
from source_invoicing.streams import ListReading

URL = "https://api.invoiced.com"
WORKERS = 2
CONFIG = {"platform": {"name": "invoiced", "api_key": "key-of-a-test"}, "num_workers": WORKERS}
CUSTOMERS = 50
CHILDREN = ("contacts", "metered_billings", "payment_sources")
# Longer than any test may take (seconds).
FOR_EVER = 300


@pytest.fixture
def api() -> Iterator[mock.Mocker]:
    """An account of many customers, each with one contact and the like."""
    with mock.Mocker() as api:
        api.get(re.compile("."), json=[])
        api.get(re.compile(f"{URL}/customers/"), json=[{"id": 1, "object": "card"}])
        api.get(f"{URL}/customers", json=customers)
        yield api


def customers(request: requests.Request, context: Any) -> list[dict[str, Any]]:
    context.headers["X-Total-Count"] = str(CUSTOMERS)
    return [{"id": number, "updated_at": number} for number in range(1, CUSTOMERS + 1)]


def read(*names: str, config: dict[str, Any] = CONFIG) -> Iterator[AirbyteMessage]:
    source, logger = SourceInvoicing(), logging.getLogger("airbyte")
    streams = [stream.as_airbyte_stream() for stream in source.streams(config) if stream.name in names]
    catalog = ConfiguredAirbyteCatalog(
        [
            ConfiguredAirbyteStream(stream, stream.supported_sync_modes[-1], DestinationSyncMode.append)
            for stream in streams
        ]
    )
    return source.read(logger, config, catalog)


@pytest.fixture
def threads() -> Callable[[], set[threading.Thread]]:
    """The threads that have been started since and are not over."""
    before = set(threading.enumerate())
    return lambda: set(threading.enumerate()) - before


def test_no_thread_is_left_of_a_read_that_came_to_its_end(
    api: mock.Mocker, threads: Callable[[], set[threading.Thread]]
) -> None:
    assert len([message for message in read("customers", *CHILDREN) if message.type is Type.RECORD]) == 4 * CUSTOMERS

    assert threads() == set()


def test_no_thread_is_left_of_a_read_that_failed(
    api: mock.Mocker, threads: Callable[[], set[threading.Thread]]
) -> None:
    api.get(f"{URL}/notes", status_code=401)

    with pytest.raises(SyncFailed):
        list(read("customers", "notes", "contacts"))

    assert threads() == set()


def test_a_read_that_is_left_asks_for_nothing_more(
    api: mock.Mocker, threads: Callable[[], set[threading.Thread]]
) -> None:
    messages = read(*CHILDREN)
    next(message for message in messages if message.type is Type.RECORD)

    messages.close()  # type: ignore[attr-defined]  # a generator
    asked = api.call_count
    for thread in threads():
        thread.join(FOR_EVER)

    assert threads() == set()
    # What was under way comes to its end.
    assert api.call_count <= asked + WORKERS


def test_a_read_that_is_left_waits_for_no_worker(
    api: mock.Mocker, threads: Callable[[], set[threading.Thread]]
) -> None:
    """Neither for a vendor that asks to, nor for parents that never come."""
    told_to_wait = threading.Event()

    def refuse(request: requests.Request, context: Any) -> None:
        context.status_code, context.headers["Retry-After"] = 429, str(FOR_EVER)
        told_to_wait.set()

    api.get(f"{URL}/customers", json=refuse)
    messages = read("customers", "contacts")
    assert next(messages).type is Type.TRACE
    assert told_to_wait.wait(FOR_EVER)

    messages.close()  # type: ignore[attr-defined]  # a generator
    for thread in threads():
        thread.join(FOR_EVER / 3)

    assert threads() == set()


def test_the_end_of_a_task_is_counted_while_a_worker_looks_for_the_next_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may wait there for the lock of a state, which another worker holds until the consumer goes on."""
    looking, found = threading.Event(), threading.Event()

    def chains(_: ListReading) -> Iterator[Any]:
        looking.set()
        found.wait(FOR_EVER)
        yield from ()

    monkeypatch.setattr(ListReading, "chains", chains)
    stream = next(each for each in SourceInvoicing().platform(CONFIG).streams() if each.name == "customers")
    job = Job(ListReading(stream, [stream]), Lane(WORKERS))
    job.task_started()
    worker = threading.Thread(target=job.next_chain)
    consumer = threading.Thread(target=job.task_ended, daemon=True)
    worker.start()
    looking.wait(FOR_EVER)
    consumer.start()
    consumer.join(10)
    waits = consumer.is_alive()
    found.set()
    worker.join()

    assert not waits


def test_a_stream_is_complete_once_its_last_state_is_out(api: mock.Mocker) -> None:
    last: dict[str, str] = {}
    for message in read("customers", "tax_rates", "plans", *CHILDREN):
        if message.state is not None and message.state.stream is not None:
            last[message.state.stream.stream_descriptor.name] = "state"
        if message.trace is not None and message.trace.stream_status is not None:
            status = message.trace.stream_status
            last[status.stream_descriptor.name] = status.status.value

    assert set(last.values()) == {"COMPLETE"}


def test_lists_that_are_read_leave_nothing_behind(api: mock.Mocker, monkeypatch: pytest.MonkeyPatch) -> None:
    many = 200
    monkeypatch.setattr("unit_tests.test_sync.CUSTOMERS", many)
    tasks = 0
    for message in read("customers", *CHILDREN):
        if message.record is not None and message.record.data.get("customer_id") in (1, many // 2, many):
            tasks = max(tasks, sum(isinstance(each, Future) for each in gc.get_objects()))

    assert 0 < tasks < many


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "shared"])
def test_records_that_are_out_are_let_go_before_more_are_asked_for(shared: bool) -> None:
    per_page, pages = 100, 5
    alive = []

    def invoices(request: Any, context: Any) -> str:
        alive.append(sum(type(each) is dict and "is_a_row" in each for each in gc.get_objects()))
        since = int(request.qs.get("updated_after", ["0"])[0])
        context.headers["X-Total-Count"] = str(per_page * pages - since)
        numbers = range(since + 1, min(since + per_page, per_page * pages) + 1)
        if request.qs["sort"] == ["updated_at desc"]:
            numbers = range(per_page * pages, per_page * (pages - 1), -1)
        return json.dumps([{"id": number, "updated_at": number, "is_a_row": []} for number in numbers])

    stream = next(each for each in SourceInvoicing().platform(CONFIG).streams() if each.name == "invoices")
    reading = ListReading(stream, [stream])
    read = 0
    with mock.Mocker() as api:
        api.get(f"{URL}/invoices", text=invoices)
        chain = next(reading.chains())
        ranges = reading.share(chain, WORKERS, lambda _: None) if shared else None
        for _, records in reading.read(chain, ranges):
            read += len(records)
            records.clear()

    assert read == per_page * pages
    assert alive == [0] * len(alive)


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_lists_stand_in_line_than_there_are_workers(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be one for each of a hundred thousand customers, and each in line costs memory."""
    many = 40
    monkeypatch.setattr("unit_tests.test_sync.CUSTOMERS", many)
    in_line: list[int] = []

    def customers_and_children(request: requests.Request, context: Any) -> list[dict[str, Any]]:
        # Looking through all objects takes long; in the middle of the line is enough.
        if "/customers/20/" in str(request.url):
            in_line.append(sum(isinstance(each, Future) and not each.done() for each in gc.get_objects()))
        return [{"id": 1, "object": "card"}]

    with mock.Mocker() as api:
        api.get(re.compile(f"{URL}/customers/"), json=customers_and_children)
        api.get(f"{URL}/customers", json=customers)
        api.get(f"{URL}/events", json=[])
        messages = list(read("contacts", config={**CONFIG, "num_workers": workers}))

    ids = [message.record.data["customer_id"] for message in messages if message.record is not None]
    assert sorted(ids) == list(range(1, many + 1))
    assert max(in_line) <= 2 * workers


def test_memory_that_is_used_up_is_told_in_words(api: mock.Mocker, monkeypatch: pytest.MonkeyPatch) -> None:
    def chains(_: ListReading) -> Iterator[Any]:
        yield from ()
        raise MemoryError

    monkeypatch.setattr(ListReading, "chains", chains)
    messages: list[AirbyteMessage] = []

    with pytest.raises(SyncFailed):
        messages.extend(read("customers"))  # which keeps what came before the end

    trace = messages[-1].trace
    assert trace is not None
    assert trace.error is not None
    assert trace.error.message.startswith("The memory of this machine or container was used up while stream customers ")
    assert trace.error.failure_type is FailureType.config_error
