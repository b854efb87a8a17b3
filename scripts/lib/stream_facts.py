"""What the tables of the documentation say of streams that the code cannot know, because it happens at the vendor.

What an edit leaves unseen is in UNSEEN, what a delete does in DELETED.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Filled in with how the destination learns of it, if the user wants that.
REPORTED = "(reported)"
REMOVED = f"removed{REPORTED}"


def _removed(event: str) -> str:
    return f"{REMOVED}; `events` has `{event}`"


def _stay(document: str, cursor: str, *parts: str) -> dict[str, str]:
    return dict.fromkeys(parts, f"stays; current ones have the `{cursor}` of their {document}")


SILENT = f"{REMOVED}; there is no event"
ZOHO = REMOVED
ZOHO_VOID = f"{REMOVED}; void ones stay, `status` is `void`"
ZOHO_INACTIVE = f"{REMOVED}; inactive ones stay, with their `status`"
ZOHO_STOPPED = f"{REMOVED}; stopped and expired ones stay, with their `status`"
ZOHO_USERS = "inactive ones stay; whether deleted ones do is not documented"

# https://developer.invoiced.com/api, https://www.zoho.com/books/api/v3/, https://apidocs.fastbill.com/fastbill/en/
DELETED: Mapping[str, Mapping[str, str]] = {
    "invoiced": {
        "customers": f"{REMOVED}; `events` has `customer.deleted`, or `customer.merged`",
        "invoices": f"{_removed('invoice.deleted')}; void ones stay, `status` is `voided`",
        "payments": "voided: stays, `voided` is true",
        "credit_balance_adjustments": SILENT,
        "credit_notes": f"{_removed('credit_note.deleted')}; void ones stay, `status` is `voided`",
        "subscriptions": "canceled: stays, `status` is `canceled`",
        "estimates": f"{_removed('estimate.deleted')}; void ones stay, `status` is `voided`",
        "contacts": _removed("contact.deleted"),
        "items": f"{SILENT}; a new one may get the same id",
        "tax_rates": f"{SILENT}; a new one may get the same id",
        "plans": f"{SILENT}; a new one may get the same id",
        "coupons": f"{SILENT}; a new one may get the same id",
        "events": "stays; for how long is not documented",
        "notes": _removed("note.deleted"),
        "tasks": _removed("task.deleted"),
        "metered_billings": f"{_removed('line_item.deleted')}; what is billed is removed too",
        "payment_sources": _removed("payment_source.deleted"),
        "members": SILENT,
        "roles": SILENT,
        "chasing_cadences": SILENT,
        **_stay("invoice", "updated_at", "invoice_line_items", "invoice_discounts", "invoice_taxes"),
        **_stay("payment", "updated_at", "payment_applications"),
        **_stay("credit note", "updated_at", "credit_note_line_items", "credit_note_discounts", "credit_note_taxes"),
        **_stay("estimate", "updated_at", "estimate_line_items", "estimate_discounts", "estimate_taxes"),
        **_stay("payment", "updated_at", "charges", "refunds"),
        **_stay("subscription", "updated_at", "subscription_addons"),
        **_stay("plan", "updated_at", "plan_tiers"),
        "chasing_cadence_steps": SILENT,
        "payment_plans": "stays; `payment_plan` of its invoice names the current one",
    },
    "zoho_invoice": {
        "items": ZOHO_INACTIVE,
        "users": ZOHO_USERS,
        "contacts": ZOHO_INACTIVE,
        "invoices": ZOHO_VOID,
        "recurring_invoices": ZOHO_STOPPED,
        "customer_payments": ZOHO,
        "credit_notes": ZOHO_VOID,
        "expenses": ZOHO,
        "taxes": f"{REMOVED}; inactive ones stay",
        "currencies": ZOHO,
        "organizations": ZOHO,
        "estimates": ZOHO,
        "retainer_invoices": ZOHO_VOID,
        "recurring_expenses": ZOHO_STOPPED,
        "credit_note_refunds": ZOHO,
        "contact_persons": ZOHO,
        "projects": ZOHO_INACTIVE,
        "tasks": ZOHO,
        "time_entries": ZOHO,
    },
    "zoho_books": {
        "contacts": ZOHO_INACTIVE,
        "items": ZOHO_INACTIVE,
        "invoices": ZOHO_VOID,
        "customer_payments": ZOHO,
        "creditnotes": ZOHO_VOID,
        "estimates": ZOHO,
        "sales_orders": ZOHO_VOID,
        "bills": ZOHO_VOID,
        "expenses": ZOHO,
        "purchase_orders": f"{REMOVED}; cancelled ones stay, `status` is `cancelled`",
        "vendor_payments": ZOHO,
        "vendor_credits": ZOHO_VOID,
        "journals": ZOHO,
        "chart_of_accounts": f"{REMOVED}; inactive ones stay, `is_active` is false",
        "banking": f"{REMOVED}; inactive ones stay",
        "transactions": f"{REMOVED}; excluded ones stay, with their `status`",
        "taxes": f"{REMOVED}; inactive ones stay",
        "currencies": ZOHO,
        "organizations": ZOHO,
        "users": ZOHO_USERS,
        "recurring_invoices": ZOHO_STOPPED,
        "retainer_invoices": ZOHO_VOID,
        "customer_debit_notes": ZOHO_VOID,
        "sales_receipts": ZOHO,
        "credit_note_refunds": ZOHO,
        "recurring_expenses": ZOHO_STOPPED,
        "recurring_bills": ZOHO_STOPPED,
        "vendor_credit_refunds": ZOHO,
        "contact_persons": ZOHO,
        "projects": ZOHO_INACTIVE,
        "time_entries": ZOHO,
        "tasks": ZOHO,
        "locations": ZOHO,
        "tax_authorities": ZOHO,
        "tax_exemptions": ZOHO,
        "base_currency_adjustments": ZOHO,
        "exchange_rates": ZOHO,
        "fixed_assets": f"{REMOVED}; sold and written off ones stay, with their `status`",
        "fixed_asset_types": ZOHO,
        "employees": ZOHO,
        "bank_rules": ZOHO,
        "account_transactions": ZOHO,
    },
    "fastbill": {
        "customers": f"{REMOVED}, or stays with `DELETED_DATE`",
        "invoices": "a draft is removed; a finished one is canceled: stays, `IS_CANCELED` is set",
        "products": REMOVED,
        "recurring_invoices": REMOVED,
        "revenues": REMOVED,
        "contacts": REMOVED,
        "estimates": REMOVED,
        "expenses": REMOVED,
        "projects": REMOVED,
        "times": REMOVED,
        "templates": REMOVED,
        **_stay("invoice", "LASTUPDATE", "invoice_line_items", "invoice_vat_items", "invoice_payments"),
        "recurring_invoice_line_items": REMOVED,
        **_stay("revenue", "LASTUPDATE", "revenue_line_items", "revenue_payments"),
        "estimate_line_items": REMOVED,
        "expense_line_items": REMOVED,
        "project_tasks": REMOVED,
    },
    "rest_api": {"invoices": "depends on the API"},
}

# Changes that do not move the modification time, by platform and stream.
UNSEEN: Mapping[tuple[str, str], str] = {
    ("invoiced", "events"): "an event never changes",
    ("invoiced", "charges"): "a refund may not be seen",
    ("invoiced", "refunds"): "a refund may not be seen",
    ("zoho_invoice", "contacts"): "a new balance is not seen",
    ("zoho_books", "contacts"): "a new balance is not seen",
    ("zoho_invoice", "invoices"): "new `due_days` and turning overdue may not be seen",
    ("zoho_books", "invoices"): "new `due_days` and turning overdue may not be seen",
    ("zoho_books", "chart_of_accounts"): "a new balance is not seen",
    ("zoho_books", "transactions"): "a transaction that is categorized changes its key",
}

# Lists of Zoho that may be longer than all others together.
LONG = ("transactions", "account_transactions")
