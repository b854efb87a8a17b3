"""Streams of what the rows of FastBill's lists contain, one small class each. https://apidocs.fastbill.com/fastbill/en/

Lists hold all lines, tax rates, payments and tasks of each row.
"""

from __future__ import annotations

from abc import ABC

from typing_extensions import override

from source_invoicing.platforms.fastbill.streams import (
    Estimates,
    Expenses,
    FastBillStream,
    Invoices,
    Projects,
    RecurringInvoices,
    Revenues,
)
from source_invoicing.streams import DerivedStream, InvoicingStream, Partition, Row


class FastBillPart(DerivedStream, ABC):
    """A part of a document."""

    _source: FastBillStream

    @override
    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        """Without parts of documents of other projects."""
        return super().records(self._source.of_project(rows), partition)


class InvoiceLineItems(FastBillPart):
    """https://apidocs.fastbill.com/fastbill/en/invoice.html"""

    source = Invoices
    expand = "ITEMS"
    part_id = "INVOICE_ITEM_ID"


class InvoiceVatItems(FastBillPart):
    """https://apidocs.fastbill.com/fastbill/en/invoice.html"""

    source = Invoices
    expand = "VAT_ITEMS"


class InvoicePayments(FastBillPart):
    """https://apidocs.fastbill.com/fastbill/en/invoice.html"""

    source = Invoices
    expand = "PAYMENTS"
    part_id = "PAYMENT_ID"


class RecurringInvoiceLineItems(FastBillPart):
    """https://apidocs.fastbill.com/fastbill/en/recurring.html"""

    source = RecurringInvoices
    expand = "ITEMS"
    part_id = "INVOICE_ITEM_ID"


class RevenueLineItems(FastBillPart):
    """https://apidocs.fastbill.com/fastbill/en/revenue.html"""

    source = Revenues
    expand = "ITEMS"
    part_id = "INVOICE_ITEM_ID"


class RevenuePayments(FastBillPart):
    """https://apidocs.fastbill.com/fastbill/en/revenue.html"""

    source = Revenues
    expand = "PAYMENTS"
    part_id = "PAYMENT_ID"


class EstimateLineItems(FastBillPart):
    """https://apidocs.fastbill.com/fastbill/en/estimate.html"""

    source = Estimates
    expand = "ITEMS"
    part_id = "ESTIMATE_ITEM_ID"


class ExpenseLineItems(FastBillPart):
    """https://apidocs.fastbill.com/fastbill/en/expense.html"""

    source = Expenses
    expand = "ITEMS"
    part_id = "INVOICE_ITEM_ID"


class ProjectTasks(FastBillPart):
    """https://apidocs.fastbill.com/fastbill/en/project.html"""

    source = Projects
    expand = "TASKS"


#: All parts, in the order in which they are offered.
PARTS: tuple[type[InvoicingStream], ...] = (
    InvoiceLineItems,
    InvoiceVatItems,
    InvoicePayments,
    RecurringInvoiceLineItems,
    RevenueLineItems,
    RevenuePayments,
    EstimateLineItems,
    ExpenseLineItems,
    ProjectTasks,
)
