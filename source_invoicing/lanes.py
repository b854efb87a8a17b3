"""The workers of each account, the readings that they carry out, and when one of these is given up."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from source_invoicing.http import AccessRefused, ApiClient, ResourceMissing
from source_invoicing.streams import ChildStream, DetailReading, ParentStream, Reading, Row
from source_invoicing.streams.accounts import ACCOUNTS_SIDE_BY_SIDE
from source_invoicing.streams.listing import KeyRanges
from source_invoicing.streams.partition import Chain
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.state import FINISHED

# Partitions that may fail in a row before no further one is tried: each takes its retries and waits, and there may be
# one for each of ten thousand customers.
MAX_FAILURES_IN_A_ROW = 5


class Lane:
    """The workers of one account, or of a few, and the readings that are still to be done there. Accounts have limits
    of their own, so one that is slow must not keep the workers of another.

    Used by the consumer of a sync alone, :attr:`pool` excepted.
    """

    def __init__(self, num_workers: int) -> None:
        self.num_workers = num_workers
        self.waiting: deque[Job] = deque()
        self.running: list[Job] = []
        self.opening = 0
        self.pool = ThreadPoolExecutor(num_workers, thread_name_prefix="worker")

    def next_job(self) -> Job | None:
        """The next job that does not have to wait for another one."""
        others = (*self.running, *self.waiting)
        return next((job for job in self.waiting if not any(map(job.waits_for, others))), None)


class FailureBreaker:
    """Stops a stream whose partitions fail one after another. Safe to use from several threads.

    :param any_was_read: whether an earlier run has read partitions of the stream
    :param refusals_count: whether a refusal says something about the next one even though others could be read
    """

    def __init__(self, *, any_was_read: bool, refusals_count: bool) -> None:
        self._lock = threading.Lock()
        self._failed = False
        self._any_was_read = any_was_read
        self._refusals_count = refusals_count
        self._in_a_row = 0

    @property
    def is_open(self) -> bool:
        """Whether so many partitions have failed in a row that the next one will, too."""
        return self._in_a_row >= MAX_FAILURES_IN_A_ROW

    def succeeded(self) -> None:
        """Note that a partition was read to its end."""
        with self._lock:
            self._any_was_read = True
            self._in_a_row = 0

    def failed(self, error: Exception) -> bool:
        """Note that a partition failed. Where others could be read, a refusal says nothing about the next one.

        :return: whether it is the first one, which is the stream's; further ones are for the log
        """
        with self._lock:
            first, self._failed = not self._failed, True
            is_refusal = isinstance(error, (AccessRefused, ResourceMissing))
            if self._refusals_count or not (self._any_was_read and is_refusal):
                self._in_a_row += 1
            return first


class Job:
    """A reading in progress. Its chains and tasks may be counted by several threads; all else is the consumer's."""

    def __init__(self, reading: Reading, lane: Lane) -> None:
        self.reading = reading
        self.lane = lane
        self.breaker = FailureBreaker(
            any_was_read=any(each.progress.value() not in ({}, FINISHED) for each in reading.outlets),
            refusals_count=isinstance(reading, DetailReading),
        )
        self.failed = False
        self.concluded = False
        self._reported: set[Resource] = set()
        # Apart from the other lock, which a worker holds while it waits for the state, and so for the consumer.
        self._counting = threading.Lock()
        self._tasks = 0
        self._chains_under_way = 0
        self._chains: Iterator[Chain] = iter(())
        self._lock = threading.Lock()
        source = reading.source
        # The stream whose ids children wait for, where this reading delivers them.
        self._parents: ParentStream | None = None
        if isinstance(source, ParentStream) and source in reading.outlets and source.reads_all:
            self._parents = source
        self._ids: list[Any] = []

    def task_started(self) -> None:
        """Count a task that was handed to a worker."""
        with self._counting:
            self._tasks += 1

    def task_ended(self) -> bool:
        """:return: whether it was the last one"""
        with self._counting:
            self._tasks -= 1
            return not self._tasks

    def open(self) -> None:
        self._chains = self.reading.chains()

    def next_chain(self) -> Chain | None:
        """The next chain to read, or ``None`` for now."""
        with self._lock:
            has_room = self.reading.has_room(self._chains_under_way, self.lane.num_workers)
            chain = next(self._chains, None) if has_room else None
            self._chains_under_way += chain is not None
            return chain

    def chain_ended(self) -> None:
        """Make room for another one."""
        with self._lock:
            self._chains_under_way -= 1

    def share(self, call_worker: Callable[[KeyRanges], None]) -> KeyRanges | None:
        """The ranges that the workers of one list share; ``None`` where only one may read it.

        :param call_worker: sends a further worker to these ranges
        """
        if self.lane.num_workers == 1 or not self.reading.shareable:
            return None
        ranges = KeyRanges(self.lane.num_workers, lambda: call_worker(ranges), self.reading.forget_ranges)
        return ranges

    def note(self, outlet: Resource, records: list[Row]) -> None:
        """Take note of the ids that children wait for."""
        if self._parents is not None and outlet is self._parents:
            self._ids.extend(map(self._parents.parent_id, records))

    def deliver_ids(self) -> None:
        """Hand the ids to the streams of children: everything was read."""
        if self._parents is not None:
            self._parents.ids.deliver(self._ids)

    def new_failures(self) -> dict[Resource, Exception]:
        """The outlets that have failed since this was called last, and why."""
        new = {outlet: error for outlet, error in self.reading.failures.items() if outlet not in self._reported}
        self._reported |= new.keys()
        return new

    def waits_for(self, other: Job) -> bool:
        """Whether the other one delivers what this one needs to begin. Lists come before details."""
        if isinstance(self.reading, DetailReading):
            return not isinstance(other.reading, DetailReading)
        source = self.reading.source
        if source.awaits_events and other.reading.reads_all_events:
            return True
        return isinstance(source, ChildStream) and source.parents is other._parents


def lanes_of(readings: Sequence[Reading], num_workers: int) -> list[Lane]:
    """The readings in order, those of each account in a lane of its own; accounts above :data:`ACCOUNTS_SIDE_BY_SIDE`
    share the lanes of the first ones.

    :param num_workers: of each lane
    """
    lanes: list[Lane] = []
    of_clients: dict[ApiClient, Lane] = {}
    for reading in readings:
        client = reading.source.account.client
        if client not in of_clients:
            if len(lanes) < ACCOUNTS_SIDE_BY_SIDE:
                lanes.append(Lane(num_workers))
            of_clients[client] = lanes[len(of_clients) % ACCOUNTS_SIDE_BY_SIDE]
        lane = of_clients[client]
        lane.waiting.append(Job(reading, lane))
    return lanes
