"""The documents of a list whose details are to be asked for: what is kept of them while the list is read."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from typing_extensions import override

from source_invoicing.streams.cursor_state import Coverage, DocumentState, rank_of
from source_invoicing.streams.deletions import Deletions
from source_invoicing.streams.detail_resource import DetailResource, Document
from source_invoicing.streams.page import Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.state import StreamState
from source_invoicing.streams.timestamps import EARLIEST, TimestampFormat

# Where details are bounded, so many more documents than that are kept before the newest changes are dropped.
KEPT_IN_RESERVE = 1000
# After so many seconds, no writer commits late and no clock is behind: a document is asked for once and no more.
SETTLED_AFTER = 3600


class PendingDocuments:
    """The documents of a partition, by key: the cursor of each and nothing else.

    :param timestamps: how cursors are written
    :param most: as many of them are kept, those that were changed longest ago; ``None``: all
    """

    def __init__(self, partition: Partition, timestamps: TimestampFormat, most: int | None) -> None:
        self._partition = partition
        self._parse = timestamps.parse
        self._most = most
        self._cursors: dict[Any, Any] = {}
        self._dropped_from: tuple[int, str] | None = None
        self._dropped = 0

    def add(self, key: Any, cursor: Any) -> None:
        """Take note of a document. One that comes again was changed meanwhile."""
        self._cursors[key] = cursor
        if self._most is not None and len(self._cursors) > self._most + max(self._most, KEPT_IN_RESERVE):
            self._drop_the_newest(self._most)

    def __len__(self) -> int:
        return len(self._cursors) + self._dropped

    def oldest_first(self, before: int | None = None) -> Iterator[Document]:
        """The documents in the order of their changes. They are forgotten on the way.

        :param before: leave out what was not changed before that time (seconds since 1970, UTC)
        """
        keys, limit = self._sorted(), self._dropped_from
        keys.reverse()
        while keys:
            key = keys.pop()
            cursor = self._cursors.pop(key)
            changed = self._parse(cursor)
            if limit is not None and self._rank(key, cursor) >= limit:
                return
            if before is not None and changed is not None and changed >= before:
                return
            following = self._parse(self._cursors[keys[-1]]) if keys else None if limit is None else limit[0]
            yield Document(self._partition, key, cursor, changed, changed != following)

    def _drop_the_newest(self, most: int) -> None:
        keys = self._sorted()
        first = keys[most]
        rank = self._rank(first, self._cursors[first])
        # Of what was changed later, some is forgotten already.
        self._dropped_from = rank if self._dropped_from is None else min(rank, self._dropped_from)
        kept = {key: self._cursors[key] for key in keys[:most]}
        self._dropped += len(self._cursors) - len(kept)
        self._cursors = kept

    def _sorted(self) -> list[Any]:
        """By rank. In two steps, which takes half the memory: there is no pair for each document."""
        keys = sorted(self._cursors, key=rank_of)
        keys.sort(key=lambda key: self._time(self._cursors[key]))
        return keys

    def _rank(self, key: Any, cursor: Any) -> tuple[int, str]:
        return self._time(cursor), rank_of(key)

    def _time(self, cursor: Any) -> int:
        changed = self._parse(cursor)
        return EARLIEST - 1 if changed is None else changed


class ListProgress(StreamState):
    """How far a list is read for documents. It begins where the stream stands that is furthest behind."""

    def __init__(self, outlets: Sequence[DetailResource]) -> None:
        super().__init__("")
        self._outlets = outlets
        self._coverage: dict[Any, Coverage] = defaultdict(Coverage)
        self._keeps_ranges = True

    @property
    def cursors(self) -> dict[Any, int]:
        """For each partition, before which time (seconds since 1970, UTC) no row of the list is missing, where that is
        known."""
        return {key: each.cursor for key, each in self._coverage.items() if each.cursor is not None}

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
            coverage.close()


class Documents:
    """The documents of one list whose details are wanted: an outlet of the list's reading that emits nothing.

    Safe to use from several threads.

    :param source: whose list it is
    :param outlets: the streams that are read from the details
    :ivar failure: why the list could not be read completely
    """

    def __init__(self, source: Resource, outlets: Sequence[DetailResource]) -> None:
        self.name = f"{source.name}: {outlets[0].detail}"
        self.source = source
        self.outlets = outlets
        self.progress = ListProgress(outlets)
        self.failure: Exception | None = None
        #: What tells which documents are gone, once the list was read.
        self.deletions: Deletions | None = None
        self._window = source.account.window
        self._lock = threading.Lock()
        self._pending: dict[Any, PendingDocuments] = {}

    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        """Take note of rows. They make no records."""
        source = self.source
        with self._lock:
            if partition.key not in self._pending:
                self._pending[partition.key] = PendingDocuments(partition, source.timestamp_format, self._most)
            pending = self._pending[partition.key]
            for row in rows:
                key, changed = source.key(row), source.timestamp(row)
                if any(
                    outlet.has_detail(row) and self.wants(outlet, partition, key, changed) for outlet in self.outlets
                ):
                    pending.add(key, source.cursor_value(row))
        return []

    @property
    def _most(self) -> int | None:
        most = self.source.account.detail_calls.most
        return None if most is None else most * self.outlets[0].details_per_call

    def wants(self, outlet: DetailResource, partition: Partition, key: Any, changed: int | None) -> bool:
        """Whether a stream has not emitted a document in this version.

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
        return changed == since and not (done and since == reached)

    def __len__(self) -> int:
        return sum(map(len, self._pending.values()))

    def bounds(self) -> dict[Any, int]:
        """For each partition, before which time (seconds since 1970, UTC) no document is missing. A list that was read
        to its end has shown all of a second that is long gone. Of a later one, documents may still come."""
        is_over = self.failure is None
        long_gone = time.time() - SETTLED_AFTER
        return {
            key: cursor + 1 if is_over and cursor < long_gone else self._window.overlapping(cursor)
            for key, cursor in self.progress.cursors.items()
        }

    def note_done_up_to(self, documents: Iterable[Document], streams: Iterable[DetailResource]) -> None:
        """All documents of some partitions up to one are out: move the states of streams."""
        states = _states_of(streams)
        if not states:  # of lists per parent, of which there may be many
            return
        bounds = self.bounds()
        for document in documents:
            key, cursor, reached = document.partition.key, document.changed, document.key
            if cursor is None:
                # Without a bound on requests, the next sync asks for all of them: one may come in between.
                if self._most is None or self.failure is not None:
                    continue
            elif (bound := bounds.get(key)) is None:
                continue
            elif cursor >= bound:  # of what was changed later than that, the list may have shown only some
                cursor, reached = bound, None
            elif document.ends_second:
                cursor, reached = cursor + 1, None
            for state in states:
                state.reach(key, cursor, reached)

    def note_all_done(self, streams: Iterable[DetailResource]) -> None:
        """All documents are out: move the states of streams behind the last one."""
        bounds = self.bounds()
        for state in _states_of(streams):
            for key, bound in bounds.items():
                state.reach(key, bound)
            state.all_are_out()

    def oldest_first(self) -> list[Iterator[Document]]:
        """The documents of each partition, in the order of their changes. Of a list that could not be read completely,
        those before which nothing is missing."""
        if self.failure is None:
            return [pending.oldest_first() for pending in self._pending.values()]
        bounds = self.bounds()
        return [pending.oldest_first(bounds[key]) for key, pending in self._pending.items() if key in bounds]


def _states_of(streams: Iterable[DetailResource]) -> list[DocumentState]:
    return [stream.progress for stream in streams if isinstance(stream.progress, DocumentState)]
