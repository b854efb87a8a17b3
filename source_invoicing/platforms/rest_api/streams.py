"""A declared resource as a stream: how it reads responses, and what its records hold."""

from __future__ import annotations

import json
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar, cast

import orjson
from typing_extensions import override

from source_invoicing.http import Failure, Request, Response, UnexpectedResponse, Verdict, config_failure, logger
from source_invoicing.platforms.rest_api.error_handler import with_advice
from source_invoicing.platforms.rest_api.lists import DeclaredLists
from source_invoicing.platforms.rest_api.page_info import absolute, hint_of_more
from source_invoicing.platforms.rest_api.paths import MISSING, dig, set_path
from source_invoicing.platforms.rest_api.records import check_window, doubt_about_cursor, read_records, require_keys
from source_invoicing.platforms.rest_api.resource import SYNCED_AT
from source_invoicing.platforms.rest_api.states import VersionState
from source_invoicing.platforms.rest_api.template import DetailRequest
from source_invoicing.platforms.rest_api.timestamps import AnyTimestamp
from source_invoicing.streams import Page, PageRequest, Partition, Row
from source_invoicing.streams.derived import first
from source_invoicing.streams.resource import ResourceList
from source_invoicing.streams.timestamps import ISO_8601, TimestampFormat, complete_until, format_utc

T = TypeVar("T")
# The most pages that a schema is inferred from.
MAX_PAGES_TO_INFER_FROM = 3
# The most lists of a stream that discovery reads until one has rows: some customers have no contacts.
MAX_LISTS = 20


