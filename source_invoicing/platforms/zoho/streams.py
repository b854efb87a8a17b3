"""The lists that Zoho Invoice and Zoho Books both have, one small class each.

The links are to the pages of Zoho Books. Those of Zoho Invoice have the same names, below
https://www.zoho.com/invoice/api/v3/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from typing_extensions import override

from source_invoicing.http import BadRequest, RecordMissing, ResourceMissing, Response, logger
from source_invoicing.platforms.zoho.common import (
    ClientFilteredStream,
    CreationOrderedStream,
    FilteredStream,
    ModifiedStream,
    ZohoChildStream,
    ZohoStream,
    page_context,
)
from source_invoicing.streams import Chain, Order, Page, PageRequest, ParentStream, Partition, Row
from source_invoicing.streams.child import path_segment, raise_unless_gone
from source_invoicing.streams.listing import CREATION_ORDER, PASSES_UNFILTERED, Pages


class Contacts(ModifiedStream):
    """https://www.zoho.com/books/api/v3/contacts/

    Customers, and in Zoho Books also vendors. A change of a balance does not change the modification time.
    """

    resource = "contacts"
    primary_key = "contact_id"
    scopes = ("contacts",)
    params = {"filter_by": "Status.All"}


class ContactPersons(ZohoStream):
    """https://www.zoho.com/books/api/v3/contact-persons/

    The persons of all contacts, in one list sorted by id, in which no edit moves a row. Only lists of single contacts
    are documented: if the list for all is refused, each contact takes a request. Persons have no modification time:
    full refresh.
    """

    resource = "contacts/contactpersons"
    primary_key = "contact_person_id"
    scopes = ("contacts",)
    plans = (CREATION_ORDER, PASSES_UNFILTERED)
    sorts = {Order.OLDEST_ROW_FIRST: ("contact_person_id", "A")}

    @override
    def creation_rank(self, row: Row) -> int | None:
        identity = str(row.get("contact_person_id"))
        return int(identity) if identity.isdecimal() else None

    @override
    def fallback_partitions(self, partition: Partition, refusal: BadRequest | ResourceMissing | None) -> Chain:
        if refusal is None or partition.path:
            return ()
        return [
            replace(
                partition,
                path=f"contacts/{path_segment(contact)}/contactpersons",
                stamp={**partition.stamp, "contact_id": contact},
            )
            for contact in self.ids_to_ask_for(Contacts)
        ]

    @override
    def resolve_missing_list(self, partition: Partition, missing: ResourceMissing) -> Iterable[Any]:
        """A contact that has been deleted since it was listed has no persons."""
        if not partition.path:
            raise missing
        if not isinstance(missing, RecordMissing):
            contact = Contacts(self.account).record_request(partition.stamp["contact_id"], replace(partition, path=""))
            raise_unless_gone(self.account.client, contact, missing)
        return [partition.key]


class Items(ModifiedStream):
    """https://www.zoho.com/books/api/v3/items/

    Neither the filter nor the order by modification time is documented. Without one of them, the order is by creation.
    """

    resource = "items"
    primary_key = "item_id"
    # Zoho's documentation names the one or the other.
    scopes = ("settings", "items")
    params = {"filter_by": "Status.All"}


class Estimates(ModifiedStream):
    """https://www.zoho.com/books/api/v3/estimates/"""

    resource = "estimates"
    primary_key = "estimate_id"
    scopes = ("estimates",)


class Invoices(ModifiedStream):
    """https://www.zoho.com/books/api/v3/invoices/

    An invoice with several public links is listed several times, and emitted once.
    """

    resource = "invoices"
    primary_key = "invoice_id"
    scopes = ("invoices",)


class RecurringInvoices(ClientFilteredStream):
    """https://www.zoho.com/books/api/v3/recurring-invoices/

    There is no filter by modification time: each sync reads all of them and emits those that changed.
    """

    resource = "recurringinvoices"
    primary_key = "recurring_invoice_id"
    scopes = ("invoices",)


class RecurringExpenses(ClientFilteredStream):
    """https://www.zoho.com/books/api/v3/recurring-expenses/

    Like recurring invoices. The modification time may be blank.
    """

    resource = "recurringexpenses"
    primary_key = "recurring_expense_id"
    scopes = ("expenses",)
    optional_params = {"filter_by": "Status.All"}


class RetainerInvoices(ClientFilteredStream):
    """https://www.zoho.com/books/api/v3/retainer-invoices/

    Like recurring invoices, without a filter by modification time.
    """

    resource = "retainerinvoices"
    primary_key = "retainerinvoice_id"
    scopes = ("invoices",)


