"""The lists of FastBill, one small class each. https://apidocs.fastbill.com/fastbill/en/

All requests go to one address; ``SERVICE`` in the body selects the list.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Any, ClassVar

from typing_extensions import override

from source_invoicing.http import MalformedResponse, Request, Response, logger
from source_invoicing.platforms.fastbill.error_handler import ADDRESS_HINT, error_handler_of_filters
from source_invoicing.platforms.fastbill.values import Tidy, rows_of
from source_invoicing.streams import Account, InvoicingStream, Page, PageRequest, Partition, Row, ZonelessText
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.deletions import DELETED_AT
from source_invoicing.streams.listing import OVERLAP, OVERLAP_UNFILTERED, Offsets, Paging, Plan
from source_invoicing.streams.page import is_identity
from source_invoicing.streams.state import CheckpointState
from source_invoicing.streams.timestamps import ISO_8601, SECONDS_PER_DAY, format_utc

# The most rows a page can hold; larger limits are silently reduced to it.
LIMIT = 100
# Rows of a page whose limit was not understood.
DEFAULT_LIMIT = 10
# The filter takes days, in the vendor's time zone.
FILTER_OVERLAP = SECONDS_PER_DAY


@dataclass(frozen=True)
class FastBillAccount(Account):
    """An account, and what FastBill's streams need beside it.

    :param endpoint: path of the API's only address, below the base URL
    :param project_id: only records of this project are kept; empty keeps all
    """

    endpoint: str
    project_id: str = ""

    def request(self, service: str, body: Mapping[str, Any]) -> Request:
        """A call of a service."""
        return Request(
            self.endpoint,
            method="POST",
            json={"SERVICE": service, **body},
            label=service,
            error_handler=error_handler_of_filters if "FILTER" in body else None,
        )


class FastBillStream(InvoicingStream):
    """A list of FastBill: ``SERVICE``, ``LIMIT``, ``OFFSET`` and ``FILTER`` in a JSON body.

    Neither the order of a list nor a way to choose it is documented, so it is read by overlapping offsets.
    """

    timestamp_format = ZonelessText()
    plans: ClassVar[tuple[Plan, ...]] = (OVERLAP_UNFILTERED,)
    paging: ClassVar[Paging] = Offsets()
    #: Name of the list in the response.
    list_key: ClassVar[str]
    primary_key: ClassVar[str]
    #: Whether rows belong to projects.
    has_projects: ClassVar[bool] = False

    account: FastBillAccount

    def __init__(self, account: FastBillAccount) -> None:
        super().__init__(account)
        # Hashes of the keys of rows that were left out.
        self._of_others: set[int] = set()

    @override
    def list_params(self, request: PageRequest) -> Mapping[str, str | int]:
        """Members of the request's body."""
        return {"LIMIT": LIMIT, "OFFSET": request.offset}

    def list_filter(self, request: PageRequest) -> Mapping[str, str]:
        """A page request as members of ``FILTER``."""
        return {}

    @override
    def list_request(self, request: PageRequest, path: str, fixed: Mapping[str, str | int]) -> Request:
        body: dict[str, Any] = {**fixed, **self.list_params(request)}
        if chosen := self.list_filter(request):
            body["FILTER"] = dict(chosen)
        return self.account.request(path, body)

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        """By the documentation, a page with fewer rows than asked for is the last one. In a list of several pages one
        more call confirms that, because a page that was cut short would silently end the list."""
        rows = rows_of(_list_in(response.body, self.list_key), self.list_key, [self.primary_key])
        if rows is None or not all(isinstance(row, dict) and row.get(self.primary_key) for row in rows):
            raise MalformedResponse(
                f"FastBill answered {response.path} without a list of records under RESPONSE.{self.list_key}. "
                f"{ADDRESS_HINT}"
            )
        may_go_on = len(rows) >= LIMIT or len(rows) == DEFAULT_LIMIT or (request.offset and len(rows) > 1)
        return Page(
            [self._tidy(row) for row in rows],
            has_more=None if may_go_on else False,
            server_time=response.server_time,
        )

    @override
    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        return super().records(self.of_project(rows), partition)

    def of_project(self, rows: list[Row]) -> list[Row]:
        """The rows of the configured project; all rows without one."""
        if not self.account.project_id or not self.has_projects:
            return rows
        self._of_others.update(hash(self.key(row)) for row in rows if not self.is_wanted(row))
        return [row for row in rows if self.is_wanted(row)]

    @override
    def conclude(self) -> None:
        """Log how many were left out: the project may be another one than the user meant."""
        if self._of_others:
            logger.info(
                "Stream %s: %d records of other projects than platform.project_id (%s) are left out.",
                self.name,
                len(self._of_others),
                self.account.project_id,
            )

    @override
    def is_wanted(self, row: Row) -> bool:
        project = self.account.project_id if self.has_projects else ""
        return not project or str(row.get("PROJECT_ID")) == project

    @override
    def record_request(self, key: Hashable, partition: Partition) -> Request:
        """A list of one row, or of other rows where the filter is ignored."""
        return self.account.request(
            self.resource, {"LIMIT": LIMIT, "OFFSET": 0, "FILTER": {self.primary_key: str(key)}}
        )

    @override
    def read_record(self, response: Response, key: Hashable) -> Row | None:
        return next(iter(self.read_page(response, PageRequest()).rows), None)

    @override
    def path(self, **_: Any) -> str:
        """The API's only address."""
        return self.account.endpoint

    @cached_property
    def _tidy(self) -> Tidy:
        return Tidy(self.get_json_schema())

    @override
    def key(self, row: Row) -> str | None:
        """The id as text, even where it comes as a number."""
        identity = row.get(self.primary_key)
        return str(identity) if is_identity(identity) else None


