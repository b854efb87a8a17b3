"""iugu, Billomat, Invoice Ninja, InvoiceXpress, Lago and Stripe."""

from __future__ import annotations

from collections.abc import Mapping

from integration_tests.sandbox.products.common import (
    NEWEST_FIRST,
    dressed,
    hidden_unless,
    paths,
    prefixed,
    since,
    some_of,
    uuid_key,
    uuid_like,
)
from integration_tests.sandbox.rest_api_auth import KEY, AnyOf, Basic, Bearer, HeaderKey, QueryKey
from integration_tests.sandbox.rest_api_manner import AskedFor, Manner, number_in
from integration_tests.sandbox.rest_api_paging import CursorPager, OffsetPager, PagePager
from integration_tests.sandbox.table import Row


def _iugu_id(key: int) -> str:
    return f"{key:032X}"


# An offset called start, and a limit that is silently lowered to a hundred.
IUGU = Manner(
    parts={
        "invoice_items": ("invoices", "items"),
    },
    auth=AnyOf((Basic(KEY, "", any_password=True), QueryKey("api_token"), Bearer(KEY))),
    pager=OffsetPager("limit", "start", default=100, highest=100, total_path="totalItems"),
    paths=paths("/v1", "invoices customers subscriptions plans"),
    base_path="/v1",
    dress=dressed(_iugu_id),
    refusal=lambda status, message: {"errors": message if status == 401 else {"base": [message]}},
    record_path="items",
    id_of=_iugu_id,
    bounds=since("updated_since"),
)


def _billomat_list(kind: str) -> Row:
    told = {f"{kind}s.@page": "page", f"{kind}s.@per_page": "size", f"{kind}s.@total": "total"}
    pager = PagePager(default=100, highest=1000, told=told, as_text=True)
    return {"pager": pager, "record_path": f"{kind}s.{kind}"}


_BILLOMAT_KINDS = (
    *("invoice", "client", "article", "offer", "confirmation", "delivery-note"),
    *("credit-note", "reminder", "recurring", "invoice-payment"),
)
_BILLOMAT_ITEMS = ("invoice", "offer", "confirmation", "credit-note")
# XML turned into JSON, so that totals are text and one row is no list; 300 calls in a quarter of an hour. Items are
# listed for one document at a time, which has to be named.
BILLOMAT = Manner(
    parts={
        f"{kind.replace('-', '_')}_items": (f"{kind.replace('-', '_')}s", f"{kind}-items.{kind}-item")
        for kind in _BILLOMAT_ITEMS
    },
    asked_for={
        f"{kind.replace('-', '_')}_items": AskedFor(
            f"/api/{kind}-items?{kind.replace('-', '_')}_id", total=f"{kind}-items.@total"
        )
        for kind in _BILLOMAT_ITEMS
    },
    auth=AnyOf((HeaderKey("X-BillomatApiKey"), QueryKey("api_key"))),
    pager=PagePager(),
    paths={f"{kind.replace('-', '_')}s": f"/api/{kind}s" for kind in _BILLOMAT_KINDS},
    lists={f"{kind.replace('-', '_')}s": _billomat_list(kind) for kind in _BILLOMAT_KINDS},
    base_path="/api",
    dress=dressed(str, changed="updated"),
    refusal=lambda status, message: {"errors": {"error": message}},
    id_of=str,
    single_object=True,
    wants={"Accept": "application/json"},
    rate=(300, 900),
)


def _ninja_id(key: int) -> str:
    # An odd factor: no two keys below 2**32 share an id.
    return f"V{key * 2_654_435_761 % 2**32:08x}"


def _ninja_row(stream: str, row: Row) -> Row:
    return row | {"id": _ninja_id(row["id"]), "is_deleted": False, "archived_at": 0}


# Up to 5,000 rows on a page, and a filter that ignores what it does not understand.
INVOICE_NINJA = Manner(
    parts={
        "invoice_line_items": ("invoices", "line_items"),
        "quote_line_items": ("quotes", "line_items"),
        "credit_line_items": ("credits", "line_items"),
        "recurring_invoice_line_items": ("recurring_invoices", "line_items"),
        "purchase_order_line_items": ("purchase_orders", "line_items"),
    },
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
    paths=paths(
        "/api/v1",
        "invoices clients payments credits quotes recurring_invoices products expenses vendors purchase_orders "
        "projects tasks",
    ),
    base_path="/api/v1",
    dress=_ninja_row,
    refusal=lambda status, message: {"message": message, "errors": {}},
    id_of=_ninja_id,
    bounds=since("updated_at"),
    refusal_status=403,
    rate=(500, 60),
    rate_headers={"X-RateLimit-Limit": "calls", "X-RateLimit-Remaining": "left"},
)


