"""Readings, and that of a list: it is read once for all streams that it feeds."""

from __future__ import annotations

import copy
import threading
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Generic

from typing_extensions import TypeVar, override

from source_invoicing.http import BadRequest, Failure, ResourceMissing
from source_invoicing.streams.checkpoint import Checkpoint, content_hash
from source_invoicing.streams.deletions import Deletions
from source_invoicing.streams.documents import Documents
from source_invoicing.streams.event_deletions import EventDeletions
from source_invoicing.streams.listing import Batch, KeyRanges
from source_invoicing.streams.page import Row
from source_invoicing.streams.partition import Chain, Gap, Partition, Start
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.sweep_deletions import SweepDeletions

Emitted = tuple[Resource, list[Row]]
# A hash of the content of rows, by their keys.
SeenRows = dict[Hashable, int]


#: What a chain consists of.
Item = TypeVar("Item", default=Any)


class Reading(ABC, Generic[Item]):
    """What a sync reads for one or several streams, its outlets: a list, or the details of documents. Chains are read
    side by side, each by one worker.

    :param source: the stream whose rows or documents are read
    :param outlets: the streams that emit records
    :ivar failures: errors by outlet: those that were dropped, or all outlets once the reading has failed
    """

    #: Whether it begins only after all readings of lists.
    waits_for_lists: ClassVar[bool] = False
    #: Whether chains that are refused are failures even after others were read.
    refusals_count: ClassVar[bool] = False
    #: Whether it reads all events of the account, so that other streams need not fetch them.
    reads_all_events = False

    def __init__(self, source: Resource, outlets: Sequence[Resource]) -> None:
        self.source = source
        self.outlets = outlets
        self.failures: dict[Resource, Exception] = {}
        # The consumer takes it too, so it is never held while a state is written: that waits for the consumer.
        self._failures_lock = threading.Lock()
        # What gets the rows: the outlets that have not been dropped, and documents.
        self._consumers: Sequence[Resource | Documents] = outlets

    @abstractmethod
    def chains(self) -> Iterator[Sequence[Item]]:
        """What is not done yet, each chain for one worker. Called by one thread at a time.

        :raises Failure: when it cannot be found out
        """

    def share(self, chain: Sequence[Item], workers: int, call_worker: Callable[[KeyRanges], None]) -> KeyRanges | None:
        """The ranges of a chain's only list that several workers read together; ``None`` if only one worker may read
        it, also because an earlier run has left it in the middle by a plan for one worker.

        :param call_worker: sends a further worker to these ranges
        """
        return None

    def has_room(self, under_way: int, workers: int) -> bool:
        """Whether another chain may be started.

        :param under_way: how many chains are being read
        :param workers: how many can be read at a time
        """
        return under_way < workers

    @abstractmethod
    def read(self, chain: Sequence[Item], ranges: KeyRanges | None = None) -> Iterator[Emitted]:
        """Read a chain: yields records, each time with the outlet that emits them.

        :param ranges: for a list that several workers share; each of them calls this method
        :raises Failure: when something of it cannot be read
        """

    def chain_ended(self, chain: Sequence[Item]) -> None:
        """Record that a chain is no longer under way, whether it was read or skipped."""

    @abstractmethod
    def tombstones(self) -> Iterator[Emitted]:
        """The records that say which rows were deleted. Called when all chains have been read to their end.

        :raises Failure: when that cannot be found out now
        """

    @abstractmethod
    def conclude(self) -> None:
        """Mark the reading complete: all chains have been read to their end.

        :raises Failure: when it is not complete after all
        """

    def fail(self, failure: Exception) -> None:
        """Mark the reading failed: a chain could not be read to its end."""
        with self._failures_lock:
            self.failures = {**dict.fromkeys(self.outlets, failure), **self.failures}

    def _drop_outlet(self, outlet: Resource, failure: Failure) -> None:
        """Go on without an outlet that cannot use a row.

        :raises Failure: if there are no others
        """
        with self._failures_lock:
            others = [each for each in self._consumers if each is not outlet]
            if not others:
                raise failure
            self._consumers = others
            self.failures = {outlet: failure, **self.failures}
        outlet.progress.flush()


