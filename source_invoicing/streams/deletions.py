"""Rows that are gone: what tells of them, and the records that say so to the destination."""

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
    """What there is to tell of a stream.

    :param tombstones: the records that say which rows are gone
    :param rows: rows to emit that an event has pointed to
    :param memory: what the state keeps once all of that is out
    """

    tombstones: list[Row] = field(default_factory=list)
    rows: list[tuple[Partition, Row]] = field(default_factory=list)
    memory: Mapping[str, Any] = field(default_factory=dict)


class Deletions(ABC):
    """Finds the rows of one list that are gone, for the streams that are to tell of them. Not made where none is.

    Only :meth:`note` and :meth:`watch` may be called from several threads.

    :param source: whose list it is
    :param outlets: the streams
    """

    def __init__(self, source: Resource, outlets: Sequence[Resource]) -> None:
        self.outlets = outlets
        self._source = source
        self._findings: dict[str, Findings] = {}

    @abstractmethod
    def open(self) -> None:
        """The list is about to be read.

        :raises Failure: if a state is wrong
        """

    def watch(self, reader: ListReader, partition: Partition, *, is_first: bool) -> None:  # noqa: B027  # nothing to see
        """A list is about to be read.

        :param is_first: whether nothing of it was read before
        """

    @abstractmethod
    def note(self, rows: Sequence[Row]) -> None:
        """Rows are about to be emitted."""

    @abstractmethod
    def find(self) -> None:
        """Find out what is gone, once the list was read to its end.

        :raises Failure: if that may be known later, but not now
        """

    def tell(self, outlets: Sequence[Resource]) -> Iterator[tuple[Resource, list[Row]]]:
        """What was found, as records of the streams. States move behind them.

        :param outlets: those that are to emit something now
        """
        for partition, row in self._findings.get(self._source.name, Findings()).rows:
            for outlet in outlets:
                # It becomes a record in place, though others are made of it.
                if records := outlet.records([copy.deepcopy(row)], partition):
                    yield outlet, records
        for outlet in outlets:
            if (findings := self._findings.pop(outlet.name, None)) is None:
                continue
            for first in range(0, len(findings.tombstones), TOMBSTONES_AT_ONCE):
                yield outlet, findings.tombstones[first : first + TOMBSTONES_AT_ONCE]
            outlet.progress.remember(findings.memory)

    def _ask(self, partition: Partition, key: Hashable) -> Row | None:
        """A record by a request of its own; ``None`` if there is none, or no such request.

        :raises AccessRefused: which says nothing about the record
        :raises BadRequest: likewise
        """
        request = self._source.record_request(key, partition)
        if request is None:
            return None
        try:
            return self._source.account.client.fetch(request, lambda answer: self._source.read_record(answer, key))
        except ResourceMissing:
            return None
