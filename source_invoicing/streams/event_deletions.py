"""Deletions found by the events of the account."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence

from typing_extensions import override

from source_invoicing.http import logger
from source_invoicing.streams.deletions import Deletions, Findings
from source_invoicing.streams.events import Event, NewEvents
from source_invoicing.streams.page import Row, is_identity
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.state import EVENTS_UNTIL
from source_invoicing.streams.timestamps import SECONDS_PER_DAY, complete_until

# If a record cannot be requested now, later syncs request it again for this long (seconds).
RETRIED_FOR = 7 * SECONDS_PER_DAY


class EventDeletions(Deletions):
    """Finds deletions by events. An event that says that a record was deleted is believed. After an event that may mean
    something else, or that is listed late, the record is read again.

    The only outlet is the source: parts emit no deletions.
    """

    def __init__(self, source: Resource, outlets: Sequence[Resource]) -> None:
        super().__init__(source, outlets)
        self._news: NewEvents | None = None
        # The last event about each record that may be gone, and what the event contains of the record.
        self._last_events: dict[Hashable, tuple[Event, Row]] = {}
        # When those of these records that the list returned were last changed.
        self._emitted: dict[Hashable, int | None] = {}

    @override
    def open(self) -> None:
        source, feed = self._source, self._source.account.events
        news = None if feed is None else feed.news(source.event_kinds, source.progress)
        if news is None:
            if feed is not None and EVENTS_UNTIL not in source.progress.memory:
                # The next sync that can read events has to know what was deleted since this one began.
                source.progress.remember_with_next_state({EVENTS_UNTIL: complete_until(int(time.time()))})
            return
        if news.has_gap:
            logger.warning(
                "Stream %s: the account does not list all events since the last sync. Deletions in between are not "
                "reported; clear the stream's data to remove those rows.",
                source.name,
            )
        if EVENTS_UNTIL not in source.progress.memory:
            # Even if this sync is interrupted, the next one has to know what was deleted since this one began.
            source.progress.remember_with_next_state(news.memory())
        self._news, self._last_events = news, self._last_of_each(news)

    @override
    def note(self, rows: Sequence[Row]) -> None:
        if self._last_events:
            self._emitted.update(
                (key, self._source.timestamp(row))
                for row in rows
                if (key := self._source.key(row)) in self._last_events
            )

    @override
    def find(self) -> None:
        if self._news is None or not self._source.progress.reads_all_changes:
            return
        findings = Findings()
        unsettled = [
            event
            for key, (event, row) in self._last_events.items()
            if not self._decide(key, event, row, findings) and event.at > time.time() - RETRIED_FOR
        ]
        findings.memory = self._news.memory(unsettled)
        self._findings[self._source] = findings

    def _last_of_each(self, news: NewEvents) -> dict[Hashable, tuple[Event, Row]]:
        """The last event about each record that may be gone, and what the event contains of the record."""
        kinds = self._source.deletion_kinds
        about = ((event, row) for event in news.events if event.kind in kinds for row in event.rows)
        keys = ((self._source.key(row), event, row) for event, row in about)
        return {key: (event, row) for key, event, row in keys if _is_complete_key(key)}

    def _decide(self, key: Hashable, event: Event, row: Row, findings: Findings) -> bool:
        """Decide whether the record of an event is gone, and add what that leads to.

        :return: whether that could be decided
        :raises Failure: if nothing can be requested now
        """
        source, is_late = self._source, self._news is not None and event.at < self._news.until
        partition = source.partition_of_parent(next(iter(event.parents), None))
        is_ambiguous = event.kind in source.possible_deletion_events
        if key in self._emitted:
            changed = self._emitted[key]
            # A row changed in the very second of the event may be older than a deletion, but not older than a voiding.
            is_newer = changed is not None and (changed > event.at or (is_ambiguous and changed == event.at))
            if source.lists_are_current or is_newer:
                return True
        if (is_ambiguous or is_late or key in self._emitted) and not source.lists_are_current:
            is_known, found = self._ask(partition, key)
            if not is_known or found is not None:
                if found is not None and is_ambiguous:
                    self.rows.append((partition, found))
                return is_known
        # Which of several lists has emitted the record is not known.
        cursors = [source.progress.cursor(name) for name in source.lists or (partition.key,)]
        at = max(each for each in (event.at, *cursors) if each is not None)
        findings.tombstones.append(self._tombstone(source, row, at, partition))
        return True


def _is_complete_key(key: Hashable) -> bool:
    return all(map(is_identity, key)) if isinstance(key, tuple) else is_identity(key)