class CustomerPayments(ModifiedStream):
    """https://www.zoho.com/books/api/v3/customer-payments/"""

    resource = "customerpayments"
    primary_key = "payment_id"
    scopes = ("customerpayments",)


class Creditnotes(ModifiedStream):
    """https://www.zoho.com/books/api/v3/credit-notes/"""

    resource = "creditnotes"
    primary_key = "creditnote_id"
    scopes = ("creditnotes",)


class CreditNoteRefunds(ZohoStream):
    """https://www.zoho.com/books/api/v3/credit-notes/#list-credit-note-refunds"""

    resource = "creditnotes/refunds"
    record_keys = ("creditnoterefunds",)
    primary_key = "creditnote_refund_id"
    scopes = ("creditnotes",)


class Expenses(FilteredStream):
    """https://www.zoho.com/books/api/v3/expenses/

    The list filters by modification time, but refuses to sort by it.
    """

    resource = "expenses"
    primary_key = "expense_id"
    scopes = ("expenses",)


class Projects(CreationOrderedStream, ParentStream):
    """https://www.zoho.com/books/api/v3/projects/"""

    resource = "projects"
    primary_key = "project_id"
    scopes = ("projects",)
    optional_params = {"filter_by": "Status.All"}


class Tasks(ZohoChildStream):
    """https://www.zoho.com/books/api/v3/tasks/

    The tasks of projects. Documented as ``tasks``, seen as ``task``.
    """

    parent_resource = "projects"
    parent_field = "project_id"
    resource = "tasks"
    record_keys = ("tasks", "task")
    primary_key = "task_id"
    scopes = ("projects",)


class TimeEntries(CreationOrderedStream):
    """https://www.zoho.com/books/api/v3/time-entries/

    An order by creation is not documented; without it, the list is read twice.
    """

    resource = "projects/timeentries"
    primary_key = "time_entry_id"
    scopes = ("projects",)
    optional_params = {"filter_by": "Date.All"}


class Taxes(ZohoStream):
    """https://www.zoho.com/books/api/v3/taxes/

    The list hides inactive taxes unless asked for all, by a filter that Zoho documents for other lists only. If the
    filter is refused, the list is read without it. Full refresh.
    """

    resource = "settings/taxes"
    primary_key = "tax_id"
    scopes = ("settings",)
    _hides_some = False

    @override
    def partitions(self) -> Iterable[Partition]:
        for partition in super().partitions():
            yield replace(partition, params={**partition.params, "filter_by": "Taxes.All"})

    @override
    def fallback_partitions(self, partition: Partition, refusal: BadRequest | ResourceMissing | None) -> Chain:
        """The list without the filter, which may be refused or list nothing if Zoho does not know its value."""
        if isinstance(refusal, ResourceMissing):
            return ()
        params = {name: value for name, value in partition.params.items() if name != "filter_by"}
        return () if params == partition.params else [replace(partition, params=params)]

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        applied = page_context(response).get("applied_filter")
        if applied and not str(applied).endswith(".All"):
            self._warn_of_hidden_taxes()
        return super().read_page(response, request)

    @override
    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        if "filter_by" not in partition.params:
            self._warn_of_hidden_taxes()
        return super().records(rows, partition)

    def _warn_of_hidden_taxes(self) -> None:
        if not self._hides_some:
            logger.warning("Stream %s: Zoho does not list inactive taxes. Only active ones are read.", self.name)
        self._hides_some = True


class Currencies(ZohoStream, ParentStream):
    """https://www.zoho.com/books/api/v3/currency/"""

    resource = "settings/currencies"
    primary_key = "currency_id"
    scopes = ("settings",)


class Organizations(ZohoStream):
    """https://www.zoho.com/books/api/v3/organizations/

    All organizations of the user, on one page. The only list that does not belong to an organization.
    """

    resource = "organizations"
    primary_key = "organization_id"
    scopes = ("settings",)
    paging = Pages()
    per_account = False

    @override
    def partitions(self) -> Iterable[Partition]:
        yield Partition()

    @override
    def list_params(self, request: PageRequest) -> Mapping[str, str | int]:
        return {}

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        """The first page has all rows, however many there are."""
        return replace(super().read_page(response, request), has_more=False)


class Users(ZohoStream):
    """https://www.zoho.com/books/api/v3/users/"""

    resource = "users"
    primary_key = "user_id"
    scopes = ("settings",)
    params = {"filter_by": "Status.All"}
