"""The documents of a list whose details will be requested, collected while the list is read."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from typing_extensions import override

from source_invoicing.streams.cursor_state import NOWHERE, Coverage, DocumentState, Place, place_of, rank_of
from source_invoicing.streams.deletions import Deletions
from source_invoicing.streams.detail_resource import DetailResource, Document
from source_invoicing.streams.page import Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.state import StreamState
from source_invoicing.streams.timestamps import LATEST, TimestampFormat

# If a sync has a limit for details, this many more documents are kept before those changed last are dropped.
KEPT_IN_RESERVE = 1000
# A second that was over this many seconds ago when the list was read is complete: no change is committed that late, and
# no clock is that slow. None of its documents has to be requested again.
SETTLED_AFTER = 3600
# Behind the time of any document.
LAST = LATEST + 1


class PendingDocuments:
    """The documents of a partition: the key and the cursor of each.

    :param timestamps: how cursors are written
    :param limit: how many documents to keep, those that :meth:`oldest_first` returns first; ``None``: all
    :param state: the lowest state of the streams
    :param lookback: how many seconds before their states the streams want documents again
    """

    def __init__(
        self,
        partition: Partition,
        timestamps: TimestampFormat,
        limit: int | None,
        state: Place = NOWHERE,
        lookback: int = 0,
    ) -> None:
        self._partition = partition
        self._parse = timestamps.parse
        self._limit = limit
        self._state = state
        self._lookback = lookback
        self._cursors: dict[Any, Any] = {}
        self._dropped_from: Place | None = None
        self._dropped = 0

    def add(self, key: Any, cursor: Any) -> None:
        """Add a document. If it was added before, it has been changed meanwhile."""
        self._cursors[key] = cursor
        if self._limit is not None and len(self._cursors) > self._limit + max(self._limit, KEPT_IN_RESERVE):
            self._drop_newest(self._limit)

    def __len__(self) -> int:
        return len(self._cursors) + self._dropped

    def oldest_first(self, before: int | None = None) -> Iterator[Document]:
        """The documents in the order of their places. Each is removed when it is returned.

        :param before: only documents changed before that time (seconds since 1970, UTC)
        """
        keys = self._sorted()
        keys.reverse()
        while keys:
            key = keys.pop()
            cursor = self._cursors.pop(key)
            changed, place = self._parse(cursor), self.place(key, cursor)
            end = self._dropped_from
            if end is not None and place >= end:
                return
            if before is not None and changed is not None and changed >= before:
                continue
            following = [end] if end is not None else []
            if keys:
                following.append(self.place(keys[-1], self._cursors[keys[-1]]))
            is_last = not following or min(following)[0] != place[0]
            moves_to = None if place[0] == NOWHERE[0] else place[0]
            yield Document(self._partition, key, cursor, changed, moves_to, is_last)

    def place(self, key: Any, cursor: Any) -> Place:
        """The place that a document brings the state to, once all documents up to there have been emitted.

        That is its own where the state has not reached it. Otherwise it is wanted again, since it may have been booked
        late: for as long as the state is no further than ``lookback`` seconds behind it. Without a time, it always is.
        """
        changed = self._parse(cursor)
        place = place_of(changed, key)
        if place > self._state:
            return place
        return place_of(LAST if changed is None else changed + self._lookback, key)

    def _drop_newest(self, limit: int) -> None:
        keys = self._sorted()
        first = keys[limit]
        place = self.place(first, self._cursors[first])
        # Some documents behind this place were dropped already.
        self._dropped_from = place if self._dropped_from is None else min(place, self._dropped_from)
        kept = {key: self._cursors[key] for key in keys[:limit]}
        self._dropped += len(self._cursors) - len(kept)
        self._cursors = kept

    def _sorted(self) -> list[Any]:
        """The keys by place. Sorting in two steps takes half the memory, since there is no tuple per document."""
        keys = sorted(self._cursors, key=rank_of)
        keys.sort(key=lambda key: self.place(key, self._cursors[key])[0])
        return keys


class ListProgress(StreamState):
    """How far a list has been read for documents. It begins at the lowest cursor of the streams."""

    def __init__(self, outlets: Sequence[DetailResource]) -> None:
        super().__init__("")
        self._outlets = outlets
        self._coverage: dict[Any, Coverage] = defaultdict(Coverage)
        self._keeps_ranges = True

    @property
    def cursors(self) -> dict[Any, int]:
        """By partition, where known: the time (seconds since 1970, UTC) before which no row of the list is missing."""
        return {key: each.cursor for key, each in self._coverage.items() if each.cursor is not None}

    def lowest_state(self, key: Any) -> Place:
        """The lowest state of the streams for a partition."""
        states = [outlet.progress for outlet in self._outlets]
        return min(state.place(key) if isinstance(state, DocumentState) else NOWHERE for state in states)

    @override
    def cursor(self, key: Any) -> int | None:
        cursors = [outlet.progress.cursor(key) for outlet in self._outlets]
        return None if None in cursors else min(cursor for cursor in cursors if cursor is not None)

    @override
    def advance(self, key: Any, cursor: int, start: int | None = None, *, is_range: bool = False) -> None:
        with self.lock:
            if self._keeps_ranges or not is_range:
                self._coverage[key].advance(cursor, start)

    @override
    def forget_ranges(self) -> None:
        with self.lock:
            self._keeps_ranges = False
            self._coverage.clear()

    @override
    def roll_back(self, key: Any) -> None:
        with self.lock:
            self._coverage.pop(key, None)

    @override
    def finish(self) -> None:
        for coverage in self._coverage.values():
            coverage.finish()


class Documents:
    """The documents of one list whose details are wanted. The list's reading treats it as an outlet that emits nothing.

    Safe to use from several threads.

    :param source: the stream whose list it is
    :param outlets: the streams whose records come from the details
    :ivar failure: why the list could not be read completely
    """

    def __init__(self, source: Resource, outlets: Sequence[DetailResource]) -> None:
        self.name = f"{source.name}: {outlets[0].detail_path}"
        self.source = source
        self.outlets = outlets
        self.progress = ListProgress(outlets)
        self.failure: Exception | None = None
        #: Finds the deleted documents once the list was read.
        self.deletions: Deletions | None = None
        self._window = source.account.window
        # Before the first page: some lists show their newest rows there.
        self._began = time.time()
        self._lock = threading.Lock()
        self._pending: dict[Any, PendingDocuments] = {}

    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        """Take note of rows. They make no records."""
        source = self.source
        with self._lock:
            if partition.key not in self._pending:
                state = self.progress.lowest_state(partition.key)
                self._pending[partition.key] = PendingDocuments(
                    partition, source.timestamp_format, self._limit, state, self._window.lookback
                )
            pending = self._pending[partition.key]
            for row in rows:
                key, changed = source.key(row), source.timestamp(row)
                if any(
                    outlet.has_detail(row) and self.wants(outlet, partition, key, changed) for outlet in self.outlets
                ):
                    pending.add(key, source.cursor_value(row))
        return []

    @property
    def _limit(self) -> int | None:
        limit = self.source.account.detail_calls.limit
        return None if limit is None else limit * self.outlets[0].details_per_call

    def wants(self, outlet: DetailResource, partition: Partition, key: Any, changed: int | None) -> bool:
        """Whether a stream has not emitted this version of a document.

        :param changed: when it was changed (seconds since 1970, UTC)
        """
        reached = outlet.progress.cursor(partition.key)
        since = self._window.since(reached, overlap=0)
        document = outlet.progress.document(partition.key) if isinstance(outlet.progress, DocumentState) else None
        done = document is not None and rank_of(key) <= rank_of(document)
        if changed is None:
            return reached is not None or not done
        if since is None or changed > since:
            return True
        return changed == since and not (done and changed + self._window.lookback == reached)

    def __len__(self) -> int:
        return sum(map(len, self._pending.values()))

    def bounds(self) -> dict[Any, int]:
        """By partition: the time (seconds since 1970, UTC) before which no document is missing. A list that was read to
        its end has shown all changes that were older than an hour then; later ones may still appear."""
        is_over = self.failure is None
        long_gone = self._began - SETTLED_AFTER
        return {
            key: cursor + 1 if is_over and cursor < long_gone else self._window.overlapping(cursor)
            for key, cursor in self.progress.cursors.items()
        }

    def advance_states(self, documents: Iterable[Document], streams: Iterable[DetailResource]) -> None:
        """Move the states of streams.

        :param documents: of some partitions, the document up to which all have been emitted
        """
        states = _states_of(streams)
        if not states:  # of lists per parent, of which there may be many
            return
        bounds = self.bounds()
        for document in documents:
            key, cursor, reached = document.partition.key, document.moves_to, document.key
            if cursor is None:
                # Without a limit for requests, the next sync reads all of them, as one may have been added in between.
                if self._limit is None or self.failure is not None:
                    continue
            elif (bound := bounds.get(key)) is None:
                continue
            elif cursor >= bound:  # the list may have shown only some of the later changes
                cursor, reached = bound, None
            elif document.is_last_of_its_second:
                cursor, reached = cursor + 1, None
            for state in states:
                state.advance_to(key, cursor, reached)

    def finish_states(self, streams: Iterable[DetailResource]) -> None:
        """Move the states of streams past the last document: all have been emitted."""
        bounds = self.bounds()
        for state in _states_of(streams):
            for key, bound in bounds.items():
                state.advance_to(key, bound)
            state.forget_undated()

    def oldest_first(self) -> list[Iterator[Document]]:
        """The documents of each partition, see :meth:`PendingDocuments.oldest_first`; if the list could not be read
        completely, only those before which none is missing."""
        if self.failure is None:
            return [pending.oldest_first() for pending in self._pending.values()]
        bounds = self.bounds()
        return [pending.oldest_first(bounds[key]) for key, pending in self._pending.items() if key in bounds]


def _states_of(streams: Iterable[DetailResource]) -> list[DocumentState]:
    return [stream.progress for stream in streams if isinstance(stream.progress, DocumentState)]
