"""The base of every stream: a resource with the interface of the CDK's ``HttpStream``.

Concurrent reading (``sync.py``) uses nothing of that interface.
"""

from __future__ import annotations

import copy
from abc import ABC
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import requests
from airbyte_cdk.models import AirbyteStream, ConfiguredAirbyteStream, SyncMode
from airbyte_cdk.sources.streams.http import HttpStream
from typing_extensions import override

from source_invoicing.http import Request, Response, logger
from source_invoicing.streams.account import Account
from source_invoicing.streams.accounts import AccountsState
from source_invoicing.streams.deletions import DELETED_AT, DELETED_AT_SCHEMA
from source_invoicing.streams.normalise import Normaliser
from source_invoicing.streams.page import PageRequest, Row
from source_invoicing.streams.partition import Chain, Partition
from source_invoicing.streams.reading import ListReading, Reading
from source_invoicing.streams.resource import Resource, ResourceList
from source_invoicing.streams.state import StreamState

Slice = Mapping[str, Any]
# An optional argument of the CDK's methods.
Given = Mapping[str, Any] | None


class InvoicingStream(Resource, HttpStream, ABC):
    """A resource as an ``HttpStream``: the CDK's methods return what the resource declares.

    What other connectors override here is elsewhere: authentication, retries and rate limits belong to the account's
    client, pagination to :attr:`paging` and :attr:`plans`, slices to :meth:`partitions`, state to :meth:`make_state`.
    """

    #: Whether each account has rows of its own, where a connection reads several.
    per_account: ClassVar[bool] = True

    def __init__(self, account: Account) -> None:
        # HttpStream's own constructor makes an HTTP client per stream; the streams of an account share one. So the
        # CDK's methods that fetch a page must not be called: `_fetch_next_page` and `_read_single_page` above all.
        Resource.__init__(self, account)
        self._initial_state: Mapping[str, Any] = {}
        #: Whether all records are read, regardless of earlier syncs.
        self.is_full_refresh = False
        #: This stream in each account that the connection reads, see :func:`.accounts.combine`.
        self.members: Sequence[InvoicingStream] = (self,)
        self.accounts_state: AccountsState | None = None
        #: The field that joins the primary key where there are several accounts.
        self.account_key = ""

    def partition_of(self, stream_slice: Slice) -> Partition:
        """The partition that a slice of the CDK stands for."""
        return next(iter(self.partitions()))

    @override
    def read_records(
        self,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_slice: Given = None,
        stream_state: Given = None,
    ) -> Iterable[Row]:
        """The records of a slice; without one, of all slices."""
        if stream_slice:
            yield from self._read_chains([[self.partition_of(stream_slice)]])
            return
        self._begin(sync_mode, stream_state)
        for member in self.members:
            yield from member._read_chains(None)

    def _begin(self, sync_mode: SyncMode, stream_state: Given) -> None:
        """Restore the state to begin with. A full refresh begins at the state that was set, an incremental sync at
        ``stream_state`` or, without one, at the current state."""
        self.is_full_refresh = sync_mode is SyncMode.full_refresh
        state = self._initial_state if self.is_full_refresh else stream_state
        if state is not None:
            self.progress.whole.restore(state)

    def _read_chains(self, chains: Iterable[Chain] | None) -> Iterator[Row]:
        """
        :param chains: ``None``: all that are not done yet
        """
        for reading in self.readings():
            for chain in reading.chains() if chains is None else chains:
                for _, records in reading.read(chain):
                    yield from records
            for _, records in reading.tombstones() if chains is None else ():
                yield from records
            reading.conclude()

    def readings(self) -> Sequence[Reading]:
        """The readings for this stream alone, in order."""
        return [ListReading(self.source_stream, [self])]

    @override
    def read_only_records(self, state: Given = None) -> Iterable[Row]:
        """All records from ``state`` on or, without one, from the state that was set. The stream's own state does not
        move."""
        readers = [copy.copy(member) for member in self.members]
        for reader in readers:
            reader.members, reader.progress = readers, reader.make_state()
        if self.accounts_state is not None:
            readers[0].accounts_state = AccountsState(readers, self.accounts_state.parts)
        readers[0].state = dict(self._initial_state if state is None else state)
        yield from readers[0].read_records(SyncMode.full_refresh)

    @cached_property
    @override
    def normaliser(self) -> Normaliser:
        # One for all accounts, so that it warns only once for each field.
        first = self.members[0]
        return super().normaliser if first is self else first.normaliser

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The state as JSON."""
        return self.progress.whole.value()

    @state.setter
    def state(self, value: MutableMapping[str, Any]) -> None:
        self._initial_state = value
        self.progress.whole.restore(value)

    @property
    def is_unfinished(self) -> bool:
        """Whether, by its state, no sync has read the stream yet or the last one stopped in the middle."""
        return not self._initial_state or self.progress.checkpoint is not None

    @property
    @override
    def is_resumable(self) -> bool:
        """The same as :attr:`supports_incremental`. Otherwise the CDK's sequential engine would read a stream without a
        cursor for ever, waiting for its own completion marker."""
        return self.supports_incremental

    @override
    def get_json_schema(self) -> Mapping[str, Any]:  # type: ignore[override]  # the base caches per instance
        return Resource.get_json_schema(self)

    def use_schema(self, schema: Mapping[str, Any]) -> None:
        """Use the schema that the connection has stored for this stream."""

    def use_catalog(self, configured: ConfiguredAirbyteStream) -> None:
        """Use what the connection has stored of this stream."""
        self.use_schema(configured.stream.json_schema)
        self.is_full_refresh = configured.sync_mode is SyncMode.full_refresh
        columns = configured.stream.json_schema.get("properties")
        if self.emits_deletions and columns and DELETED_AT not in columns:
            self.lacks_deletion_column = True
            if self.members[0] is self:
                logger.warning(
                    "Stream %s: deletions are not reported, as the connection does not know the column %s. Refresh the "
                    "source schema of the connection.",
                    self.name,
                    DELETED_AT,
                )

    @override
    def as_airbyte_stream(self) -> AirbyteStream:
        stream = super().as_airbyte_stream()
        # Whether the next sync continues from the state of one that was interrupted.
        stream.is_resumable = type(self.progress) is not StreamState
        if self.emits_deletions:
            columns = {**stream.json_schema["properties"], DELETED_AT: dict(DELETED_AT_SCHEMA)}
            stream.json_schema = {**stream.json_schema, "properties": columns}
        if self.account_key:
            # Some clients use only the first part of a key, so the part that distinguishes most rows comes first.
            stream.source_defined_primary_key = [*(stream.source_defined_primary_key or []), [self.account_key]]
        return stream

    @property
    @override
    def url_base(self) -> str:
        # Without a slash at the end, `urljoin` drops the last segment.
        return f"{self.account.client.base_url.rstrip('/')}/"

    @property
    @override
    def http_method(self) -> str:
        return self._first_request({}).method

    @override
    def request_params(
        self, stream_state: Given, stream_slice: Given = None, next_page_token: Given = None
    ) -> MutableMapping[str, Any]:
        """The query of the first request for a slice; a repeated name has a list of values."""
        params = self._first_request(stream_slice or {}).params
        found: dict[str, list[Any]] = {}
        for name, value in params.items() if isinstance(params, Mapping) else params:
            found.setdefault(name, []).append(value)
        return {name: values if len(values) > 1 else values[0] for name, values in found.items()}

    @override
    def request_headers(
        self, stream_state: Given, stream_slice: Given = None, next_page_token: Given = None
    ) -> Mapping[str, Any]:
        """The headers of the first request for a slice, without those that the client adds to each request."""
        return self._first_request(stream_slice or {}).headers

    @override
    def request_body_json(
        self, stream_state: Given, stream_slice: Given = None, next_page_token: Given = None
    ) -> Mapping[str, Any] | None:
        body: Mapping[str, Any] | None = self._first_request(stream_slice or {}).json
        return body

    @override
    def path(self, *, stream_state: Given = None, stream_slice: Given = None, next_page_token: Given = None) -> str:
        return self.source_stream.list_path(self.partition_of(stream_slice or {}))

    def _first_request(self, stream_slice: Slice) -> Request:
        return ResourceList(self.source_stream, self.partition_of(stream_slice)).request(PageRequest())

    @override
    def next_page_token(self, response: requests.Response) -> Mapping[str, Any] | None:
        """Always ``None``: a strategy decides on the next request."""
        return None

    @override
    def parse_response(
        self,
        response: requests.Response,
        *,
        stream_state: Mapping[str, Any],
        stream_slice: Given = None,
        next_page_token: Given = None,
    ) -> Iterable[Row]:
        """The records of one raw response to the first request for a slice."""
        source, partition = self.source_stream, self.partition_of(stream_slice or {})
        decoded = Response.of(response, response.content, f"/{source.list_path(partition)}")
        yield from self.records(source.read_page(decoded, PageRequest()).rows, partition)


def combine(
    base: Sequence[InvoicingStream], streams: Sequence[Sequence[InvoicingStream]], parts: str, key: str
) -> list[InvoicingStream]:
    """The streams of a connection that may read several accounts: those of the first account, with the streams of the
    others as their members.

    :param base: all streams in order; those whose rows are the same in all accounts are returned as they are
    :param streams: the streams of each account, in the same order
    :param parts: the name of the accounts' parts in the state
    :param key: the field with the account's id; it becomes part of the primary key if there are several accounts
    """
    combined = list(base)
    for place, members in enumerate(zip(*streams, strict=True)):
        if members[0].per_account:
            combined[place] = members[0]
            state = AccountsState(members, parts)
            for member in members:
                member.members, member.accounts_state = members, state
                member.account_key = key if len(members) > 1 else ""
    return combined
