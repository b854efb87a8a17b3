"""The base classes of all lists of Zoho's products. https://www.zoho.com/books/api/v3/pagination/"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from typing_extensions import override

from source_invoicing.http import AccessRefused, BadRequest, Failure, Request, ResourceMissing, Response, logger
from source_invoicing.platforms.zoho.account import ZohoAccount
from source_invoicing.platforms.zoho.error_handler import InvalidValue, rows_in
from source_invoicing.streams import (
    ChildStream,
    InvoicingStream,
    OffsetDateTime,
    Order,
    Page,
    PageRequest,
    Partition,
    Row,
    compact_offset,
)
from source_invoicing.streams.child import path_segment
from source_invoicing.streams.derived import first
from source_invoicing.streams.listing import (
    CREATION_ORDER,
    CREATION_ORDER_FILTERED,
    KEYSET,
    PASSES,
    PASSES_UNFILTERED,
    Pages,
    Paging,
    Plan,
)
from source_invoicing.streams.page import BOUNDARY
from source_invoicing.streams.timestamps import TimestampFormat

# The most rows a page may have.
PER_PAGE = 200
# A flag may come as text.
FLAGS = {"true": True, "false": False}

# The member of a row that holds its custom fields by name.
CUSTOM_FIELDS = "custom_field_hash"

# The failures with which Zoho refuses a list that the account cannot read.
UNAVAILABLE = (AccessRefused, BadRequest, ResourceMissing)
# Another possible cause, for failures that may have one.
FURTHER_HINTS: Mapping[type[Failure], str] = {
    BadRequest: " If the account has all of that, the API has changed: look for a newer version of this connector.",
    ResourceMissing: " If every stream ends like this, check platform.base_url.",
}


def page_context(response: Response) -> Mapping[str, Any]:
    """What a list reports about its page; empty if it has no pages."""
    context = response.body.get("page_context") if isinstance(response.body, dict) else None
    if isinstance(context, list):  # some documentation pages show it as a list
        context = context[0] if context else None
    return context if isinstance(context, Mapping) else {}


class ZohoStream(InvoicingStream):
    """A list of Zoho, without a modification time: full refresh, page by page.

    Such lists are sorted by name or date, so an edit may move a row to a page that was already read, and Zoho reports
    no totals: a list of several pages is read twice.
    """

    plans: ClassVar[tuple[Plan, ...]] = (PASSES,)
    paging: ClassVar[Paging] = Pages(resizable=True, may_be_whole=True)
    timestamp_format: ClassVar[TimestampFormat] = OffsetDateTime()
    custom_field_prefix = "cf_"
    #: The OAuth scopes that the list needs, without the product's name and ``.READ``.
    scopes: ClassVar[tuple[str, ...]]
    #: Possible keys of the rows in the response, without underscores; by default the last step of the path.
    record_keys: ClassVar[tuple[str, ...]] = ()
    #: Another name that Zoho has for the first field of the primary key: rows with the one or the other are read.
    other_key: ClassVar[str] = ""
    #: Values of ``sort_column`` and ``sort_order``; an order that is missing here is not requested.
    sorts: ClassVar[Mapping[Order, tuple[str, str]]] = {}
    #: Whether the parameter ``last_modified_time`` may be sent.
    filters: ClassVar[bool] = False

    account: ZohoAccount

    def __init__(self, account: ZohoAccount) -> None:
        # The products differ in the fields of what they both have.
        self.schema_folder = f"schemas/{account.product.path}"
        self._has_been_read = False
        super().__init__(account)

    @override
    def list_params(self, request: PageRequest) -> Mapping[str, str | int]:
        params: dict[str, str | int] = {"page": request.number, "per_page": request.size or PER_PAGE}
        if request.order is not None and request.order in self.sorts:
            params["sort_column"], params["sort_order"] = self.sorts[request.order]
        if request.since is not None and self.filters:
            # https://www.zoho.com/books/api/v3/invoices/#list-invoices calls it inclusive; other lists do not say.
            params["last_modified_time"] = compact_offset(request.since - BOUNDARY)
        return params

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        """An envelope with the rows under one key, and ``page_context`` if the list has pages.

        A list without pages says nothing about further rows. If it has as many rows as a page can hold, it might
        still continue.
        """
        rows = rows_in(response, *self.record_keys or (self.resource.rpartition("/")[2],))
        self._has_been_read = True
        key = first(self.primary_key)
        for row in rows if self.other_key else ():
            row[key] = row.get(key) or row.get(self.other_key)
        context = page_context(response)
        has_more, total = FLAGS.get(str(context.get("has_more_page")).lower()), context.get("total")
        size = context.get("per_page")
        size = size if isinstance(size, int) and size > 0 else None
        if has_more is None and len(rows) != min(request.size or PER_PAGE, size or PER_PAGE):
            has_more = False
        return Page(
            rows,
            has_more=has_more,
            total=total if isinstance(total, int) else None,
            server_time=response.server_time,
            size=size,
        )

    @override
    def record_request(self, key: Hashable, partition: Partition) -> Request:
        chosen = {name: value for name, value in partition.params.items() if name == "organization_id"}
        return Request(f"{self.list_path(partition)}/{path_segment(first(key))}", chosen)

    @override
    def read_record(self, response: Response, key: Hashable) -> Row | None:
        """Any success means that the record exists: for a missing one, Zoho responds with an error."""
        return response.body if isinstance(response.body, dict) else {}

    @override
    def partitions(self) -> Iterable[Partition]:
        """The list of the organization."""
        yield self.of_organization(Partition())

    def of_organization(self, partition: Partition) -> Partition:
        """A list of the organization, whose id each record gets."""
        organization_id = self.account.organization.id()
        chosen = {} if organization_id is None else {"organization_id": organization_id}
        return replace(partition, params={**chosen, **partition.params}, stamp={**chosen, **partition.stamp})

    def ids_to_ask_for(self, parents: type[ZohoStream]) -> list[Any]:
        """The ids of another stream, where Zoho lists the rows of each of them apart."""
        source = parents(self.account)
        logger.info("Stream %s: Zoho lists those of each of %s apart. All are asked for.", self.name, source.name)
        return [source.key(record) for record in source.all_records()]

    @override
    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        if CUSTOM_FIELDS in self.schema_of_records()["properties"]:
            for row in rows:
                fold_custom_fields(row)
        return super().records(rows, partition)

    @override
    def explain(self, failure: Failure) -> Failure:
        """Zoho refuses a missing scope, a role without access and a disabled module in the same way."""
        return self.unavailable(failure, f"the stream {self.name}") if isinstance(failure, UNAVAILABLE) else failure

    @property
    def full_scopes(self) -> list[str]:
        """The OAuth scopes that the list needs, as a token is requested with them."""
        return [f"{self.account.product.scope}.{scope}.READ" for scope in self.scopes]

    def unavailable(self, refusal: Failure, what: str) -> AccessRefused:
        """A refusal with all its possible causes, which scopes are not where rows were read before.

        :param what: what cannot be read
        """
        product = self.account.product
        if self._has_been_read or isinstance(refusal, InvalidValue):
            advice = (
                f"That is why {what} cannot be read, and not a missing scope. Run the sync again; if it persists, look "
                "for a newer version of this connector, or leave the stream out of the connection."
            )
        else:
            otherwise = next((hint for kind, hint in FURTHER_HINTS.items() if isinstance(refusal, kind)), "")
            advice = (
                f"This account cannot read {what}. Make a refresh token with the scope {' and '.join(self.full_scopes)}"
                f", let an administrator give the user's role access, switch the module on in {product.title} if the "
                f"plan has it, or leave the stream out of the connection.{otherwise}"
            )
        return AccessRefused(f"{refusal.sentence} {advice}")


class CreationOrderedStream(ZohoStream):
    """A list that sorts by creation, which each page confirms. No edit moves a row: it is read once. Full refresh."""

    plans: ClassVar[tuple[Plan, ...]] = (CREATION_ORDER, PASSES_UNFILTERED)
    sorts = {Order.OLDEST_ROW_FIRST: ("created_time", "A")}

    @override
    def creation_rank(self, row: Row) -> int | None:
        return self.timestamp_format.parse(row.get("created_time"))


class ClientFilteredStream(CreationOrderedStream):
    """A list with modification times that sorts by creation. It does not sort, and may not filter, by those times."""

    cursor_field: ClassVar[str | list[str]] = "last_modified_time"


class FilteredStream(ClientFilteredStream):
    """A list that also filters by modification time, if its pages confirm it."""

    plans = (CREATION_ORDER_FILTERED, *ClientFilteredStream.plans)
    filters = True


class ModifiedStream(FilteredStream):
    """A list that sorts and filters by modification time; each page confirms it."""

    plans = (KEYSET, *FilteredStream.plans)
    sorts = {
        Order.OLDEST_CHANGE_FIRST: ("last_modified_time", "A"),
        Order.NEWEST_CHANGE_FIRST: ("last_modified_time", "D"),
        **ClientFilteredStream.sorts,
    }


class ZohoChildStream(ChildStream, ZohoStream):
    """A list per parent, which takes a request for each."""

    @override
    def partition_for(self, parent: Any) -> Partition:
        return self.of_organization(super().partition_for(parent))


def fold_custom_fields(row: Row) -> None:
    """Move custom fields from the row itself, ``cf_<name>``, into ``custom_field_hash``, where other rows have them.

    Values that are already there stay; a field of the row with another value stays in the row.
    """
    loose = [name for name in row if name.startswith("cf_")]
    folded = row.get(CUSTOM_FIELDS) or {}
    if not loose or not isinstance(folded, dict):
        return
    for name in loose:
        if folded.setdefault(name, row[name]) == row[name]:
            del row[name]
    row[CUSTOM_FIELDS] = folded
