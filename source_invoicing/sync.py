"""Streams read concurrently: workers bring pages, and one consumer makes messages of them.

A *reading* is one list and the streams it feeds. :class:`Sync` opens a few readings at a time. Opening one finds its
partitions, which may take requests (the ids of all customers), and hands them to the workers, as many at a time as
there are workers; each that is done makes room for the next one. A worker puts what it has into one bounded queue:
pages of records, the states behind them, and the end of its task. The consumer, :meth:`Sync.messages`, takes them out.
So a slow reader of the output slows the workers down, and memory stays flat.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from typing import Any

from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateStats,
    AirbyteStreamStatus,
    FailureType,
    StreamDescriptor,
)
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.utils import AirbyteTracedException

from source_invoicing.http import AccessRefused, Cancelled, Failure, ResourceMissing, heartbeat, logger
from source_invoicing.messages import RecordPage, status_of, sync_failed, unexpected
from source_invoicing.streams import ChildStream, DetailReading, ParentStream, Reading, Resource
from source_invoicing.streams.listing import KeyRanges
from source_invoicing.streams.resource import Chain
from source_invoicing.streams.state import FINISHED

# What may wait for the consumer. It bounds the memory that a slow reader of the output costs, and leaves room for one
# item of each worker (config.MAX_WORKERS), so that none is stuck when a sync is cancelled.
QUEUE_SIZE = 32
# Partitions that may fail in a row before no further one is tried: each takes its retries and waits, and there may be
# one for each of ten thousand customers.
MAX_FAILURES_IN_A_ROW = 5


@dataclass(frozen=True)
class _State:
    stream: str
    value: Any


@dataclass(frozen=True)
class _TaskEnded:
    job: _Job
    error: Exception | None = None
    was_opening: bool = False


class FailureBreaker:
    """Stops a stream whose partitions fail one after another. Safe to use from several threads.

    :param any_was_read: whether an earlier run has read partitions of the stream
    :param refusals_count: whether a refusal says something about the next one even though others could be read
    """

    def __init__(self, *, any_was_read: bool = False, refusals_count: bool = False) -> None:
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


class _Job:
    """A reading in progress. The counters belong to the consumer."""

    def __init__(self, reading: Reading, workers: int) -> None:
        self.reading = reading
        self.breaker = FailureBreaker(
            any_was_read=any(each.progress.value() not in ({}, FINISHED) for each in reading.outlets),
            refusals_count=isinstance(reading, DetailReading),
        )
        self.tasks = 0
        self.failed = False
        self._tells = reading.deletions is not None
        self._workers = workers
        self._chains: Iterator[Chain] = iter(())
        self._lock = threading.Lock()
        source = reading.source
        self._under_way = 0
        self._ids: list[Any] | None = None
        if isinstance(source, ParentStream) and source in reading.outlets and source.reads_all:
            self._ids = []

    def is_to_tell_deletions(self) -> bool:
        """Whether they are to be told now: once, when all else was read."""
        tells, self._tells = self._tells and not self.failed, False
        return tells

    @property
    def delivers_ids(self) -> bool:
        """Whether the ids that children wait for come out of this reading."""
        return self._ids is not None

    def open(self) -> None:
        self._chains = self.reading.chains()

    def next_chain(self) -> Chain | None:
        """The next chain to read, or ``None`` for now. Safe to call from several threads."""
        with self._lock:
            if self._under_way >= self._workers or not self.reading.has_room(self._workers):
                return None
            chain = next(self._chains, None)
            self._under_way += chain is not None
            return chain

    def chain_ended(self) -> None:
        """Make room for another one. Safe to call from several threads."""
        with self._lock:
            self._under_way -= 1

    def share(self, call_worker: Callable[[KeyRanges], None]) -> KeyRanges | None:
        """The ranges that the workers of one list share; ``None`` where only one may read it."""
        if self._workers == 1 or not self.reading.shareable:
            return None
        ranges = KeyRanges(self._workers, lambda: call_worker(ranges), self.reading.forget_ranges)
        return ranges

    def read(self, chain: Chain, ranges: KeyRanges | None) -> Iterator[RecordPage]:
        for outlet, records in self.reading.read(chain, ranges):
            if self._ids is not None and isinstance(outlet, ParentStream):
                self._ids.extend(map(outlet.parent_id, records))
            yield RecordPage(outlet.name, records)

    def finish(self) -> None:
        """Note that everything was read."""
        self.reading.finish()
        if self._ids is not None and isinstance(self.reading.source, ParentStream):
            self.reading.source.ids.deliver(self._ids)

    def waits_for(self, other: _Job) -> bool:
        """Whether the other one delivers what this one needs to begin. Lists come before details."""
        if isinstance(self.reading, DetailReading):
            return not isinstance(other.reading, DetailReading)
        source = self.reading.source
        return other.delivers_ids and isinstance(source, ChildStream) and source.parents is other.reading.source


class Sync:
    """One sync. To be used once."""

    def __init__(
        self, readings: Sequence[Reading], num_workers: int, refused: Sequence[tuple[str, Failure]] = ()
    ) -> None:
        """
        :param readings: in the order in which they are to be opened
        :param num_workers: requests in flight
        :param refused: streams that cannot be read at all, and why
        """
        self._refused = refused
        self._num_workers = num_workers
        self._waiting = deque(_Job(reading, num_workers) for reading in readings)
        self._running: list[_Job] = []
        self._opening = 0
        self._queue: Queue[RecordPage | _State | _TaskEnded] = Queue(QUEUE_SIZE)
        self._cancelled = threading.Event()
        self._pool = ThreadPoolExecutor(num_workers, thread_name_prefix="worker")
        self._counting = threading.Lock()
        self._tasks = 0
        self._states = ConnectorStateManager()
        self._records: Counter[str] = Counter()
        self._records_since_state: Counter[str] = Counter()
        self._written: dict[str, Any] = {}
        self._failures: list[tuple[str, FailureType | None]] = []

    def messages(self) -> Generator[AirbyteMessage | RecordPage, None, None]:
        """Statuses, pages of records, and the states behind them. A stream that fails does not stop the others; it ends
        as INCOMPLETE, with one trace message that says why.

        :raises SyncFailed: at the end, when any stream failed
        """
        at_its_end = False
        try:
            with heartbeat():
                for stream, failure in self._refused:
                    yield self._trace(stream, failure)
                    yield status_of(stream, AirbyteStreamStatus.INCOMPLETE)
                yield from self._open_jobs()
                while self._tasks:
                    item = self._queue.get()
                    if isinstance(item, RecordPage):
                        yield from self._on_page(item)
                    elif isinstance(item, _State):
                        yield self._state_message(item.stream, item.value)
                    else:
                        yield from self._on_end(item)
                    del item
                at_its_end = True
        finally:
            self._cancel(wait=at_its_end)
        if self._failures:
            raise sync_failed(self._failures)

    # -- the consumer ---------------------------------------------------------------------------------------------

    def _open_jobs(self) -> Iterator[AirbyteMessage]:
        # Half of the workers may look for partitions, so that there is always one to read them.
        while self._opening < max(1, self._num_workers // 2) and (job := self._next_job()) is not None:
            self._waiting.remove(job)
            self._running.append(job)
            for outlet in job.reading.outlets:
                outlet.progress.on_change = self._announcer(outlet)
            self._opening += 1
            self._submit(job, self._open, job)
            for outlet in job.reading.outlets:
                yield status_of(outlet.name, AirbyteStreamStatus.STARTED)

    def _next_job(self) -> _Job | None:
        """The next job that does not have to wait for another one."""
        others = (*self._running, *self._waiting)
        return next((job for job in self._waiting if not any(map(job.waits_for, others))), None)

    def _announcer(self, outlet: Resource) -> Callable[[], None]:
        return lambda: self._put(_State(outlet.name, outlet.progress.value()))

    def _on_page(self, page: RecordPage) -> Iterator[AirbyteMessage | RecordPage]:
        if not self._records[page.stream]:
            yield status_of(page.stream, AirbyteStreamStatus.RUNNING)
        self._records[page.stream] += len(page.rows)
        self._records_since_state[page.stream] += len(page.rows)
        yield page

    def _on_end(self, end: _TaskEnded) -> Iterator[AirbyteMessage]:
        job = end.job
        with self._counting:
            self._tasks -= 1
            job.tasks -= 1
            over = not job.tasks
        if end.error is not None:
            yield from self._fail(job, end.error)
        self._opening -= end.was_opening
        if over and job.is_to_tell_deletions():
            self._submit(job, self._tell_deletions, job)
        elif over:
            self._running.remove(job)
            yield from self._finish(job)
        yield from self._open_jobs()

    def _fail(self, job: _Job, error: Exception) -> Iterator[AirbyteMessage]:
        job.failed = True
        job.reading.fail(error)
        for outlet in job.reading.outlets:
            yield self._trace(outlet.name, error)

    def _finish(self, job: _Job) -> Iterator[AirbyteMessage]:
        for outlet in job.reading.outlets:
            outlet.progress.on_change = None
        if not job.failed:
            try:
                job.finish()
            except Failure as failure:
                yield from self._fail(job, failure)
        for outlet in job.reading.outlets:
            name, state = outlet.name, outlet.progress.value()
            if not job.failed and (self._records_since_state[name] or self._written.get(name) != state):
                yield self._state_message(name, state)
            logger.info("Stream %s: %s records read.", name, f"{self._records[name]:,}")
            yield status_of(outlet.name, AirbyteStreamStatus.INCOMPLETE if job.failed else AirbyteStreamStatus.COMPLETE)

    def _state_message(self, stream: str, value: Any) -> AirbyteMessage:
        self._written[stream] = value
        self._states.update_state_for_stream(stream, None, value or FINISHED)
        message = self._states.create_state_message(stream, None)
        if message.state is not None:
            message.state.sourceStats = AirbyteStateStats(recordCount=float(self._records_since_state.pop(stream, 0)))
        return message

    def _trace(self, stream: str, error: Exception) -> AirbyteMessage:
        logger.debug("Stream %s failed.", stream, exc_info=error)
        traced = error if isinstance(error, AirbyteTracedException) else unexpected(stream, error)
        self._failures.append((stream, traced.failure_type))
        return traced.as_sanitized_airbyte_message(stream_descriptor=StreamDescriptor(name=stream))

    def _cancel(self, *, wait: bool) -> None:
        """End all workers, also those that wait to hand over a page, for their turn or for a vendor. A request that is
        under way is each worker's last."""
        self._cancelled.set()
        for job in (*self._running, *self._waiting):
            for outlet in job.reading.outlets:
                outlet.close()
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
        self._pool.shutdown(wait=wait)

    # -- the workers ----------------------------------------------------------------------------------------------

    def _submit(self, job: _Job, task: Callable[..., None], *arguments: Any) -> None:
        with self._counting:
            self._tasks += 1
            job.tasks += 1
        try:
            self._pool.submit(task, *arguments)
        except RuntimeError:  # the pool is closed
            raise Cancelled from None

    def _put(self, item: RecordPage | _State | _TaskEnded) -> None:
        if self._cancelled.is_set():
            raise Cancelled
        self._queue.put(item)

    def _open(self, job: _Job) -> None:
        def open_and_offer() -> None:
            job.open()
            self._offer(job)

        self._run(job, open_and_offer, was_opening=True)

    def _offer(self, job: _Job) -> None:
        """Submit the next chains, as many as there is room for."""
        while (chain := job.next_chain()) is not None:
            self._offer_chain(job, chain)

    def _offer_chain(self, job: _Job, chain: Chain) -> None:
        ranges = job.share(lambda ranges: self._submit(job, self._read, job, chain, ranges, False))
        self._submit(job, self._read, job, chain, ranges, True)

    def _read(self, job: _Job, chain: Chain, ranges: KeyRanges | None, makes_room: bool) -> None:
        """:param makes_room: whether the next chain is to be read when this one is done"""

        def read() -> None:
            try:
                self._read_chain(job, chain, ranges)
            finally:
                if makes_room:
                    job.chain_ended()
                if makes_room and not job.breaker.is_open:
                    self._offer(job)

        self._run(job, read)

    def _tell_deletions(self, job: _Job) -> None:
        def tell() -> None:
            for outlet, records in job.reading.tell_deletions():
                self._put(RecordPage(outlet.name, records))

        self._run(job, tell)

    def _read_chain(self, job: _Job, chain: Chain, ranges: KeyRanges | None) -> None:
        if job.breaker.is_open:
            return
        try:
            for page in job.read(chain, ranges):
                self._put(page)
                del page
        except Cancelled:
            raise
        except Exception as error:
            if job.breaker.failed(error):
                raise
            reason = error.sentence if isinstance(error, Failure) else type(error).__name__
            logger.info("Stream %s has failed in a further list: %s", job.reading.source.name, reason)
        else:
            job.breaker.succeeded()

    def _run(self, job: _Job, task: Callable[[], None], *, was_opening: bool = False) -> None:
        error = None
        try:
            if self._cancelled.is_set():
                raise Cancelled
            task()
        except Cancelled:
            return
        except Exception as failure:
            error = failure
        try:
            self._put(_TaskEnded(job, error, was_opening))
        except Cancelled:
            return
