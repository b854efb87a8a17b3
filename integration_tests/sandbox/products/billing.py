"""Chargebee, Maxio, Recurly, Paddle, Lemon Squeezy and Harvest."""

from __future__ import annotations

from collections.abc import Mapping

from integration_tests.sandbox.products.common import dressed, hidden_unless, paths, prefixed, since, unix
from integration_tests.sandbox.rest_api_auth import KEY, Basic, Bearer
from integration_tests.sandbox.rest_api_manner import Manner
from integration_tests.sandbox.rest_api_paging import CursorPager, NoPager, PagePager, TokenLinkPager
from integration_tests.sandbox.table import Row

_chargebee_id = prefixed("cb_")
_CHARGEBEE = "invoices credit_notes customers subscriptions transactions payment_sources orders"
_CHARGEBEE_CATALOG = "items item_prices item_families coupons"


def _chargebee_list(name: str) -> Row:
    kind = "item_family" if name == "item_families" else name.removesuffix("s")
    deleted = {} if name in _CHARGEBEE_CATALOG.split() else {"where": hidden_unless("include_deleted", "true")}
    return {"record_path": f"list.*.{kind}", **deleted}


# Each row in an object with its kind as the name; a token that is absent at the end; deleted rows when asked for.
CHARGEBEE = Manner(
    parts={
        "invoice_line_items": ("invoices", "line_items"),
        "invoice_linked_payments": ("invoices", "linked_payments"),
        "credit_note_line_items": ("credit_notes", "line_items"),
    },
    auth=Basic(KEY, ""),
    pager=CursorPager(
        "offset", token_path="next_offset", has_more_path="", default=10, highest=100, refuse_more=True, absent=True
    ),
    paths=paths("/api/v2", f"{_CHARGEBEE} {_CHARGEBEE_CATALOG}"),
    lists={name: _chargebee_list(name) for name in f"{_CHARGEBEE} {_CHARGEBEE_CATALOG}".split()},
    base_path="/api/v2",
    dress=dressed(_chargebee_id, written=unix),
    id_of=_chargebee_id,
    refusal=lambda status, message: {
        "message": message,
        "type": "invalid_request",
        "api_error_code": "api_authentication_failed" if status == 401 else "invalid_request",
        "http_status_code": status,
    },
    bounds=since("updated_at[after]", exclusive=True),
    rate=(150, 60),
    rate_headers={},
    retry_after=True,
)


def _maxio_filter() -> Row:
    return {"bounds": since("start_date"), "needs": ("date_field",)}


# Lists of objects with their kind as the name, but for documents; pages of up to 200 rows; a filter by day.
MAXIO = Manner(
    parts={
        "invoice_line_items": ("invoices", "line_items"),
        "invoice_payments": ("invoices", "payments"),
        "credit_note_line_items": ("credit_notes", "line_items"),
    },
    auth=Basic(KEY, "x"),
    pager=PagePager(default=20, highest=200),
    paths=paths(
        "",
        "invoices credit_notes customers subscriptions products components product_families coupons payment_profiles",
        ".json",
    ),
    lists={
        "invoices": {
            "record_path": "invoices",
            "primary_key": "uid",
            "dress": dressed(prefixed("inv_"), key="uid"),
            "id_of": prefixed("inv_"),
            **_maxio_filter(),
        },
        "credit_notes": {
            "record_path": "credit_notes",
            "primary_key": "uid",
            "dress": dressed(prefixed("cn_"), key="uid", changed=""),
            "id_of": prefixed("cn_"),
        },
        "customers": {"record_path": "*.customer", **_maxio_filter()},
        "subscriptions": {"record_path": "*.subscription", **_maxio_filter()},
        **{
            f"{kind}s": {
                "record_path": f"*.{kind}",
                "where": hidden_unless("include_archived", "true"),
                **_maxio_filter(),
            }
            for kind in ("product", "component")
        },
        "product_families": {"record_path": "*.product_family", "pager": NoPager()},
        "coupons": {"record_path": "*.coupon", "where": hidden_unless("filter[include_archived]", "true")},
        "payment_profiles": {"record_path": "*.payment_profile"},
    },
    dress=dressed(),
    refusal=lambda status, message: {"errors": [message]},
)


_recurly_id = prefixed("rec")

# A path with a cursor, and a flag; the version has to be named.
RECURLY = Manner(
    auth=Basic(KEY, ""),
    pager=TokenLinkPager(
        "cursor", token_path="next", has_more_path="has_more", default=20, highest=200, refuse_more=True, relative=True
    ),
    paths=paths(
        "",
        "invoices line_items accounts subscriptions transactions credit_payments plans add_ons items coupons "
        "measured_units shipping_methods",
    ),
    dress=dressed(_recurly_id),
    id_of=_recurly_id,
    refusal=lambda status, message: {
        "error": {"type": "unauthorized" if status == 401 else "bad_request", "message": message, "params": []}
    },
    demands={"Accept": "application/vnd.recurly.v20"},
    needs=("sort",),
    sort=(("updated_at", False),),
    bounds=since("begin_time"),
    beside={"object": "list"},
    rate=(1000, 60),
    rate_headers={"X-RateLimit-Limit": "calls", "X-RateLimit-Remaining": "left", "X-RateLimit-Reset": "reset"},
)


