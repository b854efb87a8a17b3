"""Reading streams side by side through the CDK's concurrent engine: one partition per list.

The CDK's own adapter for ``HttpStream`` freezes the state a partition starts with and cannot write state while a
partition is read, so the streams are put into the engine directly: as a :class:`DefaultStream` whose partitions ask
:meth:`InvoicingStream.read_pages` and whose cursor prints the stream's progress.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any, cast

from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteRecordMessage,
    AirbyteStreamStatus,
    SyncMode,
    TraceType,
    Type,
)
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.concurrent_source.thread_pool_manager import ThreadPoolManager
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository, MessageRepository
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem
from airbyte_cdk.sources.types import Record
from airbyte_cdk.utils import AirbyteTracedException

from source_invoicing.http import AccessRefused, Cancelled, Failure, ResourceMissing
from source_invoicing.streams.page import Row
from source_invoicing.streams.state import FINISHED
from source_invoicing.streams.stream import InvoicingStream, Slice
from source_invoicing.streams.walks import Parts

our_logger = logging.getLogger("airbyte.source_invoicing")

# Pages that may wait to be printed. It bounds the memory a slow reader of the output costs.
MOST_WAITING_PAGES = 32
# Lists of a stream that may fail one after the other before no further one is tried: each takes its tries and waits,
# and there may be one for each of ten thousand customers.
MOST_FAILED_LISTS = 5
# Tasks that may be over before they are forgotten.
MOST_TASKS_OVER = 100
END: Any = object()


class RecordPage(AirbyteMessage):
    """The records of a page, on their way to the output as if they were one message. The engine passes messages on as
    they are, while each record of its own takes it longer than all that is done here.

    :param stream: name of the stream
    :param rows: finished records. Whoever has printed them empties the list: others still hold on to the page
    """

    def __init__(self, stream: str, rows: list[Row]) -> None:
        super().__init__(type=Type.RECORD)
        self.stream = stream
        self.rows = rows

    def apart(self) -> Iterator[AirbyteMessage]:
        """The same as messages of one record each."""
        emitted_at = now_in_milliseconds()
        for row in self.rows:
            record = AirbyteRecordMessage(stream=self.stream, data=row, emitted_at=emitted_at)
            yield AirbyteMessage(type=Type.RECORD, record=record)


def now_in_milliseconds() -> int:
    """The moment of an emission, as the protocol wants it."""
    return time.time_ns() // 1_000_000


class PageQueue(Queue[QueueItem]):
    """The engine's queue, which holds a bounded number of pages.

    The first record of a stream is handed out as a record, by which the engine knows that the stream is running.
    """

    def __init__(self) -> None:
        super().__init__(maxsize=MOST_WAITING_PAGES)
        self._running: set[str] = set()
        self._rest: RecordPage | None = None
        self._cancelled = False

    def cancel(self) -> None:
        """The consumer is gone: whoever waits for a place, or comes for one later, is sent home."""
        with self.mutex:
            self._cancelled = True
            self.queue.clear()
            self.not_full.notify_all()

    def _put(self, item: QueueItem) -> None:
        if self._cancelled:
            raise Cancelled
        super()._put(item)

    def get(self, block: bool = True, timeout: float | None = None) -> QueueItem:
        """The next item. To be called by a single consumer."""
        if self._rest is not None:
            rest, self._rest = self._rest, None
            return rest
        item = super().get(block, timeout)
        if not isinstance(item, RecordPage) or item.stream in self._running:
            return item
        self._running.add(item.stream)
        first, *others = item.rows
        self._rest = RecordPage(item.stream, others) if others else None
        return Record(data=first, stream_name=item.stream)

    def empty(self) -> bool:
        """Whether nothing is left, neither in the queue nor of a page taken from it."""
        return self._rest is None and super().empty()


class Tasks(ThreadPoolManager):
    """The engine's tasks, without those that are over. The engine keeps them all to the end: one for each list, of
    which there may be three for each of ten thousand customers.
    """

    def __init__(self, workers: ThreadPoolExecutor, logger: logging.Logger) -> None:
        super().__init__(workers, logger)
        self._look_through_at = MOST_TASKS_OVER

    def submit(self, function: Callable[..., Any], *args: Any) -> None:
        """See the base. To be called by a single thread."""
        super().submit(function, *args)
        if len(self._futures) < self._look_through_at:
            return
        with self._lock:
            # Those that broke stay: the engine asks at the end.
            self._futures[:] = [task for task in self._futures if not task.done() or task.exception() is not None]
        self._look_through_at = 2 * len(self._futures) + MOST_TASKS_OVER


class Messages(InMemoryMessageRepository):
    """What is said beside records. What a worker says stands in line behind the pages it has read; what the consumer
    says comes next, before the status that the engine is about to give: once a stream is COMPLETE, its state is out.
    """

    def __init__(self, queue: PageQueue) -> None:
        """To be made by the consumer."""
        super().__init__()
        self._queue = queue
        self._consumer = threading.get_ident()

    def emit_message(self, message: AirbyteMessage) -> None:
        """See the base."""
        if threading.get_ident() == self._consumer:
            super().emit_message(message)
        else:
            self._queue.put(message)


class StateCursor(Cursor):
    """Prints a stream's state: whenever its progress moved, behind the records it covers, and once at the end."""

    def __init__(self, stream: InvoicingStream, repository: MessageRepository) -> None:
        self._stream = stream
        self._repository = repository
        self._state_manager = ConnectorStateManager()
        self._generated = 0
        self._closed = 0
        self._complete = False
        self._printed = False
        self._records_since = False
        stream.progress.on_move = self._print

    @property
    def state(self) -> MutableMapping[str, Any]:
        """Where the stream stands."""
        return self._stream.progress.value()

    def partition_generated(self) -> None:
        """One more partition has to be closed before the stream is complete."""
        with self._stream.progress.lock:
            self._generated += 1

    def all_partitions_generated(self) -> None:
        """No further partition follows."""
        self._complete = True

    def observe(self, record: Record) -> None:
        """A page went to the output."""
        self._records_since = True

    def close_partition(self, partition: Partition) -> None:
        """A partition was read to its end."""
        with self._stream.progress.lock:
            self._closed += 1

    def ensure_at_least_one_state_emitted(self) -> None:
        """The stream is over. Where it was read to its end, its last state stands behind its last record."""
        if not (self._complete and self._closed == self._generated):
            return
        self._stream.progress.finish()
        if self._records_since or not self._printed or self.state == FINISHED:
            self._print()

    def should_be_synced(self, record: Record) -> bool:
        """Always: the stream itself leaves out what is not wanted."""
        return True

    def _print(self) -> None:
        name = self._stream.name
        self._records_since = False
        self._printed = True
        self._state_manager.update_state_for_stream(name, self._stream.namespace, self.state or FINISHED)
        self._repository.emit_message(self._state_manager.create_state_message(name, self._stream.namespace))


