"""What a resource declares, and how the rows of its list become records. Knows nothing of the CDK's streams."""

from __future__ import annotations

import inspect
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.utils.casing import camel_to_snake

from source_invoicing.http import BadRequest, Failure, Request, ResourceMissing, Response, UnexpectedResponse, logger
from source_invoicing.streams.account import Account
from source_invoicing.streams.cursor_state import CursorState
from source_invoicing.streams.listing import PASSES, ListReader, Pages, Paging, Plan, PlansLeft
from source_invoicing.streams.normalise import Normaliser, with_additional_properties
from source_invoicing.streams.page import Listing, Page, PageRequest, Row, is_identity
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.state import CheckpointState, StreamState
from source_invoicing.streams.timestamps import TimestampFormat, UnixSeconds
from source_invoicing.streams.tombstones import TellsDeletions

QueryParams = Mapping[str, str | int]
# Partitions that one worker reads one after another. Chains are read side by side.
Chain = Sequence[Partition]
# A stream is asked for its name many times.
_snake_case = cache(camel_to_snake)


class Resource(TellsDeletions, ABC):
    """One resource of a vendor, read as a list.

    A subclass declares in a few attributes what is particular about the resource. The platform's own base class
    translates a page request into the vendor's parameters (:meth:`list_params`) and a response into a page
    (:meth:`read_page`). All resources share how a list is read, its state, and how values become typed.
    """

    #: Path of the list below the base URL, without a leading slash.
    resource: ClassVar[str]
    primary_key: ClassVar[str | list[str]] = "id"
    #: Field with the time a record was last changed; empty where the vendor stores no such time.
    cursor_field: ClassVar[str | list[str]] = []
    timestamp_format: ClassVar[TimestampFormat] = UnixSeconds()
    #: Whether records are left out that were last changed before the start date, or before an earlier sync.
    selects_by_time: ClassVar[bool] = True
    #: Ways to read the list, best first. The first one that the API honours is used.
    plans: ClassVar[tuple[Plan, ...]] = (PASSES,)
    #: How the API addresses a page.
    paging: ClassVar[Paging] = Pages()
    #: Fixed query parameters of the list.
    params: ClassVar[QueryParams] = {}
    #: Fixed query parameters that the API may not know: left out once they prove to be what it refuses.
    optional_params: ClassVar[QueryParams] = {}
    #: Lists whose union is the resource, by name, with the query parameters that select each. A record may change from
    #: one to another while they are read, so one worker reads them in this order, and then the first one again.
    lists: ClassVar[Mapping[str, QueryParams]] = {}
    #: Whether each account has rows of its own, where a connection reads several.
    per_account: ClassVar[bool] = True
    #: What to check when the API does not page as asked, where the user can set that.
    paging_advice: ClassVar[str] = ""
    #: Folder of the JSON schemas, beside the module of the stream.
    schemas: ClassVar[str] = "schemas"

    def __init__(self, account: Account) -> None:
        self.account = account
        self.progress = self.make_state()
        # Accounts may differ in what they take.
        shown = f"{self.name} in {account.name}" if account.name else self.name
        self.plans_left = PlansLeft(shown, self.plans)
        self.optional = OptionalParams(shown, self.optional_params)
        #: The streams that its list is read for.
        self.read_for: Sequence[Resource] = ()
        self._state_given: Mapping[str, Any] = {}
        #: Whether all records are to be read, whatever an earlier sync has read.
        self.is_full_refresh = False

    @property
    def name(self) -> str:
        """The name of the stream."""
        return _snake_case(type(self).__name__)

    # -- what a platform says -----------------------------------------------------------------------------------

    @abstractmethod
    def list_params(self, request: PageRequest) -> QueryParams:
        """A page request as the vendor's query parameters."""

    @abstractmethod
    def read_page(self, response: Response, request: PageRequest) -> Page:
        """A response as a page.

        :raises MalformedResponse: when it does not hold a list; it is asked for again
        """

    def list_request(self, request: PageRequest, path: str, fixed: QueryParams) -> Request:
        """A page request as an HTTP request: by default a GET with everything in the query.

        :param path: of the list, from :meth:`list_path`
        :param fixed: parameters that go with every request for this list
        """
        return Request(path, {**fixed, **self.list_params(request)})

    def list_path(self, partition: Partition) -> str:
        """Path of a partition's list below the base URL."""
        return partition.path or self.resource

    def partitions(self) -> Iterable[Partition]:
        """The lists that the resource consists of.

        :raises Failure: when they cannot be found out
        """
        yield Partition()

    def instead_of(self, partition: Partition, refusal: BadRequest | ResourceMissing | None) -> Chain:
        """The partitions to read instead of one that the API refused or does not have, or that had no rows.

        :param refusal: ``None`` where it had no rows
        """
        return ()

    def explain(self, failure: Failure) -> Failure:
        """The failure of a list, with the platform's advice."""
        return failure

    def without_list(self, partition: Partition, missing: ResourceMissing) -> Iterable[Any]:
        """Decide whether a parent has vanished or the list is missing altogether.

        :return: the keys of the partitions that are done, where the parent has vanished
        :raises Failure: when the list is missing
        """
        raise missing

    # -- reading --------------------------------------------------------------------------------------------------

    @property
    def source_stream(self) -> Resource:
        """The stream whose list holds the records: itself, unless they are parts of another one's rows."""
        return self

    def chains(self) -> Iterator[Chain]:
        """All partitions, each chain for one worker."""
        if self.lists:
            partitions = [Partition(name, params=params) for name, params in self.lists.items()]
            yield [*partitions, partitions[0]]
            return
        for partition in self.partitions():
            yield [partition]

    def listing(self, partition: Partition) -> Listing:
        """The list of a partition, page by page."""
        return ResourceList(self, partition)

    def reader(self, partition: Partition) -> ListReader:
        """The reader of a partition's list."""
        return ListReader(self.listing(partition), self.plans_left)

    def all_records(self) -> Iterator[Row]:
        """All records, whatever the state or the start date says."""
        for chain in self.chains():
            for partition in chain:
                for batch in self.reader(partition).batches(None):
                    yield from self.records(batch.rows, partition)

    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        """The records of rows, which become them in place."""
        normalise, stamp = self._normalise, partition.stamp
        records = [normalise(row) for row in rows]
        if stamp:
            for record in records:
                record.update(stamp)
        return records

    @property
    def _normalise(self) -> Normaliser:
        return self.normaliser

    @cached_property
    def normaliser(self) -> Normaliser:
        """Makes values fit the schema."""
        fields = [name for names in (self.primary_key, self.cursor_field) for name in _as_list(names)]
        return Normaliser(self.name, self.schema_of_records(), keep=(name.partition(".")[0] for name in fields))

    def schema_of_records(self) -> Mapping[str, Any]:
        """The schema that records are made to fit."""
        return self.get_json_schema()

    def use_schema(self, schema: Mapping[str, Any]) -> None:  # most streams know theirs
        """Use the schema that the connection has stored for this stream."""

    def get_json_schema(self) -> Mapping[str, Any]:
        """The stream's schema: ``<schemas>/<name>.json`` beside the module that defines it."""
        return _load_schema(Path(inspect.getfile(type(self))).parent / self.schemas / f"{self.name}.json")

    def is_of_user(self, field: str) -> bool:
        """Whether users have made a field, so that no schema knows it."""
        return False

    def key(self, row: Row) -> Hashable:
        """What identifies a row: the values of its primary key."""
        if isinstance(self.primary_key, str):
            return row.get(self.primary_key)
        return tuple(row.get(field) for field in self.primary_key)

    def creation_rank(self, row: Row) -> int | None:
        """A number that grows with each row created: the last part of its primary key, where that is a number."""
        identity = row.get(self.primary_key if isinstance(self.primary_key, str) else self.primary_key[-1])
        return identity if isinstance(identity, int) else None

    def created_at(self, row: Row) -> int | None:
        """When a row was created (seconds since 1970, UTC); ``None`` where it does not say."""
        return None

    def timestamp(self, row: Row) -> int | None:
        """When a row was last changed (seconds since 1970, UTC); ``None`` where it carries no such time."""
        field = self.cursor_field
        return self.timestamp_format.parse(row.get(field)) if field.__class__ is str else None

    def cursor_value(self, row: Row) -> Any:
        """What a row has in the cursor field; ``None`` where there is no such field."""
        return row.get(self.cursor_field) if isinstance(self.cursor_field, str) else None

    def close(self) -> None:
        """End the reading, complete or not: no further request is sent."""
        self.account.client.close()

    # -- state ----------------------------------------------------------------------------------------------------

    def make_state(self) -> StreamState:
        """The kind of state this stream keeps."""
        if isinstance(self.cursor_field, str):
            return CursorState(self.name, self.cursor_field, self.timestamp_format, tuple(self.lists))
        resumable = not self.lists and any(plan.strategy.resumable for plan in self.plans)
        return CheckpointState(self.name) if resumable else StreamState(self.name)

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The state as JSON."""
        return self.whole_progress.value()

    @state.setter
    def state(self, value: MutableMapping[str, Any]) -> None:
        self._state_given = value
        self.whole_progress.restore(value)

    @property
    def whole_progress(self) -> StreamState:
        """The state that is stored: that of this list, unless the connection reads several accounts."""
        return self.progress

    @property
    def is_unfinished(self) -> bool:
        """Whether no sync has read the stream yet, or the last one left it in the middle, by its state."""
        return not self._state_given or self.progress.checkpoint is not None

    @property
    def resumes(self) -> bool:
        """Whether a sync that was cut off continues from the state."""
        return type(self.progress) is not StreamState


class OptionalParams:
    """Query parameters that the API may not know. They are left out once they prove to be what it refuses.

    Safe to use from several threads.
    """

    def __init__(self, stream: str, params: QueryParams) -> None:
        """
        :param stream: its name, for messages
        """
        self.params = params
        self._stream = stream
        self._lock = threading.Lock()

    def drop(self, refusal: BadRequest) -> None:
        """Leave the parameters out from now on."""
        with self._lock:
            dropped, self.params = self.params, {}
        if dropped:
            logger.warning(
                "Stream %s: the API does not take %s (%s). It is left out, and what it asks for may be missing.",
                self._stream,
                ", ".join(f"{name}={value}" for name, value in dropped.items()),
                refusal,
            )


class ResourceList:
    """The list of a partition: the :class:`~source_invoicing.streams.page.Listing` that a strategy reads."""

    def __init__(self, stream: Resource, partition: Partition) -> None:
        self._stream = stream
        self._path = stream.list_path(partition)
        self._fixed = {**stream.params, **partition.params}
        self.label = self.request(PageRequest()).shown
        self.paging = stream.paging
        self.paging_advice = stream.paging_advice
        self.key = stream.key
        self.timestamp = stream.timestamp
        self.creation_rank = stream.creation_rank
        self.created_at = stream.created_at

    def request(self, request: PageRequest, optional: QueryParams | None = None) -> Request:
        """The HTTP request for a page.

        :param optional: the optional parameters to send; ``None``: those that the API has not refused
        """
        optional = self._stream.optional.params if optional is None else optional
        return self._stream.list_request(request, self._path, {**self._fixed, **optional})

    def fetch(self, request: PageRequest) -> Page:
        """One page, each row of which has a usable key.

        :raises Failure: when it cannot be had
        """
        page = self._fetch(request)
        if not _identify([self.key(row) for row in page.rows]):
            raise UnexpectedResponse(
                f"The list {self.label} has a row without a usable value in {self._stream.primary_key!r}, its key, so "
                "it cannot be read completely. Run the sync again; if this stays, the API does not answer as "
                "documented.",
                FailureType.transient_error,
            )
        return page

    def _fetch(self, request: PageRequest) -> Page:
        optional = self._stream.optional.params
        try:
            return self._send(request, optional)
        except BadRequest as refused:
            if not optional:
                raise
            refusal = refused
        # The optional parameters are to blame if the same request succeeds without them.
        page = self._send(request, {})
        self._stream.optional.drop(refusal)
        return page

    def _send(self, request: PageRequest, optional: QueryParams) -> Page:
        read_page = self._stream.read_page
        return self._stream.account.client.fetch(
            self.request(request, optional), lambda response: read_page(response, request)
        )


def _identify(keys: list[Any]) -> bool:
    """Whether each key identifies a record."""
    types = set(map(type, keys))
    if types == {str}:  # nearly always the one or the other
        return all(keys)
    if types == {int}:
        return is_identity(min(keys)) and is_identity(max(keys))
    return all(map(_identifies, keys))


def _identifies(key: Hashable) -> bool:
    """Whether a key identifies a record. In a key of several parts, some may be blank."""
    if isinstance(key, tuple):
        return any(map(is_identity, key)) and all(part == "" or is_identity(part) for part in key)
    return is_identity(key) or isinstance(key, bytes)


def _as_list(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


@cache
def _load_schema(path: Path) -> Mapping[str, Any]:
    return with_additional_properties(json.loads(path.read_text(encoding="utf-8")))
