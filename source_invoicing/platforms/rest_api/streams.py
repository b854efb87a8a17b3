"""A declared resource as a stream. There is one class per resource here too, made from its declaration."""

from __future__ import annotations

import copy
import json
import logging
import threading
import time
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import quote

import orjson
from airbyte_cdk.models import AirbyteStream, FailureType

from source_invoicing.http import (
    AccessRefused,
    Failure,
    HostUnreachable,
    QuotaExhausted,
    Request,
    ResourceMissing,
    Response,
    UnexpectedResponse,
    config_failure,
)
from source_invoicing.http.addresses import join_url, same_origin
from source_invoicing.platforms.rest_api.error_handler import BEHIND_THE_END, ResourceErrorHandler
from source_invoicing.platforms.rest_api.options import PLACE_OF_ID, Options, Resource
from source_invoicing.platforms.rest_api.pagers import OffsetPager, absolute, begins, sign_of_more
from source_invoicing.platforms.rest_api.paths import MISSING, describe, dig, put
from source_invoicing.platforms.rest_api.records import rows_in
from source_invoicing.platforms.rest_api.schema import infer
from source_invoicing.platforms.rest_api.timestamps import AnyTimestamp, filter_value
from source_invoicing.streams import (
    Account,
    ChildStream,
    InvoicingStream,
    OffsetWalk,
    Page,
    PageRequest,
    ParentIds,
    ParentStream,
    Row,
)
from source_invoicing.streams.stream import Slice

logger = logging.getLogger("airbyte.source_invoicing")

# A parent may have no children; of so many, one surely shows what they look like.
MOST_PARENTS_TO_INFER_FROM = 5
# If so many parents in a row have no list, and none had one, it is not there for the others either.
MOST_WITHOUT_A_LIST = 100
# How an API says that a list is empty.
NO_CONTENT = 204
PLAIN = "http://"
# What happens to one list of an account happens to the next one too.
CONCERNS_ALL = (HostUnreachable, QuotaExhausted)
# Numbers beyond are rounded when they are read, so two of them may look alike.
EXACT = 2**53


class Trial:
    """What became of the looks at the first pages of an account's lists.

    One that cannot be read is no reason to hide the others; if all are so, the configuration is wrong.
    """

    def __init__(self) -> None:
        self._to_come = 0
        self._some_list_was_there = False
        self._failure: Failure | None = None

    def expect(self) -> None:
        """One more list will be looked at."""
        self._to_come += 1

    def saw(self) -> None:
        """A list could be read."""
        self._to_come -= 1
        self._some_list_was_there = True

    def failed(self, stream: str, failure: Failure) -> None:
        """A list could not be read.

        :raises Failure: this one, when the others would do no better and take their time to say so; or the first one,
            when this was the last list and none could be read. That access is refused is no such failure
        """
        self._to_come -= 1
        failure_type = failure.failure_type or FailureType.system_error
        of_stream = type(failure)(f"Stream {stream}: {failure.sentence}", failure_type)
        if isinstance(failure, CONCERNS_ALL):
            raise of_stream
        if self._failure is None and not isinstance(failure, (AccessRefused, ResourceMissing)):
            self._failure = of_stream
        if self._failure and self._to_come <= 0 and not self._some_list_was_there:
            raise self._failure


@dataclass(frozen=True)
class RestAccount(Account):
    """An account, and what its streams need beside it.

    :param error_handler: opinion of an answer by its status
    :param trial: what became of the attempts to see what the lists look like
    """

    error_handler: ResourceErrorHandler
    trial: Trial = field(default_factory=Trial)


