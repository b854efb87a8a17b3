"""One list and the streams it feeds: it is read once for all of them."""

from __future__ import annotations

import marshal
import threading
from collections import defaultdict, deque
from collections.abc import Generator, Hashable, Iterable, Iterator, Sequence

from source_invoicing.http import BadRequest, Failure, ResourceMissing
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.deletions import Deletions
from source_invoicing.streams.documents import Documents
from source_invoicing.streams.event_deletions import EventDeletions
from source_invoicing.streams.listing import Batch, KeyRanges
from source_invoicing.streams.page import Row
from source_invoicing.streams.partition import Chain, Partition
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.sweep_deletions import SweepDeletions
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

Emitted = tuple[Resource, list[Row]]


class Reading:
    """Reads the list of a resource for one or several streams, its outlets.

    It starts where the outlet that is furthest behind stands; the others leave out what they have emitted before. Each
    keeps a state of its own, which moves when the caller comes for the next records: by then those before are out. A
    stream of parts that a row holds in another shape than documented leaves the reading, with the state that it has.

    Records are released before the next page is fetched: memory that is reused while it is still in the processor's
    cache saves a long list seven per cent of its time.

    :param source: whose list is read
    :param outlets: the streams that emit records of it; the source is one of them only if it was selected
    :param documents: what takes note of the documents whose details are wanted; they are another reading
    :ivar failures: of outlets that have none of the rest, be it that they have left the reading or that it has failed
    """

    def __init__(self, source: Resource, outlets: Sequence[Resource], documents: Sequence[Documents] = ()) -> None:
        self.source = source
        # Rows become records of the source in place, so streams of their parts come first.
        self.outlets = sorted(outlets, key=lambda outlet: outlet is source)
        self.failures: dict[Resource, Exception] = {}
        self._lock = threading.Lock()
        self._documents = documents
        self._fed: Sequence[Resource | Documents] = [*documents, *self.outlets]
        self._read_for: Sequence[Resource] = [*self.outlets, *(outlet for each in documents for outlet in each.outlets)]
        tellers = [outlet for outlet in self._read_for if outlet.emits_deletions]
        for outlet in self._read_for:
            if outlet not in tellers:
                outlet.progress.forget_deletions()
        deletions = EventDeletions if source.event_kinds else SweepDeletions
        #: What tells of the rows of the list that are gone; ``None`` where no stream is to.
        self.deletions: Deletions | None = deletions(source, tellers) if tellers else None
        #: Whether it meets all events of the account, and so spares others that reading.
        self.reads_all_events = source.holds_events and source.progress.value() == {}
        if source.account.events is not None:
            for outlet in self.outlets:
                if outlet.needs_events:
                    source.account.events.expect(outlet.progress.memory)
        for each in documents:
            each.deletions = self.deletions
        self._window = source.account.window

    def chains(self) -> Iterator[Chain]:
        """The partitions that are not done yet, each chain for one worker. To be called by one thread at a time.

        :raises Failure: when they cannot be known
        """
        self.source.read_for = self._read_for
        if self.deletions is not None:
            self.deletions.open()
        for chain in self.source.chains():
            if len(chain) == 1 and all(outlet.progress.is_done(chain[0].key) for outlet in self._fed):
                continue
            for outlet in self._fed:
                outlet.progress.partition_started(chain[0].key)
            yield chain

    @property
    def shareable(self) -> bool:
        """Whether several workers may read one list together."""
        return not self.source.lists and self.source.remaining_plans.shareable

    def has_room(self, under_way: int, workers: int) -> bool:
        """Whether a further chain may be begun.

        :param under_way: how many are read
        :param workers: how many can be
        """
        return under_way < workers

    def read(self, chain: Chain, ranges: KeyRanges | None = None) -> Iterator[Emitted]:
        """Read a chain: records, and the outlet that emits them.

        :param ranges: for a list that several workers share, each of which calls this
        :raises Failure: when a list cannot be read completely
        """
        # Rows that are stamped in other ways are other records.
        seen: defaultdict[str, dict[Hashable, int]] = defaultdict(dict)
        waiting = deque(chain)
        while waiting:
            partition = waiting.popleft()
            try:
                seen_here = seen[str(partition.stamp)] if len(chain) > 1 else None
                rows = yield from self._read_partition(partition, seen_here, ranges)
                instead = () if rows else self.source.instead_of(partition, None)
                done: Iterable[Hashable] = () if instead else [partition.key]
            except Failure as failure:
                instead, done = self._after(partition, failure)
            waiting.extendleft(reversed(instead))
            for key in done:
                for outlet in self._fed:
                    outlet.progress.partition_done(key)

    def tombstones(self) -> Iterator[Emitted]:
        """The records that say which rows are gone. To be called when all chains were read to their end.

        :raises Failure: when that cannot be found out now
        """
        if self.deletions is not None:
            self.deletions.find()
            yield from self.deletions.tell(self.outlets)

    def fail(self, failure: Exception) -> None:
        """A chain could not be read to its end."""
        for documents in self._documents:
            documents.failure = documents.failure or failure
        with self._lock:
            self.failures = {**dict.fromkeys(self.outlets, failure), **self.failures}

    def conclude(self) -> None:
        """All chains were read to their end."""
        for documents in self._documents:
            documents.progress.finish()
        if self.reads_all_events and self.source.account.events is not None:
            self.source.account.events.deliver()

    def _read_partition(
        self, partition: Partition, seen: dict[Hashable, int] | None, ranges: KeyRanges | None
    ) -> Generator[Emitted, None, int]:
        """:return: how many rows came"""
        since = {outlet.name: self._since(outlet, partition) for outlet in self._fed}
        lowest = None if None in since.values() else min(each for each in since.values() if each is not None)
        reader, checkpoint, gaps = self.source.reader(partition), self._checkpoint(), self._gaps(partition, lowest)
        if self.deletions is not None:
            is_first = lowest == self._window.start and checkpoint is None and gaps == [(None, None, lowest)]
            self.deletions.watch(reader, partition, is_first=is_first)
        batches = reader.batches(lowest, checkpoint) if ranges is None else ranges.batches(reader, lowest, gaps)
        rows = 0
        for batch in batches:
            rows += len(batch.rows)
            fresh = batch.rows if seen is None else self._fresh(batch.rows, seen)
            if self.deletions is not None:
                self.deletions.note(fresh)
            if self.reads_all_events and self.source.account.events is not None:
                self.source.account.events.note(fresh, self.source)
            for outlet in self._fed:
                wanted = self._wanted(fresh, since[outlet.name], lowest)
                records = self._records_of(outlet, wanted, partition) if wanted else []
                if records and not isinstance(outlet, Documents):
                    yield outlet, records
                del records
                del wanted
            del fresh
            self._advance(partition, batch)
            del batch
        for outlet in self._fed:
            outlet.progress.save_checkpoint(None)
        return rows

    def _records_of(self, outlet: Resource | Documents, rows: list[Row], partition: Partition) -> list[Row]:
        if isinstance(outlet, Documents) or outlet is self.source or len(self._fed) == 1:
            return outlet.records(rows, partition)
        try:
            return outlet.records(rows, partition)
        except Failure as failure:
            self._leave(outlet, failure)
            return []

    def _leave(self, outlet: Resource, failure: Failure) -> None:
        """An outlet cannot use what the others can.

        :raises Failure: if there are no others
        """
        with self._lock:
            others = [each for each in self._fed if each is not outlet]
            if not others:
                raise failure
            self._fed = others
            self.failures = {outlet: failure, **self.failures}
        outlet.progress.flush()

    def _wanted(self, rows: list[Row], since: int | None, lowest: int | None) -> list[Row]:
        """The rows that an outlet has not emitted before, or that have no modification time."""
        if since is None or since == lowest:
            return rows
        timestamp = self.source.timestamp
        return [row for row in rows if (at := timestamp(row)) is None or at >= since]

    def _fresh(self, rows: list[Row], seen: dict[Hashable, int]) -> list[Row]:
        """Rows that no list of the chain has shown before in this version."""
        versions = {self.source.key(row): _version(row) for row in rows}
        fresh = [row for row in rows if seen.get(self.source.key(row)) != versions[self.source.key(row)]]
        seen.update(versions)
        return fresh

    def _advance(self, partition: Partition, batch: Batch) -> None:
        if batch.rolls_back:
            for outlet in (*self._fed, *self.failures):
                outlet.progress.roll_back(partition.key)
            return
        for outlet in self._fed:
            if batch.cursor is not None:
                outlet.progress.advance(partition.key, batch.cursor, batch.start, is_range=batch.is_range)
            elif batch.checkpoint is not None:
                outlet.progress.save_checkpoint(batch.checkpoint)

    def forget_ranges(self) -> None:
        """The list that several workers shared has to be read as a whole."""
        for outlet in (*self._fed, *self.failures):
            outlet.progress.forget_ranges()

    def _after(self, partition: Partition, failure: Failure) -> tuple[Chain, Iterable[Hashable]]:
        """What to read in the place of a partition that failed, and the keys of those that are done by that.

        :raises Failure: when nothing can be
        """
        try:
            if isinstance(failure, (BadRequest, ResourceMissing)) and (
                instead := self.source.instead_of(partition, failure)
            ):
                return instead, ()
            if isinstance(failure, ResourceMissing):
                return (), self.source.without_list(partition, failure)
            raise failure
        except Failure as final:
            for outlet in self._fed:
                outlet.progress.flush()
            raise self.source.explain(final) from None

    # -- where to begin -------------------------------------------------------------------------------------------

    def _since(self, outlet: Resource | Documents, partition: Partition) -> int | None:
        if not self.source.cursor_field or not self.source.selects_by_time:
            return None
        return self._window.since(outlet.progress.cursor(partition.key))

    def _checkpoint(self) -> Checkpoint | None:
        """Where an earlier run left the list, if all outlets say the same."""
        checkpoints = [outlet.progress.checkpoint for outlet in self._fed]
        return checkpoints[0] if all(each == checkpoints[0] for each in checkpoints) else None

    def _gaps(self, partition: Partition, since: int | None) -> list[tuple[int | None, int | None, int | None]]:
        """Start, end and first request of each range that is not out yet, if all outlets say the same."""
        lookback = self._window.lookback_days * SECONDS_PER_DAY
        gaps = [outlet.progress.gaps(partition.key, lookback) for outlet in self._fed]
        common = gaps[0] if all(each == gaps[0] for each in gaps) else [(None, None)]
        return [(start, end, since if start is None else self._window.overlapping(start)) for start, end in common]


def _version(row: Row) -> int:
    """A checksum of all that is in a row. Version 2 of the format: the same octets for the same values."""
    return hash(marshal.dumps(row, 2))
