"""What a resource declares, and how the rows of its list become records. Knows nothing of the CDK's streams."""

from __future__ import annotations

import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

from airbyte_cdk.sources.utils.casing import camel_to_snake

from source_invoicing.http import (
    BadRequest,
    Failure,
    MalformedResponse,
    Request,
    ResourceMissing,
    Response,
    UnexpectedResponse,
    logger,
)
from source_invoicing.streams.account import Account
from source_invoicing.streams.cursor_state import CursorState
from source_invoicing.streams.listing import PASSES, ListReader, Pages, Paging, Plan, RemainingPlans
from source_invoicing.streams.normalise import Normaliser, with_additional_properties
from source_invoicing.streams.page import Listing, Page, PageRequest, Row, all_valid_keys
from source_invoicing.streams.partition import Chain, Partition, as_one_chain
from source_invoicing.streams.state import CheckpointState, StreamState
from source_invoicing.streams.timestamps import TimestampFormat, UnixSeconds

QueryParams = Mapping[str, str | int]
# The name of a stream is needed many times.
_snake_case = cache(camel_to_snake)


class Resource(ABC):
    """One resource of a vendor, read as a list.

    A subclass declares in a few attributes what is special about the resource. The platform's own base class
    translates a page request into the vendor's parameters (:meth:`list_params`) and a response into a page
    (:meth:`read_page`). All resources share how a list is read, its state, and how values become typed.
    """

    #: Path of the list below the base URL, without a leading slash.
    resource: ClassVar[str]
    primary_key: ClassVar[str | list[str]] = "id"
    #: Field with the time a record was last changed; empty where the vendor stores no such time.
    cursor_field: ClassVar[str | list[str]] = []
    timestamp_format: ClassVar[TimestampFormat] = UnixSeconds()
    #: Whether records are skipped that were last changed before the start date, or before an earlier sync.
    selects_by_time: ClassVar[bool] = True
    #: Ways to read the list, best first. The first one that the API honours is used.
    plans: ClassVar[tuple[Plan, ...]] = (PASSES,)
    #: How the API addresses a page.
    paging: ClassVar[Paging] = Pages()
    #: Fixed query parameters of the list.
    params: ClassVar[QueryParams] = {}
    #: Fixed query parameters that the API may not know: dropped if they are the reason for a refusal.
    optional_params: ClassVar[QueryParams] = {}
    #: Lists whose union is the resource, by name, with the query parameters that select each. A record may move from
    #: one to another while they are read, so one worker reads them in this order, and then all but the last one again.
    lists: ClassVar[Mapping[str, QueryParams]] = {}
    #: What to check when the API does not page as asked, where the user can set that.
    paging_advice: ClassVar[str] = ""
    #: Folder of the JSON schemas, beside the module of the stream.
    schema_folder: str = "schemas"
    #: Whether its records are the events of the account.
    holds_events: ClassVar[bool] = False
    #: Kinds of events that say that a record of this stream was deleted.
    deletion_events: ClassVar[tuple[str, ...]] = ()
    #: Kinds of events that may mean that: the record is read again.
    possible_deletion_events: ClassVar[tuple[str, ...]] = ()
    #: Whether a list shows the effect of all events that happened before it was read.
    lists_are_current: ClassVar[bool] = False
    #: How the names of fields begin that users have made, so that no schema knows them; empty where that does not show.
    custom_field_prefix: ClassVar[str] = ""
    #: Whether the connection has stored the schema without the column for deletions.
    lacks_deletion_column: bool = False

    def __init__(self, account: Account) -> None:
        self.account = account
        self.progress = self.make_state()
        #: Its name in messages.
        self.shown = f"{self.name} in {account.name}" if account.name else self.name
        # Accounts may differ in what the API accepts.
        self.remaining_plans = RemainingPlans(self.shown, self.plans)
        self.usable_optional_params = self.optional_params
        #: The streams that get records of its list.
        self.target_streams: Sequence[Resource] = ()

    @property
    def name(self) -> str:
        return _snake_case(type(self).__name__)

    # -- for platforms to define --------------------------------------------------------------------------------

    def list_params(self, request: PageRequest) -> QueryParams:
        """A page request as the vendor's query parameters, unless the platform defines :meth:`list_request`."""
        raise NotImplementedError

    @abstractmethod
    def read_page(self, response: Response, request: PageRequest) -> Page:
        """A response as a page.

        :raises MalformedResponse: when it does not hold a list; the request is repeated
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

    def fallback_partitions(self, partition: Partition, refusal: BadRequest | ResourceMissing | None) -> Chain:
        """The partitions to read instead of one that the API refused or does not have, or that has no rows.

        :param refusal: ``None`` where it has no rows
        """
        return ()

    def explain(self, failure: Failure) -> Failure:
        """The failure of a list, with the platform's advice."""
        return failure

    def resolve_missing_list(self, partition: Partition, missing: ResourceMissing) -> Iterable[Any]:
        """Find out whether a parent was deleted or its list does not exist in this account.

        :return: the keys of the partitions that are done, where the parent was deleted
        :raises Failure: when the list does not exist
        """
        raise missing

    # -- reading --------------------------------------------------------------------------------------------------

    @property
    def source_stream(self) -> Resource:
        """The stream whose list is read: itself, unless its records are parts of another stream's rows."""
        return self

    def chains(self) -> Iterator[Chain]:
        """All partitions, each chain for one worker."""
        if self.lists:
            yield as_one_chain([Partition(name, params=params) for name, params in self.lists.items()])
            return
        for partition in self.partitions():
            yield [partition]

    def listing(self, partition: Partition) -> Listing:
        """The list of a partition, page by page."""
        return ResourceList(self, partition)

    def reader(self, partition: Partition) -> ListReader:
        return ListReader(self.listing(partition), self.remaining_plans)

    def all_records(self) -> Iterator[Row]:
        """All records, regardless of the state and the start date."""
        for chain in self.chains():
            for partition in chain:
                for batch in self.reader(partition).batches(None):
                    yield from self.records(batch.rows, partition)

    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        """The records of rows. The rows are changed in place."""
        records = list(map(self.normaliser, rows))
        for record in records if partition.stamp else ():
            record.update(partition.stamp)
        return records

    def conclude(self) -> None:  # noqa: B027  # few have something to do
        """All lists have been read to their end."""

    @cached_property
    def normaliser(self) -> Normaliser:
        """A function that makes the values of a record fit the schema."""
        fields = [name for names in (self.primary_key, self.cursor_field) for name in _as_list(names)]
        return Normaliser(self.name, self.schema_of_records(), keep=(name.partition(".")[0] for name in fields))

    def schema_of_records(self) -> Mapping[str, Any]:
        """The schema that records are made to fit."""
        return self.get_json_schema()

    def get_json_schema(self) -> Mapping[str, Any]:
        """The stream's schema: ``<schema_folder>/<name>.json`` beside the module that defines it."""
        return _load_schema(Path(inspect.getfile(type(self))).parent / self.schema_folder / f"{self.name}.json")

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
        """When a row was last changed (seconds since 1970, UTC); ``None`` where it has no such time."""
        field = self.cursor_field
        return self.timestamp_format.parse(row.get(field)) if field.__class__ is str else None

    def cursor_value(self, row: Row) -> Any:
        """The value of a row's cursor field; ``None`` where the stream has no such field."""
        return row.get(self.cursor_field) if isinstance(self.cursor_field, str) else None

    def make_state(self) -> StreamState:
        """An empty state of the kind that this stream keeps."""
        if isinstance(self.cursor_field, str):
            return CursorState(self.name, self.cursor_field, self.timestamp_format, tuple(self.lists))
        resumable = not self.lists and any(plan.strategy.resumable for plan in self.plans)
        return CheckpointState(self.name) if resumable else StreamState(self.name)

    # -- deleted records ---------------------------------------------------------------------------------------------

    def is_wanted(self, row: Row) -> bool:
        """Whether a row becomes a record."""
        return True

    def record_request(self, key: Hashable, partition: Partition) -> Request | None:
        """The request for one record; ``None`` where the API has none.

        :param key: identifies its row
        """
        return None

    def read_record(self, response: Response, key: Hashable) -> Row | None:
        """The response to :meth:`record_request` as a row of the list; ``None`` if there is no such record.

        :raises MalformedResponse: when it is something else; the request is repeated
        """
        if isinstance(response.body, dict) and self.key(response.body) == key:
            return response.body
        raise MalformedResponse(
            f"{response.path} answered with another record or none. Run the sync again; if it persists, report it.",
        )

    @property
    def deletion_kinds(self) -> Collection[str]:
        """The kinds of events after which a record of this stream may be gone."""
        return {*self.deletion_events, *self.possible_deletion_events}

    @property
    def event_kinds(self) -> Collection[str]:
        """The kinds of events that matter to this stream."""
        return self.deletion_kinds

    @property
    def needs_events(self) -> bool:
        """Whether the stream reads the events of the account."""
        return self.emits_deletions and bool(self.event_kinds) and self.account.events is not None

    @property
    def can_detect_deletions(self) -> bool:
        """Whether there is a way to find deleted records. A full refresh that overwrites needs none."""
        return isinstance(self.cursor_field, str) and (bool(self.event_kinds) or not self.lists)

    @property
    def emits_deletions(self) -> bool:
        """Whether the stream emits a record for each deleted one."""
        return self.account.deletions.emit and self.can_detect_deletions and not self.lacks_deletion_column

    def partition_of_parent(self, parent: Any) -> Partition:
        """The list with the rows of a parent; any list, where rows have no parents."""
        return Partition()

    def set_field(self, row: Row, name: str, value: Any) -> None:
        """Set a field of a row, by the name that the primary key or the cursor field has for it."""
        row[name] = value


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
        optional = self._stream.usable_optional_params if optional is None else optional
        return self._stream.list_request(request, self._path, {**self._fixed, **optional})

    def fetch(self, request: PageRequest) -> Page:
        """One page. Each of its rows has a usable key.

        :raises Failure: when it cannot be fetched
        """
        page = self._fetch(request)
        if not all_valid_keys([self.key(row) for row in page.rows]):
            raise UnexpectedResponse(
                f"The list {self.label} has a row without a usable value in {self._stream.primary_key!r}, its key, so "
                "it cannot be read completely. Run the sync again; if it persists, the API does not answer as "
                "documented."
            )
        return page

    def _fetch(self, request: PageRequest) -> Page:
        optional = self._stream.usable_optional_params
        try:
            return self._send(request, optional)
        except BadRequest as refused:
            if not optional:
                raise
            refusal = refused
        # The optional parameters are the reason if the same request succeeds without them.
        page = self._send(request, {})
        if self._stream.usable_optional_params:
            self._stream.usable_optional_params = {}
            logger.warning(
                "Stream %s: the API does not take %s (%s). It is left out, and what it asks for may be missing.",
                self._stream.shown,
                ", ".join(f"{name}={value}" for name, value in optional.items()),
                refusal,
            )
        return page

    def _send(self, request: PageRequest, optional: QueryParams) -> Page:
        return self._stream.account.client.fetch(
            self.request(request, optional), lambda response: self._stream.read_page(response, request)
        )


def _as_list(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


@cache
def _load_schema(path: Path) -> Mapping[str, Any]:
    return with_additional_properties(json.loads(path.read_text(encoding="utf-8")))
