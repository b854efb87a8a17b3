"""What the tests that run on every platform have to know about each.

A further platform is one more entry of :data:`PLATFORMS`. Names of streams, keys and cursors are stated here on their
own, not taken from the connector: they are what it is tested against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.fastbill_other_rows import german
from integration_tests.sandbox.fastbill_other_rows import unix as fastbill_seconds

Options = Mapping[str, Any]

SMALL_PAGE = 10


@dataclass(frozen=True)
class StreamFacts:
    """How one stream is read.

    :param cursor: the field that holds the time of the last change; ``None``: there is no such time
    :param lists: how many lists make up the stream
    :param filtered: whether a sync after the first one can ask for the changed rows alone
    :param whole: whether each sync reads the whole list, and so meets rows without a time too
    :param resumes: whether a sync that was cut off goes on from the state; as a rule where there is a cursor
    :param only_grows: rows are never edited or deleted
    :param by_events: the cursor of a stream without such a time, of which events say what has changed
    :param also: a further field with the time of a change
    """

    cursor: str | None = None
    lists: int = 1
    filtered: bool = True
    whole: bool = False
    resumes: bool | None = None
    only_grows: bool = False
    by_events: str | None = None
    also: str | None = None

    @property
    def is_resumable(self) -> bool:
        """What ``discover`` has to say."""
        return self.cursor is not None if self.resumes is None else self.resumes


@dataclass(frozen=True)
class PlatformFacts:
    """A platform as the shared tests see it. Each has a stream ``invoices`` with a cursor.

    :param page: the most rows on a page of ``invoices``
    :param small_pages: the sandbox's options for pages of :data:`SMALL_PAGE` rows: a list of several pages need not be
        long then
    :param streams: all of them, in no order
    :param seconds: unix seconds of a cursor value, in a row of the sandbox, in a record and in a state alike; ``None``
        for a blank
    :param blank: the cursor value of a row without one, as it can be set in the sandbox
    :param settable: makes unix seconds a cursor value that can be set in the sandbox; by default they are one
    :param walked: streams of several small pages, one for each way to walk over a list, with their rows
    :param edited: those of them whose rows carry a cursor and can be edited
    :param by_key: those of them whose state follows page by page
    :param moved_along: further streams whose rows are moved because others depend on them, with their rows
    :param full_refresh: a stream without cursor in which each sync brings every row
    :param answers: what the vendor leaves open, in the words of the sandbox; tests take one after the other
    :param nothing_honoured: the sandbox's options for a server that neither sorts nor filters
    :param random_runs: how many runs with random changes this platform contributes
    :param kills: how many cuts, spread over a run
    :param list_of_invoices: how a message names it
    :param parts: streams of what stands inside the rows of others, and those streams
    :param parts_at_length: those that stand for the others where lists move, break off or grow; their sources are among
        the streams walked
    :param details: streams of which each record takes a request, and those that name them
    :param few_rows: of all streams that a test is not about; ``None`` leaves the sandbox's own numbers
    :param tells_totals: whether an answer tells how many rows there are, so that a row it leaves out shows
    :param environment: of each run
    """

    name: str
    page: int
    small_pages: Mapping[str, Any]
    streams: Mapping[str, StreamFacts]
    seconds: Callable[[Any], int | None]
    blank: Any
    walked: Mapping[str, int]
    edited: tuple[str, ...]
    by_key: tuple[str, ...]
    full_refresh: str
    answers: tuple[Options, ...]
    nothing_honoured: Options
    random_runs: int
    kills: int
    moved_along: Mapping[str, int] = field(default_factory=dict)
    settable: Callable[[int], Any] = lambda seconds: seconds
    parts: Mapping[str, str] = field(default_factory=dict)
    parts_at_length: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)
    list_of_invoices: str = "/invoices"
    few_rows: int | None = None
    tells_totals: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)

    def rows(self, **rows: int) -> dict[str, int]:
        """How many rows a sandbox shall have, of these streams and, if that matters, of the others."""
        others = {} if self.few_rows is None else dict.fromkeys(self.streams, self.few_rows)
        return {**others, **rows}

    @property
    def walked_at_length(self) -> dict[str, int]:
        """The same lists in as many pages of the vendor's own size."""
        return {name: rows * self.page // SMALL_PAGE for name, rows in self.walked.items()}

    @property
    def incremental(self) -> list[str]:
        """Streams with a cursor."""
        return [name for name, facts in self.streams.items() if facts.cursor]

    def cursor(self, name: str) -> str:
        """The cursor of a stream that has one."""
        cursor = self.streams[name].cursor
        assert cursor is not None
        return cursor

    def changed(self, name: str, row: Mapping[str, Any]) -> int | None:
        """When a row was last changed (unix seconds); ``None`` where it does not say."""
        fields = (self.cursor(name), self.streams[name].also)
        times = [self.seconds(row[field]) for field in fields if field is not None]
        return max((time for time in times if time is not None), default=None)

    def changes(self, name: str, rows: Iterable[Mapping[str, Any]]) -> list[int]:
        """When rows were last changed, in their order, those left out that do not say."""
        return [moment for row in rows if (moment := self.changed(name, row)) is not None]

    def stands_at(self, name: str, state: Mapping[str, Any]) -> int:
        """The cursor value of a state, unix seconds."""
        moment = self.seconds(state[self.cursor(name)])
        assert moment is not None
        return moment

    def oldest_first(self, sandbox: Sandbox, name: str) -> list[tuple[Any, dict[str, Any]]]:
        """Rows with their keys as the sandbox knows them, by time of change; those without one are left out."""
        pairs = zip(sandbox.history()[name]["throughout"], sandbox.rows(name), strict=True)
        timed = [(moment, key, row) for key, row in pairs if (moment := self.changed(name, row)) is not None]
        return [(key, row) for _, key, row in sorted(timed, key=lambda each: each[0])]


def _each(names: str, facts: StreamFacts) -> dict[str, StreamFacts]:
    return dict.fromkeys(names.split(), facts)


def _zoho_seconds(value: str | None) -> int | None:
    return int(datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z").timestamp()) if value else None


_MODIFIED = StreamFacts("updated_at")
INVOICED = PlatformFacts(
    name="invoiced",
    page=100,
    small_pages={"per_page_cap": SMALL_PAGE},
    streams={
        **_each("customers invoices payments credit_notes estimates items", _MODIFIED),
        **_each("plans tax_rates coupons notes tasks", _MODIFIED),
        "subscriptions": StreamFacts("updated_at", lists=3),
        "events": StreamFacts("timestamp", only_grows=True),
        **_each("credit_balance_adjustments members roles chasing_cadences", StreamFacts()),
        **_each("contacts metered_billings payment_sources", StreamFacts(resumes=True, by_events="updated_at")),
    },
    parts={
        **dict.fromkeys(("invoice_line_items", "invoice_discounts", "invoice_taxes"), "invoices"),
        **dict.fromkeys(("credit_note_line_items", "credit_note_discounts", "credit_note_taxes"), "credit_notes"),
        **dict.fromkeys(("estimate_line_items", "estimate_discounts", "estimate_taxes"), "estimates"),
        **dict.fromkeys(("payment_applications", "charges", "refunds"), "payments"),
        "subscription_addons": "subscriptions",
        "plan_tiers": "plans",
        "chasing_cadence_steps": "chasing_cadences",
    },
    parts_at_length=("invoice_taxes", "subscription_addons"),
    details={"payment_plans": "invoices"},
    seconds=lambda value: value,
    blank=None,
    # By key, by key in three lists, newest change first, newest row first, by page, and a list per customer.
    walked={
        "invoices": 52,
        "subscriptions": 33,
        "events": 32,
        "notes": 35,
        "credit_balance_adjustments": 26,
        "contacts": 15,
        "payment_sources": 12,
    },
    edited=("invoices", "subscriptions", "notes"),
    by_key=("invoices",),
    full_refresh="credit_balance_adjustments",
    answers=(
        {"updated_after": "inclusive"},
        {"updated_after": "exclusive"},
        {"updated_after": "inclusive", "out_of_order": "strict"},
        {"updated_after": "exclusive", "headers": "link"},
    ),
    nothing_honoured={
        "ignore_sort": True,
        "updated_after": "ignored",
        "events_start_date": "ignored",
        "events_sort": "ignored",
    },
    random_runs=24,
    kills=12,
    few_rows=12,
    moved_along={"customers": 12},
)

# A minute in which Zoho counts calls is shortened along with the waits between tries.
_SHORT_MINUTES = {"SOURCE_INVOICING_BUDGET_SCALE": "0.01"}
_CHANGED = StreamFacts("last_modified_time")
_WHOLE = StreamFacts("last_modified_time", filtered=False, whole=True)
_ZOHO_ANSWERS: tuple[Options, ...] = (
    {},
    {"undocumented_filter": "ignored", "undocumented_sort": "ignored"},
    {"undocumented_filter": "refused", "undocumented_sort": "refused"},
    {
        "purchase_orders_order": "default",
        "journals_filter": "equal",
        "undocumented_filter": "equal",
        "offset": "new_york",
    },
)
_ZOHO_IGNORES: Options = {"ignore_sort": True, "ignore_filter": True}

ZOHO_INVOICE = PlatformFacts(
    name="zoho_invoice",
    page=200,
    small_pages={"per_page_cap": SMALL_PAGE, "per_page_above": "clamped"},
    streams={
        **_each("items contacts invoices customer_payments credit_notes expenses estimates", _CHANGED),
        **_each("recurring_invoices retainer_invoices recurring_expenses", _WHOLE),
        **_each("users taxes organizations currencies credit_note_refunds", StreamFacts()),
        **_each("contact_persons projects time_entries tasks", StreamFacts(resumes=True)),
    },
    seconds=_zoho_seconds,
    blank="",
    # By key, by key where neither filter nor order is documented, by overlapping page: with a filter, without one, in
    # an order of the list's own, and in the order of ids.
    walked={
        "invoices": 42,
        "items": 22,
        "expenses": 22,
        "recurring_invoices": 22,
        "taxes": 21,
        "contact_persons": 22,
    },
    edited=("invoices", "items", "expenses", "recurring_invoices"),
    by_key=("invoices", "items"),
    full_refresh="taxes",
    answers=_ZOHO_ANSWERS,
    nothing_honoured=_ZOHO_IGNORES,
    random_runs=12,
    kills=6,
    few_rows=5,
    tells_totals=False,
    environment=_SHORT_MINUTES,
)
ZOHO_BOOKS = PlatformFacts(
    name="zoho_books",
    page=200,
    small_pages={"per_page_cap": SMALL_PAGE, "per_page_above": "clamped"},
    streams={
        **_each("contacts bills estimates items invoices expenses creditnotes customer_payments", _CHANGED),
        **_each("purchase_orders sales_orders vendor_payments vendor_credits customer_debit_notes", _CHANGED),
        "chart_of_accounts": _CHANGED,
        "journals": StreamFacts("last_modified_time", filtered=False),
        **_each("recurring_invoices retainer_invoices sales_receipts recurring_expenses recurring_bills", _WHOLE),
        **_each(
            "users banking organizations taxes transactions currencies tax_authorities tax_exemptions", StreamFacts()
        ),
        **_each("credit_note_refunds vendor_credit_refunds base_currency_adjustments", StreamFacts()),
        **_each("fixed_assets fixed_asset_types locations employees", StreamFacts()),
        **_each("contact_persons projects time_entries", StreamFacts(resumes=True)),
        **_each("tasks exchange_rates bank_rules account_transactions", StreamFacts(resumes=True)),
    },
    seconds=_zoho_seconds,
    blank="",
    # By key, by key in an order that may not be honoured, newest change first, by overlapping page, with a key of
    # several parts; by page with a filter; in order of creation without a time of change.
    walked={
        "invoices": 42,
        "purchase_orders": 22,
        "journals": 22,
        "expenses": 22,
        "transactions": 22,
        "chart_of_accounts": 22,
        "time_entries": 22,
    },
    edited=("invoices", "purchase_orders", "journals", "expenses", "chart_of_accounts"),
    by_key=("invoices",),
    full_refresh="transactions",
    answers=_ZOHO_ANSWERS,
    nothing_honoured=_ZOHO_IGNORES,
    random_runs=12,
    kills=6,
    few_rows=5,
    tells_totals=False,
    environment=_SHORT_MINUTES,
)

# The streams of Zoho that are a list for each row of another one.
LISTS_PER_PARENT: Mapping[str, str] = {
    "tasks": "projects",
    "bank_rules": "banking",
    "exchange_rates": "currencies",
    "account_transactions": "chart_of_accounts",
}

FASTBILL = PlatformFacts(
    name="fastbill",
    page=100,
    small_pages={"limit_cap": SMALL_PAGE},
    streams={
        "customers": StreamFacts("LASTUPDATE", filtered=False, whole=True, also="DELETED_DATE"),
        "contacts": StreamFacts("LASTUPDATE", filtered=False, whole=True),
        **_each("invoices revenues", StreamFacts("LASTUPDATE")),
        **_each("products recurring_invoices estimates expenses projects times templates", StreamFacts(resumes=True)),
    },
    parts={
        **dict.fromkeys(("invoice_line_items", "invoice_vat_items", "invoice_payments"), "invoices"),
        "recurring_invoice_line_items": "recurring_invoices",
        **dict.fromkeys(("revenue_line_items", "revenue_payments"), "revenues"),
        "estimate_line_items": "estimates",
        "expense_line_items": "expenses",
        "project_tasks": "projects",
    },
    parts_at_length=("invoice_line_items",),
    seconds=lambda value: fastbill_seconds(value) if value else None,
    blank="",
    # By overlapping offset: with a filter, without one, without a time.
    walked={"invoices": 42, "customers": 32, "products": 32},
    edited=("invoices", "customers"),
    by_key=(),
    full_refresh="products",
    answers=({}, {"order": "newest"}, {"lastupdate_filter": "ignored", "revenue_filter": "refused"}),
    nothing_honoured={"order": "shuffled", "lastupdate_filter": "ignored", "revenue_filter": "ignored"},
    random_runs=8,
    kills=6,
    few_rows=5,
    settable=german,
    list_of_invoices="invoice.get",
    tells_totals=False,
)
REST_API = PlatformFacts(
    name="rest_api",
    page=100,
    small_pages={"limit_cap": SMALL_PAGE},
    streams={
        **_each("customers invoices items payments taxes credit_notes", StreamFacts("updated_at")),
        "customer_invoices": StreamFacts(resumes=True),
    },
    seconds=lambda value: int(datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()) if value else None,
    blank=None,
    walked={"invoices": 42, "payments": 32},
    edited=("invoices", "payments"),
    by_key=(),
    full_refresh="customer_invoices",
    answers=({}, {"pager": "page"}, {"pager": "cursor"}, {"method": "POST"}),
    nothing_honoured={"order": "shuffled", "since": "ignored"},
    random_runs=8,
    kills=6,
    few_rows=12,
    list_of_invoices="/v1/invoices",
)

PLATFORMS: Mapping[str, PlatformFacts] = {
    facts.name: facts for facts in (INVOICED, ZOHO_INVOICE, ZOHO_BOOKS, FASTBILL, REST_API)
}


def on_each_platform(
    choices: Callable[[PlatformFacts], Iterable[Any]] | None = None,
    name: str = "choice",
    *,
    among: Sequence[PlatformFacts] = tuple(PLATFORMS.values()),
    first_in_own_process: bool = False,
) -> pytest.MarkDecorator:
    """Run a test on each platform, or on each platform with each of its own choices.

    :param choices: what else the test takes, for a platform
    :param name: of the argument that takes it
    :param first_in_own_process: whether the connector has a process of its own for the first choice of each platform,
        when it has none for the others
    """
    if choices is None:
        return pytest.mark.parametrize("platform", among, ids=[facts.name for facts in among])
    own_process = [pytest.mark.own_process] if first_in_own_process else []
    cases = [
        pytest.param(facts, choice, id=f"{facts.name}-{choice}", marks=[] if number else own_process)
        for facts in among
        for number, choice in enumerate(choices(facts))
    ]
    return pytest.mark.parametrize(("platform", name), cases)
