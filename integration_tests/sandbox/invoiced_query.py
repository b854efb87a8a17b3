"""The query parameters of Invoiced's lists: order, filters, ranges of time and a few switches."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from integration_tests.sandbox.invoiced_data import plain_columns
from integration_tests.sandbox.invoiced_events import EVENT_COLUMNS
from integration_tests.sandbox.options import Options
from integration_tests.sandbox.platform import ApiRequest
from integration_tests.sandbox.table import SHUFFLED, Bounds, Key, Query, Sort, Table, Where

MAX_PER_PAGE = 100
NEWEST_FIRST: Sort = (("timestamp", True), ("id", True))
DOCUMENTS = ("invoices", "payments", "credit_notes", "estimates")
UPDATED_AFTER = (*DOCUMENTS, "customers", "subscriptions", "items", "plans", "tax_rates", "coupons")
"""The ten lists for which the filter is documented; elsewhere Invoiced is taken to ignore it."""
UPDATED_AFTER_ELSEWHERE = (
    *("notes", "tasks", "credit_balance_adjustments"),
    *("contacts", "metered_billings", "payment_sources"),
)
UNSORTABLE = ("payment_sources",)
UNFILTERABLE = ("payment_sources", "contacts")
METADATA_FILTER = (*DOCUMENTS, "customers", "subscriptions", "metered_billings")
_BRACKETS = re.compile(r"(filter|metadata)\[([^\]]+)\]")


class Refused(Exception):
    """The request is answered with an error."""

    def __init__(self, status: int, message: str = "", param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.param = status, message, param


class ListParameters:
    """Reads the query of a list."""

    def __init__(self, options: Options, tables: Mapping[str, Table]) -> None:
        self._options = options
        self._tables = tables

    def query(self, request: ApiRequest, stream: str, parent: Key | None) -> Query:
        """Which rows are wanted, in which order; refuses what Invoiced would refuse."""
        bounds = [*self._time_bounds(request, stream), *self._date_bounds(request, stream)]
        where = [*self._filters(request, stream), *self._switches(request, stream)]
        return Query(self._sort(request, stream), parent, tuple(bounds), tuple(where))

    def per_page(self, request: ApiRequest) -> int:
        """The number of rows of a page."""
        asked = positive(request, "per_page", MAX_PER_PAGE)
        if asked > MAX_PER_PAGE and self._options.text("per_page_above") == "refused":
            raise Refused(400, f"Invalid value for per_page: {asked}", "per_page")
        return min(asked, MAX_PER_PAGE, self._options.number("per_page_cap"))

    def _sort(self, request: ApiRequest, stream: str) -> Sort:
        events = stream == "events"
        default = NEWEST_FIRST if events else ()
        wanted = request.parameter("sort")
        if self._options.flag("ignore_sort"):
            return default if events else SHUFFLED
        if not wanted or stream in UNSORTABLE or (events and self._options.text("events_sort") == "ignored"):
            return default
        columns = []
        for part in wanted.split(","):
            column, _, direction = part.strip().partition(" ")
            if column not in _columns(stream):
                raise Refused(400, f"Unknown sort column: {column}", "sort")
            if direction.strip().lower() not in ("", "asc", "desc"):
                raise Refused(400, f"Unknown sort direction: {direction}", "sort")
            columns.append((column, direction.strip().lower() == "desc"))
        return tuple(columns)

    def _time_bounds(self, request: ApiRequest, stream: str) -> list[Bounds]:
        """``updated_after``, and the undocumented ``updated_before`` that the vendor's Go SDK sends to payments."""
        rule, takes_end = self._options.text("updated_after"), self._options.text("updated_before")
        gap = 0 if rule == "inclusive" else 1
        after = _integer(request, "updated_after") if self._heeds_updated_after(request, stream) else None
        has_end = stream in UPDATED_AFTER and (takes_end == "all" or (takes_end == "payments" and stream == "payments"))
        before = _integer(request, "updated_before") if has_end else None
        if after is None and before is None:
            return []
        low, high = (None if after is None else after + gap), (None if before is None else before - gap)
        return [Bounds("updated_at", low, high)]

    def _heeds_updated_after(self, request: ApiRequest, stream: str) -> bool:
        if stream in UPDATED_AFTER:
            return self._options.text("updated_after") != "ignored"
        rule = self._options.text("updated_after_elsewhere") if stream in UPDATED_AFTER_ELSEWHERE else "ignored"
        if rule == "refused" and request.parameter("updated_after") is not None:
            raise Refused(400, "Unknown parameter: updated_after", "updated_after")
        return rule == "honoured"

    def _date_bounds(self, request: ApiRequest, stream: str) -> list[Bounds]:
        """``start_date`` and ``end_date``, both inclusive: a document's own date, an event's time."""
        rule = self._options.text("events_start_date") if stream == "events" else "honoured"
        if (stream not in DOCUMENTS and stream != "events") or rule == "ignored":
            return []
        for name in ("start_date", "end_date"):
            if rule == "refused" and request.parameter(name) is not None:
                raise Refused(400, f"Unknown parameter: {name}", name)
        start, end = _integer(request, "start_date"), _integer(request, "end_date")
        if start is None and end is None:
            return []
        if rule == "exclusive":
            start, end = (None if start is None else start + 1), (None if end is None else end - 1)
        return [Bounds("timestamp" if stream == "events" else "date", start, end)]

    def _filters(self, request: ApiRequest, stream: str) -> list[Where]:
        if self._options.flag("ignore_filter"):
            return []
        where = []
        for parameter, wanted in request.query:
            match = _BRACKETS.fullmatch(parameter)
            kind, name = match.groups() if match else ("", "")
            if kind == "metadata" and stream in METADATA_FILTER:
                where.append(Where("metadata", (name, wanted), _metadata_test(name, wanted)))
            elif kind == "filter" and stream == "events" and name == "user_id":
                where.append(Where("user", wanted, _is_user(wanted)))
            elif kind == "filter" and stream not in UNFILTERABLE:
                if name not in _columns(stream):
                    raise Refused(400, f"Unknown filter property: {name}", "filter")
                where.append(Where(name, wanted, _equals(wanted)))
        return where

    def _switches(self, request: ApiRequest, stream: str) -> list[Where]:
        """Parameters that one list alone has."""
        if stream == "subscriptions":
            return [self._subscription_states(request)]
        where = []
        if stream == "customers":
            if (wanted := _boolean(request, "payment_source")) is not None:
                where.append(Where("payment_source", wanted, _is_set(wanted)))
            if (owing := _boolean(request, "open_balance")) is not None:
                debtors = self._debtors()
                label = (owing, self._tables["invoices"].version)
                where.append(Where("id", label, lambda customer: (customer in debtors) == owing))
        if stream == "events":
            if type_ := request.parameter("type"):
                where.append(Where("type", type_, lambda value: value == type_))
            if subject := request.parameter("related_to"):
                kind, _, id_ = subject.partition(",")
                where.append(Where("data", subject, lambda data: _is_about(data, kind, id_)))
        return where

    def _subscription_states(self, request: ApiRequest) -> Where:
        """Canceled and finished subscriptions are listed only when asked for."""
        wanted = {name for name in ("canceled", "finished") if _boolean(request, name)}
        running = not wanted or self._options.text("subscription_flags") == "additive"

        def listed(status: Any) -> bool:
            return status in wanted if status in ("canceled", "finished") else running

        return Where("status", (frozenset(wanted), running), listed)

    def _debtors(self) -> set[Any]:
        invoices = self._tables["invoices"]
        balances, closed, drafts = invoices.column("balance"), invoices.column("closed"), invoices.column("draft")
        return {
            customer
            for key, customer in invoices.column("customer").items()
            if (balances[key] or 0) > 0 and not closed[key] and not drafts[key]
        }


