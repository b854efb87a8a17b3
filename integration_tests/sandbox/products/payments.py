"""Square, Mollie, PayPal, Moneybird, sevDesk, Lexware Office, Fakturoid and Fortnox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from integration_tests.sandbox.platform import ApiRequest
from integration_tests.sandbox.products.common import (
    NEWEST_FIRST,
    between,
    dressed,
    hidden_unless,
    offset,
    paths,
    prefixed,
    since,
    some_of,
    uuid_key,
    uuid_like,
    with_parameters,
)
from integration_tests.sandbox.rest_api_auth import KEY, Bearer, HeaderKey, Tokens
from integration_tests.sandbox.rest_api_manner import AskedFor, Manner, no_bounds
from integration_tests.sandbox.rest_api_paging import CursorPager, NoPager, OffsetPager, PagePager, TokenLinkPager
from integration_tests.sandbox.table import Row

_square_id = prefixed("sq", 22)


def _square_pager(highest: int, size_param: str = "limit") -> CursorPager:
    return CursorPager(
        "cursor",
        token_path="cursor",
        has_more_path="",
        default=100,
        highest=highest,
        absent=True,
        size_param=size_param,
        refuse_more=True,
    )


_square_location: Row = {"parent_param": "location_id", "parent_field": "location_id"}

# Invoices and the like are listed per location, payments those of a year unless asked for; no cursor at the end, and no
# list where there are no rows.
SQUARE = Manner(
    auth=Bearer(KEY),
    pager=_square_pager(100),
    paths=paths("/v2", "locations invoices customers payments refunds payouts disputes", catalog="/catalog/list"),
    lists={
        "locations": {
            "record_path": "locations",
            "pager": NoPager(),
            "dress": dressed(_square_id, changed=""),
        },
        "invoices": {
            "record_path": "invoices",
            **_square_location,
            "pager": _square_pager(200),
        },
        "customers": {"record_path": "customers"},
        "payments": {
            "record_path": "payments",
            "bounds": since("updated_at_begin_time"),
            "where": hidden_unless("begin_time", "2009-"),
            **_square_location,
        },
        "refunds": {
            "record_path": "refunds",
            "bounds": since("updated_at_begin_time"),
            "where": hidden_unless("begin_time", "2009-"),
        },
        "payouts": {
            "record_path": "payouts",
            "where": hidden_unless("begin_time", "2009-"),
            **_square_location,
        },
        "disputes": {"record_path": "disputes"},
        "catalog": {"record_path": "objects", "pager": _square_pager(1000, "")},
    },
    parents={"invoices": "locations", "payments": "locations", "payouts": "locations"},
    base_path="/v2",
    dress=dressed(_square_id),
    id_of=_square_id,
    empty="absent",
    demands={"Square-Version": "20"},
    refusal=lambda status, message: {
        "errors": [{"category": "AUTHENTICATION_ERROR", "code": "UNAUTHORIZED", "detail": message}]
    },
)


_mollie_id = prefixed("tr_")
_MOLLIE = (
    *("payments", "refunds", "chargebacks", "customers", "subscriptions", "payment-links", "sales-invoices"),
    *("invoices", "settlements", "balances"),
)


def _underscored(name: str) -> str:
    return name.replace("-", "_")


# HAL: rows under "_embedded", the address of the next page under "_links".
MOLLIE = Manner(
    parts={
        "invoice_lines": ("invoices", "lines"),
        "sales_invoice_lines": ("sales_invoices", "lines"),
    },
    auth=Bearer(KEY),
    pager=TokenLinkPager(
        "from", token_path="_links.next.href", has_more_path="", default=50, highest=250, refuse_more=True
    ),
    paths={
        **{_underscored(name): f"/v2/{name}" for name in _MOLLIE},
        "mandates": "/v2/customers/{id}/mandates",
    },
    lists={_underscored(name): {"record_path": f"_embedded.{_underscored(name)}"} for name in (*_MOLLIE, "mandates")},
    parents={"mandates": "customers"},
    base_path="/v2",
    dress=dressed(_mollie_id, changed=""),
    id_of=_mollie_id,
    sort=NEWEST_FIRST,
    refusal=lambda status, message: {
        "status": status,
        "title": "Unauthorized Request",
        "detail": message,
        "_links": {"documentation": {"href": "https://docs.mollie.com/overview/authentication", "type": "text/html"}},
    },
)


_paypal_id = prefixed("INV2-", 4)

# The client's own credentials; totals when asked for; the time of change three levels down.
PAYPAL_INVOICING = Manner(
    parts={
        "invoice_items": ("invoices", "items"),
    },
    auth=Tokens("/v1/oauth2/token", "client_credentials"),
    pager=PagePager(
        "page_size",
        default=20,
        highest=100,
        told={"total_items": "total", "total_pages": "total_pages"},
        refuse_more=True,
    ),
    paths={"invoices": "/v2/invoicing/invoices"},
    dress=dressed(_paypal_id, changed="detail.metadata.last_update_time"),
    id_of=_paypal_id,
    record_path="items",
    needs=("total_required",),
    refusal=lambda status, message: {
        "name": "AUTHENTICATION_FAILURE",
        "message": message,
        "debug_id": "b6d8fda5b1c3e",
    },
)


def _moneybird_read(request: ApiRequest) -> ApiRequest:
    """Terms of the form name:value, joined by commas."""
    terms = (term.partition(":") for term in (request.parameter("filter") or "").split(","))
    return with_parameters(request, **{f"filter_{name}": value for name, colon, value in terms if colon})


_MONEYBIRD_DOCUMENTS = (
    *("purchase_invoices", "receipts", "general_documents", "general_journal_documents", "typeless_documents"),
)
_moneybird_whole = {"pager": NoPager()}
_moneybird_period = {"where": hidden_unless("filter_period", "..20991231")}
_moneybird_changed = {**_moneybird_period, "bounds": since("filter_updated_after", exclusive=True)}

# Documents of this year, and rows in use, unless asked otherwise; ids of text; a header Link.
MONEYBIRD = Manner(
    parts={
        "sales_invoice_details": ("sales_invoices", "details"),
        "sales_invoice_payments": ("sales_invoices", "payments"),
        "purchase_invoice_details": ("purchase_invoices", "details"),
        "general_journal_document_entries": ("general_journal_documents", "general_journal_document_entries"),
        "estimate_details": ("estimates", "details"),
        "receipt_details": ("receipts", "details"),
        "external_sales_invoice_details": ("external_sales_invoices", "details"),
        "recurring_sales_invoice_details": ("recurring_sales_invoices", "details"),
    },
    auth=Bearer(KEY),
    pager=PagePager(default=50, highest=100, links=True, refuse_more=True),
    paths=paths(
        "/api/v2/123",
        "sales_invoices external_sales_invoices estimates time_entries recurring_sales_invoices contacts projects "
        "products tax_rates ledger_accounts financial_accounts workflows",
        ".json",
        **{name: f"/documents/{name}.json" for name in _MONEYBIRD_DOCUMENTS},
    ),
    lists={
        **dict.fromkeys(("sales_invoices", *_MONEYBIRD_DOCUMENTS), _moneybird_changed),
        **dict.fromkeys(("external_sales_invoices", "estimates"), _moneybird_period),
        "time_entries": {
            "where": lambda request: (
                *hidden_unless("filter_period", "..20991231")(request),
                *hidden_unless("filter_include_nil_contacts", "true")(request),
                *hidden_unless("filter_include_active", "true")(request),
            )
        },
        "recurring_sales_invoices": {"where": some_of("filter_state", ("active", "inactive"))},
        "contacts": {"where": hidden_unless("include_archived", "true")},
        "projects": {"where": hidden_unless("filter_state", "all"), "dress": dressed(str, changed="")},
        "products": {"where": hidden_unless("active", "false")},
        **dict.fromkeys(("ledger_accounts", "financial_accounts", "workflows"), _moneybird_whole),
    },
    base_path="/api/v2/123",
    dress=dressed(str),
    id_of=str,
    record_path="",
    read=_moneybird_read,
    refusal=lambda status, message: {"error": message, "symbolic": None},
    rate=(150, 300),
    rate_headers={"RateLimit-Limit": "calls", "RateLimit-Remaining": "left", "RateLimit-Reset": "reset"},
    retry_after=True,
    retry_at=True,
)


_SEVDESK = {
    **{"invoices": "Invoice", "orders": "Order", "vouchers": "Voucher", "contacts": "Contact"},
    **{"credit_notes": "CreditNote", "invoice_positions": "InvoicePos", "order_positions": "OrderPos"},
    **{"voucher_positions": "VoucherPos", "credit_note_positions": "CreditNotePos", "parts": "Part"},
    **{"contact_addresses": "ContactAddress", "check_accounts": "CheckAccount"},
    **{"check_account_transactions": "CheckAccountTransaction"},
}

_sevdesk_filter = {"bounds": since("updateAfter", exclusive=True)}

# A token without a word before it; persons when asked for.
SEVDESK = Manner(
    auth=HeaderKey("Authorization"),
    pager=OffsetPager(default=50, highest=1000, total_path="total"),
    paths={name: f"/api/v1/{kind}" for name, kind in _SEVDESK.items()},
    lists={
        **dict.fromkeys(("invoices", "orders", "vouchers"), _sevdesk_filter),
        "contacts": {**_sevdesk_filter, "where": hidden_unless("depth", "1")},
    },
    base_path="/api/v1",
    dress=dressed(str, changed="update", written=offset),
    id_of=str,
    record_path="objects",
    needs=("countAll",),
    refusal=lambda status, message: {"status": status, "message": message},
)


_lexware_whole = {
    "record_path": "",
    "pager": NoPager(),
    "dress": dressed(uuid_like, changed=""),
}


def _lexware_read(request: ApiRequest) -> ApiRequest:
    """The list of vouchers is one for each type of them."""
    kind = request.parameter("voucherType")
    return (
        replace(request, path=f"{request.path}/{kind}") if kind and request.path.endswith("/voucherlist") else request
    )


_lexware_vouchers: Row = {
    "needs": ("voucherStatus",),
    "bounds": between("updatedDateFrom", "updatedDateTo"),
}

# Pages from 0; the list of vouchers wants type and status, and takes days from and to.
LEXWARE_OFFICE = Manner(
    auth=Bearer(KEY),
    pager=PagePager(
        "size",
        first=0,
        default=25,
        highest=250,
        told={"totalPages": "total_pages", "totalElements": "total", "size": "size", "number": "page"},
        refuse_more=True,
    ),
    paths=paths(
        "/v1",
        "contacts articles",
        vouchers="/voucherlist/any",
        invoices="/voucherlist/invoice",
        credit_notes="/voucherlist/creditnote",
        quotations="/voucherlist/quotation",
        recurring_templates="/recurring-templates",
        payment_conditions="/payment-conditions",
        posting_categories="/posting-categories",
    ),
    lists={
        **dict.fromkeys(("vouchers", "invoices", "credit_notes", "quotations"), _lexware_vouchers),
        "contacts": {"dress": dressed(uuid_like, changed="")},
        "payment_conditions": _lexware_whole,
        "posting_categories": _lexware_whole,
    },
    details={
        "invoices": "/v1/invoices/{id}",
        "credit_notes": "/v1/credit-notes/{id}",
        "quotations": "/v1/quotations/{id}",
    },
    parts={
        "invoice_line_items": ("invoices", "lineItems"),
        "credit_note_line_items": ("credit_notes", "lineItems"),
        "quotation_line_items": ("quotations", "lineItems"),
    },
    read=_lexware_read,
    base_path="/v1",
    dress=dressed(uuid_like, changed="updatedDate", written=lambda moment: offset(moment).replace("+", ".000+")),
    id_of=uuid_like,
    key_of=uuid_key,
    record_path="content",
    refusal=lambda status, message: {"message": message},
    rate=(2, 1),
    rate_headers={},
)


# Pages of forty, whatever is asked for; who asks has to say so.
FAKTUROID = Manner(
    parts={
        "invoice_lines": ("invoices", "lines"),
        "expense_lines": ("expenses", "lines"),
    },
    auth=Tokens("/api/v3/oauth/token", "client_credentials", agent="books@example.com"),
    pager=PagePager("", default=40),
    paths=paths(
        "/api/v3/accounts/applecorp",
        "invoices expenses subjects generators recurring_generators inventory_items inventory_moves bank_accounts",
        ".json",
        archived_inventory_items="/inventory_items/archived.json",
    ),
    lists={"bank_accounts": {"pager": NoPager(), "bounds": no_bounds}},
    base_path="/api/v3/accounts/applecorp",
    dress=dressed(written=lambda moment: offset(moment).replace("Z", "")),
    record_path="",
    bounds=since("updated_since"),
    demands={"User-Agent": "books@example.com"},
    platform_config={"headers": [{"name": "User-Agent", "value": "Our books (books@example.com)"}]},
    refusal=lambda status, message: {"error": "invalid_token", "error_description": message},
    rate=(400, 60),
    rate_headers={"X-RateLimit": "left"},
)


def _fortnox_list(name: str, key: str) -> Row:
    return {"record_path": name, "primary_key": key, "dress": dressed(str, key=key, changed="")}


# Lists filter by a last change that no row tells, and hold heads: the rows of a document stand in the document.
FORTNOX = Manner(
    parts={
        "invoice_rows": ("invoices", "InvoiceRows"),
        "order_rows": ("orders", "OrderRows"),
        "offer_rows": ("offers", "OfferRows"),
        "supplier_invoice_rows": ("supplier_invoices", "SupplierInvoiceRows"),
    },
    asked_for={
        "invoice_rows": AskedFor("/3/invoices/{id}", "Invoice"),
        "order_rows": AskedFor("/3/orders/{id}", "Order"),
        "offer_rows": AskedFor("/3/offers/{id}", "Offer"),
        "supplier_invoice_rows": AskedFor("/3/supplierinvoices/{id}", "SupplierInvoice"),
    },
    auth=Tokens("/oauth-v1/token"),
    pager=PagePager(
        "limit",
        default=100,
        highest=500,
        told={
            "MetaInformation.@TotalResources": "total",
            "MetaInformation.@TotalPages": "total_pages",
            "MetaInformation.@CurrentPage": "page",
        },
        refuse_more=True,
    ),
    paths=paths(
        "/3",
        "invoices customers articles orders offers suppliers",
        invoice_payments="/invoicepayments",
        supplier_invoices="/supplierinvoices",
    ),
    lists={
        "invoices": _fortnox_list("Invoices", "DocumentNumber"),
        "customers": _fortnox_list("Customers", "CustomerNumber"),
        "articles": _fortnox_list("Articles", "ArticleNumber"),
        "orders": _fortnox_list("Orders", "DocumentNumber"),
        "offers": _fortnox_list("Offers", "DocumentNumber"),
        "suppliers": _fortnox_list("Suppliers", "SupplierNumber"),
        "invoice_payments": _fortnox_list("InvoicePayments", "Number"),
        "supplier_invoices": _fortnox_list("SupplierInvoices", "GivenNumber"),
    },
    base_path="/3",
    dress=dressed(str),
    bounds=since("lastmodified"),
    refusal=lambda status, message: {"ErrorInformation": {"error": 1, "message": message, "code": 2000310}},
    demands={"Accept": "application/json"},
    rate=(25, 5),
    rate_headers={},
)

PRODUCTS: Mapping[str, Manner] = {
    "square": SQUARE,
    "mollie": MOLLIE,
    "paypal_invoicing": PAYPAL_INVOICING,
    "moneybird": MONEYBIRD,
    "sevdesk": SEVDESK,
    "lexware_office": LEXWARE_OFFICE,
    "fakturoid": FAKTUROID,
    "fortnox": FORTNOX,
}