class ModifiedStream(FastBillStream):
    """Documents, filtered by the day of their last change."""

    cursor_field = "LASTUPDATE"
    primary_key = "INVOICE_ID"
    plans = (OVERLAP, OVERLAP_UNFILTERED)
    has_projects = True

    @override
    def list_filter(self, request: PageRequest) -> Mapping[str, str]:
        if request.since is None:
            return {}
        return {"START_LASTUPDATE": format_utc(request.since - FILTER_OVERLAP, "%Y-%m-%d")}


class Customers(FastBillStream):
    """https://apidocs.fastbill.com/fastbill/en/customer.html

    The list has no filter by modification time: an incremental sync reads all of it and keeps what is new.
    """

    resource = "customer.get"
    list_key = "CUSTOMERS"
    primary_key = "CUSTOMER_ID"
    cursor_field = "LASTUPDATE"

    @override
    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        """Not documented: whether deleted customers are listed. One that is listed has ``DELETED_DATE``."""
        records = super().records(rows, partition)
        for record in records if self.emits_deletions else ():
            at = self._deleted_at(record)
            record[DELETED_AT] = None if at is None else format_utc(at, ISO_8601)
        return records

    @override
    def timestamp(self, row: Row) -> int | None:
        """Its deletion is a change too, and need not move ``LASTUPDATE``. Of a deletion only the day may be known."""
        changed, deleted = super().timestamp(row), self._deleted_at(row)
        if deleted is not None and deleted % SECONDS_PER_DAY == 0:
            deleted += SECONDS_PER_DAY
        return max((at for at in (changed, deleted) if at is not None), default=None)

    def _deleted_at(self, row: Row) -> int | None:
        return self.timestamp_format.parse(row.get("DELETED_DATE"))


class Invoices(ModifiedStream):
    """https://apidocs.fastbill.com/fastbill/en/invoice.html

    The list includes drafts. Not documented: whether it includes credit notes.
    """

    resource = "invoice.get"
    list_key = "INVOICES"


class Products(FastBillStream):
    """https://apidocs.fastbill.com/fastbill/en/article.html"""

    resource = "article.get"
    list_key = "ARTICLES"
    primary_key = "ARTICLE_ID"


