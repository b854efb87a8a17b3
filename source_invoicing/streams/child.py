"""Streams that exist only under a parent: one list per customer."""

from __future__ import annotations

import logging
from abc import ABC
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from airbyte_cdk.models import SyncMode

from source_invoicing.http import Request, ResourceMissing
from source_invoicing.streams.account import Account
from source_invoicing.streams.page import Row
from source_invoicing.streams.parents import ParentIds, ascending
from source_invoicing.streams.state import ParentState, StreamState
from source_invoicing.streams.stream import InvoicingStream, Slice
from source_invoicing.streams.walks import Parts

logger = logging.getLogger("airbyte.source_invoicing")


class ChildStream(InvoicingStream, ABC):
    """A list per parent, at ``<parent_resource>/<id>/<resource>``.

    A slice is the id of a parent and nothing else. Parents are read in ascending order of their ids, so that the
    state is one id: the highest one up to which all parents are done. Full refresh: no vendor tells which parents
    have changed children.
    """

    #: Path of the parents' list.
    parent_resource: ClassVar[str] = "customers"
    #: Field that carries the parent's id, in slices, in the state and on each record.
    parent_field: ClassVar[str] = "customer_id"

    def __init__(self, account: Account, parents: ParentIds) -> None:
        """
        :param parents: shared by all children of the same parents
        """
        super().__init__(account)
        self.parents = parents

    def make_progress(self) -> StreamState:
        """See :class:`InvoicingStream`."""
        return ParentState(self.name, self.parent_field)

    @property
    def resumes(self) -> bool:
        """See :class:`InvoicingStream`."""
        return True

    def list_path(self, stream_slice: Slice) -> str:
        """Path of one parent's list. Outside a slice the id stands as a placeholder."""
        parent = stream_slice.get(self.parent_field, f"{{{self.parent_field}}}")
        return f"{self._parent_path(parent)}/{self.resource}"

    def _parent_path(self, parent: Any) -> str:
        return f"{self.parent_resource}/{quote(str(parent), safe='{}')}"

    def finish_record(self, record: Row, stream_slice: Slice) -> Row:
        """Stamp the parent's id on the record."""
        if self.parent_field in stream_slice:
            record[self.parent_field] = stream_slice[self.parent_field]
        return record

    def stream_slices(
        self,
        *,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_state: Mapping[str, Any] | None = None,
    ) -> Iterable[Slice | None]:
        """One slice per parent that is not done yet.

        :raises Failure: when the parents cannot be read, or the state names an id of another kind than theirs
        """
        self.begin(sync_mode, stream_state)
        progress = self._parent_state
        done_up_to = progress.done_up_to
        parents = self.parents.get()
        if done_up_to is not None and parents and type(done_up_to) not in set(map(type, parents)):
            # Numbers stand before all text, so each parent would count as done, or none.
            raise progress.foreign(
                f"{self.parent_field!r} should be an id such as {parents[0]!r}, found {done_up_to!r}"
            )
        for parent in parents:
            if done_up_to is None or ascending(parent) > ascending(done_up_to):
                progress.start(parent)
                yield {self.parent_field: parent}

    def read_pages(self, stream_slice: Slice, parts: Parts | None = None) -> Iterator[list[Row]]:
        """See :class:`InvoicingStream`. A parent that vanished since its id was read has no children."""
        parent = stream_slice[self.parent_field]
        try:
            yield from super().read_pages(stream_slice, parts)
            done = [parent]
        except ResourceMissing as missing:
            done = self._without_list(parent, missing)
        self._done(done)

    def _done(self, parents: Iterable[Any]) -> None:
        for parent in parents:
            self._parent_state.done(parent)

    def _without_list(self, parent: Any, missing: ResourceMissing) -> list[Any]:
        """Tell a parent that vanished from a list that this account does not have at all.

        :param missing: what the list was answered with
        :return: the parents that are done by that
        :raises Failure: when it is the list that is missing
        """
        try:
            self.account.client.send(Request(self._parent_path(parent)))
        except ResourceMissing:
            logger.info("Stream %s: %s %s no longer exists and is skipped.", self.name, self.parent_field, parent)
            return [parent]
        raise missing

    @property
    def _parent_state(self) -> ParentState:
        assert isinstance(self.progress, ParentState)
        return self.progress
