"""What differs in Zoho Invoice from Zoho Books, and the lists of all its streams. https://www.zoho.com/invoice/api/v3/"""

from __future__ import annotations

from source_invoicing.platforms.zoho import details, streams
from source_invoicing.platforms.zoho.common import ZohoStream
from source_invoicing.platforms.zoho.details import ZohoDetails
from source_invoicing.platforms.zoho.product import Product

PRODUCT = Product("Zoho Invoice", "invoice", "ZohoInvoice")


class CreditNotes(streams.Creditnotes):
    """https://www.zoho.com/invoice/api/v3/credit-notes/"""


class CreditNoteDetails(details.CreditnoteDetails):
    """https://www.zoho.com/invoice/api/v3/credit-notes/#get-a-credit-note"""

    source = CreditNotes


class CreditNoteLineItems(details.CreditnoteLineItems):
    """https://www.zoho.com/invoice/api/v3/credit-notes/#get-a-credit-note"""

    source = CreditNotes


class CreditNoteApplications(details.CreditnoteApplications):
    """https://www.zoho.com/invoice/api/v3/credit-notes/#get-a-credit-note"""

    source = CreditNotes


#: In the order in which they are offered: the most wanted first, parents before their children.
STREAMS: tuple[type[ZohoStream], ...] = (
    streams.Contacts,
    streams.Items,
    streams.Invoices,
    streams.CustomerPayments,
    CreditNotes,
    streams.Estimates,
    streams.Expenses,
    streams.RecurringInvoices,
    streams.RetainerInvoices,
    streams.Taxes,
    streams.Currencies,
    streams.Organizations,
    streams.Users,
    streams.CreditNoteRefunds,
    streams.RecurringExpenses,
    streams.ContactPersons,
    streams.Projects,
    streams.TimeEntries,
    streams.Tasks,
)

#: In the order in which they are offered.
DETAILS: tuple[type[ZohoDetails], ...] = (
    details.InvoiceDetails,
    details.InvoiceLineItems,
    details.CustomerPaymentDetails,
    details.CustomerPaymentApplications,
    CreditNoteDetails,
    CreditNoteLineItems,
    CreditNoteApplications,
    details.EstimateDetails,
    details.EstimateLineItems,
    details.ExpenseDetails,
    details.ExpenseLineItems,
    details.RecurringInvoiceDetails,
    details.RecurringInvoiceLineItems,
    details.RetainerInvoiceDetails,
    details.RetainerInvoiceLineItems,
    details.ContactDetails,
    details.ItemDetails,
)
