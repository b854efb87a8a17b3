"""Streams read concurrently: workers read pages, and one consumer turns them into messages.

A *reading* is one list and the streams it feeds. :class:`Sync` opens a few readings at a time. Opening one finds its
partitions, which may take requests (for the ids of all customers), and hands them to the workers, one to each. Workers
put pages of records, the states after them, and the end of each task into one bounded queue. The consumer,
:meth:`Sync.messages`, takes them out. So a slow reader of the output slows the workers down, and memory stays flat.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, Queue
from typing import Any

from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateStats,
    AirbyteStreamStatus,
    StreamDescriptor,
)
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.utils import AirbyteTracedException

from source_invoicing.http import Cancelled, Failure, combined_failure, heartbeat, logger
from source_invoicing.lanes import Job, lanes_of
from source_invoicing.messages import RecordPage, status_of, sync_failed, unexpected
from source_invoicing.streams import Reading, Resource
from source_invoicing.streams.listing import KeyRanges
from source_invoicing.streams.partition import Chain
from source_invoicing.streams.state import FINISHED

# How many items may wait for the consumer; as many as there are workers, if that is more. It bounds the memory that a
# slow reader of the output costs, and the details that are asked for again when a sync is killed. Room for an item of
# each worker lets all of them end when a sync is cancelled.
QUEUE_SIZE = 10


@dataclass(frozen=True)
class _State:
    stream: str
    value: Any


@dataclass(frozen=True)
class _TaskEnded:
    job: Job
    task: Callable[..., None]
    error: Exception | None


@dataclass
class _Stream:
    """What the consumer knows of a stream, which may be read in several accounts.

    :ivar accounts_left: in how many it has not been read yet
    :ivar completed: the stream in each account in which it was read completely
    :ivar errors: why it was not, by the names of the accounts
    """

    name: str
    accounts_left: int = 0
    started: bool = False
    records: int = 0
    records_since_state: int = 0
    last_state: Any = None
    completed: list[Resource] = field(default_factory=list)
    errors: list[tuple[str, AirbyteTracedException]] = field(default_factory=list)


class Sync:
    """One sync. Can be used once."""

    def __init__(
        self, readings: Sequence[Reading], num_workers: int, refused: Sequence[tuple[str, Failure]] = ()
    ) -> None:
        """
        :param readings: in the order in which to open them
        :param num_workers: requests in flight to each account
        :param refused: streams that cannot be read at all, and why
        """
        self._refused = refused
        self._lanes = lanes_of(readings, num_workers)
        outlets = Counter(outlet.name for reading in readings for outlet in reading.outlets)
        self._streams = {name: _Stream(name, accounts_left=count) for name, count in outlets.items()}
        self._queue: Queue[RecordPage | _State | _TaskEnded] = Queue(max(QUEUE_SIZE, len(self._lanes) * num_workers))
        self._cancelled = threading.Event()
        self._states = ConnectorStateManager()
        self._failures: list[tuple[str, AirbyteTracedException]] = []

    def messages(self) -> Generator[AirbyteMessage | RecordPage, None, None]:
        """Statuses, pages of records, and the states after them.

        A stream that fails does not stop the others. It ends as INCOMPLETE, with one trace message that says why. The
        log says so at once. Traces come last, since some programs end a sync at the first one and drop other streams.

        :raises SyncFailed: at the end, when any stream failed
        """
        completed = False
        try:
            with heartbeat():
                for stream, failure in self._refused:
                    self._log_failure(stream, failure)
                    self._failures.append((stream, failure))
                    yield status_of(stream, AirbyteStreamStatus.INCOMPLETE)
                yield from self._open_jobs()
                while any(lane.running for lane in self._lanes):
                    item = self._queue.get()
                    if isinstance(item, RecordPage):
                        yield from self._on_page(item)
                    elif isinstance(item, _State):
                        yield self._state_message(self._streams[item.stream], item.value)
                    else:
                        yield from self._on_end(item)
                    del item
                completed = True
        finally:
            self._cancel(wait=completed)
        for stream, reason in self._failures:
            yield reason.as_sanitized_airbyte_message(stream_descriptor=StreamDescriptor(name=stream))
        if self._failures:
            raise sync_failed(self._failures)

    # -- the consumer ---------------------------------------------------------------------------------------------

    def _open_jobs(self) -> Iterator[AirbyteMessage]:
        for lane in self._lanes:
            # At most half of the workers find partitions, so that the others can read them.
            while lane.num_opening < max(1, lane.num_workers // 2) and (job := lane.next_job()) is not None:
                lane.waiting.remove(job)
                lane.running.append(job)
                for outlet in job.reading.outlets:
                    outlet.progress.on_change = self._state_sender(outlet)
                lane.num_opening += 1
                self._submit(job, self._submit_chains)
                for stream in (self._streams[outlet.name] for outlet in job.reading.outlets):
                    if not stream.started:
                        stream.started = True
                        yield status_of(stream.name, AirbyteStreamStatus.STARTED)

    def _state_sender(self, outlet: Resource) -> Callable[[], None]:
        return lambda: self._put(_State(outlet.name, outlet.progress.whole.value()))

    def _on_page(self, page: RecordPage) -> Iterator[AirbyteMessage | RecordPage]:
        stream = self._streams[page.stream]
        if not stream.records:
            yield status_of(stream.name, AirbyteStreamStatus.RUNNING)
        stream.records += len(page.rows)
        stream.records_since_state += len(page.rows)
        yield page

    def _on_end(self, end: _TaskEnded) -> Iterator[AirbyteMessage]:
        job = end.job
        is_last = job.task_ended()
        if end.error is not None:
            job.failed = True
            job.reading.fail(end.error)
        for outlet, error in job.new_failures().items():
            self._on_error(outlet, error)
        if end.task == self._submit_chains:
            job.lane.num_opening -= 1
        if is_last and not (job.failed or job.concluded):
            job.concluded = True
            self._submit(job, self._conclude)
        elif is_last:
            job.lane.running.remove(job)
            yield from self._finish(job)
        yield from self._open_jobs()

    def _finish(self, job: Job) -> Iterator[AirbyteMessage]:
        for outlet in job.reading.outlets:
            outlet.progress.on_change = None
        if not job.failed:
            job.publish_parent_ids()
        for outlet in job.reading.outlets:
            stream = self._streams[outlet.name]
            stream.accounts_left -= 1
            if outlet not in job.reading.failures:
                stream.completed.append(outlet)
            if not stream.accounts_left:
                yield from self._end_stream(stream, outlet)

    def _end_stream(self, stream: _Stream, outlet: Resource) -> Iterator[AirbyteMessage]:
        """End a stream that was read in all accounts."""
        # Not earlier: workers of another account hold the lock of its state while they wait for the consumer.
        for each in stream.completed:
            each.progress.finish()
        state = outlet.progress.whole.value()
        is_new = stream.records_since_state or stream.last_state != (state or FINISHED)
        if stream.completed and (is_new or stream.errors):
            yield self._state_message(stream, state)
        if stream.errors:
            elsewhere = f"Elsewhere the stream {stream.name} is complete." if stream.completed else ""
            [(account, failure), *others] = stream.errors
            if account or others:
                failure = combined_failure(stream.errors, elsewhere)
            self._failures.append((stream.name, failure))
        logger.info("Stream %s: %s records read.", stream.name, f"{stream.records:,}")
        yield status_of(stream.name, AirbyteStreamStatus.INCOMPLETE if stream.errors else AirbyteStreamStatus.COMPLETE)

    def _on_error(self, outlet: Resource, error: Exception) -> None:
        """Record that a stream failed. The failures of several accounts become one message at its end."""
        logger.debug("Stream %s failed.", outlet.name, exc_info=error)
        traced = error if isinstance(error, AirbyteTracedException) else unexpected(outlet.name, error)
        self._log_failure(outlet.shown, traced)
        self._streams[outlet.name].errors.append((outlet.account.name, traced))

    def _log_failure(self, stream: str, failure: AirbyteTracedException) -> None:
        logger.warning("Stream %s failed; the others are read on. %s", stream, failure.message)

    def _state_message(self, stream: _Stream, value: Any) -> AirbyteMessage:
        stream.last_state = value or FINISHED
        self._states.update_state_for_stream(stream.name, None, value or FINISHED)
        message = self._states.create_state_message(stream.name, None)
        if message.state is not None:
            message.state.sourceStats = AirbyteStateStats(recordCount=float(stream.records_since_state))
        stream.records_since_state = 0
        return message

    def _cancel(self, *, wait: bool) -> None:
        """End all workers, including those that wait for the queue, for a slot or for the vendor. Each finishes only
        the request it has in flight."""
        self._cancelled.set()
        for lane in self._lanes:
            for job in (*lane.running, *lane.waiting):
                job.reading.source.account.client.close()
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
        for lane in self._lanes:
            lane.pool.shutdown(wait=wait)

    # -- the workers ----------------------------------------------------------------------------------------------

    def _submit(self, job: Job, task: Callable[..., None], *arguments: Any) -> None:
        job.task_started()
        try:
            job.lane.pool.submit(self._run, job, task, *arguments)
        except RuntimeError:  # the pool is closed
            raise Cancelled from None

    def _put(self, item: RecordPage | _State | _TaskEnded) -> None:
        if self._cancelled.is_set():
            raise Cancelled
        self._queue.put(item)

    def _run(self, job: Job, task: Callable[..., None], *arguments: Any) -> None:
        error = None
        with suppress(Cancelled):
            try:
                if self._cancelled.is_set():
                    raise Cancelled
                task(job, *arguments)
            except Exception as failure:
                error = failure
            self._put(_TaskEnded(job, task, error))

    def _submit_chains(self, job: Job) -> None:
        """Submit the next chains, as many as there is room for. The first call finds out which there are."""
        while (chain := job.next_chain()) is not None:
            call_worker = partial(self._submit, job, self._read_chain, chain)
            ranges = job.reading.share(chain, job.lane.num_workers, call_worker)
            self._submit(job, self._read, chain, ranges)

    def _read(self, job: Job, chain: Chain, ranges: KeyRanges | None) -> None:
        try:
            self._read_chain(job, chain, ranges)
        finally:
            job.chain_ended(chain)
            if not job.breaker.is_open:
                self._submit_chains(job)

    def _read_chain(self, job: Job, chain: Chain, ranges: KeyRanges | None) -> None:
        """Read a chain, or, if several workers share its list, the ranges that remain."""
        if job.breaker.is_open:
            return
        try:
            for outlet, records in job.reading.read(chain, ranges):
                job.collect_parent_ids(outlet, records)
                self._put(RecordPage(outlet.name, records))
                del records
        except Exception as error:
            if job.breaker.failed(error):
                raise
            reason = error.sentence if isinstance(error, Failure) else type(error).__name__
            logger.info("Stream %s: another of its lists failed: %s", job.reading.source.name, reason)
        else:
            job.breaker.succeeded()

    def _conclude(self, job: Job) -> None:
        for outlet, records in job.reading.tombstones():
            self._put(RecordPage(outlet.name, records))
        job.reading.conclude()
