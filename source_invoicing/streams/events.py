"""What a vendor reports of the changes in an account: a list of events, read once for all streams that need it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from source_invoicing.http import Failure, logger
from source_invoicing.streams.known_keys import KeySet
from source_invoicing.streams.listing import ListReader
from source_invoicing.streams.page import Listing, PageRequest, Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.state import StreamState

# Stored names; never change them.
EVENTS_UNTIL = "events_until"
EVENTS_SEEN = "events_seen"
# An event may be listed after later ones (seconds): so far back a sync looks again, and knows by their ids which events
# are new.
OVERLAP = 3600
# Of a list that is read from its beginning, so many events are kept before older ones are dropped.
MAX_NOTED = 5000


@dataclass(frozen=True)
class Event:
    """Something that happened to a record.

    :param kind: what happened, in the vendor's words
    :param at: when it happened (seconds since 1970, UTC)
    :param rows: the record; of several ones that the event names, those it may be about. As a row of the record's list,
        or its key alone
    :param parents: the ids of the records whose lists it may have changed
    """

    id: int
    kind: str
    at: int
    rows: tuple[Row, ...]
    parents: tuple[Any, ...] = ()


@dataclass(frozen=True)
class News:
    """What is new for a stream.

    :param events: in the order in which they happened
    :param until: up to when an earlier sync has read events (seconds since 1970, UTC): those before come late
    :param has_gap: whether events may be missing: the vendor does not list those any more that an earlier sync has met
    :param known: all events that matter to it, of those that were read
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
        """What the state keeps once all of that is out.

        :param unsettled: what has to be new to the next sync, too
        """
        reached = min([self.reached, *(event.at + OVERLAP for event in unsettled)])
        seen = {event.id for event in self.known if event.at >= reached - OVERLAP}
        seen = (seen | ({self.newest} if self.newest else set())) - {event.id for event in unsettled}
        return {EVENTS_UNTIL: reached, **({EVENTS_SEEN: KeySet(seen).stored()} if seen else {})}


class EventList(Protocol):
    """The stream of the events, whose cursor is the time at which they happened."""

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
        self._is_expected = False
        self._wanted_since: list[int] = []
        self._noted: list[Event] = []
        self._events: list[Event] | None = None
        self._has_failed = False
        self._first: int | None = None
        self._newest = (0, 0)

    def expect(self, memory: Mapping[str, Any]) -> None:
        """Say where a stream stands. To be called before any stream asks for news.

        :param memory: of the stream
        """
        self._is_expected = True
        if EVENTS_UNTIL in memory:
            self._wanted_since.append(int(memory[EVENTS_UNTIL]) - OVERLAP)

    def news(self, kinds: Collection[str], state: StreamState) -> News | None:
        """The events that a stream does not know; ``None`` where they cannot be read. None are new to a stream that was
        never read.

        :param kinds: those that matter to it
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
        return News(
            events=new,
            until=until or 0,
            has_gap=bool(seen) and until is not None and (self._first is None or self._first > until),
            known=known,
            reached=max(at, until or 0),
            newest=newest,
        )

    def note(self, rows: Iterable[Row], stream: EventList) -> None:
        """Rows of the list, which a sync reads from its beginning on. :meth:`deliver` spares reading them again."""
        if not self._is_expected or self._wanted_since:
            return
        with self._lock:
            self._noted += self._parsed(rows, stream)
            if len(self._noted) > MAX_NOTED:
                self._noted = [event for event in self._noted if event.at >= self._newest[0] - OVERLAP]

    def deliver(self) -> None:
        """The list was read to its end. Where no stream needs what happened before, it need not be read again."""
        with self._lock:
            if self._is_expected and not self._wanted_since and self._events is None:
                self._events, self._noted = self._noted, []

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
            # No stream needs what happened before now, but the next sync has to know what this one could see.
            newest = [stream.timestamp(row) for row in stream.listing(Partition()).fetch(PageRequest()).rows]
            since = max((at for at in newest if at is not None), default=0) - OVERLAP
        for batch in stream.reader(Partition()).batches(since):
            yield from self._parsed(batch.rows, stream)

    def _parsed(self, rows: Iterable[Row], stream: EventList) -> Iterator[Event]:
        now = int(time.time())
        for row in rows:
            at, identity = stream.timestamp(row), stream.key(row)
            if at is None or not isinstance(identity, int):
                continue
            self._first = at if self._first is None else min(at, self._first)
            if at <= now:
                self._newest = max(self._newest, (at, identity))
            if (event := self._parse(row)) is not None:
                yield event
