"""The lists of Invoiced, one small class each. https://developer.invoiced.com/api"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, ClassVar

from typing_extensions import override

from source_invoicing.http import (
    BadRequest,
    Failure,
    MalformedResponse,
    Request,
    ResourceMissing,
    Response,
    describe,
    whole_number,
    without_full_stop,
)
from source_invoicing.http.link_header import target
from source_invoicing.platforms.invoiced.error_handler import ERROR_FIELDS, error_text
from source_invoicing.streams import (
    Chain,
    ChangedChildren,
    InvoicingStream,
    Order,
    Page,
    PageRequest,
    ParentStream,
    Partition,
    Row,
)
from source_invoicing.streams.child import path_segment
from source_invoicing.streams.derived import first
from source_invoicing.streams.listing import (
    KEYSET,
    NEWEST_CHANGE,
    NEWEST_ROW,
    PASSES,
    PASSES_UNFILTERED,
    Pages,
    Paging,
    Plan,
)
from source_invoicing.streams.page import BOUNDARY

# Not documented as the maximum, but used by the vendor's own tools and others.
PER_PAGE = 100


def rows_of(response: Response) -> list[Row]:
    """The rows of a list: a bare array, or an object that holds it as ``data``.

    :raises MalformedResponse: for anything else, and for an object that also reports an error
    """
    body = rows = response.body
    if isinstance(body, dict):
        rows = None if any(body.get(field) for field in ERROR_FIELDS) else body.get("data")
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        return rows
    words = error_text(body)
    if words is not None:
        what = f"an error where a list of records should be (HTTP {response.status}: {without_full_stop(words)})"
        advice = "ask Invoiced what it means"
    else:
        what = f"{_describe_list(body) or describe(body)} where a list of records should be"
        advice = "check that platform.base_url is the address of the API"
    raise MalformedResponse(f"Invoiced answered {response.path} with {what}. Try again; if it persists, {advice}.")


def has_next_page(headers: Mapping[str, str]) -> bool | None:
    """Whether the header ``Link`` names a next page; ``None`` where the header is missing."""
    link = headers.get("Link")
    return target(link, "next") is not None if link else None


def _describe_list(body: Any) -> str:
    non_objects = [row for row in body if not isinstance(row, dict)] if isinstance(body, list) else []
    return f"a list with {describe(non_objects[0])} in it" if non_objects else ""


class InvoicedStream(InvoicingStream):
    """A list of Invoiced. https://developer.invoiced.com/api#pagination

    Pages of one request have to be asked for in order. A list read by key may still be shared: each worker asks for
    page 1 of a range.
    """

    paging: ClassVar[Paging] = Pages(resizable=True)
    #: Values of the parameter ``sort``.
    sorts: ClassVar[Mapping[Order, str]] = {}

    @override
    def list_params(self, request: PageRequest) -> Mapping[str, str | int]:
        params: dict[str, str | int] = {"per_page": request.size or PER_PAGE, "page": request.number}
        if request.order is not None and request.order in self.sorts:
            params["sort"] = self.sorts[request.order]
        return params

    @override
    def explain(self, failure: Failure) -> Failure:
        if not isinstance(failure, BadRequest):
            return failure
        return failure.reworded(
            f"{failure.sentence} Run the sync again; if it persists, look for a newer version of this connector, or "
            "leave the stream out of the connection."
        )

    @override
    def created_at(self, row: Row) -> int | None:
        return self.timestamp_format.parse(row.get("created_at"))

    @override
    def record_request(self, key: Hashable, partition: Partition) -> Request | None:
        return Request(f"{self.list_path(partition)}/{path_segment(first(key))}", self.params)

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        """The headers say how the list continues."""
        rows = rows_of(response)
        return Page(
            rows,
            has_more=has_next_page(response.headers),
            total=whole_number(response.headers.get("X-Total-Count", "")),
            short=len(rows) < (request.size or PER_PAGE),
            server_time=response.server_time,
        )


class CreationOrderedStream(InvoicedStream):
    """A list that can be sorted, but has no dependable modification time: full refresh."""

    plans: ClassVar[tuple[Plan, ...]] = (NEWEST_ROW, PASSES)
    sorts = {Order.NEWEST_ROW_FIRST: "id DESC"}


class SortedStream(InvoicedStream):
    """A list that sorts by modification time, but does not filter by it."""

    cursor_field: ClassVar[str] = "updated_at"
    plans: ClassVar[tuple[Plan, ...]] = (NEWEST_CHANGE, NEWEST_ROW, PASSES)
    sorts = {
        Order.OLDEST_CHANGE_FIRST: "updated_at ASC",
        Order.NEWEST_CHANGE_FIRST: "updated_at DESC",
        Order.NEWEST_ROW_FIRST: "id DESC",
    }


class ModifiedStream(SortedStream):
    """A list that sorts and filters by modification time. https://developer.invoiced.com/api#filtering"""

    plans: ClassVar[tuple[Plan, ...]] = (KEYSET, NEWEST_ROW, PASSES, PASSES_UNFILTERED)
    #: The filter by modification time. Not documented: whether it includes the time itself.
    since_param: ClassVar[str] = "updated_after"

    @override
    def list_params(self, request: PageRequest) -> Mapping[str, str | int]:
        params = dict(super().list_params(request))
        if request.since is not None:
            params[self.since_param] = request.since - BOUNDARY
        return params


class CustomerScoped(ChangedChildren, CreationOrderedStream):
    """A list per customer, without a filter by time. Events say which lists have changed.

    When a customer is deleted, there are no events for its children.
    """

    #: Events that concern all lists of a customer.
    CUSTOMER_EVENTS: ClassVar[tuple[str, ...]] = ("customer.created", "customer.merged")


