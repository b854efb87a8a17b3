"""Deleted rows: how they are found, and the records that report them to the destination (tombstones)."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from source_invoicing.http import ResourceMissing
from source_invoicing.streams.listing import ListReader
from source_invoicing.streams.page import Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.resource import Resource

TOMBSTONES_AT_ONCE = 500


@dataclass
class Findings:
    """What was found for a stream.

    :param tombstones: the records that report deleted rows
    :param rows: rows to emit because an event has pointed to them
    :param memory: what the state remembers once all of these have been emitted
    """

    tombstones: list[Row] = field(default_factory=list)
    rows: list[tuple[Partition, Row]] = field(default_factory=list)
    memory: Mapping[str, Any] = field(default_factory=dict)


class Deletions(ABC):
    """Finds the deleted rows of one list, for the streams that emit deletions.

    Only :meth:`note` and :meth:`watch` may be called from several threads.

    :param source: the stream whose list it is
    :param outlets: the streams that emit deletions; at least one
    """

    def __init__(self, source: Resource, outlets: Sequence[Resource]) -> None:
        self.outlets = outlets
        self._source = source
        self._findings: dict[str, Findings] = {}

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
        """What was found, as records of the streams. The states move after the records.

        :param outlets: the streams that emit records now
        """
        for partition, row in self._findings.get(self._source.name, Findings()).rows:
            for outlet in outlets:
                # Each outlet needs its own copy, since a row is changed in place when it becomes a record.
                if records := outlet.records([copy.deepcopy(row)], partition):
                    yield outlet, records
        for outlet in outlets:
            if (findings := self._findings.pop(outlet.name, None)) is None:
                continue
            for first in range(0, len(findings.tombstones), TOMBSTONES_AT_ONCE):
                yield outlet, findings.tombstones[first : first + TOMBSTONES_AT_ONCE]
            outlet.progress.remember(findings.memory)

    def _ask(self, partition: Partition, key: Hashable) -> Row | None:
        """Request a single record; ``None`` if it does not exist, or if the API has no such request.

        :raises AccessRefused: when the API does not say whether it exists
        :raises BadRequest: likewise
        """
        request = self._source.record_request(key, partition)
        if request is None:
            return None
        try:
            return self._source.account.client.fetch(request, lambda answer: self._source.read_record(answer, key))
        except ResourceMissing:
            return None
