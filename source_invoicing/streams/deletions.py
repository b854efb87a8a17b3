"""Rows that are gone: what tells of them, and the records that say so to the destination."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from source_invoicing.http import AccessRefused, BadRequest, Failure, ResourceMissing, logger
from source_invoicing.streams.events import Event, News
from source_invoicing.streams.known_keys import KeySet
from source_invoicing.streams.listing import ListReader
from source_invoicing.streams.page import Row, is_identity
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

# Stored names; never change them.
KNOWN_IDS = "known_ids"
IDS, SWEPT_AT, LATEST, START = "ids", "swept_at", "latest", "start_date"
# What a state may hold of a stream's ids (bytes).
LARGEST_SET = 1_000_000
# If more rows than this, and more than this part of them, are gone at once, it is the list that is wrong.
MOST_GONE = 50
LARGEST_PART_GONE = 0.02
TOMBSTONES_AT_ONCE = 500


@dataclass(frozen=True)
class Gone:
    """A row that is gone.

    :param at: when it went, or when that was noticed (seconds since 1970, UTC)
    :param row: what is known of it, at least its key
    """

    partition: Partition
    at: int
    row: Row


@dataclass
class Findings:
    """What there is to tell of a stream.

    :param gone: rows that are gone
    :param rows: rows to emit that an event has pointed to
    :param memory: what the state keeps once all of that is out
    """

    gone: list[Gone] = field(default_factory=list)
    rows: list[tuple[Partition, Row]] = field(default_factory=list)
    memory: Mapping[str, Any] = field(default_factory=dict)


class Deletions(ABC):
    """Finds the rows of one list that are gone, for the streams that are to tell of them. Not made where none is.

    Only :meth:`note` and :meth:`watch` may be called from several threads.

    :param source: whose list it is
    :param outlets: the streams
    """

    def __init__(self, source: Resource, outlets: Sequence[Resource]) -> None:
        self.outlets = outlets
        self._source = source
        self._findings: dict[str, Findings] = {}

    def open(self) -> None:  # noqa: B027  # nothing to do
        """The list is about to be read.

        :raises Failure: if a state is wrong
        """

    def watch(self, reader: ListReader, partition: Partition, *, is_first: bool) -> None:  # noqa: B027  # nothing to see
        """A list is about to be read.

        :param is_first: whether nothing of it was read before
        """

    @abstractmethod
    def note(self, rows: Sequence[Row]) -> None:
        """Rows are about to be emitted."""

    @abstractmethod
    def find(self) -> None:
        """Find out what is gone, once the list was read to its end.

        :raises Failure: if that may be known later, but not now
        """

    def tell(self, outlets: Sequence[Resource]) -> Iterator[tuple[Resource, list[Row]]]:
        """What was found, as records of the streams. States move behind them.

        :param outlets: those that are to emit something now
        """
        for partition, row in self._findings.get(self._source.name, Findings()).rows:
            for outlet in outlets:
                if records := outlet.records([_copy(row)], partition):
                    yield outlet, records
        for outlet in outlets:
            if outlet.name not in self._findings:
                continue
            findings = self._findings.pop(outlet.name)
            tombstones = [outlet.tombstone(gone.row, gone.at, gone.partition) for gone in findings.gone]
            for first in range(0, len(tombstones), TOMBSTONES_AT_ONCE):
                yield outlet, tombstones[first : first + TOMBSTONES_AT_ONCE]
            outlet.progress.remember(findings.memory)

    def _ask(self, partition: Partition, key: Hashable) -> Row | None:
        """A record by a request of its own; ``None`` if there is none, or no such request.

        :raises AccessRefused: which says nothing about the record
        :raises BadRequest: likewise
        """
        request = self._source.record_request(key, partition)
        if request is None:
            return None
        try:
            return self._source.account.client.fetch(request, lambda answer: self._source.read_record(answer, key))
        except ResourceMissing:
            return None


class EventDeletions(Deletions):
    """By events. One that says that a record was deleted is believed; one that may mean something else, or comes late,
    has the record read again."""

    def __init__(self, source: Resource, outlets: Sequence[Resource]) -> None:
        super().__init__(source, outlets)
        self._news: dict[str, News] = {}
        self._about: dict[Hashable, tuple[Event, Row]] = {}
        self._delivered: dict[Hashable, int | None] = {}

    @override
    def open(self) -> None:
        feed, kinds = self._source.account.events, self._source.event_kinds
        for outlet in self.outlets:
            try:
                news = feed.news(kinds, outlet.progress.memory) if feed is not None else None
            except ValueError as error:
                raise outlet.progress.invalid(f"what it keeps of events cannot be read ({error})") from None
            if news is None:
                return
            if news.has_gap:
                logger.warning(
                    "Stream %s: the account does not list all events since the last sync. What was deleted between is "
                    "not told; clear the stream's data to be rid of it.",
                    outlet.name,
                )
            self._news[outlet.name] = news
            self._about.update(self._last_of_each(news))

    @override
    def note(self, rows: Sequence[Row]) -> None:
        if self._about:
            self._delivered.update(
                (key, self._source.timestamp(row)) for row in rows if (key := self._source.key(row)) in self._about
            )

    @override
    def find(self) -> None:
        for outlet in self.outlets:
            if outlet.name in self._news:
                news = self._news[outlet.name]
                findings = Findings(memory=news.memory)
                for key, (event, row) in self._last_of_each(news).items():
                    self._look_at(outlet, key, event, row, findings)
                self._findings[outlet.name] = findings

    def _last_of_each(self, news: News) -> dict[Hashable, tuple[Event, Row]]:
        """The last event about each record that may be gone, and what the event holds of the record."""
        kinds = {*self._source.gone_events, *self._source.doubtful_events}
        about = ((event, row) for event in news.events if event.kind in kinds for row in event.rows)
        found = {self._source.key(row): (event, row) for event, row in about}
        return {key: last for key, last in found.items() if _identifies(key)}

    def _look_at(self, outlet: Resource, key: Hashable, event: Event, row: Row, findings: Findings) -> None:
        source, is_late = self._source, event.id in self._news[outlet.name].late
        partition = source.partition_under(next(iter(event.parents), None))
        is_doubtful = event.kind in source.doubtful_events
        if key in self._delivered:
            changed = self._delivered[key]
            # In the second of its deletion, a row may be what it was before that, but not before it was voided.
            is_newer = changed is not None and (changed > event.at or (is_doubtful and changed == event.at))
            if source.lists_are_current or is_newer:
                return
        if (is_doubtful or is_late or key in self._delivered) and not source.lists_are_current:
            try:
                found = self._ask(partition, key)
            except (AccessRefused, BadRequest) as refusal:
                logger.warning("Stream %s: whether %r is gone is not known. %s", source.name, key, refusal)
                return
            if found is not None:
                if is_doubtful:
                    findings.rows.append((partition, found))
                return
        cursor = outlet.progress.cursor(partition.key)
        findings.gone.append(Gone(partition, max(event.at, cursor or event.at), row))


class SweepDeletions(Deletions):
    """By the ids of the list: those that a complete reading met and a later one does not.

    A list that each sync reads in full shows them by itself; any other one is read once more every few days. What such
    a sweep does not meet is asked for by a request of its own, where the API has one.
    """

    def __init__(self, source: Resource, outlets: Sequence[Resource]) -> None:
        super().__init__(source, outlets)
        self._policy = source.account.deletions
        self._window = source.account.window
        self._began = int(time.time())
        self._met = KeySet()
        self._latest: int | None = None
        self._is_complete: dict[Any, bool] = {}
        self._is_proven = True
        self._partition: Partition | None = None
        self._known: dict[str, KeySet | None] = {}

    @override
    def open(self) -> None:
        for outlet in self.outlets:
            self._known[outlet.name] = self._restore(outlet)

    @override
    def watch(self, reader: ListReader, partition: Partition, *, is_first: bool) -> None:
        self._partition = partition
        if all(_has_given_up(outlet) for outlet in self.outlets):
            return

        def begin(from_the_top: bool, reads_all: bool) -> None:
            self._is_complete[partition.key] = from_the_top and (is_first or reads_all)
            self._is_proven = self._is_proven and reads_all

        reader.on_begin, reader.on_rows = begin, self._meet

    @override
    def note(self, rows: Sequence[Row]) -> None:
        timestamps = [at for at in map(self._source.timestamp, rows) if at is not None and at <= self._highest]
        if timestamps:
            self._latest = max(*timestamps, self._latest or 0)

    @property
    def _highest(self) -> int:
        """Rows that are dated further ahead (seconds since 1970, UTC) do not count."""
        return self._began + SECONDS_PER_DAY

    def _meet(self, rows: Sequence[Row]) -> None:
        source, start = self._source, self._window.start
        if start is not None:
            rows = [row for row in rows if (at := source.timestamp(row)) is None or at >= start]
        self._met.update(map(source.key, filter(source.is_wanted, rows)))

    @override
    def find(self) -> None:
        due = [outlet for outlet in self.outlets if self._is_due(outlet)]
        has_all = len(self._is_complete) == 1 and all(self._is_complete.values())
        if has_all and (self._is_proven or self._policy.sweep_days):
            tellers = [outlet for outlet in self.outlets if not _has_given_up(outlet)]
        else:
            tellers, self._is_proven = due, False
        verdicts: dict[Hashable, bool] = {}
        try:
            if tellers and not has_all:
                self._sweep()
            findings = {outlet.name: self._compare(outlet, verdicts) for outlet in tellers}
        except Failure as failure:
            logger.warning("Stream %s: what is gone is told by a later sync. %s", self._source.name, failure.sentence)
            return
        self._findings.update(findings)

    def _is_due(self, outlet: Resource) -> bool:
        if not self._policy.sweep_days or _has_given_up(outlet):
            return False
        swept_at = outlet.progress.memory.get(KNOWN_IDS, {}).get(SWEPT_AT)
        return self._known[outlet.name] is None or self._began - swept_at >= self._policy.sweep_days * SECONDS_PER_DAY

    def _sweep(self) -> None:
        """Read the list for its ids.

        :raises Failure: when it cannot be read to its end
        """
        self._met = KeySet()
        logger.info("Stream %s: the whole list is read once more, to find out what is gone.", self._source.name)
        for batch in self._source.reader(self._partition or Partition()).batches(self._window.start):
            self._meet(batch.rows)

    def _compare(self, outlet: Resource, verdicts: dict[Hashable, bool]) -> Findings:
        known, met = self._known[outlet.name], self._met
        gone: list[Hashable] = []
        kept: list[Hashable] = []
        missing = known.without(met) if known is not None else []
        if known is not None and len(missing) > max(MOST_GONE, LARGEST_PART_GONE * len(known)):
            logger.warning(
                "Stream %s: %d of %d known rows are missing from the list. That is more than can be believed, so none "
                "is told to be gone. Check what the account may read; if they were deleted, clear the stream's data.",
                outlet.name,
                len(missing),
                len(known),
            )
            kept = missing
        else:
            for key in missing:
                if key not in verdicts:
                    verdicts[key] = self._is_proven or self._is_confirmed(key)
                (gone if verdicts[key] else kept).append(key)
        partition, cursor = self._partition or Partition(), outlet.progress.cursor(None)
        earlier = outlet.progress.memory.get(KNOWN_IDS, {}).get(LATEST)
        latest = max((at for at in (self._latest, earlier) if at is not None), default=None)
        at = max(each for each in (self._began, cursor, latest) if each is not None)
        met.update(kept)
        return Findings(
            gone=[Gone(partition, at, self._source.row_with(key)) for key in gone],
            memory={KNOWN_IDS: self._memory(outlet, met, latest)},
        )

    def _is_confirmed(self, key: Hashable) -> bool:
        """Whether a row that the list does not show is not there either."""
        try:
            return self._ask(self._partition or Partition(), key) is None
        except (AccessRefused, BadRequest):
            return False

    def _memory(self, outlet: Resource, met: KeySet, latest: int | None) -> dict[str, Any]:
        memory: dict[str, Any] = {SWEPT_AT: self._began, IDS: met.stored()}
        if sum(map(len, memory[IDS].values())) > LARGEST_SET:
            logger.warning(
                "Stream %s: the ids of its rows are too many to be kept, so what is deleted is not told from now on.",
                outlet.name,
            )
            return {SWEPT_AT: self._began}
        if latest is not None:
            memory[LATEST] = latest
        return memory | ({} if self._window.start is None else {START: self._window.start})

    def _restore(self, outlet: Resource) -> KeySet | None:
        memory = outlet.progress.memory.get(KNOWN_IDS)
        if memory is None:
            return None
        try:
            if not isinstance(memory, Mapping) or not isinstance(memory.get(SWEPT_AT), int):
                raise ValueError("it does not say of when they are")
            if not isinstance(memory.get(LATEST, 0), int) or not isinstance(memory.get(START, 0), int):
                raise ValueError("a time is no number")
            keys = KeySet.restore(memory.get(IDS, {}))
        except ValueError as error:
            raise outlet.progress.invalid(f"{KNOWN_IDS!r} cannot be read ({error})") from None
        # Ids of rows that a later start leaves out would seem to be gone.
        earlier, start = memory.get(START), self._window.start
        is_narrower = start is not None and (earlier is None or start > earlier)
        return None if is_narrower else keys


def deletions_of(source: Resource, outlets: Sequence[Resource]) -> Deletions | None:
    """What tells of the rows of a list that are gone; ``None`` where no stream is to."""
    tellers = [outlet for outlet in outlets if outlet.tells_deletions]
    for outlet in outlets:
        if outlet not in tellers:
            outlet.progress.forget_deletions()
    if not tellers:
        return None
    return (EventDeletions if source.event_kinds else SweepDeletions)(source, tellers)


def _has_given_up(outlet: Resource) -> bool:
    """Whether there were too many ids to be kept."""
    return IDS not in outlet.progress.memory.get(KNOWN_IDS, {IDS: None})


def _identifies(key: Hashable) -> bool:
    return all(map(is_identity, key)) if isinstance(key, tuple) else is_identity(key)


def _copy(row: Row) -> Row:
    """A row that may become a record, though others are made of it."""
    return {name: _copied(value) for name, value in row.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return _copy(value)
    return [_copied(each) for each in value] if isinstance(value, list) else value
