"""The two products of Zoho, and how much data each has at scale 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from integration_tests.sandbox.zoho_details import parts_in
from integration_tests.sandbox.zoho_lists import BOOKS_LISTS, INVOICE_LISTS
from integration_tests.sandbox.zoho_several import SeveralOrganizations


class ZohoInvoice(SeveralOrganizations):
    """Zoho Invoice v3."""

    name = "zoho_invoice"
    product = "invoice"
    lists = INVOICE_LISTS
    parts = parts_in(INVOICE_LISTS)
    default_rows: ClassVar[Mapping[str, int]] = {
        "items": 201,
        "users": 3,
        "contacts": 200,
        "invoices": 401,
        "recurring_invoices": 0,
        "customer_payments": 230,
        "credit_notes": 1,
        "expenses": 205,
        "taxes": 7,
        "organizations": 1,
        "estimates": 202,
        "retainer_invoices": 3,
        "recurring_expenses": 4,
        "credit_note_refunds": 2,
        "contact_persons": 203,
        "projects": 12,
        "tasks": 30,
        "time_entries": 201,
        "currencies": 5,
    }


class ZohoBooks(SeveralOrganizations):
    """Zoho Books v3."""

    name = "zoho_books"
    product = "books"
    lists = BOOKS_LISTS
    parts = parts_in(BOOKS_LISTS)
    default_rows: ClassVar[Mapping[str, int]] = {
        "users": 4,
        "banking": 3,
        "organizations": 1,
        "contacts": 201,
        "bills": 205,
        "estimates": 1,
        "items": 200,
        "invoices": 401,
        "expenses": 250,
        "creditnotes": 0,
        "customer_payments": 202,
        "purchase_orders": 210,
        "sales_orders": 120,
        "journals": 203,
        "taxes": 9,
        "transactions": 401,
        "recurring_invoices": 3,
        "retainer_invoices": 3,
        "customer_debit_notes": 12,
        "sales_receipts": 3,
        "credit_note_refunds": 2,
        "recurring_expenses": 4,
        "recurring_bills": 4,
        "vendor_payments": 201,
        "vendor_credits": 12,
        "vendor_credit_refunds": 3,
        "chart_of_accounts": 8,
        "account_transactions": 30,
        "base_currency_adjustments": 2,
        "tax_authorities": 2,
        "tax_exemptions": 2,
        "currencies": 3,
        "exchange_rates": 9,
        "contact_persons": 203,
        "projects": 4,
        "tasks": 9,
        "time_entries": 201,
        "fixed_assets": 6,
        "fixed_asset_types": 2,
        "locations": 2,
        "employees": 2,
        "bank_rules": 4,
    }
