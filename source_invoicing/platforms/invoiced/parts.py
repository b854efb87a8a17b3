"""Streams of what the rows of Invoiced's lists contain, one small class each. https://developer.invoiced.com/api

Lists hold all lines, discounts, taxes, add-ons and tiers of each row; a payment holds its charge. Only payment plans
have their own addresses.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from dataclasses import replace

from typing_extensions import override

from source_invoicing.http import Request
from source_invoicing.platforms.invoiced.error_handler import no_record_if_missing
from source_invoicing.platforms.invoiced.streams import (
    ChasingCadences,
    CreditNotes,
    Estimates,
    Invoices,
    Payments,
    Plans,
    Subscriptions,
)
from source_invoicing.streams import DerivedStream, DetailStream, Document, InvoicingStream, Row


class PartWithId(DerivedStream, ABC):
    """A part that has an id, as most do."""

    part_id = "id"


class Discounts(PartWithId, ABC):
    """Discounts of the whole document, then those of each line."""

    expand = ("discounts", "items.discounts")
    element_field = "line_item_id"


class Taxes(PartWithId, ABC):
    """Taxes of the whole document, then those of each line."""

    expand = ("taxes", "items.taxes")
    element_field = "line_item_id"


class InvoiceLineItems(PartWithId):
    """https://developer.invoiced.com/api/invoices#line-items"""

    source = Invoices
    expand = "items"
    document_field = "invoice_id"


class InvoiceDiscounts(Discounts):
    """https://developer.invoiced.com/api/invoices#discounts"""

    source = Invoices
    document_field = "invoice_id"


class InvoiceTaxes(Taxes):
    """https://developer.invoiced.com/api/invoices#taxes"""

    source = Invoices
    document_field = "invoice_id"


class CreditNoteLineItems(PartWithId):
    """https://developer.invoiced.com/api/credit-notes"""

    source = CreditNotes
    expand = "items"
    document_field = "credit_note_id"


class CreditNoteDiscounts(Discounts):
    """https://developer.invoiced.com/api/credit-notes"""

    source = CreditNotes
    document_field = "credit_note_id"


class CreditNoteTaxes(Taxes):
    """https://developer.invoiced.com/api/credit-notes"""

    source = CreditNotes
    document_field = "credit_note_id"


class EstimateLineItems(PartWithId):
    """https://developer.invoiced.com/api/estimates"""

    source = Estimates
    expand = "items"
    document_field = "estimate_id"


class EstimateDiscounts(Discounts):
    """https://developer.invoiced.com/api/estimates"""

    source = Estimates
    document_field = "estimate_id"


class EstimateTaxes(Taxes):
    """https://developer.invoiced.com/api/estimates"""

    source = Estimates
    document_field = "estimate_id"


class PaymentApplications(DerivedStream):
    """https://developer.invoiced.com/api/payments

    Most of these have no id.
    """

    source = Payments
    expand = "applied_to"
    document_field = "payment_id"


class Charges(PartWithId):
    """https://developer.invoiced.com/api/payments#charges"""

    source = Payments
    expand = "charge"
    document_field = "payment_id"


class Refunds(PartWithId):
    """https://developer.invoiced.com/api/payments#refunds"""

    source = Payments
    expand = "charge.refunds"
    document_field = "payment_id"


class SubscriptionAddons(PartWithId):
    """https://developer.invoiced.com/api/subscriptions"""

    source = Subscriptions
    expand = "addons"
    document_field = "subscription_id"


class PlanTiers(DerivedStream):
    """https://developer.invoiced.com/api/plans"""

    source = Plans
    expand = "tiers"
    document_field = "plan_id"


class ChasingCadenceSteps(DerivedStream):
    """https://github.com/Invoiced/invoiced-go (``chasing.go``): not documented."""

    source = ChasingCadences
    expand = "steps"
    document_field = "cadence_id"


class PaymentPlans(DetailStream):
    """https://developer.invoiced.com/api/payment-plans

    One request for each new or changed invoice that names a plan. A plan that has been canceled since may be gone.
    """

    source = Invoices
    detail_path = "invoices/{id}/payment_plan"
    required_members = ("installments",)
    document_field = "invoice_id"
    part_id = "id"

    @override
    def has_detail(self, row: Row) -> bool:
        return row.get("payment_plan") is not None

    @override
    def detail_requests(self, document: Document) -> Sequence[Request]:
        return [replace(request, error_handler=no_record_if_missing) for request in super().detail_requests(document)]


#: All parts, in the order in which they are offered.
PARTS: tuple[type[InvoicingStream], ...] = (
    InvoiceLineItems,
    InvoiceDiscounts,
    InvoiceTaxes,
    PaymentApplications,
    CreditNoteLineItems,
    CreditNoteDiscounts,
    CreditNoteTaxes,
    EstimateLineItems,
    EstimateDiscounts,
    EstimateTaxes,
    Charges,
    Refunds,
    SubscriptionAddons,
    PlanTiers,
    ChasingCadenceSteps,
    PaymentPlans,
)
