"""The query parameters of Zoho's lists: page, order and filters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration_tests.sandbox.options import Options
from integration_tests.sandbox.platform import ApiRequest
from integration_tests.sandbox.table import SHUFFLED, Bounds, Query, Where
from integration_tests.sandbox.zoho_list_spec import LIVE, MODIFIED, ListSpec, sort_of
from integration_tests.sandbox.zoho_lists import HIDEABLE
from integration_tests.sandbox.zoho_options import streams_in
from integration_tests.sandbox.zoho_refusal import Refused, invalid

FURTHER_FILTERS = ("recurring_expenses", "projects", "time_entries")
WHOLE_LIST = 10**9
"""Page size of a list that is not paged."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}", re.ASCII)
_PLUS_LOST = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d \d{4}", re.ASCII)


@dataclass(frozen=True)
class Wanted:
    """What a request of a list comes to."""

    query: Query
    page: int
    per_page: int
    paged: bool
    applied_filter: str
    sort_column: str
    sort_order: str
    counts: bool
    """Whether the answer says how many rows there are."""
    lists: bool
    """Whether the answer has the rows."""


class ListParameters:
    """Reads the query of a list."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def wanted(self, request: ApiRequest, stream: str, spec: ListSpec, parent: str | None) -> Wanted:
        """Which rows are wanted, in which order; refuses what Zoho would refuse.

        :param parent: whose rows, where the path names one
        """
        paged = spec.paged and stream not in streams_in(self._options.text("unpaged"))
        page, per_page = (self._page(request), self._per_page(request)) if paged else (1, WHOLE_LIST)
        column, order = self._order(request, stream, spec)
        applied = self._filter_by(request, stream, spec)
        where = [*_status(spec, applied), *self._account(request, stream)]
        if parent is not None:
            where.append(_same(spec.parent_field, parent))
        sort = SHUFFLED if self._options.flag("ignore_sort") else sort_of(column, order)
        query = Query(sort, None, self._since(request, stream, spec), tuple(where))
        asked = self._response_option(request, stream)
        counts = self._options.flag("totals") or asked in ("1", "2")
        return Wanted(query, page, per_page, paged, applied, column, order, counts, lists=asked != "2")

    def _response_option(self, request: ApiRequest, stream: str) -> str | None:
        asked, rule = request.parameter("response_option"), self._options.text("response_option")
        if not asked or stream != "invoices" or rule == "ignored":
            return None
        if rule == "refused":
            raise invalid("response_option")
        return asked

    def _page(self, request: ApiRequest) -> int:
        page = _whole(request, "page", 1)
        if page == 0 and self._options.text("page_zero") == "first":
            return 1
        if page < 1:
            raise invalid("page")
        return page

    def _per_page(self, request: ApiRequest) -> int:
        size = _whole(request, "per_page", 200)
        if size < 1 or (size > 200 and self._options.text("per_page_above") == "refused"):
            raise invalid("per_page")
        return min(size, 200, self._options.number("per_page_cap"))

    def _order(self, request: ApiRequest, stream: str, spec: ListSpec) -> tuple[str, str]:
        column, order = request.parameter("sort_column"), request.parameter("sort_order")
        if order not in (None, "A", "D"):
            raise invalid("sort_order")
        rule = self._rule_of_sort(stream, spec, column)
        if rule == "refused":
            raise invalid("sort_column")
        if rule == "ignored":
            return spec.order
        rule = self._options.text("purchase_orders_order") if stream == "purchase_orders" else "honoured"
        if self._options.flag("ignore_sort") or rule == "default" or not spec.sortable:
            return spec.order
        if rule == "descending":
            return column or spec.order[0], "D"
        return column or spec.order[0], order or ("A" if column else spec.order[1])

    def _rule_of_sort(self, stream: str, spec: ListSpec, column: str | None) -> str:
        if stream == "expenses" and column in LIVE:
            return self._options.text("expenses_sort")
        if column in spec.unproven_sort:
            return self._options.text("undocumented_sort")
        return "honoured" if not column or column in spec.sortable or not spec.sortable else "refused"

    def _filter_by(self, request: ApiRequest, stream: str, spec: ListSpec) -> str:
        wanted = request.parameter("filter_by")
        default = spec.filters[0]
        if self._options.flag("hide_inactive"):
            default = HIDEABLE.get(stream, default)
        if not wanted:
            return default
        refused = stream in FURTHER_FILTERS and self._options.text("further_filters") == "refused"
        if refused or wanted not in spec.filters:
            raise invalid("filter_by")
        if wanted == "Type.DebitNote" and self._options.text("debit_notes") == "ignored":
            return "Status.All"
        if wanted == "Taxes.All":
            rule = self._options.text("all_taxes")
            if rule == "refused":
                raise invalid("filter_by")
            return wanted if rule == "honoured" else default
        return wanted

    def _since(self, request: ApiRequest, stream: str, spec: ListSpec) -> tuple[Bounds, ...]:
        """``last_modified_time``, which takes one form only. A blank time never fits."""
        text = request.parameter("last_modified_time")
        if text is None or spec.modified == "none":
            return ()
        rule = self._options.text("undocumented_filter") if spec.modified == "undocumented" else "honoured"
        if rule == "refused":
            raise invalid("last_modified_time")
        if rule == "ignored":
            return ()
        if _PLUS_LOST.fullmatch(text) and self._options.text("unescaped_plus") == "ignored":
            return ()
        low = moment(text)
        if low is None:
            raise invalid("last_modified_time")
        if self._options.flag("ignore_filter"):
            return ()
        if stream == "journals":
            rule = self._options.text("journals_filter")
        if rule == "equal":
            return (Bounds(MODIFIED, low, low),)
        return (Bounds(MODIFIED, low + (self._options.text("since_border") == "left_out")),)

    def _account(self, request: ApiRequest, stream: str) -> list[Where]:
        if stream != "transactions":
            return []
        account = request.parameter("account_id")
        if account:
            return [_same("account_id", account)]
        if self._options.text("transactions_account") == "required":
            raise Refused(400, 2, "The parameter account_id is missing")
        return []


def moment(text: str) -> int | None:
    """The unix second of a time with seconds and an offset without a colon; None for any other form."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp())
    except ValueError:
        return None


def _status(spec: ListSpec, applied: str) -> list[Where]:
    what, _, kind = applied.lower().partition(".")
    # A type has a table of its own.
    return [] if kind == "all" or what == "type" else [Where(spec.status, kind, _is(kind))]


def _same(column: str, wanted: str) -> Where:
    return Where(column, wanted, lambda value: bool(value == wanted))


def _is(kind: str) -> Callable[[Any], bool]:
    """Statuses are spelt with capitals or underscores, and sometimes are a flag."""

    def test(value: Any) -> bool:
        if isinstance(value, bool):
            value = "active" if value else "inactive"
        return str(value).replace("_", "").lower() == kind

    return test


def _whole(request: ApiRequest, name: str, default: int) -> int:
    text = request.parameter(name)
    if not text:
        return default
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise invalid(name)
    return int(text)