class Customers(ModifiedStream, ParentStream):
    """https://developer.invoiced.com/api/customers"""

    resource = "customers"
    deletion_events = ("customer.deleted",)
    possible_deletion_events = ("customer.merged",)


class Invoices(ModifiedStream):
    """https://developer.invoiced.com/api/invoices"""

    resource = "invoices"
    deletion_events = ("invoice.deleted",)


class Payments(ModifiedStream):
    """https://developer.invoiced.com/api/payments

    What a payment was applied to has to be asked for (``include``). Deleting a payment voids it.
    """

    resource = "payments"
    possible_deletion_events = ("payment.deleted",)
    params = {"include": "applied_to"}


class CreditBalanceAdjustments(CreationOrderedStream):
    """https://developer.invoiced.com/api/credit-balance-adjustments

    Rows can be edited, but carry no dependable modification time: full refresh.
    """

    resource = "credit_balance_adjustments"


class CreditNotes(ModifiedStream):
    """https://developer.invoiced.com/api/credit-notes"""

    resource = "credit_notes"
    deletion_events = ("credit_note.deleted",)


class Subscriptions(ModifiedStream):
    """https://developer.invoiced.com/api/subscriptions

    The list leaves out canceled and finished subscriptions unless asked for them. Deleting one cancels it.
    """

    resource = "subscriptions"
    possible_deletion_events = ("subscription.deleted",)
    lists = {"current": {}, "canceled": {"canceled": 1}, "finished": {"finished": 1}}


class Estimates(ModifiedStream):
    """https://developer.invoiced.com/api/estimates"""

    resource = "estimates"
    deletion_events = ("estimate.deleted",)


class Contacts(CustomerScoped):
    """https://developer.invoiced.com/api/customers#contacts"""

    resource = "contacts"
    change_events = (*CustomerScoped.CUSTOMER_EVENTS, "contact.created", "contact.updated")
    deletion_events = ("contact.deleted",)


class Items(ModifiedStream):
    """https://developer.invoiced.com/api/items"""

    resource = "items"


class TaxRates(ModifiedStream):
    """https://developer.invoiced.com/api/tax-rates"""

    resource = "tax_rates"


class Plans(ModifiedStream):
    """https://developer.invoiced.com/api/plans"""

    resource = "plans"


class Coupons(ModifiedStream):
    """https://developer.invoiced.com/api/coupons"""

    resource = "coupons"


class Events(ModifiedStream):
    """https://developer.invoiced.com/api/events

    Events never change, so their cursor is the time they happened. Filter and order are what the vendor's own library
    sends; without them, the list comes newest first. Who caused an event has to be asked for (``include``), which is
    not documented for this list.
    """

    resource = "events"
    cursor_field = "timestamp"
    plans = (KEYSET, NEWEST_CHANGE, PASSES, PASSES_UNFILTERED)
    sorts = {Order.OLDEST_CHANGE_FIRST: "timestamp ASC"}
    optional_params = {"include": "user"}
    since_param = "start_date"
    holds_events = True
    can_detect_deletions = False


class Notes(SortedStream):
    """https://developer.invoiced.com/api/notes"""

    resource = "notes"
    deletion_events = ("note.deleted",)


class Tasks(SortedStream):
    """https://developer.invoiced.com/api/tasks"""

    resource = "tasks"
    deletion_events = ("task.deleted",)


class MeteredBillings(CustomerScoped):
    """https://developer.invoiced.com/api/metered-billing

    Pending line items: a row drops out of the list when it is billed, for which there is no event.
    """

    resource = "line_items"
    change_events = (*CustomerScoped.CUSTOMER_EVENTS, "invoice.created", "line_item.created", "line_item.updated")
    deletion_events = ("line_item.deleted",)


class PaymentSources(CustomerScoped):
    """https://developer.invoiced.com/api/payment-sources

    Ids of cards and ids of bank accounts are counted separately.
    """

    resource = "payment_sources"
    primary_key = ["object", "id"]
    change_events = (*CustomerScoped.CUSTOMER_EVENTS, "payment_source.created", "payment_source.updated")
    deletion_events = ("payment_source.deleted",)


class Members(CreationOrderedStream):
    """https://github.com/Invoiced/invoiced-go (``users.go``): not documented. The users of the account."""

    resource = "members"


class Roles(InvoicedStream):
    """https://github.com/Invoiced/invoiced-go (``roles.go``): not documented."""

    resource = "roles"


class ChasingCadences(CreationOrderedStream):
    """https://github.com/Invoiced/invoiced-go (``chasing.go``): not documented.

    The vendor's newer libraries know the list by another name.
    """

    resource = "chasing_cadences"

    @override
    def fallback_partitions(self, partition: Partition, refusal: BadRequest | ResourceMissing | None) -> Chain:
        is_missing = isinstance(refusal, ResourceMissing) and not partition.path
        return [Partition(path="customer_chasing_cadences")] if is_missing else ()


#: All lists, in the order in which they are offered.
STREAMS: tuple[type[InvoicedStream], ...] = (
    Customers,
    Invoices,
    Payments,
    CreditBalanceAdjustments,
    CreditNotes,
    Subscriptions,
    Estimates,
    Contacts,
    Items,
    TaxRates,
    Plans,
    Coupons,
    Events,
    Notes,
    Tasks,
    MeteredBillings,
    PaymentSources,
    Members,
    Roles,
    ChasingCadences,
)
