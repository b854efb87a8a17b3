"""Real products, as far as their public documentation tells how invoices are listed.

Each has the vendor's path, credentials, paging, envelope and name of the id. The other fields of a row are nobody's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from integration_tests.sandbox.platform import ApiRequest
from integration_tests.sandbox.rest_api_auth import KEY, AnyOf, Basic, Bearer, HeaderKey, QueryKey
from integration_tests.sandbox.rest_api_manner import Manner
from integration_tests.sandbox.rest_api_paging import CursorPager, OffsetPager, PagePager
from integration_tests.sandbox.rest_api_rows import iso
from integration_tests.sandbox.table import Bounds, Row, Sort

NEWEST_FIRST: Sort = (("id", True),)


def _dressed(id_of: Callable[[int], Any], id_name: str = "id") -> Callable[[str, Row], Row]:
    """Rows with another id and ISO 8601 times."""

    def dress(stream: str, row: Row) -> Row:
        id_, moment = id_of(row["id"]), row["updated_at"]
        rest = {name: value for name, value in row.items() if name != "id"}
        return {id_name: id_, **rest, "updated_at": moment if moment is None else iso(moment)}

    return dress


# iugu: an offset called start, and a limit that is silently lowered to a hundred.


def _iugu_id(key: int) -> str:
    return f"{key:032X}"


def _iugu_refusal(status: int, message: str) -> Row:
    return {"errors": message if status == 401 else {"base": [message]}}


def _iugu_bounds(request: ApiRequest) -> tuple[Bounds, ...]:
    moment = _moment(request.parameter("updated_since"))
    return () if moment is None else (Bounds("updated_at", moment),)


IUGU = Manner(
    auth=AnyOf((QueryKey("api_token"), Bearer(KEY), Basic(KEY, any_password=True))),
    pager=OffsetPager("limit", "start", default=100, highest=100, total_path="totalItems"),
    paths={"invoices": "/v1/invoices"},
    dress=_dressed(_iugu_id),
    refusal=_iugu_refusal,
    record_path="items",
    id_of=_iugu_id,
    bounds=_iugu_bounds,
    stream_config={"cursor_field": "updated_at", "error_path": "errors"},
)


# Billomat: XML turned into JSON, so that totals are text and one row is no list; 300 calls in a quarter of an hour.


def _billomat_refusal(status: int, message: str) -> Row:
    return {"errors": {"error": message}}


BILLOMAT = Manner(
    auth=AnyOf((HeaderKey("X-BillomatApiKey"), QueryKey("api_key"))),
    pager=PagePager(
        default=100,
        highest=1000,
        told={"invoices.@page": "page", "invoices.@per_page": "size", "invoices.@total": "total"},
        as_text=True,
        size=1000,
    ),
    paths={"invoices": "/api/invoices"},
    base_path="/api",
    dress=_dressed(str),
    refusal=_billomat_refusal,
    record_path="invoices.invoice",
    id_of=str,
    single_object=True,
    wants={"Accept": "application/json"},
    rate=(300, 900),
    platform_config={
        "headers": [{"name": "Accept", "value": "application/json"}],
        "rate": {"calls": 300, "per_seconds": 900},
    },
    params=(("order_by", "id ASC"),),
    stream_config={"single_object_as_list": True, "error_path": "errors"},
)


# Invoice Ninja: up to 5,000 rows on a page, and a filter that ignores what it does not understand.


def _ninja_id(key: int) -> str:
    # An odd factor: no two keys below 2**32 share an id.
    return f"V{key * 2_654_435_761 % 2**32:08x}"


def _ninja_row(stream: str, row: Row) -> Row:
    return row | {"id": _ninja_id(row["id"]), "is_deleted": False, "archived_at": 0}


def _ninja_refusal(status: int, message: str) -> Row:
    return {"message": message, "errors": {}}


def _ninja_bounds(request: ApiRequest) -> tuple[Bounds, ...]:
    moment = _moment(request.parameter("updated_at"))
    return () if moment is None else (Bounds("updated_at", moment),)


INVOICE_NINJA = Manner(
    auth=HeaderKey("X-API-TOKEN"),
    pager=PagePager(
        default=20,
        highest=5000,
        told={
            "meta.pagination.total": "total",
            "meta.pagination.count": "count",
            "meta.pagination.per_page": "size",
            "meta.pagination.current_page": "page",
            "meta.pagination.total_pages": "total_pages",
        },
    ),
    paths={"invoices": "/api/v1/invoices"},
    dress=_ninja_row,
    refusal=_ninja_refusal,
    id_of=_ninja_id,
    bounds=_ninja_bounds,
    refusal_status=403,
    rate=(500, 60),
    rate_headers={"X-RateLimit-Limit": "calls", "X-RateLimit-Remaining": "left"},
    platform_config={
        "headers": [{"name": "X-Requested-With", "value": "XMLHttpRequest"}],
        "rate": {"calls": 500, "per_seconds": 60},
    },
    stream_config={"cursor_field": "updated_at", "since_param": "updated_at", "since_format": "unix"},
)


# InvoiceXpress: the key has to be in the query, days are written dd/mm/yyyy.


def _invoicexpress_row(stream: str, row: Row) -> Row:
    year, month, day = row["issue_date"].split("-")
    rest = {name: value for name, value in row.items() if name not in ("updated_at", "issue_date")}
    return {**rest, "date": f"{day}/{month}/{year}"}


def _invoicexpress_refusal(status: int, message: str) -> Row:
    return {"errors": [{"error": message}]}


INVOICEXPRESS = Manner(
    auth=QueryKey("api_key"),
    pager=PagePager(
        default=30,
        highest=30,
        told={
            "pagination.total_entries": "total",
            "pagination.current_page": "page",
            "pagination.total_pages": "total_pages",
            "pagination.per_page": "size",
        },
        size=30,
    ),
    paths={"invoices": "/invoices.json"},
    dress=_invoicexpress_row,
    refusal=_invoicexpress_refusal,
    record_path="invoices",
    stream_config={"error_path": "errors"},
)


# Lago: the id has a name of its own.


def _lago_id(key: int) -> str:
    return f"1a901a90-1a90-4a90-9a90-{key:012x}"


def _lago_refusal(status: int, message: str) -> Row:
    more = {"code": "validation_errors", "error_details": {"base": [message]}} if status == 422 else {}
    return {"status": status, "error": "Unauthorized" if status == 401 else message, **more}


LAGO = Manner(
    auth=Bearer(KEY),
    pager=PagePager(
        default=20,
        highest=100,
        told={
            "meta.current_page": "page",
            "meta.next_page": "next",
            "meta.prev_page": "previous",
            "meta.total_pages": "total_pages",
            "meta.total_count": "total",
        },
    ),
    paths={"invoices": "/api/v1/invoices"},
    base_path="/api/v1",
    dress=_dressed(_lago_id, "lago_id"),
    refusal=_lago_refusal,
    record_path="invoices",
    primary_key="lago_id",
    id_of=_lago_id,
    sort=NEWEST_FIRST,
    stream_config={"cursor_field": "updated_at", "error_path": "error"},
)


# Stripe: the newest first, and after each page the id to go on from; there is no filter by change.


def _stripe_id(key: int) -> str:
    return f"in_{key:024d}"


def _stripe_row(stream: str, row: Row) -> Row:
    rest = {name: value for name, value in row.items() if name != "updated_at"}
    return rest | {"id": _stripe_id(row["id"]), "object": "invoice", "created": 1_700_000_000 + row["id"]}


def _stripe_refusal(status: int, message: str) -> Row:
    kind = "api_error" if status >= 500 or status < 400 else "invalid_request_error"
    return {"error": {"type": kind, "code": None, "message": message}}


STRIPE = Manner(
    auth=AnyOf((Bearer(KEY), Basic(KEY, ""))),
    pager=CursorPager(default=10, highest=100, refuse_more=True),
    paths={"invoices": "/v1/invoices"},
    dress=_stripe_row,
    refusal=_stripe_refusal,
    id_of=_stripe_id,
    sort=NEWEST_FIRST,
    beside={"object": "list", "url": "/v1/invoices"},
    stream_config={"error_path": "error"},
)

PRODUCTS: Mapping[str, Manner] = {
    "iugu": IUGU,
    "billomat": BILLOMAT,
    "invoice_ninja": INVOICE_NINJA,
    "invoicexpress": INVOICEXPRESS,
    "lago": LAGO,
    "stripe": STRIPE,
}
"""By the value of the option ``pose``."""


def _moment(text: str | None) -> int | None:
    """A unix time or an ISO 8601 text; what is neither, counts as nothing."""
    if not text:
        return None
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp())