class RestStream(InvoicingStream):
    """A list that the configuration describes."""

    #: The declaration.
    declared: ClassVar[Resource]
    primary_key: ClassVar[str | list[str]]
    timestamp_format: ClassVar[AnyTimestamp]
    paging_advice = (
        "Check the pagination of the stream: its type, and the names of its parameters. Type none is for an API that "
        "sends the whole list at once."
    )

    account: RestAccount

    def __init__(self, account: RestAccount, **more: Any) -> None:
        """
        :param more: what the other bases take
        """
        super().__init__(account, **more)
        self._stored_schema: Mapping[str, Any] | None = None
        self._longest_page = 0
        self._may_have_ended: set[str] = set()
        self._cursor_doubt = ""
        self._shares_keys = False
        self._error_handler = account.error_handler.of(self.declared)

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self.declared.name

    # -- asking ---------------------------------------------------------------------------------------------------

    def list_params(self, request: PageRequest) -> Mapping[str, str | int]:
        """See :class:`InvoicingStream`."""
        params = dict(self.declared.pager.params(request))
        if request.since is not None and self.declared.since_param:
            params[self.declared.since_param] = filter_value(self.declared.since_format)(request.since)
        return params

    def list_request(self, request: PageRequest, path: str, fixed: Mapping[str, str | int]) -> Request:
        """See :class:`InvoicingStream`. What the body of a POST has a place for goes there, the rest into the query."""
        error_handler = self._error_handler.at(
            self.declared.pager.place(request), later=not begins(request), ends=self._said_at_the_end(request, path)
        )
        asked = self.list_params(request)
        body = copy.deepcopy(dict(self.declared.body)) if self.declared.method == "POST" else None
        if self._goes_along_links and request.token is not None:
            # A link is complete: nothing but the credentials is added.
            return Request(path, method=self.declared.method, json=body, url=request.token, error_handler=error_handler)
        query = list(self.declared.params)
        for name, value in asked.items():
            if body is not None and dig(body, name) is not MISSING:
                put(body, name, value)
            else:
                query.append((name, str(value)))
        return Request(path, query, method=self.declared.method, json=body, error_handler=error_handler)

    def _said_at_the_end(self, request: PageRequest, path: str) -> tuple[int, ...]:
        """With which statuses an API may say that nothing is there (any more). Where it told how long the list is, an
        answer that says nothing proves nothing."""
        if begins(request):
            return (NO_CONTENT,)
        if self.declared.pager.tells_the_end:
            return ()
        return (NO_CONTENT, *BEHIND_THE_END) if f"/{path}" in self._may_have_ended else (NO_CONTENT,)

    @property
    def _goes_along_links(self) -> bool:
        return not self.declared.pager.names

    # -- being answered -------------------------------------------------------------------------------------------

    def read_page(self, response: Response, request: PageRequest) -> Page:
        """See :class:`InvoicingStream`."""
        if response.status == NO_CONTENT or not response.ok:
            # What else is no answer was judged before.
            self._may_have_ended.discard(response.path)
            return Page([], has_more=False, server_time=response.server_time)
        found = rows_in(response.body, self.declared)
        rows: list[Row] = found if isinstance(found, list) else []
        self._demand_keys(rows, response)
        if begins(request):
            self._look_at_keys(rows)
            self._look_at_cursor(rows)
        pager = self.declared.pager
        outlook = pager.outlook(response, rows, request)
        has_more = outlook.has_more
        if pager.size and self._is_last(rows, request, response.path) and has_more is None and outlook.total is None:
            has_more = False
        if has_more and not rows and not outlook.next:
            raise UnexpectedResponse(
                f"The API answered {response.path} with an empty page and says that the list goes on. Run the sync "
                "again; if this stays, check the pagination of the stream.",
                FailureType.transient_error,
            )
        if not pager.size and request.token is None and not (has_more or outlook.next or outlook.total):
            self._look_for_more(rows, response)
        return Page(
            rows,
            has_more=has_more,
            total=outlook.total,
            next=self._link(outlook.next, response) if outlook.next and self._goes_along_links else outlook.next,
            server_time=self._server_time(rows, response),
        )

    def _is_last(self, rows: list[Row], request: PageRequest, path: str) -> bool:
        """Whether a page ends its list, where the API does not tell: one that is shorter than asked for does, once the
        API has shown that its pages can be as long as that."""
        asked_for = request.size or self.declared.pager.size
        before, self._longest_page = self._longest_page, max(self._longest_page, len(rows))
        is_last = len(rows) < asked_for <= self._longest_page or self._cannot_be_capped(rows, request, before)
        # The page behind may be answered as one that is not there. Behind a full page, that is where the API ends.
        may_end = begins(request) or len(rows) < min(request.size or self._longest_page, self._longest_page)
        if may_end and rows and not is_last and self.declared.pager.asks_behind_the_end:
            self._may_have_ended.add(path)
        else:
            self._may_have_ended.discard(path)
        return is_last

    def _cannot_be_capped(self, rows: list[Row], request: PageRequest, longest: int) -> bool:
        """Whether a page is shorter than the API lets one be, whatever was asked for.

        :param longest: rows of the longest page before
        """
        return False

    def _server_time(self, rows: list[Row], response: Response) -> int | None:
        """The server's clock, as the moments of the rows are written, or behind that. One of them tells for all."""
        if not isinstance(self.cursor_field, str):
            return response.server_time
        dated = next((row for row in rows if self.timestamp(row) is not None), {})
        lag = self.timestamp_format.lag(dig(dated, self.cursor_field))
        return (
            (response.server_time if response.server_time is not None else int(time.time())) - lag
            if lag
            else response.server_time
        )

    def _link(self, link: str, response: Response) -> str:
        """A link as an address, which may be elsewhere: the client refuses to go there."""
        base_url = self.account.client.base_url
        try:
            address = absolute(link, join_url(base_url, response.path))
        except ValueError:
            raise UnexpectedResponse(
                f"The API answered {response.path} with a next page whose address is none.", FailureType.transient_error
            ) from None
        # Behind a proxy that speaks https for it, an API may think that it is reached by http.
        secure = f"https://{address[len(PLAIN) :]}" if address.lower().startswith(PLAIN) else address
        return secure if same_origin(secure, base_url) else address

    def _demand_keys(self, rows: list[Row], response: Response) -> None:
        """Rows that cannot be told apart cannot be read completely."""
        for row in rows:
            for path in self.own_key:
                value = dig(row, path)
                rounded = isinstance(value, float) and abs(value) >= EXACT
                if value is None or value is MISSING or rounded or isinstance(value, (dict, list)):
                    raise UnexpectedResponse(
                        f"Stream {self.name}: a record of {response.path} has {describe(value)} at {path!r}, which "
                        f"primary_key names. The record is {describe(row)}. Name the fields that identify a record.",
                        FailureType.config_error,
                    )

    def _look_at_keys(self, rows: list[Row]) -> None:
        """Say so where rows share their primary key: pages that overlap, and destinations, keep one of them."""
        if self._shares_keys or not self.declared.primary_key or len(set(map(self.key, rows))) == len(rows):
            return
        self._shares_keys = True
        logger.warning(
            "Stream %s: records of the first page have the same %s, which primary_key names. If they are not the same "
            "record, name further fields in primary_key: of records with the same key some may be left out.",
            self.name,
            " and ".join(self.declared.primary_key),
        )

    def _look_at_cursor(self, rows: list[Row]) -> None:
        """Say so where ``cursor_field`` cannot be right: then each sync reads everything, and nobody would know."""
        if self._cursor_doubt or not isinstance(self.cursor_field, str):
            return
        values = [dig(row, self.cursor_field) for row in rows]
        if not rows or any(value is None for value in values) or any(map(self.timestamp, rows)):
            return
        self._cursor_doubt = (
            f"Stream {self.name}: the records of the first page have {describe(values[0])} at {self.cursor_field!r}, "
            "which cursor_field names, and no date. Leave it empty where the API tells no time of change; a date in a "
            "form of its own needs its pattern in since_format."
        )
        logger.warning("%s Until then everything is read each time.", self._cursor_doubt)

    def _look_for_more(self, rows: list[Row], response: Response) -> None:
        """Say so where a list that ends with its first page seems to be longer."""
        if sign := sign_of_more(response, len(rows)):
            logger.warning(
                "Stream %s: the list ends after one page of %d rows, and %s in the answer. If that is about its rows, "
                "the pagination is not the one configured; total_path or has_more_path make sure.",
                self.name,
                len(rows),
                sign,
            )

    @property
    def own_key(self) -> tuple[str, ...]:
        """The fields that tell the rows of one list apart: the primary key."""
        return self.declared.primary_key

    def key(self, row: Row) -> Hashable:
        """See :class:`InvoicingStream`. Without a primary key, a row is what is in it."""
        if not self.declared.primary_key:
            try:
                return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
            except orjson.JSONEncodeError:  # it reads what is nested deeper than it writes
                return json.dumps(row, sort_keys=True).encode()
        # As text: an API may write the same id as a number here and as text there.
        return tuple(str(dig(row, path)) for path in self.own_key)

    def creation_rank(self, row: Row) -> int | None:
        """A number that grows with each row created, where the last part of the primary key is one."""
        identity = dig(row, self.own_key[-1]) if self.own_key else None
        return identity if isinstance(identity, int) and not isinstance(identity, bool) else None

    def timestamp(self, row: Row) -> int | None:
        """See :class:`InvoicingStream`."""
        field = self.cursor_field
        return self.timestamp_format.seconds(dig(row, field)) if isinstance(field, str) else None

    # -- the schema -----------------------------------------------------------------------------------------------

    def get_json_schema(self) -> Mapping[str, Any]:  # type: ignore[override]  # the base caches per instance
        """The schema that the configuration gives, or one inferred from the first page, which takes a request."""
        return self.declared.json_schema or self._inferred_schema

    @cached_property
    def _inferred_schema(self) -> Mapping[str, Any]:
        return infer(self.name, self._rows_to_infer_from(), self.declared.primary_key, self._further_fields())

    def _further_fields(self) -> tuple[str, ...]:
        return (self.cursor_field,) if isinstance(self.cursor_field, str) else ()

    def _rows_to_infer_from(self) -> list[Row]:
        """Rows that show what the records look like."""
        return self.first_rows

    @cached_property
    def first_rows(self) -> list[Row]:
        """The first page; nothing where it cannot be read.

        :raises Failure: when no list of the account can be read
        """
        try:
            rows = self.first_page({})
        except Failure as failure:
            self.account.trial.failed(self.name, failure)
            self._say_that_the_schema_stays_open(failure)
            return []
        self.account.trial.saw()
        return rows

    def _say_that_the_schema_stays_open(self, failure: Failure) -> None:
        logger.warning("Stream %s: its schema stays open, as its list cannot be read. %s", self.name, failure)

    def try_out(self) -> None:
        """Ask for the first page.

        :raises Failure: when it does not fit the configuration
        """
        self.first_page({})
        if self._cursor_doubt:
            raise config_failure(self._cursor_doubt)

    def first_page(self, stream_slice: Slice) -> list[Row]:
        """The rows of the first page of a slice."""
        request = self.list_request(PageRequest(), self.list_path(stream_slice), {})
        return self.account.client.fetch(request, lambda response: self.read_page(response, PageRequest())).rows

    def use_schema(self, schema: Mapping[str, Any]) -> None:
        """See :class:`InvoicingStream`."""
        self._stored_schema = schema

    def schema_of_records(self) -> Mapping[str, Any]:
        """See :class:`InvoicingStream`. A read infers nothing: the connection has stored what discover found."""
        return self.declared.json_schema or self._stored_schema or {}

    def as_airbyte_stream(self) -> AirbyteStream:
        """See :class:`InvoicingStream`. Dotted paths are lists of names here."""
        stream = super().as_airbyte_stream()
        stream.source_defined_primary_key = [path.split(".") for path in self.declared.primary_key] or None
        if isinstance(self.cursor_field, str):
            stream.default_cursor_field = self.cursor_field.split(".")
        return stream