class ListReading(Reading[Partition]):
    """Reads the list of a resource.

    It starts at the lowest cursor of its outlets; each outlet skips rows that it has already emitted. Each has its own
    state, which moves when the caller asks for the next records: by then the previous ones have been emitted. A stream
    of parts is dropped, with the state it has, if a row holds its parts in another shape than documented.

    Records are released before the next page is fetched (``del``): memory that is reused while it is still in the
    processor's cache saves a long list seven per cent of its time.

    :param source: the stream whose list is read
    :param outlets: the streams that emit records of it; the source is one of them only if it was selected
    :param documents: collect the documents whose details are wanted; another reading fetches these
    """

    def __init__(self, source: Resource, outlets: Sequence[Resource], documents: Sequence[Documents] = ()) -> None:
        # Rows become records of the source in place, so streams of their parts come first.
        super().__init__(source, sorted(outlets, key=lambda outlet: outlet is source))
        self._documents = documents
        self._consumers = [*documents, *self.outlets]
        # The streams that get records in the end, some of them by way of documents.
        self._target_streams: Sequence[Resource] = [
            *self.outlets,
            *(outlet for each in documents for outlet in each.outlets),
        ]
        emitting = [outlet for outlet in self._target_streams if outlet.emits_deletions]
        for outlet in self._target_streams:
            if outlet not in emitting:
                outlet.progress.forget_deletions()
        deletions = EventDeletions if source.event_kinds else SweepDeletions
        #: Finds the deleted rows of the list; ``None`` where no stream emits them.
        self.deletions: Deletions | None = deletions(source, emitting) if emitting else None
        self.reads_all_events = source.holds_events and source.progress.value() == {}
        if source.account.events is not None:
            for outlet in self._target_streams:
                if outlet.needs_events:
                    source.account.events.expect(outlet.event_kinds, outlet.deletion_kinds, outlet.progress.memory)
        for each in documents:
            each.deletions = self.deletions
        self._window = source.account.window

    @override
    def chains(self) -> Iterator[Chain]:
        self.source.target_streams = self._target_streams
        if self.deletions is not None:
            self.deletions.open()
        for chain in self.source.chains():
            if len(chain) == 1 and all(outlet.progress.is_done(chain[0].key) for outlet in self._consumers):
                continue
            for outlet in self._consumers:
                outlet.progress.partition_started(chain[0].key)
            yield chain

    @override
    def share(self, chain: Chain, workers: int, call_worker: Callable[[KeyRanges], None]) -> KeyRanges | None:
        if workers == 1 or self.source.lists or not self.source.remaining_plans.shareable:
            return None
        # Worked out here, before any of the workers moves a state.
        start = self._start(chain[0])
        return KeyRanges(workers, call_worker, self.forget_ranges, start) if start.checkpoint is None else None

    @override
    def read(self, chain: Chain, ranges: KeyRanges | None = None) -> Iterator[Emitted]:
        # The same row with another stamp is another record.
        seen: defaultdict[str, SeenRows] = defaultdict(dict)
        seen_before: defaultdict[str, SeenRows] = defaultdict(dict)
        waiting, group = deque(chain), chain[0].group
        while waiting:
            partition = waiting.popleft()
            if partition.group != group:
                seen, seen_before, group = defaultdict(dict), seen, partition.group
            try:
                stamp = str(partition.stamp)
                seen_with_stamp = (seen[stamp], seen_before[stamp]) if len(chain) > 1 else None
                rows = yield from self._read_partition(partition, seen_with_stamp, ranges)
                fallbacks = () if rows else self.source.fallback_partitions(partition, None)
                done: Iterable[Hashable] = () if fallbacks else [partition.key]
            except Failure as failure:
                fallbacks, done = self._recover_from(partition, failure)
            waiting.extendleft(reversed(fallbacks))
            for key in done:
                for outlet in self._consumers:
                    outlet.progress.partition_done(key)

    @override
    def tombstones(self) -> Iterator[Emitted]:
        if self.deletions is not None:
            self.deletions.find()
            for partition, row in self.deletions.rows:
                for outlet in self.outlets:
                    # Each outlet needs its own copy, since a row is changed in place when it becomes a record.
                    rows = [copy.deepcopy(row)]
                    if outlet not in self.failures and (records := self._records_of(outlet, rows, partition)):
                        yield outlet, records
            yield from self.deletions.emit(self.outlets)

    @override
    def fail(self, failure: Exception) -> None:
        for documents in self._documents:
            documents.failure = documents.failure or failure
        super().fail(failure)

    @override
    def conclude(self) -> None:
        self.source.conclude()
        for documents in self._documents:
            documents.progress.finish()
        if self.reads_all_events and self.source.account.events is not None:
            self.source.account.events.publish()

    def _read_partition(
        self, partition: Partition, seen: tuple[SeenRows, SeenRows] | None, ranges: KeyRanges | None
    ) -> Generator[Emitted, None, int]:
        """:return: how many rows the list has returned"""
        start = self._start(partition) if ranges is None else ranges.start
        reader = self.source.reader(partition)
        if self.deletions is not None:
            is_untouched = start.checkpoint is None and start.gaps == [(None, None, start.since)]
            is_first = is_untouched and start.since == self._window.start
            self.deletions.watch(reader, partition, is_first=is_first)
        batches = (
            reader.batches(start.since, start.checkpoint) if ranges is None else ranges.batches(reader.range_batches)
        )
        rows = 0
        for batch in batches:
            rows += len(batch.rows)
            unseen = batch.rows if seen is None else self._unseen(batch.rows, *seen)
            if self.deletions is not None:
                self.deletions.note(unseen)
            if self.reads_all_events and self.source.account.events is not None:
                self.source.account.events.collect(unseen, self.source)
            for outlet in self._consumers:
                if outlet.progress.is_done(partition.key):
                    continue
                wanted = self._not_emitted(unseen, start.since_by_outlet[outlet.name], start.since)
                records = self._records_of(outlet, wanted, partition) if wanted else []
                if records and not isinstance(outlet, Documents):
                    yield outlet, records
                del records
                del wanted
            del unseen
            self._advance(partition, batch)
            del batch
        for outlet in self._consumers:
            outlet.progress.save_checkpoint(None)
        return rows

    def _records_of(self, outlet: Resource | Documents, rows: list[Row], partition: Partition) -> list[Row]:
        if isinstance(outlet, Documents) or outlet is self.source:
            return outlet.records(rows, partition)
        try:
            return outlet.records(rows, partition)
        except Failure as failure:
            self._drop_outlet(outlet, failure)
            return []

    def _not_emitted(self, rows: list[Row], since: int | None, lowest: int | None) -> list[Row]:
        """The rows that an outlet has not emitted yet, and those without a modification time."""
        if since is None or since == lowest:
            return rows
        timestamp = self.source.timestamp
        return [row for row in rows if (at := timestamp(row)) is None or at >= since]

    def _unseen(self, rows: list[Row], seen: SeenRows, before: SeenRows) -> list[Row]:
        """The rows that no earlier list of this group, or of the group before, has returned with the same content."""
        hashes = {self.source.key(row): content_hash(row) for row in rows}
        unseen = [row for row in rows if seen.get(key := self.source.key(row), before.get(key)) != hashes[key]]
        seen.update(hashes)
        return unseen

    def _advance(self, partition: Partition, batch: Batch) -> None:
        if batch.rolls_back:
            for outlet in (*self._consumers, *self.failures):
                outlet.progress.roll_back(partition.key)
            return
        for outlet in self._consumers:
            if batch.cursor is not None:
                outlet.progress.advance(partition.key, batch.cursor, batch.start, is_range=batch.is_range)
            elif batch.checkpoint is not None:
                outlet.progress.save_checkpoint(batch.checkpoint)

    def forget_ranges(self) -> None:
        """Drop the ranges from all states: the list that several workers shared has to be read as a whole."""
        for outlet in (*self._consumers, *self.failures):
            outlet.progress.forget_ranges()

    def _recover_from(self, partition: Partition, failure: Failure) -> tuple[Chain, Iterable[Hashable]]:
        """The partitions to read in place of one that failed, and the keys of those that are thereby done.

        :raises Failure: when there is no way to recover
        """
        try:
            if isinstance(failure, (BadRequest, ResourceMissing)) and (
                fallbacks := self.source.fallback_partitions(partition, failure)
            ):
                return fallbacks, ()
            if isinstance(failure, ResourceMissing):
                return (), self.source.resolve_missing_list(partition, failure)
            raise failure
        except Failure as final:
            for outlet in self._consumers:
                outlet.progress.flush()
            raise self.source.explain(final) from None

    # -- where to begin -------------------------------------------------------------------------------------------

    def _start(self, partition: Partition) -> Start:
        since = {outlet.name: self._since(outlet, partition) for outlet in self._consumers}
        lowest = None if None in since.values() else min(each for each in since.values() if each is not None)
        return Start(lowest, since, self._checkpoint(), self._gaps(partition, lowest))

    def _since(self, outlet: Resource | Documents, partition: Partition) -> int | None:
        if not self.source.cursor_field or not self.source.selects_by_time:
            return None
        return self._window.since(outlet.progress.cursor(partition.key))

    def _checkpoint(self) -> Checkpoint | None:
        """Where an earlier run stopped in the list, if all outlets agree."""
        checkpoints = [outlet.progress.checkpoint for outlet in self._consumers]
        return checkpoints[0] if all(each == checkpoints[0] for each in checkpoints) else None

    def _gaps(self, partition: Partition, since: int | None) -> list[Gap]:
        """Start, end and time of the first request of each range that has not been emitted yet, if all outlets agree;
        otherwise the whole list."""
        gaps = [outlet.progress.gaps(partition.key, self._window.lookback) for outlet in self._consumers]
        common = gaps[0] if all(each == gaps[0] for each in gaps) else [(None, None)]
        return [(start, end, since if start is None else self._window.overlapping(start)) for start, end in common]
