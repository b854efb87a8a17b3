"""Lists per parent, where events say which of them have changed."""

from __future__ import annotations

import time
from abc import ABC
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar

from airbyte_cdk.models import SyncMode
from typing_extensions import override

from source_invoicing.http import logger
from source_invoicing.streams.child import ChildStream
from source_invoicing.streams.events import NewEvents
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.state import EVENTS_UNTIL, FINISHED, ParentState, ascending
from source_invoicing.streams.stream import Given
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

# A stored name; never change it.
FULL_READING = "full_reading"


class ChangesState(ParentState):
    """``{"events_until": seconds, ..., "full_reading": seconds}``: all that changed by the events up to that time has
    been emitted.

    While the lists of all parents are read, the state also has the id of a parent, as in :class:`ParentState`. It says
    that they are read only once the first one is done: a sync that fails before has read none. The events that a sync
    has read are stored at its end, once all records have been emitted.
    """

    def __init__(self, stream: str, field: str) -> None:
        super().__init__(stream, field)
        self._first_memory: Mapping[str, Any] = {}
        self._final_memory: Mapping[str, Any] = {}
        self._reads_all = True

    def begin(
        self, final_memory: Mapping[str, Any], *, reads_all: bool, first_memory: Mapping[str, Any] | None = None
    ) -> None:
        """
        :param final_memory: what the state remembers at the end
        :param reads_all: whether the lists of all parents are read
        :param first_memory: what it remembers once the first of them is done
        """
        self._first_memory, self._final_memory, self._reads_all = first_memory or {}, final_memory, reads_all

    @property
    @override
    def reads_all_changes(self) -> bool:
        return bool(self._final_memory)

    @override
    def remember(self, memory: Mapping[str, Any]) -> None:
        """Nothing: the memory is stored at the end."""

    @override
    def forget_deletions(self) -> None:
        """Nothing: the same events are needed to find changes."""

    @override
    def is_done(self, key: Any) -> bool:
        return self._reads_all and super().is_done(key)

    @override
    def partition_done(self, key: Any) -> None:
        if self._reads_all:
            super().partition_done(key)

    @override
    def finish(self) -> None:
        super().finish()
        self.memory = {**self.memory, **self._first_memory, **self._final_memory}

    @override
    def value(self) -> dict[str, Any]:
        with self.lock:
            state = super().value()
            memory = {**self.memory, **(self._first_memory if state else {})}
            return {**({} if state == FINISHED else state), **memory} if memory else state

    @override
    def restore(self, state: Mapping[str, Any]) -> None:
        self.begin({}, reads_all=True)
        rest = self.restore_memory(state)
        if FULL_READING in rest:
            self.memory[FULL_READING] = rest.pop(FULL_READING)
            if type(self.memory[FULL_READING]) is not int:
                raise self.invalid(f"{FULL_READING!r} should be Unix seconds, found {self.memory[FULL_READING]!r}")
        super().restore(rest)


class ChangedChildren(ChildStream, ABC):
    """A list per parent. The first sync reads all lists, and so does another one every few days. Other syncs read the
    events since the last sync, and only the lists of the parents that these name.

    All rows of such a list are emitted: an event says which list has changed, not which of its rows.
    """

    cursor_field: ClassVar[str | list[str]] = "updated_at"
    selects_by_time = False
    lists_are_current = True
    #: Kinds of events that say that a parent's list has changed.
    change_events: ClassVar[tuple[str, ...]] = ()

    progress: ChangesState

    @override
    def make_state(self) -> ChangesState:
        return ChangesState(self.name, self.parent_field)

    @property
    @override
    def event_kinds(self) -> Collection[str]:
        return {*self.change_events, *self.deletion_kinds}

    @property
    @override
    def needs_events(self) -> bool:
        return not self.is_full_refresh and self.account.events is not None

    @property
    def awaits_events(self) -> bool:
        """Whether to wait for another reading of the events, which may save this stream from reading them."""
        return self.needs_events and EVENTS_UNTIL not in self.progress.memory

    @override
    def _begin(self, sync_mode: SyncMode, stream_state: Given) -> None:
        super()._begin(sync_mode, stream_state)
        if self.needs_events and self.account.events is not None:
            # Slices are asked for without a reading, which would register the stream.
            self.account.events.expect(self.event_kinds, self.deletion_kinds, self.progress.memory)

    @override
    def partitions(self) -> Iterable[Partition]:
        changed = self._changed_parents()
        return super().partitions() if changed is None else map(self.partition_for, changed)

    @override
    def partition_of_parent(self, parent: Any) -> Partition:
        return Partition() if parent is None else self.partition_for(parent)

    def _changed_parents(self) -> list[Any] | None:
        """The ids of the parents whose lists have changed, ascending; ``None``: that is not known, so all are read.

        :raises Failure: if the state is wrong
        """
        progress, feed, now = self.progress, self.account.events, int(time.time())
        news = feed.news(self.event_kinds, progress) if feed is not None and self.needs_events else None
        if self.is_full_refresh:
            progress.memory = {}
        if news is None or progress.done_up_to is not None:
            # Lists that an earlier run has read may have changed since; the next sync finds that out.
            progress.begin({}, reads_all=True)
        elif reason := self._reason_to_read_all(news, now):
            logger.info("Stream %s: the lists of all parents are read, as %s.", self.name, reason)
            lacks_events = news.has_gap or EVENTS_UNTIL not in progress.memory
            first_memory = {**(news.memory() if lacks_events else {}), FULL_READING: now}
            progress.begin(news.memory(), reads_all=True, first_memory=first_memory)
        else:
            progress.begin(news.memory(), reads_all=False)
            return sorted({parent for event in news.events for parent in event.parents}, key=ascending)
        return None

    def _reason_to_read_all(self, news: NewEvents, now: int) -> str:
        """Why the lists of all parents have to be read; empty if they need not be."""
        memory, days = self.progress.memory, self.account.children_refresh_days
        if not {EVENTS_UNTIL, FULL_READING} <= memory.keys():
            return "this is the first sync that knows the events of the account"
        if news.has_gap:
            return "the account does not list all events since the last sync"
        if any(not event.parents and event.kind not in self.deletion_events for event in news.events):
            return "an event does not say which one has changed"
        if not 0 <= now - memory[FULL_READING] < days * SECONDS_PER_DAY:
            return f"that is to be done every {days} days" if days else "that is to be done each time"
        return ""