class Setbacks:
    """The lists of a stream that failed. The first failure is the stream's; the others are for the log.

    Safe to use from several threads.
    """

    def __init__(self, *, any_was_read: bool = False) -> None:
        """
        :param any_was_read: whether an earlier run has read lists of the stream
        """
        self._lock = threading.Lock()
        self._any = False
        self._any_was_read = any_was_read
        self._in_a_row = 0

    @property
    def too_many(self) -> bool:
        """Whether so many lists have failed in a row that the next one will, too."""
        return self._in_a_row >= MOST_FAILED_LISTS

    def end(self) -> None:
        """A list was read to its end."""
        with self._lock:
            self._any_was_read = True
            self._in_a_row = 0

    def add(self, error: Exception) -> bool:
        """A list failed.

        Where others may be read, a refusal is about its own parent and says nothing of the next one.

        :return: whether it is the first one
        """
        with self._lock:
            first, self._any = not self._any, True
            if not (self._any_was_read and isinstance(error, (AccessRefused, ResourceMissing))):
                self._in_a_row += 1
            return first


class ListPartition(Partition):
    """One list, or what one of its readers reads of it."""

    def __init__(
        self,
        stream: InvoicingStream,
        stream_slice: Slice,
        setbacks: Setbacks,
        parts: Parts | None = None,
        followed_by: Callable[[], None] = lambda: None,
    ) -> None:
        """
        :param setbacks: of all lists of the stream
        :param followed_by: has the next list read
        """
        self._stream = stream
        self._slice = stream_slice
        self._setbacks = setbacks
        self._parts = parts
        self._followed_by = followed_by

    def read(self) -> Iterable[Record]:
        """The list's pages. The engine's reader takes each for a record, and puts it into the queue.

        :raises Exception: when the list fails, and none of the stream did before
        """
        if self._setbacks.too_many:
            return
        try:
            yield from self._pages()
        finally:
            self._followed_by()

    def _pages(self) -> Iterable[Record]:
        name = self._stream.name
        try:
            for page in self._stream.read_pages(self._slice, self._parts):
                yield cast(Record, RecordPage(name, page))
        except Cancelled:
            raise
        except Exception as error:
            if self._setbacks.add(error):
                raise
            told = error.sentence if isinstance(error, Failure) else type(error).__name__
            our_logger.info("Stream %s has failed in a further list: %s", name, told)
        else:
            self._setbacks.end()

    def to_slice(self) -> Mapping[str, Any] | None:
        """The ids that make up the slice."""
        return self._slice

    def stream_name(self) -> str:
        """The stream the partition belongs to."""
        return self._stream.name

    def __hash__(self) -> int:
        return hash((self._stream.name, tuple(self._slice.items())))

    def __eq__(self, other: object) -> bool:
        return self is other


