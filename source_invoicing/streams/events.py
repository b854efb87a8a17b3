"""The events of an account, where the vendor lists them: read once for all streams that need them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from source_invoicing.http import Failure, logger
from source_invoicing.streams.known_keys import KeySet
from source_invoicing.streams.listing import ListReader
from source_invoicing.streams.page import Listing, PageRequest, Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.state import EVENTS_SEEN, EVENTS_UNTIL, StreamState

# An event may appear in the list after later ones. So each sync reads this many seconds again, and knows new events by
# their ids.
OVERLAP = 3600
# While the list is read from its beginning, this many events are kept before older ones are dropped.
MAX_COLLECTED = 5000


@dataclass(frozen=True)
class Event:
    """Something that happened to a record.

    :param kind: what happened, in the vendor's words
    :param at: when it happened (seconds since 1970, UTC)
    :param rows: the record as a row of its list, or its key alone; several, if the event may be about any of them. Kept
        only where it may be gone
    :param parents: the ids of the records whose lists may have changed
    """

    id: int
    kind: str
    at: int
    rows: tuple[Row, ...]
    parents: tuple[Any, ...] = ()


@dataclass(frozen=True)
class NewEvents:
    """The events that are new for a stream.

    :param events: in the order in which they happened
    :param until: up to when an earlier sync has read events (seconds since 1970, UTC); older ones were listed late
    :param has_gap: whether events may be missing: the vendor no longer lists those that an earlier sync has seen
    :param known: all events that were read and matter to the stream
    :param reached: up to when events were read (seconds since 1970, UTC)
    :param newest: the id of the last event
    """

    events: list[Event]
    until: int
    has_gap: bool
    known: list[Event]
    reached: int
    newest: int

    def memory(self, unsettled: Collection[Event] = ()) -> dict[str, Any]:
        """What the state remembers once all of these have been handled.

        :param unsettled: events that the next sync has to handle again
        """
        reached = min([self.reached, *(event.at + OVERLAP for event in unsettled)])
        seen = {event.id for event in self.known if event.at >= reached - OVERLAP}
        seen = (seen | ({self.newest} if self.newest else set())) - {event.id for event in unsettled}
        return {EVENTS_UNTIL: reached, **({EVENTS_SEEN: KeySet(seen).stored()} if seen else {})}


class EventList(Protocol):
    """The stream of the events. Its cursor is the time at which they happened."""

    def key(self, row: Row) -> Hashable:
        """What identifies an event."""

    def timestamp(self, row: Row) -> int | None:
        """When it happened (seconds since 1970, UTC)."""

    def listing(self, partition: Partition) -> Listing:
        """The list of a partition, page by page."""

    def reader(self, partition: Partition) -> ListReader:
        """The reader of that list."""


class EventFeed:
    """The events of an account. Safe to use from several threads.

    :param stream: makes the stream of the events
    :param parse: makes an event of a row; ``None`` for one that matters to no stream
    """

    def __init__(self, stream: Callable[[], EventList], parse: Callable[[Row], Event | None]) -> None:
        self._stream = stream
        self._parse = parse
        self._lock = threading.Lock()
        self._kinds: set[str] = set()
        self._deletion_kinds: set[str] = set()
        self._wanted_since: list[int] = []
        self._collected: list[Event] = []
        self._events: list[Event] | None = None
        self._has_failed = False
        self._oldest: int | None = None
        self._newest = (0, 0)

    def expect(self, kinds: Collection[str], deletion_kinds: Collection[str], memory: Mapping[str, Any]) -> None:
        """Register a stream, before it asks for news.

        :param kinds: the kinds that matter to the stream
        :param deletion_kinds: those of which it needs the rows
        :param memory: what the stream's state remembers
        """
        self._kinds.update(kinds)
        self._deletion_kinds.update(deletion_kinds)
        # Events that were read for other streams alone do not suffice.
        self._events = None
        if EVENTS_UNTIL in memory:
            self._wanted_since.append(int(memory[EVENTS_UNTIL]) - OVERLAP)

    def news(self, kinds: Collection[str], state: StreamState) -> NewEvents | None:
        """The events that are new for a stream; ``None`` if they cannot be read. For a stream that was never read, no
        event is new.

        :param kinds: the kinds that matter to the stream
        :raises Failure: if this version cannot have written its state
        """
        events = self._read()
        if events is None:
            return None
        until = state.memory.get(EVENTS_UNTIL)
        try:
            seen = set(KeySet.restore(state.memory.get(EVENTS_SEEN, {})))
        except ValueError as error:
            raise state.invalid(f"what it keeps of events cannot be read ({error})") from None
        known = [event for event in events if event.kind in kinds or event.id in seen]
        new = [event for event in known if event.id not in seen and until is not None and event.at >= until - OVERLAP]
        at, newest = self._newest
        return NewEvents(
            events=new,
            until=until or 0,
            has_gap=bool(seen) and until is not None and (self._oldest is None or self._oldest > until),
            known=known,
            reached=max(at, until or 0),
            newest=newest,
        )

    def collect(self, rows: Iterable[Row], stream: EventList) -> None:
        """Collect the events in rows of the list, which a sync reads from its beginning. See :meth:`publish`."""
        if not self._kinds or self._wanted_since:
            return
        with self._lock:
            self._collected += self._parsed(rows, stream)
            if len(self._collected) > MAX_COLLECTED:
                self._collected = [event for event in self._collected if event.at >= self._newest[0] - OVERLAP]

    def publish(self) -> None:
        """Use the collected events, now that the list was read to its end. It need not be read again, unless a stream
        needs older events, or the start date excludes some that the next sync reads."""
        with self._lock:
            is_enough = self._oldest is not None and self._oldest <= self._newest[0] - OVERLAP
            if self._kinds and is_enough and not self._wanted_since and self._events is None:
                self._events, self._collected = self._collected, []

    def _read(self) -> list[Event] | None:
        with self._lock:
            if self._events is None and not self._has_failed:
                try:
                    self._events = sorted(self._read_since(), key=lambda event: (event.at, event.id))
                except Failure as failure:
                    self._has_failed = True
                    logger.warning(
                        "The events of the account cannot be read, so this sync does not know what they say of deleted "
                        "and changed records. %s",
                        failure.sentence,
                    )
            return self._events

    def _read_since(self) -> Iterator[Event]:
        stream = self._stream()
        since = min(self._wanted_since, default=None)
        if since is None:
            # No stream needs older events, but the next sync has to know which ones this sync could see.
            first_page = [stream.timestamp(row) for row in stream.listing(Partition()).fetch(PageRequest()).rows]
            since = max((at for at in first_page if at is not None), default=0) - OVERLAP
        for batch in stream.reader(Partition()).batches(max(since, 0)):
            yield from self._parsed(batch.rows, stream)

    def _parsed(self, rows: Iterable[Row], stream: EventList) -> Iterator[Event]:
        now = int(time.time())
        for row in rows:
            at, identity = stream.timestamp(row), stream.key(row)
            if at is None or not isinstance(identity, int):
                continue
            self._oldest = at if self._oldest is None else min(at, self._oldest)
            if at <= now:
                self._newest = max(self._newest, (at, identity))
            if (event := self._parse(row)) is not None and event.kind in self._kinds:
                yield event if event.kind in self._deletion_kinds else replace(event, rows=())