class RestParentStream(RestStream, ParentStream):
    """A declared resource whose rows have lists of their own."""

    #: Dotted path of the id that the children are asked for with.
    id_path: ClassVar[str]

    def read_ids(self) -> Iterator[Any]:
        """See :class:`ParentStream`. As the records have them, whose schema may say text where the API says number."""
        for step in self.walk({}, since=None):
            yield from (self.parent_id(self._normalise(row)) for row in step.rows)

    @property
    def first_ids(self) -> list[Any]:
        """The ids of the first page."""
        return [self.parent_id(self._normalise(copy.deepcopy(row))) for row in self.first_rows]

    def parent_id(self, row: Row) -> Any:
        """See :class:`ParentStream`."""
        value = dig(row, self.id_path)
        if isinstance(value, bool) or not isinstance(value, (int, str)) or value == "":
            raise UnexpectedResponse(
                f"Stream {self.name}: a record has {describe(value)} at {self.id_path!r}, which parent.key of another "
                "stream names as its id.",
                FailureType.config_error,
            )
        return value


class RestChildStream(RestStream, ChildStream):
    """A declared resource with a list per parent."""

    def __init__(self, account: RestAccount, parents: ParentIds, parent: RestParentStream) -> None:
        """
        :param parents: shared by all children of the same parents
        :param parent: the stream of the parents
        """
        super().__init__(account, parents=parents)
        self._parent = parent
        self._lists = Lists()

    @property
    def own_key(self) -> tuple[str, ...]:
        """See :class:`RestStream`. The parent's id is the same in all rows of a list, and not in them yet."""
        return tuple(path for path in self.declared.primary_key if path != self.parent_field)

    def list_path(self, stream_slice: Slice) -> str:
        """See :class:`InvoicingStream`."""
        parent = stream_slice.get(self.parent_field, PLACE_OF_ID)
        return self.declared.path.replace(PLACE_OF_ID, quote(str(parent), safe="{}"))

    def read_page(self, response: Response, request: PageRequest) -> Page:
        """See :class:`RestStream`."""
        self._done(self._lists.found())
        return super().read_page(response, request)

    def _cannot_be_capped(self, rows: list[Row], request: PageRequest, longest: int) -> bool:
        """See :class:`RestStream`. There are many short lists, and each would take a second question."""
        return begins(request) and len(rows) < longest

    def _without_list(self, parent: Any, missing: ResourceMissing) -> list[Any]:
        """See :class:`ChildStream`. Nothing is known of where a parent can be asked for. One without a list has none,
        where others have theirs; if nobody has, the path is wrong."""
        if self._parent_state.done_up_to is not None:
            self._lists.found()
        done = self._lists.missed(parent, len(self.parents.get()))
        if done is None:
            raise type(missing)(
                f"{missing.sentence} The same goes for all {self._lists.missing} parents asked about. If the path is "
                "right, none of them has such a list; leave the stream out until one has.",
                FailureType.config_error,
            )
        logger.info("Stream %s: %s %s has no list and is skipped.", self.name, self.parent_field, parent)
        return done

    def _further_fields(self) -> tuple[str, ...]:
        return (self.parent_field,)

    def _rows_to_infer_from(self) -> list[Row]:
        """See :class:`RestStream`."""
        try:
            return self._rows_of_a_parent()
        except CONCERNS_ALL:
            raise
        except Failure as failure:
            self._say_that_the_schema_stays_open(failure)
            return []

    def _rows_of_a_parent(self) -> list[Row]:
        """The first page of the first parent that has one."""
        for parent in self._parent.first_ids[:MOST_PARENTS_TO_INFER_FROM]:
            try:
                rows = self.first_page({self.parent_field: parent})
            except ResourceMissing as missing:
                logger.info("Stream %s: %s %s has no list. %s", self.name, self.parent_field, parent, missing)
                continue
            if rows:
                return [{**row, self.parent_field: parent} for row in rows]
        return []