class RecurringInvoices(FastBillStream):
    """https://apidocs.fastbill.com/fastbill/en/recurring.html"""

    resource = "recurring.get"
    list_key = "INVOICES"
    primary_key = "INVOICE_ID"
    has_projects = True


class Revenues(ModifiedStream):
    """https://apidocs.fastbill.com/fastbill/en/revenue.html"""

    resource = "revenue.get"
    list_key = "REVENUES"


class Contacts(FastBillStream):
    """https://apidocs.fastbill.com/fastbill/en/contact.html

    The list has no filter by modification time: an incremental sync reads all of it and keeps what is new.
    """

    resource = "contact.get"
    list_key = "CONTACTS"
    primary_key = "CONTACT_ID"
    cursor_field = "LASTUPDATE"


class Estimates(FastBillStream):
    """https://apidocs.fastbill.com/fastbill/en/estimate.html"""

    resource = "estimate.get"
    list_key = "ESTIMATES"
    primary_key = "ESTIMATE_ID"
    has_projects = True


class Expenses(FastBillStream):
    """https://apidocs.fastbill.com/fastbill/en/expense.html"""

    resource = "expense.get"
    list_key = "EXPENSES"
    primary_key = "INVOICE_ID"
    has_projects = True


class Projects(FastBillStream):
    """https://apidocs.fastbill.com/fastbill/en/project.html"""

    resource = "project.get"
    list_key = "PROJECTS"
    primary_key = "PROJECT_ID"
    has_projects = True


class AfterFirstPageState(CheckpointState):
    """Drops checkpoints within the first page of a list: a list without pages has no others."""

    @override
    def save_checkpoint(self, checkpoint: Checkpoint | None) -> None:
        super().save_checkpoint(checkpoint if checkpoint and checkpoint.offset >= LIMIT else None)


class MaybeUnpagedStream(FastBillStream):
    """A list that may come without pages: no source says that it has any.

    It comes as a whole if a page has more than ``LIMIT`` rows, or if a later offset returns the first page again.
    """

    _first_page: Sequence[str | None] = ()

    @override
    def make_state(self) -> CheckpointState:
        return AfterFirstPageState(self.name)

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        page = super().read_page(response, request)
        keys = [self.key(row) for row in page.rows]
        if not request.offset:
            self._first_page = keys
        elif keys == self._first_page:
            return replace(page, rows=page.rows[request.offset :], has_more=False)
        return replace(page, has_more=False) if len(keys) > LIMIT else page


class Times(MaybeUnpagedStream):
    """https://apidocs.fastbill.com/fastbill/en/time.html

    Without dates the list shows the last ten entries of the current month, so dates are always sent.
    """

    resource = "time.get"
    list_key = "TIMES"
    primary_key = "TIME_ID"
    has_projects = True

    @override
    def list_filter(self, request: PageRequest) -> Mapping[str, str]:
        in_a_year = datetime.now(timezone.utc) + timedelta(days=366)
        return {"START_DATE": "2000-01-01", "END_DATE": in_a_year.strftime("%Y-%m-%d")}


class Templates(MaybeUnpagedStream):
    """https://apidocs.fastbill.com/fastbill/en/template.html

    The id of a template changes with each edit, its hash does not.
    """

    resource = "template.get"
    list_key = "TEMPLATES"
    primary_key = "TEMPLATE_HASH"


#: All lists, in the order in which they are offered.
STREAMS: tuple[type[FastBillStream], ...] = (
    Customers,
    Invoices,
    Products,
    RecurringInvoices,
    Revenues,
    Contacts,
    Estimates,
    Expenses,
    Projects,
    Times,
    Templates,
)


def _list_in(body: Any, list_key: str) -> Any:
    """The value where the list should be; ``False`` where it is missing."""
    response = body.get("RESPONSE") if isinstance(body, dict) else None
    if response == []:  # PHP's form of an empty object
        return []
    return response.get(list_key, False) if isinstance(response, dict) else False