def _invoicexpress_row(stream: str, row: Row) -> Row:
    rest = {name: value for name, value in row.items() if name not in ("updated_at", "issue_date")}
    year, month, day = row.get("issue_date", "2024-01-31").split("-")
    return {**rest, "date": f"{day}/{month}/{year}"}


# The key has to be in the query, days are written dd/mm/yyyy.
INVOICEXPRESS = Manner(
    parts={
        "invoice_items": ("invoices", "items"),
    },
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
    ),
    paths=paths("", "invoices clients items estimates guides", ".json"),
    lists={
        "clients": {"record_path": "clients"},
        "items": {"record_path": "items"},
        **{name: {"record_path": name, "where": hidden_unless("archived", "true")} for name in ("estimates", "guides")},
    },
    dress=_invoicexpress_row,
    refusal=lambda status, message: {"errors": [{"error": message}]},
    record_path="invoices",
)


_lago_row = dressed(uuid_like, key="lago_id")
_lago_row_without_change = dressed(uuid_like, key="lago_id", changed="")
_LAGO_UNCHANGED = (
    "subscriptions payments payment_requests fees plans billable_metrics add_ons coupons applied_coupons taxes wallets"
)
_lago_external = prefixed("customer-")


def _lago_refusal(status: int, message: str) -> Row:
    more = {"code": "validation_errors", "error_details": {"base": [message]}} if status == 422 else {}
    return {"status": status, "error": "Unauthorized" if status == 401 else message, **more}


# The id has a name of its own; canceled subscriptions have to be asked for.
LAGO = Manner(
    parts={
        "credit_note_items": ("credit_notes", "items"),
    },
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
    paths=paths("/api/v1", f"invoices customers credit_notes {_LAGO_UNCHANGED}"),
    base_path="/api/v1",
    dress=_lago_row,
    refusal=_lago_refusal,
    record_path="invoices",
    primary_key="lago_id",
    id_of=uuid_like,
    key_of=uuid_key,
    sort=NEWEST_FIRST,
    parents={"wallets": "customers"},
    lists={
        "customers": {
            "record_path": "customers",
            "dress": lambda stream, row: {**_lago_row(stream, row), "external_id": _lago_external(row["id"])},
        },
        "credit_notes": {"record_path": "credit_notes"},
        **{name: {"record_path": name, "dress": _lago_row_without_change} for name in _LAGO_UNCHANGED.split()},
        "subscriptions": {
            "record_path": "subscriptions",
            "dress": _lago_row_without_change,
            "where": some_of("status[]", ("active", "canceled", "terminated", "pending")),
        },
        "wallets": {
            "record_path": "wallets",
            "dress": _lago_row_without_change,
            "parent_param": "external_customer_id",
            "parent_field": "external_customer_id",
            "parent_id": _lago_external,
            "key_of": number_in,
        },
    },
)


def _stripe_row(stream: str, row: Row) -> Row:
    rest = {name: value for name, value in row.items() if name != "updated_at"}
    return rest | {"id": _stripe_id(row["id"]), "object": stream, "created": 1_700_000_000 + row["id"]}


_stripe_id = prefixed("in_", 24)


def _stripe_refusal(status: int, message: str) -> Row:
    kind = "api_error" if status >= 500 or status < 400 else "invalid_request_error"
    return {"error": {"type": kind, "code": None, "message": message}}


# The newest first, and after each page the id to go on from; there is no filter by change.
STRIPE = Manner(
    auth=AnyOf((Bearer(KEY), Basic(KEY, ""))),
    pager=CursorPager(default=10, highest=100, refuse_more=True),
    paths=paths(
        "/v1",
        "invoices credit_notes customers subscriptions charges payment_intents refunds disputes balance_transactions "
        "payouts quotes products prices coupons promotion_codes tax_rates",
        invoice_items="/invoiceitems",
        invoice_line_items="/invoices/{id}/lines",
    ),
    lists={
        "subscriptions": {"where": some_of("status", ("active", "canceled"), all_of_them="all")},
        "invoice_line_items": {"parent_field": "invoice_id"},
    },
    parents={"invoice_line_items": "invoices"},
    base_path="/v1",
    dress=_stripe_row,
    refusal=_stripe_refusal,
    id_of=_stripe_id,
    sort=NEWEST_FIRST,
    beside={"object": "list", "url": "/v1/invoices"},
)

PRODUCTS: Mapping[str, Manner] = {
    "iugu": IUGU,
    "billomat": BILLOMAT,
    "invoice_ninja": INVOICE_NINJA,
    "invoicexpress": INVOICEXPRESS,
    "lago": LAGO,
    "stripe": STRIPE,
}
