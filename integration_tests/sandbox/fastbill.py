"""FastBill: one address, POST only, where ``SERVICE`` in the body says what is wanted, and lists come in many forms."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.fastbill_forms import IN_TURN, Style, written
from integration_tests.sandbox.fastbill_options import OPTIONS
from integration_tests.sandbox.fastbill_other_rows import BERLIN, german, unix
from integration_tests.sandbox.fastbill_quota import CallQuota
from integration_tests.sandbox.fastbill_rows import DEFAULT_ROWS, FIRST_IDS, Maker, make_ids, template_hash
from integration_tests.sandbox.options import Options
from integration_tests.sandbox.platform import JSON, ApiRequest, Page, Part, Platform, Reply
from integration_tests.sandbox.table import BY_KEY, SHUFFLED, Key, Query, Row, Sort, Table, Where
from integration_tests.sandbox.values import Values

USERNAME = "büro@łódź-bäckerei.example"
API_KEY = "sandbox-key-€uro/of+this=account"
"""Neither fits into latin-1: the credentials are UTF-8."""

DEFAULT_LIMIT = 10
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
PLAIN = "text/plain; charset=UTF-8"


@dataclass(frozen=True)
class Service:
    """What ``SERVICE`` names: a stream, the name of its list and of one row, the key, and what can be filtered by."""

    stream: str
    list_key: str
    singular: str
    key: str
    equal: tuple[str, ...]
    ranges: Mapping[str, str] = field(default_factory=dict)
    """Ends of the filters ``START_`` and ``END_``, with the field they look at."""


DOCUMENT_FILTERS = ("INVOICE_ID", "INVOICE_NUMBER", "INVOICE_TITLE", "CUSTOMER_ID", "TYPE", "PROJECT_ID")
RANGES: Mapping[str, str] = {
    "DATE": "INVOICE_DATE",
    "DUE_DATE": "DUE_DATE",
    "PAID_DATE": "PAID_DATE",
    "LASTUPDATE": "LASTUPDATE",
}

SERVICES: Mapping[str, Service] = {
    "customer.get": Service(
        "customers",
        "CUSTOMERS",
        "CUSTOMER",
        "CUSTOMER_ID",
        ("CUSTOMER_ID", "CUSTOMER_NUMBER", "COUNTRY_CODE", "CITY"),
    ),
    "invoice.get": Service("invoices", "INVOICES", "INVOICE", "INVOICE_ID", DOCUMENT_FILTERS, RANGES),
    "article.get": Service("products", "ARTICLES", "ARTICLE", "ARTICLE_ID", ("ARTICLE_ID", "ARTICLE_NUMBER")),
    "recurring.get": Service("recurring_invoices", "INVOICES", "INVOICE", "INVOICE_ID", ("INVOICE_ID", "PROJECT_ID")),
    "contact.get": Service(
        "contacts", "CONTACTS", "ELEMENT", "CONTACT_ID", ("CONTACT_ID", "CUSTOMER_ID", "CUSTOMER_NUMBER")
    ),
    "estimate.get": Service(
        "estimates",
        "ESTIMATES",
        "ESTIMATE",
        "ESTIMATE_ID",
        ("CUSTOMER_ID", "ESTIMATE_ID", "ESTIMATE_NUMBER"),
        {"DATE": "ESTIMATE_DATE"},
    ),
    "expense.get": Service(
        "expenses",
        "EXPENSES",
        "EXPENSE",
        "INVOICE_ID",
        ("INVOICE_ID", "INVOICE_NUMBER"),
        {"DATE": "INVOICE_DATE", "PAID_DATE": "PAID_DATE"},
    ),
    "project.get": Service(
        "projects", "PROJECTS", "PROJECT", "PROJECT_ID", ("PROJECT_ID", "CUSTOMER_ID", "PROJECT_NUMBER")
    ),
    "time.get": Service(
        "times", "TIMES", "TIME", "TIME_ID", ("CUSTOMER_ID", "PROJECT_ID", "TASK_ID", "TIME_ID"), {"DATE": "DATE"}
    ),
    "template.get": Service("templates", "TEMPLATES", "TEMPLATE", "TEMPLATE_HASH", ()),
    "revenue.get": Service("revenues", "REVENUES", "REVENUE", "INVOICE_ID", DOCUMENT_FILTERS, RANGES),
}
UNPAGED = ("times", "templates")
"""Of these nothing says that they come in pages."""
UNASKED_TIMES = 10
"""So many times of the current month are listed to whoever names no days."""
SERVICE_OF = {service.stream: service for service in SERVICES.values()}


PARTS: Mapping[str, Part] = {
    "invoice_line_items": Part("invoices", "ITEMS", "INVOICE_ID", "LASTUPDATE"),
    "invoice_vat_items": Part("invoices", "VAT_ITEMS", "INVOICE_ID", "LASTUPDATE"),
    "invoice_payments": Part("invoices", "PAYMENTS", "INVOICE_ID", "LASTUPDATE"),
    "recurring_invoice_line_items": Part("recurring_invoices", "ITEMS", "INVOICE_ID"),
    "revenue_line_items": Part("revenues", "ITEMS", "INVOICE_ID", "LASTUPDATE"),
    "revenue_payments": Part("revenues", "PAYMENTS", "INVOICE_ID", "LASTUPDATE"),
    "estimate_line_items": Part("estimates", "ITEMS", "ESTIMATE_ID"),
    "expense_line_items": Part("expenses", "ITEMS", "INVOICE_ID"),
    "project_tasks": Part("projects", "TASKS", "PROJECT_ID"),
}


class Refused(Exception):
    """The request is answered with an error."""

    def __init__(self, status: int, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


class FastBill(Platform):
    """The FastBill API as far as reading goes."""

    name = "fastbill"
    default_rows = DEFAULT_ROWS
    own_options = OPTIONS
    parts = PARTS

    def __init__(self, seed: int, counts: Mapping[str, int], options: Options) -> None:
        super().__init__(seed, counts, options)
        self.tables = {stream: Table(stream, (SERVICE_OF[stream].key,)) for stream in counts}
        customers = make_ids("customers", counts["customers"])
        for stream, table in self.tables.items():
            maker = Maker(Values(seed, stream), customers)
            for id_ in make_ids(stream, counts[stream]):
                table.insert(maker.make(stream, id_))
        self._new = Maker(Values(seed, "mutations"), customers)
        self._next_ids = {
            stream: max((int(str(key)) for key in table), default=FIRST_IDS[stream]) + 1
            for stream, table in self.tables.items()
            if stream != "templates"
        } | {"templates": counts["templates"]}
        self._edits = 0
        self._quota = CallQuota()

    def config(self, base_url: str) -> Row:
        """The credentials and the address of this server."""
        return {"platform": {"name": self.name, "username": USERNAME, "api_key": API_KEY, "base_url": base_url}}

    def latest(self) -> int:
        """The highest LASTUPDATE, unix seconds."""
        moments = [time for table in self.tables.values() for time in table.column("LASTUPDATE").values() if time]
        return max(map(unix, moments), default=0)

    # Answering

    def stream_of(self, request: ApiRequest) -> str | None:
        """The stream named by ``SERVICE``."""
        service = SERVICES.get(str(_question(request).get("SERVICE")))
        return service.stream if service and request.path.endswith("/api.php") else None

    def page_of(self, request: ApiRequest) -> int | None:
        """The page that ``OFFSET`` lies on; one that overlaps the page before counts as the next."""
        try:
            offset, limit = self._window(_question(request))
        except Refused:
            return None
        return -(-offset // limit) + 1

    def answer(self, request: ApiRequest) -> Reply | Page:
        """A page or a refusal."""
        try:
            self._admit(request)
            return self._page(request, *self._window(_question(request)))
        except Refused as refusal:
            return self._refusal(refusal.status, refusal.message, request, refusal.headers)

    def first_page(self, request: ApiRequest) -> Page | None:
        """The rows at ``OFFSET`` 0."""
        try:
            return self._page(request, 0, self._window(_question(request))[1])
        except Refused:
            return None

    def encode(self, request: ApiRequest, page: Page) -> Reply:
        """The envelope, with the rows in the form that is set."""
        service = SERVICES[_question(request)["SERVICE"]]
        empty = self.options.text("empty_list")
        form = self.options.text("container")
        if form == "mixed":
            form = "single" if len(page.rows) == 1 else IN_TURN[page.number % 3]
        if page.rows:
            rows = [orjson.Fragment(row) for row in page.rows]
            response: Any = {service.list_key: written(rows, form, service.singular)}
        elif empty == "response":
            response = []
        else:
            response = {service.list_key: {"array": [], "object": {}, "null": None, "text": ""}[empty]}
        return self._envelope(200, response, request)

    def error(self, status: int, message: str = "") -> Reply:
        """``ERRORS`` with one text."""
        return self._refusal(status, message, None)

    def _refusal(
        self, status: int, message: str, request: ApiRequest | None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        text = message or {
            401: "Login Error: Wrong API KEY or user credentials.",
            429: "Limit of API calls per hour reached.",
        }.get(status, "Something went wrong")
        form = self.options.text("errors_form")
        errors = {"array": [text], "index": {"0": text}, "text": text}[form]
        return self._envelope(status, {"ERRORS": errors}, request, headers)

    def _envelope(
        self, status: int, response: Any, request: ApiRequest | None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        echo = {name: value or [] for name, value in _question(request).items()} if request else []
        body = orjson.dumps({"REQUEST": echo, "RESPONSE": response})
        kind = PLAIN if self.options.text("content_type") == "text" else JSON
        return Reply(
            status,
            body,
            {"Cache-Control": "no-store", "Set-Cookie": "FastBillSESSID=0; path=/", **(headers or {})},
            kind,
        )

    def _admit(self, request: ApiRequest) -> None:
        """Refuse whatever is not an allowed question to the one address."""
        if not request.path.endswith("/api.php"):
            if request.path.rstrip("/").endswith("/api/1.0"):
                raise Refused(301, "Moved", {"Location": request.path.rstrip("/") + "/api.php"})
            raise Refused(404, "api not found")
        if request.method != "POST":
            raise Refused(405, "Only POST is allowed")
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            credentials = b64decode(encoded).decode()
        except (Base64Error, UnicodeDecodeError):
            credentials = ""
        if scheme.lower() != "basic" or credentials != f"{USERNAME}:{API_KEY}":
            raise Refused(401)
        self._spend()
        # The header, not the body, chooses between JSON and XML.
        if not request.headers.get("Content-Type", "").startswith("application/json"):
            raise Refused(400, "The body is not XML")
        service = _question(request).get("SERVICE")
        if service not in SERVICES:
            raise Refused(400, f"unknown SERVICE: {service}")

    def _spend(self) -> None:
        seconds = self.options.number("quota_seconds")
        if self._quota.spend(self.options.number("calls_per_hour"), seconds):
            return
        answer = self.options.text("quota_answer")
        headers = {"Retry-After": str(self._quota.opens_in(seconds))} if self.options.flag("quota_retry_after") else {}
        status = 200 if answer == "errors" else int(answer)
        raise Refused(status, "Limit of API calls per hour reached.", headers)

    def _window(self, question: Row) -> tuple[int, int]:
        """``OFFSET`` and the number of rows of a page."""
        limit = _whole(question, "LIMIT") or DEFAULT_LIMIT
        return _whole(question, "OFFSET"), min(limit, self.options.number("limit_cap"))

    def _page(self, request: ApiRequest, offset: int, limit: int) -> Page:
        question = _question(request)
        service = SERVICES[question["SERVICE"]]
        table = self.tables[service.stream]
        wanted = question.get("FILTER") or {}
        where = tuple(self._where(service, wanted))
        if service.stream == "invoices" and "TYPE" not in wanted and self.options.text("credit_notes") == "asked_for":
            where = (*where, Where("TYPE", "no credit", lambda kind: kind != "credit"))
        if service.stream in UNPAGED and self.options.flag("unpaged"):
            offset, limit = 0, max(len(table), 1)
        if service.stream == "times" and not where:
            month = datetime.now(BERLIN).strftime("%Y-%m")
            where = (Where("DATE", month, lambda date: date.startswith(month)),)
            _, keys = table.select(Query(self._sort(service), where=where), 0, len(table))
            keys = keys[-UNASKED_TIMES:]
            total, keys = len(keys), keys[offset : offset + limit]
        else:
            total, keys = table.select(Query(self._sort(service), where=where), offset, limit)
        return Page(self._bodies(table, keys), total, -(-offset // limit) + 1, limit)

    def _bodies(self, table: Table, keys: list[Key]) -> list[bytes]:
        options = self.options
        style = Style(options.text("numbers"), options.text("ids"), options.text("nested"))
        return [table.body(key, style, partial(style.dress, key=str(key))) for key in keys]

    def _sort(self, service: Service) -> Sort:
        by_change: Sort = (("LASTUPDATE", False),)
        orders = {"key": BY_KEY, "newest": ((service.key, True),), "lastupdate": by_change, "shuffled": SHUFFLED}
        return orders[self.options.text("order")]

    def _where(self, service: Service, wanted: Row) -> list[Where]:
        """The filter; names that the service does not know have no effect."""
        if not isinstance(wanted, dict):
            raise Refused(200, "missing / invalid field: FILTER")
        where = []
        for name, value in wanted.items():
            edge, _, field = name.partition("_")
            if value in ("", None) or not self._heeds(service, name):
                continue
            if name in service.equal:
                where.append(Where(name, (name, str(value)), _equals(str(value))))
            elif edge in ("START", "END") and field in self._ranges(service):
                if not DAY.fullmatch(str(value)):
                    raise Refused(200, f"missing / invalid field: {name}")
                column = self._ranges(service)[field]
                where.append(Where(column, (name, value), _day_test(edge == "START", value)))
            elif self.options.text("unknown_filter") == "refused":
                raise Refused(200, f"missing / invalid field: {name}")
        return where

    def _ranges(self, service: Service) -> Mapping[str, str]:
        """Of estimates the vendor's library and its pages name the filter differently."""
        if service.stream != "estimates":
            return service.ranges
        return {self.options.text("estimate_dates").upper(): "ESTIMATE_DATE"}

    def _heeds(self, service: Service, name: str) -> bool:
        """Whether a filter has an effect, by the options."""
        option = None
        if name == "PROJECT_ID":
            option = "project_filter"
        elif name in ("START_LASTUPDATE", "END_LASTUPDATE") and "LASTUPDATE" in service.ranges:
            option = "revenue_filter" if service.stream == "revenues" else "lastupdate_filter"
        rule = self.options.text(option) if option else "honoured"
        if rule == "refused":
            raise Refused(200, f"missing / invalid field: {name}")
        return rule == "honoured"

    # Mutations

    def new_row(self, stream: str, values: Row, customer: Key | None, now: int) -> tuple[Row, Key | None]:
        """A row of the usual kind, created now."""
        if customer is not None:
            raise SandboxError("FastBill has no lists under a customer; set CUSTOMER_ID.")
        number = self._next_ids[stream]
        id_ = template_hash(number) if stream == "templates" else str(number)
        row = self._new.make(stream, id_, now) | values
        key = row[SERVICE_OF[stream].key]
        self._next_ids[stream] = max(number, int(key) if key.isdecimal() else 0) + 1
        return row, None

    def kept_when_deleted(self, stream: str, row: Row, now: int) -> Row | None:
        """A deleted customer, where it stays."""
        rule = self.options.text("deleted_customers")
        if stream != "customers" or rule == "removed":
            return None
        deleted = german(now)
        changed = {"LASTUPDATE": deleted} if rule == "kept" else {}
        return row | {"DELETED_DATE": deleted[:10] if rule == "kept_by_day" else deleted} | changed

    def edited_row(self, stream: str, row: Row, values: Row, now: int) -> Row:
        """Changes the given fields or some text, and moves LASTUPDATE where the row has one."""
        self._edits += 1
        if not values:
            editable = ("NOTE", "DESCRIPTION", "ADDRESS_2", "PROJECT_NAME", "COMMENT", "TEMPLATE_NAME", "INTROTEXT")
            name = next(name for name in editable if name in row)
            values = {name: f"edit {self._edits}"}
        return row | ({"LASTUPDATE": german(now)} if "LASTUPDATE" in row else {}) | values


def _question(request: ApiRequest) -> Row:
    """The body, its names in upper case as the server folds them; empty where it is no JSON object."""
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return {}
    return {name.upper(): value for name, value in body.items()} if isinstance(body, dict) else {}


def _whole(question: Row, name: str) -> int:
    text = str(question.get(name) or 0)
    if not text.isdecimal():
        raise Refused(200, f"missing / invalid field: {name}")
    return int(text)


def _equals(wanted: str) -> Callable[[Any], bool]:
    return lambda value: str(value) == wanted


def _day_test(start: bool, wanted: str) -> Callable[[Any], bool]:
    """Days are compared, times of day are not looked at; a row without one does not fit."""
    if start:
        return lambda value: bool(value) and value[:10] >= wanted
    return lambda value: bool(value) and value[:10] <= wanted
