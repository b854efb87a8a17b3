"""Rows that are gone by what a complete reading of their list meets."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from typing_extensions import override

from source_invoicing.http import AccessRefused, BadRequest, Failure, logger
from source_invoicing.streams.deletions import Deletions, Findings, Gone
from source_invoicing.streams.known_keys import KeySet
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
        days = self._policy.sweep_days
        return self._known[outlet.name] is None or not 0 <= self._began - swept_at < days * SECONDS_PER_DAY

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


def _has_given_up(outlet: Resource) -> bool:
    """Whether there were too many ids to be kept."""
    return IDS not in outlet.progress.memory.get(KNOWN_IDS, {IDS: None})
