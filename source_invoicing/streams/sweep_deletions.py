"""Rows that are gone by what a complete reading of their list meets."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from typing_extensions import override

from source_invoicing.http import AccessRefused, BadRequest, Failure, logger
from source_invoicing.streams.deletions import Deletions, Findings, Gone
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
MOST_GONE = 50
LARGEST_PART_GONE = 0.02


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
        self._is_complete: dict[Any, bool] = {}
        self._is_proven = True
        self._partition: Partition | None = None
        self._known: dict[str, KeySet | None] = {}
        self._before: dict[str, Mapping[str, Any]] = {}

    @override
    def open(self) -> None:
        for outlet in self.outlets:
            known, memory = self._restore(outlet), outlet.progress.memory.get(KNOWN_IDS, {})
            self._known[outlet.name] = known
            # A sync that was cut off has left several sets.
            ids = {} if known is None else memory.get(IDS, {})
            self._before[outlet.name] = {
                **memory,
                IDS: [KeySet.restore(ids).stored() if isinstance(ids, list) else ids],
            }
        self._keeps_emitted = self._keeps_emitted and not all(map(_has_given_up, self.outlets))

    @override
    def watch(self, reader: ListReader, partition: Partition, *, is_first: bool) -> None:
        self._partition = partition
        if all(map(_has_given_up, self.outlets)):
            return

        def begin(from_the_top: bool, reads_all: bool) -> None:
            self._is_complete[partition.key] = from_the_top and (is_first or reads_all)
            self._is_proven = self._is_proven and reads_all
            self._keeps_emitted = self._keeps_emitted or reads_all

        reader.on_begin, reader.on_rows = begin, self._meet

    @override
    def note(self, rows: Sequence[Row]) -> None:
        timestamps = [at for at in map(self._source.timestamp, rows) if at is not None and at <= self._highest]
        if timestamps:
            self._latest = max(*timestamps, self._latest or 0)
        if self._keeps_emitted and (keys := self._keys_of(rows)):
            with self._lock:
                self._emitted.update(keys)
                for outlet in self.outlets:
                    self._keep_emitted(outlet)

    def _keep_emitted(self, outlet: Resource) -> None:
        """Have the next state tell which rows have come."""
        ids = [*self._before[outlet.name][IDS], *self._emitted.stored()]
        if not _has_given_up(outlet) and _fits(ids):
            outlet.progress.keep({KNOWN_IDS: {**self._memory(outlet, self._swept_at(outlet)), IDS: ids}})

    @property
    def _highest(self) -> int:
        """Rows that are dated further ahead (seconds since 1970, UTC) do not count."""
        return self._began + SECONDS_PER_DAY

    def _meet(self, rows: Sequence[Row]) -> None:
        self._met.update(self._keys_of(rows))

    def _keys_of(self, rows: Sequence[Row]) -> list[Hashable]:
        source, start = self._source, self._window.start
        if start is not None:
            rows = [row for row in rows if (at := source.timestamp(row)) is None or at >= start]
        return [source.key(row) for row in rows if source.is_wanted(row)]

    @override
    def find(self) -> None:
        able = [outlet for outlet in self.outlets if not _has_given_up(outlet)]
        due = [outlet for outlet in able if self._is_due(outlet)]
        has_all = len(self._is_complete) == 1 and all(self._is_complete.values())
        if has_all and (self._is_proven or self._policy.sweep_days):
            tellers = able
        else:
            tellers, self._is_proven = due, False
        verdicts: dict[Hashable, bool] = {}
        try:
            if tellers and not has_all:
                self._sweep()
            findings = {outlet.name: self._compare(outlet, verdicts) for outlet in tellers}
        except Failure as failure:
            findings = {}
            logger.warning("Stream %s: what is gone is told by a later sync. %s", self._source.name, failure.sentence)
        for outlet in able if self._keeps_emitted else ():
            if outlet.name not in findings:
                findings[outlet.name] = Findings(
                    memory=self._kept(outlet, self._all_known(outlet), self._swept_at(outlet))
                )
        self._findings.update(findings)

    def _is_due(self, outlet: Resource) -> bool:
        if not self._policy.sweep_days:
            return False
        swept_at = self._swept_at(outlet)
        return swept_at is None or not 0 <= self._began - swept_at < self._policy.sweep_days * SECONDS_PER_DAY

    def _swept_at(self, outlet: Resource) -> int | None:
        """When the ids were last compared with the list (seconds since 1970, UTC)."""
        return None if self._known[outlet.name] is None else self._before[outlet.name].get(SWEPT_AT)

    def _all_known(self, outlet: Resource) -> KeySet:
        """The ids of all rows that were emitted, so far as is known."""
        keys = self._emitted.all()
        keys.add_all(self._known[outlet.name] or KeySet())
        return keys

    def _sweep(self) -> None:
        """Read the list for its ids.

        :raises Failure: when it cannot be read to its end
        """
        self._met = KeySet()
        logger.info("Stream %s: the whole list is read once more, to find out what is gone.", self._source.name)
        for batch in self._source.reader(self._partition or Partition()).batches(self._window.start):
            self._meet(batch.rows)

    def _compare(self, outlet: Resource, verdicts: dict[Hashable, bool]) -> Findings:
        known, met = self._all_known(outlet), self._met
        gone: list[Hashable] = []
        kept: list[Hashable] = []
        missing = known.without(met)
        if len(missing) > max(MOST_GONE, LARGEST_PART_GONE * len(known)):
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
        at = max(each for each in (self._began, cursor, self._latest_of(outlet)) if each is not None)
        met.update(kept)
        return Findings(
            gone=[Gone(partition, at, self._source.row_with(key)) for key in gone],
            memory=self._kept(outlet, met, self._began),
        )

    def _is_confirmed(self, key: Hashable) -> bool:
        """Whether a row that the list does not show is not there either."""
        try:
            return self._ask(self._partition or Partition(), key) is None
        except (AccessRefused, BadRequest):
            return False

    def _latest_of(self, outlet: Resource) -> int | None:
        """The last change among the rows that were emitted (seconds since 1970, UTC)."""
        both = self._latest, self._before[outlet.name].get(LATEST)
        return max((at for at in both if at is not None), default=None)

    def _memory(self, outlet: Resource, swept_at: int | None) -> dict[str, Any]:
        """What is kept beside the ids."""
        memory = {SWEPT_AT: swept_at, LATEST: self._latest_of(outlet), START: self._window.start}
        return {name: at for name, at in memory.items() if at is not None}

    def _kept(self, outlet: Resource, keys: KeySet, swept_at: int | None) -> dict[str, Any]:
        """What to remember once the list was read."""
        ids = keys.stored()
        if _fits([ids]):
            return {KNOWN_IDS: {**self._memory(outlet, swept_at), IDS: ids}}
        logger.warning(
            "Stream %s: the ids of its rows are too many to be kept, so what is deleted is not told from now on.",
            outlet.name,
        )
        return {KNOWN_IDS: {SWEPT_AT: self._began}}

    def _restore(self, outlet: Resource) -> KeySet | None:
        memory = outlet.progress.memory.get(KNOWN_IDS)
        if memory is None:
            return None
        try:
            if not isinstance(memory, Mapping) or not {SWEPT_AT, IDS} & set(memory):
                raise ValueError("it does not say of when they are")
            if not all(isinstance(memory.get(name, 0), int) for name in (SWEPT_AT, LATEST, START)):
                raise ValueError("a time is no number")
            keys = KeySet.restore(memory.get(IDS, {}))
        except ValueError as error:
            raise outlet.progress.invalid(f"{KNOWN_IDS!r} cannot be read ({error})") from None
        # Ids of rows that a later start leaves out would seem to be gone.
        earlier, start = memory.get(START), self._window.start
        is_narrower = start is not None and (earlier is None or start > earlier)
        return None if is_narrower else keys


def _fits(ids: list[StoredKeys]) -> bool:
    """Whether a state has room for sets of keys."""
    return sum(len(text) for each in ids for text in each.values()) <= LARGEST_SET


def _has_given_up(outlet: Resource) -> bool:
    """Whether there were too many ids to be kept."""
    return IDS not in outlet.progress.memory.get(KNOWN_IDS, {IDS: None})