_paddle_id = prefixed("pad_")


def _paddle_pager(highest: int) -> TokenLinkPager:
    return TokenLinkPager(
        "after",
        token_path="meta.pagination.next",
        has_more_path="meta.pagination.has_more",
        default=min(50, highest),
        highest=highest,
        refuse_more=True,
        size_param="per_page",
        always=True,
    )


# The address of a next page stands there behind the last one, too; archived rows when asked for.
PADDLE = Manner(
    parts={
        "transaction_line_items": ("transactions", "details.line_items"),
    },
    auth=Bearer(KEY),
    pager=_paddle_pager(200),
    paths=paths(
        "",
        "transactions customers products prices discounts subscriptions adjustments",
        addresses="/customers/{id}/addresses",
        businesses="/customers/{id}/businesses",
    ),
    parents={"addresses": "customers", "businesses": "customers"},
    lists={
        "transactions": {"pager": _paddle_pager(30), "bounds": since("updated_at[GTE]")},
        "adjustments": {"pager": _paddle_pager(50)},
        **{
            name: {"where": hidden_unless("status", "archived")}
            for name in ("customers", "products", "prices", "discounts", "addresses", "businesses")
        },
    },
    dress=dressed(_paddle_id),
    id_of=_paddle_id,
    refusal=lambda status, message: {
        "error": {
            "type": "request_error",
            "code": "forbidden" if status == 403 else "bad_request",
            "detail": message,
            "documentation_url": "https://developer.paddle.com/v1/errors/shared/forbidden",
        },
        "meta": {"request_id": "b15ec92e-8688-40d4-a04d-f44cbec93355"},
    },
    refusal_status=403,
    rate=(240, 60),
    rate_headers={},
    retry_after=True,
)


def _lemon_row(stream: str, row: Row) -> Row:
    sent = dressed(str, changed="attributes.updated_at")(stream, row)
    return {"type": stream.replace("_", "-"), "id": sent.pop("id"), "attributes": sent.pop("attributes") | sent}


# JSON:API: brackets in the names of parameters, and times one level down.
LEMON_SQUEEZY = Manner(
    auth=Bearer(KEY),
    pager=PagePager(
        "page[size]",
        page_param="page[number]",
        default=10,
        highest=100,
        told={
            "meta.page.currentPage": "page",
            "meta.page.perPage": "size",
            "meta.page.total": "total",
            "meta.page.lastPage": "total_pages",
        },
    ),
    paths=paths(
        "/v1",
        "orders customers subscriptions products variants prices discounts stores",
        order_items="/order-items",
        subscription_invoices="/subscription-invoices",
        license_keys="/license-keys",
    ),
    base_path="/v1",
    dress=_lemon_row,
    id_of=str,
    refusal=lambda status, message: {
        "jsonapi": {"version": "1.0"},
        "errors": [{"detail": message, "status": str(status), "title": "Unauthorized"}],
    },
    demands={"Accept": "application/vnd.api+json"},
    rate=(300, 60),
    rate_headers={"X-Ratelimit-Limit": "calls", "X-Ratelimit-Remaining": "left"},
)


_HARVEST = (
    "invoices estimates clients contacts expenses projects tasks time_entries users invoice_item_categories "
    "expense_categories"
)

# Up to 2,000 rows a page, more are refused; the address of the next page; each request names the account.
HARVEST = Manner(
    parts={
        "invoice_line_items": ("invoices", "line_items"),
        "estimate_line_items": ("estimates", "line_items"),
    },
    auth=Bearer(KEY),
    pager=TokenLinkPager(
        "cursor",
        token_path="links.next",
        has_more_path="",
        default=2000,
        highest=2000,
        refuse_more=True,
        size_param="per_page",
        total_path="total_entries",
    ),
    paths=paths("/v2", _HARVEST, invoice_payments="/invoices/{id}/payments"),
    lists={
        **{name: {"record_path": name} for name in _HARVEST.split()},
        "invoice_payments": {"record_path": "invoice_payments", "parent_field": "invoice_id"},
    },
    parents={"invoice_payments": "invoices"},
    base_path="/v2",
    dress=dressed(),
    refusal=lambda status, message: {"error": "invalid_token", "error_description": message},
    demands={"Harvest-Account-Id": "1234567", "User-Agent": "books@example.com"},
    platform_config={
        "headers": [
            {"name": "Harvest-Account-Id", "value": "1234567"},
            {"name": "User-Agent", "value": "Our books (books@example.com)"},
        ]
    },
    bounds=since("updated_since"),
    rate=(100, 15),
    rate_headers={},
    retry_after=True,
)

PRODUCTS: Mapping[str, Manner] = {
    "chargebee": CHARGEBEE,
    "maxio": MAXIO,
    "recurly": RECURLY,
    "paddle": PADDLE,
    "lemon_squeezy": LEMON_SQUEEZY,
    "harvest": HARVEST,
}
