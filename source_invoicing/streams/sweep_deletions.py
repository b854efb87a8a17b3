"""Rows that are gone by what a complete reading of their list meets."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from source_invoicing.http import AccessRefused, BadRequest, Failure, logger
from source_invoicing.streams.deletions import Deletions, Findings
from source_invoicing.streams.known_keys import GrowingKeySet, KeySet, StoredKeys
from source_invoicing.streams.listing import ListReader
from source_invoicing.streams.page import Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

# Stored names; never change them.
KNOWN_IDS = "known_ids"
IDS, SWEPT_AT, LATEST, START = "ids", "swept_at", "latest", "start_date"
# What a state may hold of a stream's ids (bytes).
LARGEST_SET = 1_000_000
# If more rows than this, and more than this part of them, are gone at once, it is the list that is wrong.
MAX_GONE = 50
LARGEST_PART_GONE = 0.02


@dataclass(frozen=True)
class KnownIds:
    """What the state of a stream holds of its ids. All times are seconds since 1970 (UTC).

    :param keys: of the last complete reading, and of what came since
    :param stored: the same as it stands in the state
    :param swept_at: when they were last compared with the list
    :param latest: the last change among the rows that were emitted
    """

    keys: KeySet
    stored: StoredKeys
    swept_at: int | None
    latest: int | None

    @classmethod
    def of(cls, outlet: Resource, start: int | None) -> KnownIds | None:
        """Those that an earlier sync has kept; ``None`` if it gave up, since there were too many.

        :param start: rows that were last changed before are not read
        :raises Failure: when this version cannot have written them
        """
        memory = outlet.progress.memory.get(KNOWN_IDS, {IDS: {}})
        try:
            if not isinstance(memory, Mapping) or not {SWEPT_AT, IDS} & set(memory):
                raise ValueError("it does not say of when they are")
            if not all(isinstance(memory.get(name, 0), int) for name in (SWEPT_AT, LATEST, START)):
                raise ValueError("a time is no number")
            # A sync that was cut off has left several sets.
            stored = memory.get(IDS, {})
            keys = KeySet.restore(stored)
        except ValueError as error:
            raise outlet.progress.invalid(f"{KNOWN_IDS!r} cannot be read ({error})") from None
        if IDS not in memory:
            return None
        earlier, latest = memory.get(START), memory.get(LATEST)
        if start is not None and (earlier is None or start > earlier):
            # Ids of rows that a later start leaves out would seem to be gone.
            return cls(KeySet(), {}, None, latest)
        return cls(keys, keys.stored() if isinstance(stored, list) else stored, memory.get(SWEPT_AT), latest)


class SweepDeletions(Deletions):
    """By the ids of the list: those that a complete reading met, or that came since, and a later reading does not meet.

    A list that each sync reads in full shows them by itself; any other one is read once more every few days. What such
    a sweep does not meet is asked for by a request of its own, where the API has one.

    The ids of rows that come stand in the state from then on: a sync that is cut off does not forget what it has
    emitted, nor does one that does not search.
    """

    def __init__(self, source: Resource, outlets: Sequence[Resource]) -> None:
        super().__init__(source, outlets)
        self._policy = source.account.deletions
        self._window = source.account.window
        self._began = int(time.time())
        self._met = KeySet()
        self._lock = threading.Lock()
        self._emitted = GrowingKeySet()
        self._keeps_emitted = bool(self._policy.sweep_days)
        self._latest: int | None = None
        self._is_first: bool | None = None
        self._is_complete = False
        self._is_proven = True
        self._partition = Partition()
        #: Of each stream whose ids a state has room for.
        self._known: dict[Resource, KnownIds] = {}

    @override
    def open(self) -> None:
        known = {outlet: KnownIds.of(outlet, self._window.start) for outlet in self.outlets}
        self._known = {outlet: each for outlet, each in known.items() if each is not None}
        self._keeps_emitted = self._keeps_emitted and bool(self._known)

    @override
    def watch(self, reader: ListReader, partition: Partition, *, is_first: bool) -> None:
        self._partition = partition
        # The first worker of a list that several share has seen the state before any of them moved it.
        self._is_first = is_first if self._is_first is None else self._is_first
        if not self._known:
            return

        def begin(from_the_top: bool, reads_all: bool) -> None:
            self._is_complete = from_the_top and (self._is_first or reads_all)
            self._is_proven = self._is_proven and reads_all
            self._keeps_emitted = self._keeps_emitted or reads_all

        reader.on_begin, reader.on_rows = begin, self._meet

    @override
    def note(self, rows: Sequence[Row]) -> None:
        # Rows that are dated further ahead do not count.
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
                        outlet.progress.keep({KNOWN_IDS: {**self._times(known, known.swept_at), IDS: ids}})

    def _meet(self, rows: Sequence[Row]) -> None:
        self._met.update(self._keys_of(rows))

    def _keys_of(self, rows: Sequence[Row]) -> list[Hashable]:
        source, start = self._source, self._window.start
        if start is not None:
            rows = [row for row in rows if (at := source.timestamp(row)) is None or at >= start]
        return [source.key(row) for row in rows if source.is_wanted(row)]

    @override
    def find(self) -> None:
        if self._is_complete and (self._is_proven or self._policy.sweep_days):
            tellers = list(self._known)
        else:
            tellers = [outlet for outlet, known in self._known.items() if self._is_due(known)]
            self._is_proven = False
        verdicts: dict[Hashable, bool] = {}
        try:
            if tellers and not self._is_complete:
                self._sweep()
            findings = {outlet.name: self._compare(outlet, verdicts) for outlet in tellers}
        except Failure as failure:
            findings = {}
            logger.warning("Stream %s: what is gone is told by a later sync. %s", self._source.name, failure.sentence)
        for outlet, known in self._known.items() if self._keeps_emitted else ():
            if outlet.name not in findings:
                memory = self._memory(outlet, self._all_known(known), known.swept_at)
                findings[outlet.name] = Findings(memory=memory)
        self._findings.update(findings)

    def _is_due(self, known: KnownIds) -> bool:
        days, swept_at = self._policy.sweep_days, known.swept_at
        return days > 0 and (swept_at is None or not 0 <= self._began - swept_at < days * SECONDS_PER_DAY)

    def _all_known(self, known: KnownIds) -> KeySet:
        """The ids of all rows that were emitted, so far as is known."""
        return KeySet.union([self._emitted.all(), known.keys])

    def _sweep(self) -> None:
        """Read the list for its ids.

        :raises Failure: when it cannot be read to its end
        """
        self._met = KeySet()
        logger.info("Stream %s: the whole list is read once more, to find out what is gone.", self._source.name)
        for batch in self._source.reader(self._partition).batches(self._window.start):
            self._meet(batch.rows)

    def _compare(self, outlet: Resource, verdicts: dict[Hashable, bool]) -> Findings:
        known, met = self._all_known(self._known[outlet]), self._met
        gone: list[Hashable] = []
        kept: list[Hashable] = []
        missing = known.without(met)
        if len(missing) > max(MAX_GONE, LARGEST_PART_GONE * len(known)):
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
        cursor, latest = outlet.progress.cursor(None), self._latest_of(self._known[outlet])
        at = max(each for each in (self._began, cursor, latest) if each is not None)
        met.update(kept)
        return Findings(
            tombstones=[outlet.tombstone(self._source.row_with(key), at, self._partition) for key in gone],
            memory=self._memory(outlet, met, self._began),
        )

    def _is_confirmed(self, key: Hashable) -> bool:
        """Whether a row that the list does not show is not there either."""
        try:
            return self._ask(self._partition, key) is None
        except (AccessRefused, BadRequest):
            return False

    def _latest_of(self, known: KnownIds) -> int | None:
        """The last change among the rows that were emitted (seconds since 1970, UTC)."""
        return max((at for at in (self._latest, known.latest) if at is not None), default=None)

    def _times(self, known: KnownIds, swept_at: int | None) -> dict[str, int]:
        """What is kept beside the ids."""
        times = {SWEPT_AT: swept_at, LATEST: self._latest_of(known), START: self._window.start}
        return {name: at for name, at in times.items() if at is not None}

    def _memory(self, outlet: Resource, keys: KeySet, swept_at: int | None) -> dict[str, Any]:
        """What to remember once the list was read."""
        ids = keys.stored()
        if _fits([ids]):
            return {KNOWN_IDS: {**self._times(self._known[outlet], swept_at), IDS: ids}}
        logger.warning(
            "Stream %s: the ids of its rows are too many to be kept, so what is deleted is not told from now on.",
            outlet.name,
        )
        return {KNOWN_IDS: {SWEPT_AT: self._began}}


def _fits(ids: list[StoredKeys]) -> bool:
    """Whether a state has room for sets of keys."""
    return sum(len(text) for each in ids for text in each.values()) <= LARGEST_SET
