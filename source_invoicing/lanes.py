"""The workers of each account, the readings they carry out, and when a reading is given up."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from source_invoicing.http import AccessRefused, ApiClient, ResourceMissing
from source_invoicing.streams import ChangedChildren, ChildStream, ParentStream, Reading, Row
from source_invoicing.streams.accounts import ACCOUNTS_SIDE_BY_SIDE
from source_invoicing.streams.partition import Chain
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.state import FINISHED

# After this many failed partitions in a row, no other one is tried: each takes its retries and waits, and there may be
# ten thousand, one for each customer.
MAX_FAILURES_IN_A_ROW = 5


class Lane:
    """The workers of one account, or of a few, and the readings queued for them. Each account has its own limits, so a
    slow one must not occupy the workers of another.

    Used only by the consumer of a sync, except :attr:`pool`.
    """

    def __init__(self, num_workers: int) -> None:
        self.num_workers = num_workers
        self.waiting: deque[Job] = deque()
        self.running: list[Job] = []
        self.num_opening = 0
        self.pool = ThreadPoolExecutor(num_workers, thread_name_prefix="worker")

    def next_job(self) -> Job | None:
        """The next job that need not wait for another one."""
        others = (*self.running, *self.waiting)
        return next((job for job in self.waiting if not any(map(job.waits_for, others))), None)


class FailureBreaker:
    """Stops a stream whose partitions fail one after another. Safe to use from several threads.

    :param any_was_read: whether an earlier sync has read partitions of the stream
    :param refusals_count: whether a refused partition counts as failed even after others were read
    """

    def __init__(self, *, any_was_read: bool, refusals_count: bool) -> None:
        self._lock = threading.Lock()
        self._failed = False
        self._any_was_read = any_was_read
        self._refusals_count = refusals_count
        self._in_a_row = 0

    @property
    def is_open(self) -> bool:
        """Whether enough partitions have failed in a row to expect that the next one fails, too."""
        return self._in_a_row >= MAX_FAILURES_IN_A_ROW

    def succeeded(self) -> None:
        """Record that a partition was read to its end."""
        with self._lock:
            self._any_was_read = True
            self._in_a_row = 0

    def failed(self, error: Exception) -> bool:
        """Record that a partition failed. Once others were read, a refusal says nothing about the next one.

        :return: whether it is the first one, which fails the stream; later ones are only logged
        """
        with self._lock:
            first, self._failed = not self._failed, True
            is_refusal = isinstance(error, (AccessRefused, ResourceMissing))
            if self._refusals_count or not (self._any_was_read and is_refusal):
                self._in_a_row += 1
            return first


class Job:
    """A reading in progress. Workers take its chains and count its tasks; the rest belongs to the consumer."""

    def __init__(self, reading: Reading, lane: Lane) -> None:
        self.reading = reading
        self.lane = lane
        self.breaker = FailureBreaker(
            any_was_read=any(each.progress.value() not in ({}, FINISHED) for each in reading.outlets),
            refusals_count=reading.refusals_count,
        )
        self.failed = False
        self.concluded = False
        self._reported: set[Resource] = set()
        # Not the other lock: a worker holds that one while it waits for the state, and so for the consumer.
        self._tasks_lock = threading.Lock()
        self._num_tasks = 0
        self._num_open_chains = 0
        self._chains: Iterator[Chain] = reading.chains()
        self._lock = threading.Lock()
        source = reading.source
        # The stream whose ids child streams wait for, if this reading publishes them.
        self._parents: ParentStream | None = None
        if isinstance(source, ParentStream) and source in reading.outlets and source.reads_all:
            self._parents = source
        self._parent_ids: list[Any] = []

    def task_started(self) -> None:
        """Count a task that is handed to a worker."""
        with self._tasks_lock:
            self._num_tasks += 1

    def task_ended(self) -> bool:
        """Count a task that has ended, and return whether it was the last one."""
        with self._tasks_lock:
            self._num_tasks -= 1
            return not self._num_tasks

    def next_chain(self) -> Chain | None:
        """The next chain to read; ``None`` if there is none, or no room for one."""
        with self._lock:
            has_room = self.reading.has_room(self._num_open_chains, self.lane.num_workers)
            chain = next(self._chains, None) if has_room else None
            self._num_open_chains += chain is not None
            return chain

    def chain_ended(self, chain: Chain) -> None:
        """Make room for another chain, whether this one was read or skipped."""
        self.reading.chain_ended(chain)
        with self._lock:
            self._num_open_chains -= 1

    def collect_parent_ids(self, outlet: Resource, records: list[Row]) -> None:
        """Collect the ids that child streams wait for."""
        if self._parents is not None and outlet is self._parents:
            self._parent_ids.extend(map(self._parents.parent_id, records))

    def publish_parent_ids(self) -> None:
        """Hand the collected parent ids to the child streams."""
        if self._parents is not None:
            self._parents.ids.deliver(self._parent_ids)

    def new_failures(self) -> dict[Resource, Exception]:
        """The outlets that have failed since the last call, and why."""
        new = {outlet: error for outlet, error in self.reading.failures.items() if outlet not in self._reported}
        self._reported |= new.keys()
        return new

    def waits_for(self, other: Job) -> bool:
        """Whether this job can begin only after another one."""
        if self.reading.waits_for_lists:
            return not other.reading.waits_for_lists
        source = self.reading.source
        if isinstance(source, ChangedChildren) and source.awaits_events and other.reading.reads_all_events:
            return True
        return isinstance(source, ChildStream) and source.parents is other._parents


def lanes_of(readings: Sequence[Reading], num_workers: int) -> list[Lane]:
    """One lane for each account, with its readings in order. After :data:`ACCOUNTS_SIDE_BY_SIDE` accounts, further ones
    share these lanes.

    :param num_workers: of each lane
    """
    lanes: list[Lane] = []
    lane_of: dict[ApiClient, Lane] = {}
    for reading in readings:
        client = reading.source.account.client
        if client not in lane_of:
            if len(lanes) < ACCOUNTS_SIDE_BY_SIDE:
                lanes.append(Lane(num_workers))
            lane_of[client] = lanes[len(lane_of) % ACCOUNTS_SIDE_BY_SIDE]
        lane = lane_of[client]
        lane.waiting.append(Job(reading, lane))
    return lanes
