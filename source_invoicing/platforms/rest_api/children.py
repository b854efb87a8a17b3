"""Declared resources with a list per parent, and their parents."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.http import Failure, ResourceMissing, Response, UnexpectedResponse, logger
from source_invoicing.platforms.rest_api.declared import CONCERNS_ALL_LISTS, RestAccount
from source_invoicing.platforms.rest_api.paths import describe, dig
from source_invoicing.platforms.rest_api.states import ChildCursorState, CursorMovedAtEnd
from source_invoicing.platforms.rest_api.streams import RestStream, evenly_sampled
from source_invoicing.streams import ChildStream, Page, PageRequest, ParentStream, Partition, Row
from source_invoicing.streams.normalise import Normaliser
from source_invoicing.streams.partition import Chain
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.state import ParentState

# Keys to compare, to see whether records of different parents have the same ones.
KEYS_TO_COMPARE = 10_000
# If this many parents have no list and none has one, the others have none either.
MAX_WITHOUT_A_LIST = 100


class RestParentStream(RestStream, ParentStream):
    """A declared resource whose rows each have a list."""

    #: Dotted path of the id that selects the children.
    id_path: ClassVar[str]

    #: Fields of the records that hold the ids of their ancestors, the topmost first.
    ancestor_fields: tuple[str, ...] = ()

    @override
    def _read_ids(self) -> Iterator[Any]:
        # From the beginning, independent of a reading of the stream itself that may be in progress.
        reader, window = copy.copy(self), self.account.window
        windows = self.declared.windows
        if windows is None or windows.first is not None:  # otherwise windows begin nowhere else
            reader.account = replace(self.account, window=replace(window, start=None))
        reader.progress, reader.target_streams = self.make_state(), ()
        try:
            yield from map(self.parent_id, reader.all_records())
        except Failure as failure:
            raise self.explain(failure) from None

    @cached_property
    @override
    def normaliser(self) -> Normaliser:
        kept = (*self.declared.primary_key, *filter(None, [self.cursor_field]), self.id_path)
        return Normaliser(self.name, self.schema_of_records(), keep=(str(path).partition(".")[0] for path in kept))

    @property
    def first_ids(self) -> list[Any]:
        """The ids of the first page.

        :raises Failure: when no list of the account can be read
        """
        return [self.parent_id(self.normaliser(copy.deepcopy(row))) for row in self.first_rows]

    @override
    def parent_id(self, row: Row) -> Any:
        value = dig(row, self.id_path)
        if isinstance(value, bool) or not isinstance(value, (int, str)) or value == "":
            raise UnexpectedResponse(
                f"Stream {self.name}: a record has {describe(value)} at {self.id_path!r}, which parent.key of another "
                "stream names as its id. Name a field that holds a text or a whole number there.",
                FailureType.config_error,
            )
        if not self.ancestor_fields:
            return value
        # An id may be unique only within its parent. As text, all ids from the topmost down can be stored and sorted.
        return json.dumps([*(row[field] for field in self.ancestor_fields), value])


class RestChildStream(ChildStream, RestStream):
    """A declared resource with a list per parent."""

    parents: RestParentStream

    def __init__(self, account: RestAccount, parents: RestParentStream) -> None:
        super().__init__(account, parents)
        self.ancestor_fields = (*parents.ancestor_fields, self.parent_field)
        self._list_presence = ListPresence()
        #: The parent of each of the first records, by the record's key.
        self._owners: dict[Hashable, Any] = {}

    @override
    def make_state(self) -> ParentState:
        if not isinstance(self.cursor_field, str):
            return ParentState(self.name, self.parent_field)
        field, dated = self.cursor_field, not self.declared.synced_at
        moved_at_end = CursorMovedAtEnd(self.name, field, self.timestamp_format, dated=dated)
        return ChildCursorState(self.name, self.parent_field, moved_at_end)

    @override
    def chains(self) -> Iterator[Chain]:
        return Resource.chains(self)

    @override
    def partition_for(self, parent: Any) -> Partition:
        """
        :param parent: its id, or the ids of its ancestors and its own, as written by :meth:`RestParentStream.parent_id`
        """
        above = self.parents.ancestor_fields
        *ancestors, id_ = json.loads(parent) if above else [parent]
        values = {"id": id_, **({"parent": ancestors[-1]} if ancestors else {})}
        stamp = {**dict(zip(above, ancestors, strict=True)), self.parent_field: id_}
        return Partition(parent, path=self.declared.template.with_values(values), params=values, stamp=stamp)

    @override
    def partition_of(self, stream_slice: Mapping[str, Any]) -> Partition:
        # Outside of a slice the path keeps its placeholder.
        if self.parent_field not in stream_slice:
            return Partition(path=self.declared.template.path)
        return self.partition_for(stream_slice[self.parent_field])

    @override
    def all_records(self) -> Iterator[Row]:
        for partition in self.partitions():
            yield from self._records_of(partition)

    def _records_of(self, partition: Partition) -> Iterator[Row]:
        """All records of a parent, which may have no list."""
        try:
            for batch in self.reader(partition).batches(None):
                yield from self.records(batch.rows, partition)
        except ResourceMissing as missing:
            self.resolve_missing_list(partition, missing)

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        page = super().read_page(response, request)
        for parent in self._list_presence.list_found():
            for state in self._parent_states:
                state.partition_done(parent)
        return page

    @property
    def _parent_states(self) -> list[ParentState]:
        """How far the parents are done, of each stream that the lists are read for and that keeps this."""
        states = [stream.progress for stream in self.target_streams or [self]]
        return [state for state in states if isinstance(state, ParentState)]

    @override
    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        key = self.declared.primary_key
        if key and self.parent_field not in key and not self._shares_keys and len(self._owners) < KEYS_TO_COMPARE:
            self._check_owners(rows, partition.key)
        return super().records(rows, partition)

    def _check_owners(self, rows: list[Row], parent: Any) -> None:
        """Warn if records of different parents have the same key: a destination would keep only one of them."""
        if all(self._owners.setdefault(self.key(row), parent) == parent for row in rows):
            return
        self._shares_keys = True
        logger.warning(
            "Stream %s: records of different parents have the same %s, which primary_key names, so a destination keeps "
            "one of them. If they are not the same record, name %s in primary_key, too.",
            self.name,
            " and ".join(self.declared.primary_key),
            self.parent_field,
        )

    @override
    def resolve_missing_list(self, partition: Partition, missing: ResourceMissing) -> list[Any]:
        """A parent without a list has no rows if others have a list; if none has one, the path is wrong.

        Whether the parent itself still exists is not checked: how to ask for it is not declared.
        """
        if any(state.done_up_to is not None for state in self._parent_states):
            self._list_presence.list_found()
        done = self._list_presence.list_not_found(partition.key, len(self.parents.ids.get()))
        if done is None:
            raise missing.reworded(
                f"{missing.sentence} The same goes for all {self._list_presence.num_missing} parents asked about. If "
                "the path is right, none of them has such a list; leave the stream out until one has."
            )
        logger.info("Stream %s: %s %s has no list and is skipped.", self.name, self.parent_field, partition.key)
        return done

    @property
    @override
    def known_fields(self) -> tuple[str, ...]:
        return (*super().known_fields, *self.ancestor_fields)

    @cached_property
    @override
    def first_rows(self) -> list[Row]:
        """The first page of the first parent that has rows; empty if it cannot be read."""
        try:
            return self._rows_of_a_parent()
        except CONCERNS_ALL_LISTS:
            raise
        except Failure as failure:
            self.warn_of_open_schema(failure)
            return []

    def _rows_of_a_parent(self) -> list[Row]:
        """The first page of the first parent that has rows."""
        for parent in evenly_sampled(self.parents.first_ids):
            try:
                rows = self.first_pages(self.partition_for(parent))
            except ResourceMissing as missing:
                logger.info("Stream %s: %s %s has no list. %s", self.name, self.parent_field, parent, missing)
                continue
            if rows:
                return rows
        self.warn_of_no_records()
        return []


class RestChildAndParentStream(RestChildStream, RestParentStream):
    """A declared resource with a list per parent, whose rows each have a list."""


class ListPresence:
    """Whether the parents of a stream have lists at all.

    Until a list has been found, parents without one are not done. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._some_were_found = False
        self._without: list[Any] = []

    @property
    def num_missing(self) -> int:
        """The number of parents without a list while no list has been found."""
        return len(self._without)

    def list_found(self) -> list[Any]:
        """Record that a parent has a list.

        :return: the parents without a list so far, which are now done
        """
        with self._lock:
            self._some_were_found = True
            done, self._without = self._without, []
            return done

    def list_not_found(self, parent: Any, parents: int) -> list[Any] | None:
        """Record that a parent has no list.

        :param parents: their number
        :return: the parents that are now done; ``None`` once it is clear that no parent has a list
        """
        with self._lock:
            if self._some_were_found:
                return [parent]
            self._without.append(parent)
            return None if len(self._without) >= min(parents, MAX_WITHOUT_A_LIST) else []
