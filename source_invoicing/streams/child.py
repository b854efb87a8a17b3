"""Parents, such as customers, and streams that have one list per parent."""

from __future__ import annotations

import threading
from abc import ABC
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote

from airbyte_cdk.models import FailureType, SyncMode
from typing_extensions import override

from source_invoicing.http import (
    AccessRefused,
    ApiClient,
    Failure,
    Request,
    ResourceMissing,
    UnexpectedResponse,
    logger,
)
from source_invoicing.streams.account import Account
from source_invoicing.streams.page import Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.state import FINISHED, ParentState, ascending
from source_invoicing.streams.stream import InvoicingStream, Slice


class ParentIds:
    """The ids of parents in ascending order. If the same sync reads the parents in full anyway, that reading delivers
    the ids; otherwise the first call reads them. Safe to use from several threads.

    :param read: reads the ids from the API; called at most once
    """

    def __init__(self, read: Callable[[], Iterable[Any]]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._ids: list[Any] | None = None
        self._failure: Failure | None = None

    def deliver(self, ids: Iterable[Any]) -> None:
        """Set the ids, all of them, after a complete reading of the parents."""
        with self._lock:
            self._ids = sorted(set(ids), key=ascending)

    def get(self) -> list[Any]:
        """All ids, ascending.

        :raises Failure: when the parents cannot be read; the same at each call
        """
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if self._ids is None:
                try:
                    self._ids = sorted(set(self._read()), key=ascending)
                except Failure as failure:
                    self._failure = failure
                    raise
            return self._ids


class ParentStream(InvoicingStream, ABC):
    """A resource each of whose rows has a list of another resource."""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        #: The ids for the children.
        self.ids = ParentIds(self._read_ids)

    @property
    def reads_all(self) -> bool:
        """Whether the next reading returns all rows: it begins at the top, and no start date excludes any."""
        has_state = self.progress.value() not in ({}, FINISHED)
        return not has_state and (not self.cursor_field or self.account.window.start is None)

    def parent_id(self, record: Row) -> Any:
        """The id by which children refer to a record."""
        return self.key(record)

    def _read_ids(self) -> Iterator[Any]:
        """The ids of all records, regardless of the state and the start date."""
        try:
            yield from map(self.parent_id, self.all_records())
        except Failure as failure:
            raise self.explain(failure) from None


class ChildStream(InvoicingStream, ABC):
    """A list per parent, at ``<parent_resource>/<id>/<resource>`` or selected by a query parameter. Each list is a
    partition.

    Parents are read in ascending order of their ids, so that the state is one id: the highest one up to which all
    parents are done. Full refresh: vendors do not report which parents have changed children.
    """

    #: Path of the parents' list.
    parent_resource: ClassVar[str] = "customers"
    #: Field with the parent's id, in slices, in the state and in each record.
    parent_field: ClassVar[str] = "customer_id"
    #: Query parameter that selects the parent, where the list is at ``resource`` itself.
    parent_param: ClassVar[str] = ""

    progress: ParentState

    def __init__(self, account: Account, parents: ParentStream) -> None:
        super().__init__(account)
        self.parents = parents

    @override
    def make_state(self) -> ParentState:
        return ParentState(self.name, self.parent_field)

    @property
    @override
    def can_detect_deletions(self) -> bool:
        """Only by events: there may be too many lists to remember their ids."""
        return super().can_detect_deletions and bool(self.event_kinds)

    @override
    def partitions(self) -> Iterable[Partition]:
        """One partition per parent, ascending.

        :raises Failure: when the parents cannot be read, or the state names an id of another kind than theirs
        """
        try:
            parents = self.parents.ids.get()
        except AccessRefused as refusal:
            raise refusal.reworded(
                f"{refusal.sentence} Stream {self.name} is read by the ids of {self.parents.name}, so leave "
                f"{self.name} out as well where {self.parents.name} cannot be read."
            ) from None
        done_up_to = self.progress.done_up_to
        if done_up_to is not None and parents and type(done_up_to) not in set(map(type, parents)):
            # Numbers come before all text, so that every parent would count as done, or none.
            raise self.progress.invalid(
                f"{self.parent_field!r} should be an id such as {parents[0]!r}, found {done_up_to!r}"
            )
        return map(self.partition_for, parents)

    def partition_for(self, parent: Any) -> Partition:
        """The list of one parent."""
        stamp = {self.parent_field: parent}
        if self.parent_param:
            return Partition(parent, path=self.resource, params={self.parent_param: parent}, stamp=stamp)
        return Partition(parent, path=f"{self._parent_path(parent)}/{self.resource}", stamp=stamp)

    def _parent_path(self, parent: Any) -> str:
        return f"{self.parent_resource}/{path_segment(parent)}"

    @override
    def resolve_missing_list(self, partition: Partition, missing: ResourceMissing) -> Iterable[Any]:
        """If the parent was deleted after its id was read, it is done; otherwise the account lacks the list."""
        raise_unless_gone(self.account.client, Request(self._parent_path(partition.key), partition.params), missing)
        logger.info("Stream %s: %s %s no longer exists and is skipped.", self.name, self.parent_field, partition.key)
        return [partition.key]

    @override
    def stream_slices(
        self,
        *,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_state: Mapping[str, Any] | None = None,
    ) -> Iterable[Slice | None]:
        """One slice per parent that is not done yet: its id. Where several accounts are read, the whole resource.

        :raises Failure: as :meth:`partitions` does
        """
        if len(self.members) > 1:
            yield {}
            return
        self._begin(sync_mode, stream_state)
        for partition in self.partitions():
            if not self.progress.is_done(partition.key):
                self.progress.partition_started(partition.key)
                yield {self.parent_field: partition.key}

    @override
    def partition_of(self, stream_slice: Slice) -> Partition:
        # Without a slice, a placeholder stands for the id.
        if self.parent_field not in stream_slice:
            return replace(self.partition_for(f"{{{self.parent_field}}}"), key=None, stamp={})
        return self.partition_for(stream_slice[self.parent_field])


def raise_unless_gone(client: ApiClient, parent: Request, missing: ResourceMissing) -> None:
    """Find out why a parent has no list.

    :param parent: the request for the parent itself
    :raises ResourceMissing: ``missing``, unless the parent is missing too
    """
    try:
        client.send(parent)
    except ResourceMissing:
        return
    raise missing


def path_segment(value: Any) -> str:
    """A value as one segment of a path, percent-encoded.

    :raises Failure: for ``.`` and ``..``, which lead to another resource even if they are encoded
    """
    if str(value) in (".", ".."):
        raise UnexpectedResponse(
            f"A record has the id {str(value)!r}, which cannot be part of an address, so its lists cannot be read. "
            "Leave out the streams that are read for each of these records, or give the record another id.",
            FailureType.config_error,
        )
    return quote(str(value), safe="{}")
