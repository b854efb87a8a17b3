"""A declared resource as a stream: how it asks for a page, and how it reads the response."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from http import HTTPStatus
from typing import Any, ClassVar

import orjson
from airbyte_cdk.models import AirbyteStream, FailureType
from typing_extensions import override

from source_invoicing.http import Failure, Request, Response, UnexpectedResponse, config_failure, logger
from source_invoicing.platforms.rest_api.account import RestAccount
from source_invoicing.platforms.rest_api.checks import (
    demand_keys,
    doubt_about_cursor,
    warn_of_more,
    warn_of_shared_keys,
)
from source_invoicing.platforms.rest_api.error_handler import PageErrorHandler
from source_invoicing.platforms.rest_api.list_end import ListEnd
from source_invoicing.platforms.rest_api.options import Resource
from source_invoicing.platforms.rest_api.outlook import Outlook, absolute
from source_invoicing.platforms.rest_api.paths import MISSING, dig, set_path
from source_invoicing.platforms.rest_api.records import read_records
from source_invoicing.platforms.rest_api.schema import Schema, StreamSchema, infer
from source_invoicing.platforms.rest_api.timestamps import AnyTimestamp, filter_value
from source_invoicing.platforms.rest_api.words import error_text
from source_invoicing.streams import InvoicingStream, Page, PageRequest, Partition, Row


class RestStream(InvoicingStream):
    """A list that the configuration describes."""

    #: The declaration.
    declared: ClassVar[Resource]
    primary_key: ClassVar[str | list[str]]
    timestamp_format: ClassVar[AnyTimestamp]
    #: Whether there are many short lists, one per parent.
    many_lists: ClassVar[bool] = False
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
        self._schema = StreamSchema(self.declared.json_schema, self._infer_schema)
        self._end = ListEnd(self.declared.pager, many_lists=self.many_lists)
        words = partial(error_text, error_path=self.declared.error_path)
        self._by_status = replace(account.error_handler, error_text=words)
        self._cursor_doubt = ""
        self._shares_keys = False

    @property
    @override
    def name(self) -> str:
        return self.declared.name

    # -- asking ---------------------------------------------------------------------------------------------------

    @override
    def list_params(self, request: PageRequest) -> Mapping[str, str | int]:
        params = dict(self.declared.pager.params(request))
        if request.since is not None and self.declared.since_param:
            params[self.declared.since_param] = filter_value(self.declared.since_format)(request.since)
        return params

    @override
    def list_request(self, request: PageRequest, path: str, fixed: Mapping[str, str | int]) -> Request:
        """A page request as an HTTP request.

        The body of a POST takes the parameters that it has a place for; all others go into the query.
        """
        params = self.list_params(request)
        body = copy.deepcopy(dict(self.declared.body)) if self.declared.method == "POST" else None
        asked = Request(path, method=self.declared.method, json=body, error_handler=self._error_handler(request, path))
        if self._follows_links and request.token is not None:
            # A link is complete: nothing but the credentials is added.
            return replace(asked, url=request.token)
        query = list(self.declared.params)
        for name, value in params.items():
            if body is not None and dig(body, name) is not MISSING:
                set_path(body, name, value)
            else:
                query.append((name, str(value)))
        return replace(asked, params=query)

    def _error_handler(self, request: PageRequest, path: str) -> PageErrorHandler:
        return PageErrorHandler(
            self._by_status,
            place=self.declared.pager.place(request),
            later=not request.is_first,
            ends=self._end.statuses(request, f"/{path}"),
            may_be_the_end=self.declared.pager.asks_behind_the_end,
        )

    @property
    def _follows_links(self) -> bool:
        return not self.declared.pager.names

    # -- reading the response -------------------------------------------------------------------------------------

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        if response.status == HTTPStatus.NO_CONTENT or not response.ok:
            # The error handler lets pass only the statuses that mean that there is nothing more.
            self._end.was_said(response.path)
            return Page([], has_more=False, server_time=response.server_time)
        rows = read_records(response, self.declared, is_first_page=request.is_first)
        self._check_keys(rows, response, request)
        self._check_cursor(rows, request)
        outlook = self._outlook(rows, response, request)
        self._check_end(outlook, rows, response, request)
        return Page(
            rows,
            has_more=outlook.has_more,
            total=outlook.total,
            next=outlook.next,
            server_time=self._server_time(rows, response),
        )

    def _check_keys(self, rows: list[Row], response: Response, request: PageRequest) -> None:
        demand_keys(self.name, rows, self.own_key, response)
        if self._shares_keys or not self.declared.primary_key or not request.is_first:
            return
        if len(set(map(self.key, rows))) < len(rows):
            self._shares_keys = True
            warn_of_shared_keys(self.name, self.declared.primary_key)

    def _check_cursor(self, rows: list[Row], request: PageRequest) -> None:
        """Warn of a wrong ``cursor_field``, with which every sync would silently read everything."""
        if self._cursor_doubt or not isinstance(self.cursor_field, str) or not request.is_first:
            return
        if not any(map(self.timestamp, rows)):
            self._cursor_doubt = doubt_about_cursor(self.name, rows, self.cursor_field, self.declared.since_format)
        if self._cursor_doubt:
            logger.warning("%s Until then everything is read each time.", self._cursor_doubt)

    def _outlook(self, rows: list[Row], response: Response, request: PageRequest) -> Outlook:
        """How the list continues, by what the API says, or by the length of the page where it says nothing."""
        pager = self.declared.pager
        outlook = pager.outlook(response, rows, request)
        if pager.size and self._end.is_reached(len(rows), request, response.path):
            silent = outlook.has_more is None and outlook.total is None
            outlook = replace(outlook, has_more=False) if silent else outlook
        if outlook.next and self._follows_links:
            outlook = replace(outlook, next=absolute(outlook.next, response, self.account.client.base_url))
        return outlook

    def _check_end(self, outlook: Outlook, rows: list[Row], response: Response, request: PageRequest) -> None:
        if outlook.has_more and not rows and not outlook.next:
            raise UnexpectedResponse(
                f"The API answered {response.path} with an empty page and says that the list goes on. Run the sync "
                "again; if this stays, check the pagination of the stream.",
                FailureType.transient_error,
            )
        continues = outlook.has_more or outlook.next or outlook.total
        if not self.declared.pager.size and request.token is None and not continues:
            warn_of_more(self.name, rows, response)

    def _server_time(self, rows: list[Row], response: Response) -> int | None:
        """The server's clock (seconds since 1970), not ahead of how the times of change on the page are written."""
        if not isinstance(self.cursor_field, str):
            return response.server_time
        # One of them shows how all are written.
        dated = next((row for row in rows if self.timestamp(row) is not None), {})
        lag = self.timestamp_format.lag(dig(dated, self.cursor_field))
        if not lag:
            return response.server_time
        return (response.server_time if response.server_time is not None else int(time.time())) - lag

    # -- what identifies a row ------------------------------------------------------------------------------------

    @property
    def own_key(self) -> tuple[str, ...]:
        """Dotted paths of the fields that distinguish the rows of one list: the primary key."""
        return self.declared.primary_key

    @override
    def key(self, row: Row) -> Hashable:
        """The values of the primary key; without one, the whole row."""
        if not self.declared.primary_key:
            try:
                return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
            except orjson.JSONEncodeError:  # orjson reads deeper nesting than it writes
                return json.dumps(row, sort_keys=True).encode()
        # As text: an API may write the same id as a number here and as text there.
        return tuple(str(dig(row, path)) for path in self.own_key)

    @override
    def creation_rank(self, row: Row) -> int | None:
        identity = dig(row, self.own_key[-1]) if self.own_key else None
        return identity if isinstance(identity, int) and not isinstance(identity, bool) else None

    @override
    def timestamp(self, row: Row) -> int | None:
        field = self.cursor_field
        return self.timestamp_format.parse(dig(row, field)) if isinstance(field, str) else None

    @property
    @override
    def can_tell_deletions(self) -> bool:
        return super().can_tell_deletions and bool(self.declared.primary_key)

    @override
    def row_with(self, key: Hashable) -> Row:
        row: Row = {}
        for path, value in zip(self.declared.primary_key, key if isinstance(key, tuple) else (key,), strict=True):
            set_path(row, path, value)
        return row

    @override
    def with_cursor(self, row: Row, value: Any) -> Row:
        set_path(row, str(self.cursor_field), value)
        return row

    # -- the first page, and the schema ---------------------------------------------------------------------------

    def try_out(self) -> None:
        """Ask for the first page.

        :raises Failure: when it does not fit the configuration
        """
        self.first_page(Partition())
        if self._cursor_doubt:
            raise config_failure(self._cursor_doubt)

    def first_page(self, partition: Partition) -> list[Row]:
        """The rows of the first page of a partition.

        :raises Failure: when it cannot be read
        """
        request = self.list_request(PageRequest(), self.list_path(partition), {})
        return self.account.client.fetch(request, lambda response: self.read_page(response, PageRequest())).rows

    @cached_property
    def first_rows(self) -> list[Row]:
        """The rows of the first page; none where it cannot be read.

        :raises Failure: when no list of the account can be read
        """
        try:
            rows = self.first_page(Partition())
        except Failure as failure:
            self.account.discovery.failed(self.name, failure)
            self.warn_of_open_schema(failure)
            return []
        self.account.discovery.succeeded()
        return rows

    def warn_of_open_schema(self, failure: Failure) -> None:
        """Say that the records of this stream are not known."""
        logger.warning("Stream %s: its schema stays open, as its list cannot be read. %s", self.name, failure)

    def _infer_schema(self) -> Schema:
        cursor = (self.cursor_field,) if isinstance(self.cursor_field, str) else ()
        return infer(self.name, self.first_rows, self.declared.primary_key, cursor)

    @override
    def get_json_schema(self) -> Schema:  # type: ignore[override]  # the base caches per instance
        return self._schema.offered

    @override
    def use_schema(self, schema: Schema) -> None:
        self._schema.stored = schema

    @override
    def schema_of_records(self) -> Schema:
        return self._schema.of_records

    @override
    def as_airbyte_stream(self) -> AirbyteStream:
        stream = super().as_airbyte_stream()
        # Dotted paths are lists of names here.
        stream.source_defined_primary_key = [path.split(".") for path in self.declared.primary_key] or None
        if isinstance(self.cursor_field, str):
            stream.default_cursor_field = self.cursor_field.split(".")
        return stream