class ListPartitions(PartitionGenerator):
    """The lists of a stream, of which as many are offered at a time as there are workers. Each that is read makes room
    for the next one: there may be one for each of a hundred thousand customers, and who stands in line costs memory.
    The engine would also wait for a shorter line at some point, which never comes where its only worker does so.
    """

    def __init__(self, stream: InvoicingStream, cursor: StateCursor, queue: PageQueue, most_readers: int) -> None:
        self._stream = stream
        self._cursor = cursor
        self._queue = queue
        self._most_readers = most_readers
        self._setbacks = Setbacks(any_was_read=stream.progress.value() not in ({}, FINISHED))
        self._slices = iter(stream.stream_slices(sync_mode=SyncMode.full_refresh))
        self._lock = threading.Lock()

    def generate(self) -> Iterable[Partition]:
        """The first lists. Those that follow, and further readers of a list that proves to be long, stand in line
        behind the lists that nobody reads yet."""
        for _ in range(self._most_readers):
            partition = self._next()
            if partition is None:
                return
            yield partition

    def _next(self) -> ListPartition | None:
        with self._lock:
            stream_slice = next(self._slices, END)
            if stream_slice is END:
                self._cursor.all_partitions_generated()
                return None
            self._cursor.partition_generated()
        return self._list(stream_slice or {})

    def _list(self, stream_slice: Slice) -> ListPartition:
        def call_reader() -> None:
            self._cursor.partition_generated()
            self._queue.put(ListPartition(self._stream, stream_slice, self._setbacks, parts))

        shared = self._most_readers > 1 and self._stream.can_be_shared
        parts = Parts(self._most_readers, call_reader) if shared else None
        return ListPartition(self._stream, stream_slice, self._setbacks, parts, self._offer_the_next)

    def _offer_the_next(self) -> None:
        partition = self._next()
        if partition is not None:
            self._queue.put(partition)


def read_side_by_side(
    streams: Sequence[InvoicingStream], num_workers: int, logger: logging.Logger
) -> Iterator[AirbyteMessage]:
    """Read streams with ``num_workers`` requests in flight: pages of records, states and statuses.

    The engine can be used only once, so each call makes a new one.

    :param streams: parents before the children that wait for their ids
    :return: messages; records come in pages (:class:`RecordPage`)
    :raises AirbyteTracedException: at the end, when a stream failed; each failure has been printed by then
    """
    queue = PageQueue()
    messages = Messages(queue)
    workers = ThreadPoolExecutor(num_workers, thread_name_prefix="worker")
    engine = ConcurrentSource(
        Tasks(workers, logger),
        logger,
        queue=queue,
        message_repository=messages,
        # Half of the workers may look for partitions, so that there is always one to read them.
        initial_number_partitions_to_generate=max(1, num_workers // 2),
    )

    def concurrent(stream: InvoicingStream) -> AbstractStream:
        cursor = StateCursor(stream, messages)
        return _concurrent(stream, cursor, ListPartitions(stream, cursor, queue, num_workers), logger)

    records: Counter[str] = Counter()
    come_to_its_end = False
    try:
        for message in engine.read([concurrent(stream) for stream in streams]):
            page = _page(message)
            if page is not None:
                records[page.stream] += len(page.rows)
            elif (ended := _ended(message)) is not None:
                our_logger.info("Stream %s: %s records read.", ended, f"{records[ended]:,}")
            yield page or message
        come_to_its_end = True
    except AirbyteTracedException:
        come_to_its_end = True
        raise
    finally:
        # Workers that wait to hand over a page, for their turn or for a parent would keep the process alive for ever,
        # and those that do not wait would ask the vendor for lists that nobody wants any more.
        queue.cancel()
        for stream in streams:
            stream.close()
        # At its end there is nothing to do for them any more. Left early, they end with the request under way.
        workers.shutdown(wait=come_to_its_end, cancel_futures=True)


def _page(message: AirbyteMessage) -> RecordPage | None:
    """The records of a message; the engine makes a message of its own of the first one of a stream."""
    if isinstance(message, RecordPage):
        return message
    return None if message.record is None else RecordPage(message.record.stream, [message.record.data])


def _ended(message: AirbyteMessage) -> str | None:
    """The stream that a message says is over."""
    if message.trace is None or message.trace.type is not TraceType.STREAM_STATUS:
        return None
    status = message.trace.stream_status
    if status is None or status.status not in (AirbyteStreamStatus.COMPLETE, AirbyteStreamStatus.INCOMPLETE):
        return None
    return str(status.stream_descriptor.name)


def _concurrent(
    stream: InvoicingStream, cursor: StateCursor, partitions: ListPartitions, logger: logging.Logger
) -> AbstractStream:
    key = stream.primary_key
    return DefaultStream(
        partition_generator=partitions,
        name=stream.name,
        namespace=stream.namespace,
        # The engine would only show it. A stream may have to ask the API for it.
        json_schema={},
        primary_key=[key] if isinstance(key, str) else list(key),
        cursor_field=CursorField(stream.cursor_field) if isinstance(stream.cursor_field, str) else None,
        logger=logger,
        cursor=cursor,
    )
