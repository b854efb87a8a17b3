"""Xero, QuickBooks Online, FreshBooks, Pennylane, e-conomic (two APIs) and FreeAgent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime

from integration_tests.sandbox.platform import ApiRequest
from integration_tests.sandbox.products.common import (
    dressed,
    hidden_unless,
    paths,
    prefixed,
    since,
    some_of,
    uuid_key,
    uuid_like,
    with_parameters,
)
from integration_tests.sandbox.rest_api_auth import KEY, Bearer, HeaderKey, Tokens
from integration_tests.sandbox.rest_api_manner import Manner, no_bounds, no_choice
from integration_tests.sandbox.rest_api_paging import CursorPager, NoPager, OffsetPager, PagePager
from integration_tests.sandbox.rest_api_rows import iso
from integration_tests.sandbox.table import Row


def _dot_net(moment: int) -> str:
    return f"/Date({moment}000+0000)/"


def _xero_read(request: ApiRequest) -> ApiRequest:
    text = request.headers.get("If-Modified-Since")
    if text and "," in text:
        text = iso(int(parsedate_to_datetime(text).timestamp()))
    return with_parameters(request, modified_since=text)


def _xero_list(stream: str, key: str, *, paged: bool = True, changes: bool = True, sized: bool = True) -> Row:
    name = "".join(word.capitalize() for word in stream.split("_"))
    particular: Row = {
        "record_path": name,
        "primary_key": key,
        "dress": dressed(uuid_like, key=key, changed="UpdatedDateUTC" if changes else "", written=_dot_net),
    }
    if not paged:
        particular["pager"] = NoPager()
    elif not sized:
        particular["pager"] = PagePager("", default=100)
    return particular if changes else {**particular, "read": lambda request: request}


_XERO_LISTS = {
    "invoices": {
        **_xero_list("invoices", "InvoiceID"),
        "where": hidden_unless("includeArchived", "true"),
    },
    "contacts": {
        **_xero_list("contacts", "ContactID"),
        "where": hidden_unless("includeArchived", "true"),
    },
    "credit_notes": _xero_list("credit_notes", "CreditNoteID"),
    "payments": _xero_list("payments", "PaymentID"),
    "overpayments": _xero_list("overpayments", "OverpaymentID"),
    "prepayments": _xero_list("prepayments", "PrepaymentID"),
    "bank_transactions": _xero_list("bank_transactions", "BankTransactionID"),
    "manual_journals": _xero_list("manual_journals", "ManualJournalID"),
    "purchase_orders": _xero_list("purchase_orders", "PurchaseOrderID"),
    "quotes": _xero_list("quotes", "QuoteID", sized=False),
    "items": _xero_list("items", "ItemID", paged=False),
    "accounts": _xero_list("accounts", "AccountID", paged=False),
    "users": _xero_list("users", "UserID", paged=False),
    "tax_rates": _xero_list("tax_rates", "TaxType", paged=False, changes=False),
    "repeating_invoices": _xero_list("repeating_invoices", "RepeatingInvoiceID", paged=False, changes=False),
    "currencies": _xero_list("currencies", "Code", paged=False, changes=False),
}

# A header selects by the last change, which is written the way of .NET; 304 where nothing is new.
XERO = Manner(
    parts={
        "invoice_line_items": ("invoices", "LineItems"),
        "credit_note_line_items": ("credit_notes", "LineItems"),
        "purchase_order_line_items": ("purchase_orders", "LineItems"),
        "quote_line_items": ("quotes", "LineItems"),
        "bank_transaction_line_items": ("bank_transactions", "LineItems"),
        "prepayment_line_items": ("prepayments", "LineItems"),
        "overpayment_line_items": ("overpayments", "LineItems"),
        "repeating_invoice_line_items": ("repeating_invoices", "LineItems"),
        "manual_journal_lines": ("manual_journals", "JournalLines"),
    },
    auth=Tokens("/connect/token"),
    pager=PagePager(
        "pageSize",
        default=100,
        highest=1000,
        told={
            "pagination.page": "page",
            "pagination.pageSize": "size",
            "pagination.pageCount": "total_pages",
            "pagination.itemCount": "total",
        },
    ),
    paths={name: f"/api.xro/2.0/{particular['record_path']}" for name, particular in _XERO_LISTS.items()},
    lists=_XERO_LISTS,
    base_path="/api.xro/2.0",
    dress=dressed(),
    id_of=uuid_like,
    key_of=uuid_key,
    read=_xero_read,
    bounds=since("modified_since"),
    refusal=lambda status, message: {
        "Type": None,
        "Title": "Unauthorized" if status == 401 else "Bad Request",
        "Status": status,
        "Detail": message,
    },
    demands={"Xero-Tenant-Id": "45e4708e", "Accept": "application/json"},
    platform_config={"headers": [{"name": "Xero-Tenant-Id", "value": "45e4708e-d862-4111-ab3a-dd8cd03913e1"}]},
    rate=(60, 60),
    rate_headers={"X-MinLimit-Remaining": "left"},
    retry_after=True,
)


_QUERY = re.compile(
    r"select \* from (\w+) where (.*?)MetaData\.LastUpdatedTime >= '([^']+)'\s+orderby Id\s+"
    r"startposition (\d+) maxresults (\d+)"
)
_QBO_DOCUMENTS = {
    **{"invoices": "Invoice", "payments": "Payment", "credit_memos": "CreditMemo", "sales_receipts": "SalesReceipt"},
    **{"refund_receipts": "RefundReceipt", "estimates": "Estimate", "bills": "Bill", "bill_payments": "BillPayment"},
    **{"vendor_credits": "VendorCredit", "purchases": "Purchase", "purchase_orders": "PurchaseOrder"},
    **{"journal_entries": "JournalEntry", "deposits": "Deposit", "transfers": "Transfer"},
    **{"time_activities": "TimeActivity"},
}
_QBO_LISTS = {
    **{"customers": "Customer", "vendors": "Vendor", "items": "Item", "accounts": "Account", "employees": "Employee"},
    **{"departments": "Department", "classes": "Class", "terms": "Term", "payment_methods": "PaymentMethod"},
    **{"tax_codes": "TaxCode", "tax_rates": "TaxRate"},
}


def _qbo_read(request: ApiRequest) -> ApiRequest:
    """The parts of a query text. What it does not understand is no list."""
    query = _QUERY.fullmatch(" ".join((request.parameter("query") or "").split()))
    if query is None:
        return request
    entity, conditions, moment, position, limit = query.groups()
    active = "both" if "Active in (true, false)" in conditions else None
    asked = with_parameters(request, since=moment, startposition=position, maxresults=limit, active=active)
    return replace(asked, path=f"{request.path}/{entity}")


# Each list is a query text that counts rows from 1; an answer without rows lacks the list.
QUICKBOOKS_ONLINE = Manner(
    parts={
        "invoice_lines": ("invoices", "Line"),
        "credit_memo_lines": ("credit_memos", "Line"),
        "sales_receipt_lines": ("sales_receipts", "Line"),
        "bill_lines": ("bills", "Line"),
    },
    auth=Tokens("/oauth2/v1/tokens/bearer"),
    pager=OffsetPager("maxresults", "startposition", first=1, default=100, highest=1000),
    paths={name: f"/v3/company/462081/query/{entity}" for name, entity in {**_QBO_DOCUMENTS, **_QBO_LISTS}.items()},
    lists={
        **{name: {"record_path": f"QueryResponse.{entity}"} for name, entity in _QBO_DOCUMENTS.items()},
        **{
            name: {"record_path": f"QueryResponse.{entity}", "where": hidden_unless("active", "both")}
            for name, entity in _QBO_LISTS.items()
        },
    },
    base_path="/v3/company/462081",
    dress=dressed(str, key="Id", changed="MetaData.LastUpdatedTime"),
    primary_key="Id",
    id_of=str,
    read=_qbo_read,
    bounds=since("since"),
    empty="absent",
    refusal=lambda status, message: {
        "Fault": {"Error": [{"Message": message, "Detail": message, "code": "3200"}], "type": "AUTHENTICATION"},
        "time": "2026-01-01T00:00:00.000-08:00",
    },
    demands={"Accept": "application/json"},
    rate=(500, 60),
    rate_headers={},
)


_FRESHBOOKS = {
    **{"invoices": "/invoices/invoices", "clients": "/users/clients", "payments": "/payments/payments"},
    **{"estimates": "/estimates/estimates", "expenses": "/expenses/expenses", "items": "/items/items"},
}

# Archived and deleted rows are lists of their own; times without a zone; a filter by day.
FRESHBOOKS = Manner(
    parts={
        "invoice_lines": ("invoices", "lines"),
        "estimate_lines": ("estimates", "lines"),
    },
    auth=Tokens("/auth/oauth/token", basic=False),
    pager=PagePager(
        default=15,
        highest=100,
        told={
            "response.result.page": "page",
            "response.result.per_page": "size",
            "response.result.pages": "total_pages",
            "response.result.total": "total",
        },
    ),
    paths=paths("/accounting/account/ab12", "", **_FRESHBOOKS, taxes="/taxes/taxes"),
    lists={
        **{name: {"record_path": f"response.result.{name}"} for name in _FRESHBOOKS},
        "taxes": {"record_path": "response.result.taxes", "where": no_choice, "bounds": no_bounds},
    },
    base_path="/accounting/account/ab12",
    dress=dressed(changed="updated", written=lambda moment: iso(moment).replace("T", " ").removesuffix("Z")),
    bounds=since("search[updated_min]"),
    where=some_of("search[vis_state]", ("0", "1", "2")),
    refusal=lambda status, message: {"response": {"errors": [{"errno": 1003, "message": message}]}},
)


# A token, a flag and rows under "items"; no filter by the last change.
PENNYLANE = Manner(
    auth=Bearer(KEY),
    pager=CursorPager(
        "cursor", token_path="next_cursor", has_more_path="has_more", default=20, highest=100, refuse_more=True
    ),
    paths=paths(
        "/api/external/v2",
        "customer_invoices supplier_invoices customers suppliers products quotes billing_subscriptions transactions "
        "ledger_accounts categories",
    ),
    base_path="/api/external/v2",
    dress=dressed(),
    record_path="items",
    refusal=lambda status, message: {"status": status, "error": message},
    rate=(25, 5),
    rate_headers={"ratelimit-limit": "calls", "ratelimit-remaining": "left", "ratelimit-reset": "reset"},
    retry_after=True,
)


def _economic_read(request: ApiRequest) -> ApiRequest:
    moment = re.fullmatch(r"lastUpdated\$gte:(.+)", request.parameter("filter") or "")
    return with_parameters(request, since=moment[1] if moment else None)


def _economic_list(key: str, *, changed: str = "", filtered: bool = False) -> Row:
    return {
        "primary_key": key,
        "dress": dressed(key=key, changed=changed),
        "bounds": since("since") if filtered else no_bounds,
    }


# Two tokens; pages are counted from 0 and called skipped; a filter text.
E_CONOMIC = Manner(
    auth=HeaderKey("X-AgreementGrantToken"),
    pager=PagePager(
        "pagesize",
        page_param="skippages",
        first=0,
        default=20,
        highest=1000,
        told={
            "pagination.skipPages": "page",
            "pagination.pageSize": "size",
            "pagination.results": "total",
        },
        refuse_more=True,
    ),
    paths=paths(
        "",
        "customers products suppliers accounts",
        booked_invoices="/invoices/booked",
        draft_invoices="/invoices/drafts",
        payment_terms="/payment-terms",
        customer_groups="/customer-groups",
        vat_accounts="/vat-accounts",
    ),
    lists={
        "booked_invoices": _economic_list("bookedInvoiceNumber"),
        "draft_invoices": _economic_list("draftInvoiceNumber", changed="lastUpdated"),
        "customers": _economic_list("customerNumber", changed="lastUpdated", filtered=True),
        "products": _economic_list("productNumber", changed="lastUpdated", filtered=True),
        "suppliers": _economic_list("supplierNumber"),
        "accounts": _economic_list("accountNumber"),
        "payment_terms": _economic_list("paymentTermsNumber"),
        "customer_groups": _economic_list("customerGroupNumber"),
        "vat_accounts": _economic_list("vatCode"),
    },
    dress=dressed(),
    record_path="collection",
    read=_economic_read,
    refusal=lambda status, message: {
        "message": message,
        "errorCode": "E00500" if status == 401 else "E00000",
        "httpStatusCode": status,
        "developerHint": "The authentication tokens are missing or wrong.",
    },
    demands={"X-AppSecretToken": "the-secret-of-the-app"},
    platform_config={"secret_headers": [{"name": "X-AppSecretToken", "value": "the-secret-of-the-app"}]},
)


def _economic_lines_read(request: ApiRequest) -> ApiRequest:
    """Lines of orders and quotes are a list for each state of the document."""
    match = re.fullmatch(r"/q2capi/v5\.1\.0/(orders|quotes)/(drafts|sent|archived)/lines", request.path)
    if match is None:
        return request
    return replace(with_parameters(request, state=match[2]), path=f"/q2capi/v5.1.0/{match[1]}/lines")


def _economic_line(stream: str, row: Row) -> Row:
    """Numbers of lines begin anew in each document; here none comes twice, for the sake of the tests."""
    return {
        "documentId": 1 + row["id"] // 4,
        "number": row["id"],
        **{k: v for k, v in row.items() if k in ("name", "amount")},
    }


_economic_by_state = some_of("state", ("drafts", "sent", "archived"))

# The lines of all documents in one list, with a token for the next page. No time of change.
E_CONOMIC_LINES = Manner(
    auth=HeaderKey("X-AgreementGrantToken"),
    pager=CursorPager("cursor", token_path="cursor", has_more_path="", default=100, size_param="pageSize", absent=True),
    paths=paths(
        "/q2capi/v5.1.0",
        "",
        booked_invoice_lines="/invoices/booked/lines",
        draft_invoice_lines="/invoices/drafts/lines",
        order_lines="/orders/lines",
        quote_lines="/quotes/lines",
    ),
    lists={"order_lines": {"where": _economic_by_state}, "quote_lines": {"where": _economic_by_state}},
    base_path="/q2capi/v5.1.0",
    dress=_economic_line,
    primary_key="number",
    key_beside="documentId",
    record_path="items",
    read=_economic_lines_read,
    refusal=E_CONOMIC.refusal,
    demands=E_CONOMIC.demands,
    platform_config=E_CONOMIC.platform_config,
)


_freeagent_id = prefixed("https://api.freeagent.com/v2/rows/")
_FREEAGENT = (
    "invoices credit_notes bills estimates recurring_invoices contacts projects tasks timeslips expenses users "
    "bank_accounts"
)

# The key is an address; the total stands in a header, the next page in Link.
FREEAGENT = Manner(
    parts={
        "invoice_items": ("invoices", "invoice_items"),
        "credit_note_items": ("credit_notes", "credit_note_items"),
        "bill_items": ("bills", "bill_items"),
        "estimate_items": ("estimates", "estimate_items"),
    },
    auth=Tokens("/v2/token_endpoint"),
    pager=PagePager(default=25, highest=100, headers={"X-Total-Count": "total"}, links=True),
    paths=paths("/v2", _FREEAGENT),
    lists={
        **{name: {"record_path": name} for name in _FREEAGENT.split()},
        **{
            f"{kind}s": {"record_path": f"{kind}s", "needs": (f"nested_{kind}_items",)}
            for kind in ("invoice", "credit_note", "bill", "estimate")
        },
        "contacts": {"record_path": "contacts", "where": hidden_unless("view", "all")},
        "tasks": {"record_path": "tasks", "where": hidden_unless("view", "all")},
    },
    base_path="/v2",
    dress=dressed(_freeagent_id, key="url", written=lambda moment: iso(moment).replace("Z", ".000Z")),
    primary_key="url",
    id_of=_freeagent_id,
    bounds=since("updated_since"),
    refusal=lambda status, message: {"errors": {"error": {"message": message}}},
    rate=(120, 60),
    rate_headers={},
    retry_after=True,
)

PRODUCTS: Mapping[str, Manner] = {
    "xero": XERO,
    "quickbooks_online": QUICKBOOKS_ONLINE,
    "freshbooks": FRESHBOOKS,
    "pennylane": PENNYLANE,
    "e_conomic": E_CONOMIC,
    "e_conomic_lines": E_CONOMIC_LINES,
    "freeagent": FREEAGENT,
}