def _columns(stream: str) -> frozenset[str]:
    """What a list can be sorted and filtered by."""
    return EVENT_COLUMNS if stream == "events" else plain_columns(stream)


def whole(text: str) -> int | None:
    """A whole number written in decimal, if it is one."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None


def _integer(request: ApiRequest, name: str) -> int | None:
    text = request.parameter(name)
    if not text:
        return None
    number = whole(text)
    if number is None:
        raise Refused(400, f"Invalid value for {name}: {text}", name)
    return number


def positive(request: ApiRequest, name: str, default: int) -> int:
    """A parameter that counts from 1."""
    number = _integer(request, name)
    if number is not None and number < 1:
        raise Refused(400, f"Invalid value for {name}: {number}", name)
    return number or default


def _boolean(request: ApiRequest, name: str) -> bool | None:
    text = request.parameter(name)
    return None if text is None else text.lower() in ("1", "true")


def _equals(wanted: str) -> Callable[[Any], bool]:
    """Exact match with a value in a query: booleans are 1 and 0, nothing stands for null and for empty text."""

    def test(value: Any) -> bool:
        if isinstance(value, bool):
            return wanted.lower() in (("1", "true") if value else ("0", "false"))
        return wanted == ("" if value is None else str(value))

    return test


def _metadata_test(name: str, wanted: str) -> Callable[[Any], bool]:
    """Objects without the key are left out silently."""
    equals = _equals(wanted)
    return lambda metadata: isinstance(metadata, dict) and name in metadata and equals(metadata[name])


def _is_set(wanted: bool) -> Callable[[Any], bool]:
    return lambda value: (value is not None) == wanted


def _is_user(wanted: str) -> Callable[[Any], bool]:
    return lambda user: user is not None and str(user["id"]) == wanted


def _is_about(data: Any, kind: str, id_: str) -> bool:
    subject = data.get("object", {})
    return subject.get("object") == kind and str(subject.get("id")) == id_