class Lists:
    """What is known of the lists of a stream's parents: whether there are any.

    Until one was there, parents without one are not done. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._some_were_there = False
        self._without: list[Any] = []

    @property
    def missing(self) -> int:
        """How many parents were asked about in vain, while none had a list."""
        return len(self._without)

    def found(self) -> list[Any]:
        """A list was there.

        :return: the parents that are done by that, as theirs are not
        """
        with self._lock:
            self._some_were_there = True
            done, self._without = self._without, []
            return done

    def missed(self, parent: Any, parents: int) -> list[Any] | None:
        """A list was not there.

        :param parents: how many of them there are
        :return: the parents that are done by that; ``None`` when it shows that there are no lists
        """
        with self._lock:
            if self._some_were_there:
                return [parent]
            self._without.append(parent)
            return None if len(self._without) >= min(parents, MOST_WITHOUT_A_LIST) else []


def streams_of(options: Options, account: RestAccount) -> list[InvoicingStream]:
    """The declared resources as streams, in order, parents before their children."""
    keys = {resource.parent.stream: resource.parent.key for resource in options.resources if resource.parent}
    ids: dict[str, ParentIds] = {}
    streams: dict[str, InvoicingStream] = {}
    for resource in _parents_first(options.resources):
        if resource.parent is None and resource.json_schema is None:
            account.trial.expect()
        if resource.parent is not None:
            child = _class(resource, RestChildStream, parent_field=resource.parent.field)
            parent_name = resource.parent.stream
            streams[resource.name] = child(account, parents=ids[parent_name], parent=streams[parent_name])
        elif resource.name in keys:
            parent_class = _class(resource, RestParentStream, id_path=keys[resource.name])
            # An instance of its own: reading ids must not move the state of the parents' stream.
            ids[resource.name] = ParentIds(parent_class(account).read_ids)
            parent = streams[resource.name] = parent_class(account)
            parent.ids = ids[resource.name]
        else:
            streams[resource.name] = _class(resource, RestStream)(account)
    return list(streams.values())


def _parents_first(resources: Iterable[Resource]) -> list[Resource]:
    return sorted(resources, key=lambda resource: resource.parent is not None)


def _class(resource: Resource, base: type[Any], **attributes: Any) -> type[Any]:
    """The class of a declared resource, as it would stand in the module of a platform of its own."""
    walks = resource.pager.walks
    if isinstance(resource.pager, OffsetPager) and not resource.since_param:
        walks = (OffsetWalk,)
    name = "".join(part.capitalize() for part in resource.name.split("_"))
    members = {
        "declared": resource,
        "resource": resource.path,
        "primary_key": list(resource.primary_key),
        # Lists under parents are read in full: no API tells which parents have changed children.
        "cursor_field": [] if resource.parent else resource.cursor_field or [],
        "timestamp_format": AnyTimestamp(resource.since_format if "%" in resource.since_format else ""),
        "walks": walks,
        "__doc__": f"The list at /{resource.path}.",
        "__module__": __name__,
        **attributes,
    }
    return type(name or "Unnamed", (base,), members)
