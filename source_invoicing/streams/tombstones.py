"""What a resource says of its records that are gone, and the record that says so to the destination."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Any, ClassVar

from source_invoicing.http import Request, Response
from source_invoicing.streams.account import Account
from source_invoicing.streams.normalise import Normaliser
from source_invoicing.streams.page import Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.timestamps import ISO_8601, TimestampFormat, format_utc

#: The column by which destinations remove or mark a row, and what it holds: when the row was deleted.
DELETED_AT = "_ab_cdc_deleted_at"
DELETED_AT_SCHEMA: Mapping[str, Any] = {
    "type": ["null", "string"],
    "format": "date-time",
    "description": "When the record was deleted, or when that was noticed. Null for one that exists.",
}


class TellsDeletions(ABC):
    """The part of a resource that knows how its deleted records become known."""

    #: Whether its records are the events of the account.
    holds_events: ClassVar[bool] = False
    #: Kinds of events that say that a record of this stream was deleted.
    gone_events: ClassVar[tuple[str, ...]] = ()
    #: Kinds of events that may say so: the record is read again.
    doubtful_events: ClassVar[tuple[str, ...]] = ()
    #: Whether a list that was read shows what the events before it have done.
    lists_are_current: ClassVar[bool] = False
    #: Whether the connection has stored the schema without the column for deletions.
    lacks_mark: bool = False

    # Of the resource.
    account: Account
    primary_key: ClassVar[str | list[str]]
    cursor_field: ClassVar[str | list[str]]
    timestamp_format: ClassVar[TimestampFormat]
    lists: ClassVar[Mapping[str, Any]]

    @abstractmethod
    def partitions(self) -> Iterable[Partition]:
        """The lists that the resource consists of."""

    @property
    @abstractmethod
    def source_stream(self) -> TellsDeletions:
        """The stream whose list holds the records."""

    @property
    @abstractmethod
    def _normalise(self) -> Normaliser:
        """Makes values fit the schema."""

    # -- what a platform says -----------------------------------------------------------------------------------------

    def is_wanted(self, row: Row) -> bool:
        """Whether a row becomes a record."""
        return True

    def record_request(self, key: Hashable, partition: Partition) -> Request | None:
        """The request for one record; ``None`` where the API has none.

        :param key: what identifies its row
        """
        return None

    def read_record(self, response: Response, key: Hashable) -> Row | None:
        """The response to :meth:`record_request` as a row of the list; ``None`` if there is no such record.

        :raises MalformedResponse: when it is something else; it is asked for again
        """
        return response.body if isinstance(response.body, dict) else None

    # -- what follows from it -----------------------------------------------------------------------------------------

    @property
    def event_kinds(self) -> Collection[str]:
        """The kinds of events that matter to this stream."""
        return {*self.gone_events, *self.doubtful_events}

    @property
    def needs_events(self) -> bool:
        """Whether the stream reads the events of the account."""
        return self.tells_deletions and bool(self.event_kinds) and self.account.events is not None

    @property
    def awaits_events(self) -> bool:
        """Whether another reading of the events may spare the stream one of its own."""
        return False

    @property
    def reads_what_changed(self) -> bool:
        """Whether this sync reads all lists that events name. If not, a later one tells what they say of deletions: a
        record that came back would not be seen."""
        return True

    @property
    def can_tell_deletions(self) -> bool:
        """Whether anything tells which records were deleted. A full refresh that overwrites needs nothing."""
        return isinstance(self.cursor_field, str) and (bool(self.event_kinds) or not self.lists)

    @property
    def tells_deletions(self) -> bool:
        """Whether the stream is to tell of them."""
        return self.account.deletions.emit and self.can_tell_deletions and not self.lacks_mark

    def partition_under(self, parent: Any) -> Partition:
        """The list that holds a row of a parent, or any row."""
        return Partition() if self.lists else next(iter(self.partitions()))

    def row_with(self, key: Hashable) -> Row:
        """A row that holds a key and nothing else."""
        names = [self.primary_key] if isinstance(self.primary_key, str) else self.primary_key
        return dict(zip(names, key if isinstance(key, tuple) else (key,), strict=True))

    def with_cursor(self, row: Row, value: Any) -> Row:
        """A row with another value in the cursor field."""
        return {**row, str(self.cursor_field): value}

    def tombstone(self, row: Row, at: int, partition: Partition) -> Row:
        """The record that says that a row is gone.

        :param row: what is known of it, at least its key
        :param at: since when (seconds since 1970, UTC)
        """
        record = self._normalise(self.with_cursor(row, self.source_stream.timestamp_format.format(at)))
        return {**record, **partition.stamp, DELETED_AT: format_utc(at, ISO_8601)}
