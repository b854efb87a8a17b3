"""Deleted rows: how they are found, and the records that report them to the destination (tombstones)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from source_invoicing.http import ENDS_ALL, AccessRefused, BadRequest, Failure, ResourceMissing, logger
from source_invoicing.streams.listing import ListReader
from source_invoicing.streams.page import Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.timestamps import ISO_8601, format_utc

#: The column by which destinations remove or mark a row: when it was deleted.
DELETED_AT = "_ab_cdc_deleted_at"
DELETED_AT_SCHEMA: Mapping[str, Any] = {
    "type": ["null", "string"],
    "format": "date-time",
    "description": "When the record was deleted, or when that was noticed. Null for one that exists.",
}
TOMBSTONES_AT_ONCE = 500
# If so many records in a row could not be requested, no others are. Refusals are not counted: they may concern some.
MAX_FAILED_IN_A_ROW = 10


@dataclass
class Findings:
    """What was found for a stream.

    :param tombstones: the records that report deleted rows
    :param memory: what the state remembers once all of these have been emitted
    """

    tombstones: list[Row] = field(default_factory=list)
    memory: Mapping[str, Any] = field(default_factory=dict)


class Deletions(ABC):
    """Finds the deleted rows of one list, for the streams that emit deletions.

    Only :meth:`note` and :meth:`watch` may be called from several threads.

    :param source: the stream whose list it is
    :param outlets: the streams that emit deletions; at least one
    :ivar rows: what was found beside deletions: rows to emit because an event has pointed to them
    """

    def __init__(self, source: Resource, outlets: Sequence[Resource]) -> None:
        self.outlets = outlets
        self.rows: list[tuple[Partition, Row]] = []
        self._source = source
        self._findings: dict[Resource, Findings] = {}
        self._failed_in_a_row = 0

    @abstractmethod
    def open(self) -> None:
        """Prepare for the reading of the list.

        :raises Failure: if a state is wrong
        """

    def watch(self, reader: ListReader, partition: Partition, *, is_first: bool) -> None:  # noqa: B027  # nothing to see
        """Watch the reading of a partition.

        :param is_first: whether nothing of it has been read before
        """

    @abstractmethod
    def note(self, rows: Sequence[Row]) -> None:
        """Record that rows are about to be emitted."""

    @abstractmethod
    def find(self) -> None:
        """Find the deleted rows, once the list was read to its end.

        :raises Failure: if that is not possible now, but may be later
        """

    def emit(self, outlets: Sequence[Resource]) -> Iterator[tuple[Resource, list[Row]]]:
        """The records that report deleted rows. The states move after them.

        :param outlets: the streams that emit records now
        """
        for outlet in outlets:
            if (findings := self._findings.pop(outlet, None)) is None:
                continue
            for first in range(0, len(findings.tombstones), TOMBSTONES_AT_ONCE):
                yield outlet, findings.tombstones[first : first + TOMBSTONES_AT_ONCE]
            outlet.progress.remember(findings.memory)

    def _tombstone(self, outlet: Resource, row: Row, at: int, partition: Partition) -> Row:
        """The record of a stream that says that a row was deleted.

        :param row: what is known of it, at least its key
        :param at: when it was deleted (seconds since 1970, UTC)
        """
        source, row = self._source, dict(row)
        source.set_field(row, str(outlet.cursor_field), source.timestamp_format.format(at))
        return {**outlet.normaliser(row), **partition.stamp, DELETED_AT: format_utc(at, ISO_8601)}

    def _ask(self, partition: Partition, key: Hashable) -> tuple[bool, Row | None]:
        """Request a single record.

        :return: whether the API says if the record exists, and the record; without a request for it, it does not exist
        :raises Failure: if nothing can be requested now
        """
        source, found = self._source, None
        if self._failed_in_a_row >= MAX_FAILED_IN_A_ROW:
            return False, None
        try:
            request = source.record_request(key, partition)
            if request is not None:
                found = source.account.client.fetch(request, lambda answer: source.read_record(answer, key))
        except ResourceMissing:
            pass
        except ENDS_ALL:
            raise
        except Failure as failure:
            self._failed_in_a_row += not isinstance(failure, (AccessRefused, BadRequest))
            logger.warning("Stream %s: whether %r is gone is not known. %s", source.name, key, failure)
            return False, None
        self._failed_in_a_row = 0
        return True, found
