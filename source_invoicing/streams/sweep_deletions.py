"""Deletions found by a complete reading of the list: known rows that it does not return."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from typing_extensions import override

from source_invoicing.http import Failure, logger
from source_invoicing.streams.deletions import Deletions, Findings
from source_invoicing.streams.known_keys import GrowingKeySet, KeySet, StoredKeys
from source_invoicing.streams.listing import ListReader
from source_invoicing.streams.page import Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.state import KNOWN_IDS
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

# Stored names; never change them.
IDS, SWEPT_AT, LATEST, START = "ids", "swept_at", "latest", "start_date"
# The most that a state may hold of a stream's ids (bytes).
LARGEST_SET = 1_000_000
# If more rows are missing at once than this number and this share of them, the list is taken to be wrong.
MAX_GONE = 50
LARGEST_PART_GONE = 0.02


@dataclass(frozen=True)
class KnownIds:
    """The ids of a stream's rows, from its state. All times are seconds since 1970 (UTC).

    :param keys: ids of the last complete reading, and of the rows emitted since
    :param swept_at: when they were last compared with the list
    :param latest: the latest change among the rows that were emitted
    """

    keys: KeySet
    swept_at: int | None
    latest: int | None

    @classmethod
    def of(cls, outlet: Resource, start: int | None) -> KnownIds | None:
        """The ids that an earlier sync has stored; ``None`` if there were too many for that.

        :param start: rows last changed before this time are not read
        :raises Failure: when this version cannot have written them
        """
        memory = outlet.progress.memory.get(KNOWN_IDS, {IDS: {}})
        try:
            if not isinstance(memory, Mapping) or not {SWEPT_AT, IDS} & set(memory):
                raise ValueError("it does not say of when they are")
            if not all(isinstance(memory.get(name, 0), int) for name in (SWEPT_AT, LATEST, START)):
                raise ValueError("a time is no number")
            keys = KeySet.restore(memory.get(IDS, {}))
        except ValueError as error:
            raise outlet.progress.invalid(f"{KNOWN_IDS!r} cannot be read ({error})") from None
        if IDS not in memory:
            return None
        earlier, latest = memory.get(START), memory.get(LATEST)
        if start is not None and (earlier is None or start > earlier):
            # Rows that the new start date excludes would seem to be deleted.
            return cls(KeySet(), None, latest)
        return cls(keys, memory.get(SWEPT_AT), latest)

    @cached_property
    def stored(self) -> StoredKeys:
        """The ids in the form of the state."""
        return self.keys.stored()


class SweepDeletions(Deletions):
    """Finds deletions by ids: a known row is missing from a complete reading of the list.

    A list that each sync reads in full needs no more than that. Any other list is read once more every few days, in a
    *sweep*. A row missing from a sweep is then requested by its id, where the API allows that.

    The ids of emitted rows are stored with each state, so that a sync that is interrupted or does not search does not
    lose them.
    """

    def __init__(self, source: Resource, outlets: Sequence[Resource]) -> None:
        super().__init__(source, outlets)
        self._policy = source.account.deletions
        self._window = source.account.window
        self._began = int(time.time())
        # The ids in the list.
        self._seen = KeySet()
        self._lock = threading.Lock()
        self._emitted = GrowingKeySet()
        self._keeps_emitted = bool(self._policy.sweep_days)
        self._latest: int | None = None
        self._is_first = False
        # Whether this reading of the list returned all its rows.
        self._has_seen_all = False
        # Whether a row that is missing from the list is gone, so that it need not be requested by its id.
        self._trusts_list = True
        self._partition = Partition()
        # Only of streams whose ids fit into a state.
        self._known: dict[Resource, KnownIds] = {}

    @override
    def open(self) -> None:
        known = {outlet: KnownIds.of(outlet, self._window.start) for outlet in self.outlets}
        self._known = {outlet: each for outlet, each in known.items() if each is not None}
        self._keeps_emitted = self._keeps_emitted and bool(self._known)

    @override
    def watch(self, reader: ListReader, partition: Partition, *, is_first: bool) -> None:
        self._partition = partition
        self._is_first = is_first
        if not self._known:
            return

        def begin(from_the_top: bool, reads_all: bool) -> None:
            self._has_seen_all = from_the_top and (self._is_first or reads_all)
            self._trusts_list = self._trusts_list and reads_all
            self._keeps_emitted = self._keeps_emitted or reads_all

        reader.on_begin, reader.on_rows = begin, self._record_seen

    @override
    def note(self, rows: Sequence[Row]) -> None:
        # Rows dated further ahead are ignored.
        highest = self._began + SECONDS_PER_DAY
        timestamps = [at for at in map(self._source.timestamp, rows) if at is not None and at <= highest]
        if timestamps:
            self._latest = max(*timestamps, self._latest or 0)
        if self._keeps_emitted and (keys := self._keys_of(rows)):
            with self._lock:
                self._emitted.update(keys)
                emitted = self._emitted.stored()
                for outlet, known in self._known.items():
                    ids = [known.stored, *emitted]
                    if _fits(ids):
                        outlet.progress.remember_with_next_state(
                            {KNOWN_IDS: {**self._times(known, known.swept_at), IDS: ids}}
                        )

    def _record_seen(self, rows: Sequence[Row]) -> None:
        self._seen.update(self._keys_of(rows))

    def _keys_of(self, rows: Sequence[Row]) -> list[Hashable]:
        source, start = self._source, self._window.start
        if start is not None:
            rows = [row for row in rows if (at := source.timestamp(row)) is None or at >= start]
        return [source.key(row) for row in rows if source.is_wanted(row)]

    @override
    def find(self) -> None:
        if self._has_seen_all and (self._trusts_list or self._policy.sweep_days):
            outlets = list(self._known)
        else:
            outlets = [outlet for outlet, known in self._known.items() if self._is_due(known)]
            self._trusts_list = False
        is_gone: dict[Hashable, bool] = {}
        try:
            if outlets and not self._has_seen_all:
                self._sweep()
            findings = {outlet: self._compare(outlet, is_gone) for outlet in outlets}
        except Failure as failure:
            findings = {}
            logger.warning("Stream %s: deletions are reported by a later sync. %s", self._source.name, failure.sentence)
        for outlet, known in self._known.items() if self._keeps_emitted else ():
            if outlet not in findings:
                memory = self._memory(outlet, self._all_known(known), known.swept_at)
                findings[outlet] = Findings(memory=memory)
        self._findings.update(findings)

    def _is_due(self, known: KnownIds) -> bool:
        days, swept_at = self._policy.sweep_days, known.swept_at
        return days > 0 and (swept_at is None or not 0 <= self._began - swept_at < days * SECONDS_PER_DAY)

    def _all_known(self, known: KnownIds) -> KeySet:
        """The ids of all rows known to have been emitted."""
        return KeySet.union([self._emitted.all(), known.keys])

    def _sweep(self) -> None:
        """Read the list for its ids.

        :raises Failure: when it cannot be read to its end
        """
        self._seen = KeySet()
        logger.info("Stream %s: the whole list is read once more, to find out what is gone.", self._source.name)
        for batch in self._source.reader(self._partition).batches(self._window.start):
            self._record_seen(batch.rows)

    def _compare(self, outlet: Resource, is_gone: dict[Hashable, bool]) -> Findings:
        known, seen = self._all_known(self._known[outlet]), self._seen
        gone: list[Hashable] = []
        kept: list[Hashable] = []
        missing = known.without(seen)
        if len(missing) > max(MAX_GONE, LARGEST_PART_GONE * len(known)):
            logger.warning(
                "Stream %s: %d of %d known rows are missing from the list. That is more than can be believed, so none "
                "is reported as deleted. Check what the account may read; if they were deleted, clear the stream's "
                "data.",
                outlet.name,
                len(missing),
                len(known),
            )
            kept = missing
        else:
            for key in missing:
                if key not in is_gone:
                    is_gone[key] = self._trusts_list or self._is_confirmed_gone(key)
                (gone if is_gone[key] else kept).append(key)
        cursor, latest = outlet.progress.cursor(None), self._latest_of(self._known[outlet])
        at = max(each for each in (self._began, cursor, latest) if each is not None)
        seen.update(kept)
        return Findings(
            tombstones=[self._tombstone(outlet, self._row_with(key), at, self._partition) for key in gone],
            memory=self._memory(outlet, seen, self._began),
        )

    def _row_with(self, key: Hashable) -> Row:
        """A row with a key and nothing else."""
        source, row = self._source, Row()
        names = [source.primary_key] if isinstance(source.primary_key, str) else source.primary_key
        for name, value in zip(names, key if isinstance(key, tuple) else (key,), strict=True):
            source.set_field(row, name, value)
        return row

    def _is_confirmed_gone(self, key: Hashable) -> bool:
        """Whether a row that is missing from the list does not exist when requested by its id."""
        is_known, found = self._ask(self._partition, key)
        return is_known and found is None

    def _latest_of(self, known: KnownIds) -> int | None:
        """The latest change among the rows that were emitted (seconds since 1970, UTC)."""
        return max((at for at in (self._latest, known.latest) if at is not None), default=None)

    def _times(self, known: KnownIds, swept_at: int | None) -> dict[str, int]:
        """The times that are stored with the ids."""
        times = {SWEPT_AT: swept_at, LATEST: self._latest_of(known), START: self._window.start}
        return {name: at for name, at in times.items() if at is not None}

    def _memory(self, outlet: Resource, keys: KeySet, swept_at: int | None) -> dict[str, Any]:
        """What the state remembers once the list was read."""
        ids = keys.stored()
        if _fits([ids]):
            return {KNOWN_IDS: {**self._times(self._known[outlet], swept_at), IDS: ids}}
        logger.warning(
            "Stream %s: the ids of its rows are too many to be kept, so deletions are no longer reported.",
            outlet.name,
        )
        return {KNOWN_IDS: {SWEPT_AT: self._began}}


def _fits(ids: list[StoredKeys]) -> bool:
    """Whether sets of keys fit into a state."""
    return sum(len(text) for each in ids for text in each.values()) <= LARGEST_SET