class RestStream(DeclaredLists):
    """A list that the configuration describes."""

    timestamp_format: ClassVar[TimestampFormat]

    #: The list that was read last to try out the stream or infer its schema.
    sampled = Partition()

    _cursor_doubt = ""
    _shares_keys = False

    @property
    @override
    def paging_advice(self) -> str:  # type: ignore[override]  # others declare one
        advice = (
            "Check the pagination of the stream: its type, and the names of its parameters. Type none is for an API "
            "that sends the whole list at once."
        )
        body, params = self.declared.template.body, self.declared.paging_params.values()
        astray = [param for param in params if dig(body, param) is MISSING]
        if self.declared.template.method != "POST" or not astray:
            return advice
        return f"{advice} The body has no place for {' and '.join(astray)}, so it went into the query."

    # -- reading the response -------------------------------------------------------------------------------------

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        if response.ok and response.status != HTTPStatus.NO_CONTENT:
            page = self._page(response, request)
        else:
            # The error handler passes only statuses that mean that no more rows follow.
            self._list_end.end_reported(response.path)
            # 204 says nothing about the end: if the previous page announced more rows, it does not count as a page.
            blank = response.status == HTTPStatus.NO_CONTENT
            page = Page([], has_more=False, blank=blank, server_time=response.server_time)
        if request.is_first:
            self._record_start(page)
        return page

    def _record_start(self, page: Page) -> None:
        """Record when the reading of a list began, for states that move once all is read."""
        for state in self._states_moved_at_end:
            if isinstance(state, VersionState):
                if self._is_read_once:
                    # Lists that are read side by side know nothing of each other.
                    seen = 0 if self.declared.value_field else state.newest or 0
                    state.begin(max([seen, *(self._cursor_value(row) or 0 for row in page.rows)]))
            elif state is not None:
                state.begin(complete_until(self._asked_at or self.account.began, page.server_time))

    def _page(self, response: Response, request: PageRequest) -> Page:
        """The page. How the list continues is what the API says; if it says nothing, the page's length decides."""
        pager, rows = self.declared.pager, read_records(response, self.declared, is_first_page=request.is_first)
        self._check_keys(rows, response, request)
        self._check_cursor(rows, request)
        page = pager.page(response, rows, request)
        is_reached = bool(pager.size) and self._list_end.is_reached(len(rows), request, response.path)
        if is_reached and page.has_more is None and page.total is None:
            page = replace(page, has_more=False)
        if page.next and pager.follows_links:
            page = replace(page, next=absolute(page.next, response, self.account.client.base_url))
        self._check_end(page, response, request)
        return replace(page, server_time=self._server_time(rows, response))

    @override
    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        if isinstance(self.progress, VersionState):
            rows = self._newer_versions(rows, self.progress)
        if self.declared.windows is not None and self.declared.cursor_field:
            check_window(self.name, map(self.timestamp, rows), cast(Any, partition.params), self.account.began)
        records = super().records(rows, partition)
        if self.declared.synced_at:
            for record in records:
                record[SYNCED_AT] = self._synced_at
        return records

    def _newer_versions(self, rows: list[Row], state: VersionState) -> list[Row]:
        """The rows whose version is at least that of the last sync, or that have none."""
        newer, reached = [], state.reached
        for row in rows:
            version = self._cursor_value(row)
            if version is not None:
                state.advance(None, version)
            if version is None or reached is None or version >= reached:
                newer.append(row)
        return newer

    def _check_keys(self, rows: list[Row], response: Response, request: PageRequest) -> None:
        require_keys(self.name, rows, self.key_within_list, response)
        if self._shares_keys or not self.declared.primary_key or not request.is_first:
            return
        if len(set(map(self.key, rows))) < len(rows):
            self._shares_keys = True
            logger.warning(
                "Stream %s: records of the first page have the same %s, which primary_key names. If they are not the "
                "same record, name further fields in primary_key: of records with the same key some may be left out.",
                self.name,
                " and ".join(self.declared.primary_key),
            )

    def _check_cursor(self, rows: list[Row], request: PageRequest) -> None:
        """Warn about a wrong ``cursor_field``, with which every sync would silently read everything."""
        field = self.declared.cursor_field
        if self._cursor_doubt or not field or not request.is_first:
            return
        if all(self._cursor_value(row) is None for row in rows):
            self._cursor_doubt = doubt_about_cursor(self.name, rows, field, self.declared.since.format)
        if self._cursor_doubt:
            logger.warning("%s Until then everything is read each time.", self._cursor_doubt)

    def _check_end(self, page: Page, response: Response, request: PageRequest) -> None:
        if page.has_more and not page.rows and not page.next:
            raise UnexpectedResponse(
                f"The API answered {response.path} with an empty page and says that the list goes on. Run the sync "
                "again; if it persists, check the pagination of the stream."
            )
        continues = page.has_more or page.next or page.total
        seems_whole = not self.declared.pager.size and request.token is None and not continues
        if seems_whole and (sign := hint_of_more(response, len(page.rows))):
            logger.warning(
                "Stream %s: the list ends after one page of %d rows, and %s in the answer. If that is about its rows, "
                "the pagination is not the one configured; total_path or has_more_path make sure.",
                self.name,
                len(page.rows),
                sign,
            )

    def _server_time(self, rows: list[Row], response: Response) -> int | None:
        """The server's clock (seconds since 1970), less the possible lag of the modification times on the page."""
        if not isinstance(self.cursor_field, str):
            return response.server_time
        # One row shows how all times are written.
        dated = next((row for row in rows if self.timestamp(row) is not None), {})
        form = self.timestamp_format
        lag = form.lag(dig(dated, self.cursor_field)) if isinstance(form, AnyTimestamp) else 0
        if not lag:
            return response.server_time
        return (response.server_time if response.server_time is not None else int(time.time())) - lag

    # -- what identifies a row ------------------------------------------------------------------------------------

    @cached_property
    def key_within_list(self) -> tuple[str, ...]:
        """Dotted paths of the fields that distinguish the rows of one list: the primary key without the fields that
        have the same value in all of them."""
        return tuple(path for path in self.declared.primary_key if path not in self.declared.stamps)

    @override
    def key(self, row: Row) -> Hashable:
        """The values of the primary key; without one, the whole row."""
        if not self.declared.primary_key:
            try:
                return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
            except orjson.JSONEncodeError:  # orjson writes less deep nesting than it reads
                return json.dumps(row, sort_keys=True).encode()
        # As text: an API may write the same id as a number in one place and as text in another.
        return tuple(str(dig(row, path)) for path in self.key_within_list)

    @override
    def creation_rank(self, row: Row) -> int | None:
        identity = dig(row, self.key_within_list[-1]) if self.key_within_list else None
        return identity if isinstance(identity, int) and not isinstance(identity, bool) else None

    @override
    def timestamp(self, row: Row) -> int | None:
        return None if self.declared.has_versions else self._cursor_value(row)

    @override
    def cursor_value(self, row: Row) -> Any:
        if self.declared.synced_at:
            return self._synced_at
        value = dig(row, self.cursor_field) if isinstance(self.cursor_field, str) else None
        return None if value is MISSING else value

    @cached_property
    def _synced_at(self) -> str:
        return format_utc(self.account.began, ISO_8601)

    def _cursor_value(self, row: Row) -> int | None:
        field = self.cursor_field
        return self.timestamp_format.parse(dig(row, field)) if isinstance(field, str) else None

    @property
    @override
    def can_detect_deletions(self) -> bool:
        """Only for one list whose records have a key and a modification time."""
        declared = self.declared
        is_plain = not (declared.values or declared.windows or declared.has_versions or declared.synced_at)
        return super().can_detect_deletions and is_plain and bool(declared.primary_key)

    @override
    def record_request(self, key: Hashable, partition: Partition) -> Request | None:
        detail = self.declared.detail
        return self.detail_request(detail, {**partition.params, "id": first(key)}) if detail else None

    @override
    def read_record(self, response: Response, key: Hashable) -> Row | None:
        """Any success means that the record exists: for a missing one, an API responds with an error."""
        return response.body if isinstance(response.body, dict) else {}

    @override
    def set_field(self, row: Row, name: str, value: Any) -> None:
        set_path(row, name, value)

    # -- the first page, and the schema ---------------------------------------------------------------------------

    def try_out(self) -> list[Row]:
        """The rows of the first page.

        :raises Failure: when it does not fit the configuration
        """
        self.sampled = next(iter(self._samples()))
        page = ResourceList(self, self.sampled).fetch(PageRequest())
        if self._cursor_doubt:
            raise config_failure(self._cursor_doubt)
        if not page.rows and page.total and not page.next:
            raise config_failure(
                f"Stream {self.name}: the first page is empty, and the API counts {page.total} rows. Check the "
                "pagination of the stream: start_page or first_offset, from which pages or rows are counted."
            )
        return page.rows

    def _samples(self) -> Sequence[Partition]:
        """Lists to try, the one that most likely has rows first."""
        partitions = list(self.partitions())
        return evenly_sampled(partitions if self.declared.windows is None else partitions[::-1])

    def first_pages(self, partition: Partition) -> list[Row]:
        """The rows of the first few pages of a partition, with their stamps.

        :raises Failure: when the first one cannot be read
        """
        self.sampled = partition
        listing, request = ResourceList(self, partition), PageRequest()
        page = listing.fetch(request)
        rows = list(page.rows)
        for _ in range(MAX_PAGES_TO_INFER_FROM - 1):
            following = self.paging.following(request, page) if self._goes_on(page, len(rows)) else None
            if following is None:
                break
            try:
                request, page = following, listing.fetch(following)
            except Failure as failure:
                logger.info("Stream %s: its schema is that of the first pages. %s", self.name, failure)
                break
            rows += page.rows
        return [{**row, **partition.stamp} for row in rows]

    def _goes_on(self, page: Page, rows: int) -> bool:
        """Whether another page is likely, and not only requested to confirm the end."""
        is_full = 0 < self.declared.pager.size <= len(page.rows)
        return page.has_next(rows) and (is_full or page.has_more or page.total is not None or page.next is not None)

    @cached_property
    def first_rows(self) -> list[Row]:
        """The rows of the first pages; empty if they cannot be read.

        :raises Failure: when no list of the account can be read
        """
        rows: list[Row] = []
        try:
            for partition in self._samples():
                if rows := self.first_pages(partition):
                    break
        except Failure as failure:
            self.account.discovery.failed(self.name, failure)
            self.warn_of_open_schema(failure)
            return []
        self.account.discovery.succeeded()
        if not rows:
            self.warn_of_no_records()
        return rows

    @property
    @override
    def known_fields(self) -> tuple[str, ...]:
        return (self.cursor_field,) if isinstance(self.cursor_field, str) else ()

    @override
    def sample(self) -> list[Row]:
        return self.first_rows

    # -- details --------------------------------------------------------------------------------------------------

    def detail_request(self, detail: DetailRequest, values: Mapping[str, Any]) -> Request:
        """The request for one document, with the headers of the stream.

        :param values: of the placeholders
        """
        template = replace(detail.template, headers=self.declared.template.headers)
        request = template.request(template.with_values(values), values)
        return replace(request, error_handler=self._judge_detail)

    def _judge_detail(self, response: Response) -> Verdict:
        options = "detail.path and detail.params of the stream"
        return with_advice(self._by_status(response), response, place="detail.path of the stream", options=options)


def evenly_sampled(lists: Sequence[T]) -> Sequence[T]:
    """At most ``MAX_LISTS`` of the lists, at even intervals, beginning with the first one."""
    return lists[:: -(-len(lists) // MAX_LISTS) or 1]
