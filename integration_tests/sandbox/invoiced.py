"""Invoiced: an accounts-receivable service with bare JSON arrays, paging in headers and pages to be read in order."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlencode

import orjson

from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.invoiced_data import (
    CHILD_PATHS,
    DEFAULT_ROWS,
    PARTS,
    STRING_IDS,
    Maker,
    child_keys,
    make_ids,
    set_empty_maps,
    spread,
)
from integration_tests.sandbox.invoiced_events import RELATIONS, EventLog, EventMaker, expand
from integration_tests.sandbox.invoiced_ledger import Ledger, payment_plan
from integration_tests.sandbox.invoiced_options import OPTIONS
from integration_tests.sandbox.invoiced_query import ListParameters, Refused, positive, whole
from integration_tests.sandbox.invoiced_settings import further
from integration_tests.sandbox.options import Options
from integration_tests.sandbox.platform import ApiRequest, Change, Page, Platform, Reply
from integration_tests.sandbox.table import Key, Row, Table
from integration_tests.sandbox.values import Values

API_KEY = "sandbox-key-of-this-company"
FOREIGN_API_KEY = "live-key-of-the-other-environment"
"""A key that is right elsewhere: production and sandbox are separate accounts, and each refuses the other's keys."""

ON_REQUEST: Mapping[str, str] = {"payments": "applied_to", "events": "user"}
"""Fields that a list shows only when ``include`` names them."""
SINGLE_CHILDREN = ("contacts", "metered_billings")
"""Streams under a customer whose rows have an address of their own."""

NEWER_CADENCES = "customer_chasing_cadences"
"""What newer libraries of the vendor call the list of chasing cadences."""

ERROR_TYPES: Mapping[int, str] = {401: "authentication_error", 429: "rate_limit_error"}
MESSAGES: Mapping[int, str] = {
    401: "Could not authenticate with the API key provided",
    403: "You do not have permission to do that",
    404: "Request was not recognized",
    405: "Method not allowed",
    429: "You have reached your rate limit",
}
STREAM_OF_PATH = {path: stream for stream, path in CHILD_PATHS.items()}


@dataclass(frozen=True)
class _Target:
    """What a path names: a list, or with ``key`` a single row; ``parent`` is the customer in the path."""

    stream: str
    parent: str | None = None
    key: str | None = None


class Invoiced(Platform):
    """The Invoiced API as far as reading goes."""

    name = "invoiced"
    default_rows = DEFAULT_ROWS
    time_columns = ("updated_at", "timestamp")
    own_options = OPTIONS
    parts = PARTS

    def __init__(self, seed: int, counts: Mapping[str, int], options: Options) -> None:
        super().__init__(seed, counts, options)
        customers = make_ids("customers", counts["customers"])
        ids = {name: make_ids(name, count) for name, count in counts.items() if name not in CHILD_PATHS}
        self.tables = {
            stream: Table(stream, ("object", "id") if stream == "payment_sources" else ("id",), self.time_columns)
            for stream in counts
        }
        ledger = Ledger(counts["payments"])
        for stream, table in self.tables.items():
            maker = Maker(Values(seed, stream), ids, ledger)
            if stream == "events":
                rows = EventMaker(Values(seed, stream), self.tables).many(ids[stream])
            elif stream in CHILD_PATHS:
                self._load_children(table, maker, customers)
                continue
            else:
                rows = maker.many(stream, ids[stream])
            for row in rows:
                table.insert(row)
        self._new = Values(seed, "mutations")
        self._maker = Maker(self._new, ids)
        self._events = EventMaker(self._new, self.tables)
        self._event_log = EventLog(self._events, self.tables["events"])
        self._edits = 0
        self._served: dict[tuple[object, ...], int] = {}
        """The last page served of every list query; with the lenient rule the highest one."""
        self._parameters = ListParameters(options, self.tables)

    def _load_children(self, table: Table, maker: Maker, customers: list[Any]) -> None:
        total = self.counts[table.stream] if customers else 0
        keys = iter(child_keys(table.stream, total))
        for parent, size in zip(
            customers, spread(total, len(customers), 4 * list(CHILD_PATHS).index(table.stream)), strict=True
        ):
            for _ in range(size):
                table.insert(maker.make(table.stream, next(keys), parent), group=parent)

    def config(self, base_url: str) -> Row:
        """The key and the address of this server."""
        return {"platform": {"name": self.name, "api_key": API_KEY, "base_url": base_url}}

    # Answering

    def stream_of(self, request: ApiRequest) -> str | None:
        """The stream named by the path."""
        target = self._target(request.path)
        return target.stream if target else None

    def page_of(self, request: ApiRequest) -> int | None:
        """``page``, which defaults to 1."""
        page = request.parameter("page") or "1"
        return int(page) if page.isdecimal() else None

    def answer(self, request: ApiRequest) -> Reply | Page:
        """A page, a single object, or a refusal."""
        try:
            self._authenticate(request)
            target = self._target(request.path)
            if target is None:
                return self._elsewhere(request)
            if request.method != "GET":
                raise Refused(405)
            parent = self._existing("customers", target.parent) if target.parent is not None else None
            if target.key is not None:
                return self._single(request, target, parent)
            page = self._page(request, target, parent, positive(request, "page", 1))
            self._keep_order(request, page)
        except Refused as refusal:
            return self._refusal(refusal.status, refusal.message, refusal.param)
        return page

    def first_page(self, request: ApiRequest) -> Page | None:
        """Page 1 of the list asked for."""
        target = self._target(request.path)
        if target is None or target.key is not None:
            return None
        try:
            parent = self._existing("customers", target.parent) if target.parent is not None else None
            return self._page(request, target, parent, 1)
        except Refused:
            return None

    def encode(self, request: ApiRequest, page: Page) -> Reply:
        """A bare array, with the count and the links in the headers."""
        body = b"[" + b",".join(page.rows) + b"]"
        if self.options.text("list_body") == "data":
            body = b'{"data":' + body + b"}"
        headers: dict[str, str] = {}
        wanted = self.options.text("headers")
        if wanted in ("both", "count"):
            total = page.total if page.reported_total is None else page.reported_total
            headers["X-Total-Count"] = str(total)
        if wanted in ("both", "link"):
            headers["Link"] = self._links(request, page)
        return Reply(200, body, headers)

    def error(self, status: int, message: str = "") -> Reply:
        """An object with ``type`` and ``message``."""
        return self._refusal(status, message)

    def _refusal(self, status: int, message: str, param: str | None = None) -> Reply:
        kind = ERROR_TYPES.get(status, "api" if status >= 500 or status < 400 else "invalid_request")
        body = {"type": kind, "message": message or MESSAGES.get(status, "Something went wrong")}
        return Reply(status, orjson.dumps(body | ({"param": param} if param else {})))

    def _authenticate(self, request: ApiRequest) -> None:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            user, _, password = b64decode(encoded).decode().partition(":")
        except (Base64Error, UnicodeDecodeError):
            user, password = "", ""
        # The key is the user name; a password, even the right user's, is refused.
        if scheme.lower() != "basic" or user != API_KEY or password:
            raise Refused(401)

    def _target(self, path: str) -> _Target | None:
        # Split before decoding: ids may contain slashes.
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if parts[0] in ("chasing_cadences", NEWER_CADENCES):
            parts[0] = "chasing_cadences" if parts[0] == self.options.text("cadences_path") else ""
        match parts:
            case [stream] if stream in self.tables and stream not in CHILD_PATHS:
                return _Target(stream)
            case [stream, key] if stream in self.tables and stream not in CHILD_PATHS:
                return _Target(stream, key=key)
            case ["customers", parent, child] if child in STREAM_OF_PATH:
                return _Target(STREAM_OF_PATH[child], parent)
            case ["customers", parent, child, key] if STREAM_OF_PATH.get(child) in SINGLE_CHILDREN:
                return _Target(STREAM_OF_PATH[child], parent, key)
            case ["invoices", key, "payment_plan"]:
                return _Target("payment_plans", key=key)
        return None

    def _elsewhere(self, request: ApiRequest) -> Reply:
        """What is at a path of no stream."""
        found = further(request.path.strip("/")) if self.options.text("further_paths") == "listed" else None
        if found is None:
            raise Refused(404)
        return Reply(200, orjson.dumps(found))

    def _existing(self, stream: str, text: str) -> Key:
        """The key written in a path, if there is such a row."""
        key: Key | None = text if stream in STRING_IDS else whole(text)
        if key is None or key not in self.tables[stream]:
            name = STREAM_NAMES[stream]
            raise Refused(404, f"{name} was not found: {text}")
        return key

    def _single(self, request: ApiRequest, target: _Target, parent: Key | None) -> Reply:
        if target.stream == "payment_plans":
            invoice = self._existing("invoices", target.key or "")
            plan = payment_plan(self.tables["invoices"].row(invoice))
            if plan is None:
                raise Refused(404, f"Payment plan was not found: {target.key}")
            return Reply(200, orjson.dumps(plan))
        key = self._existing(target.stream, target.key or "")
        if self.tables[target.stream].group_of(key) != parent:
            raise Refused(404, f"{STREAM_NAMES[target.stream]} was not found: {target.key}")
        return Reply(200, self._bodies(request, target.stream, [key])[0])

    def _page(self, request: ApiRequest, target: _Target, parent: Key | None, number: int) -> Page:
        if target.stream == "events" and (most := self.options.number("events_kept")):
            for key in sorted(self.tables["events"])[:-most]:
                self.tables["events"].delete(key)
        size = self._parameters.per_page(request)
        query = self._parameters.query(request, target.stream, parent)
        total, keys = self.tables[target.stream].select(query, (number - 1) * size, size)
        return Page(self._bodies(request, target.stream, keys), total, number, size)

    def _keep_order(self, request: ApiRequest, page: Page) -> None:
        """Invoiced refuses pages out of order; it is taken to remember, for each list query, how far it was read."""
        rule = self.options.text("out_of_order")
        rest = sorted((name, value) for name, value in request.query if name not in ("page", "per_page"))
        signature = (request.path, page.size, *rest)
        last = self._served.get(signature, 0)
        early = page.number > last + 1 if rule == "refuse" else page.number != last + 1
        if rule != "allow" and page.number != 1 and early:
            raise Refused(400, f"Pages must be requested in order: {page.number} does not follow {last}", "page")
        self._served[signature] = page.number if rule == "strict" else max(last, page.number)

    def _links(self, request: ApiRequest, page: Page) -> str:
        numbers = {"self": page.number, "first": 1, "previous": min(page.number - 1, page.last)}
        if page.number < page.last:
            numbers["next"] = page.number + 1
        elif self.options.text("last_next") == "self":
            numbers["next"] = page.number
        numbers["last"] = page.last
        rest = [(name, value) for name, value in request.query if name not in ("page", "per_page")]
        links = []
        for relation, number in numbers.items():
            if number < 1:
                continue
            query = urlencode([*rest, ("page", number), ("per_page", page.size)], quote_via=quote)
            links.append(f'<{request.origin}{request.path}?{query}>; rel="{relation}"')
        return ", ".join(links)

    # Rows

    def _bodies(self, request: ApiRequest, stream: str, keys: list[Key]) -> list[bytes]:
        """Rows as this request wants them."""
        included = (request.parameter("include") or "").split(",")
        expanded = (request.parameter("expand") or "").split(",")
        hidden = ON_REQUEST.get(stream)
        bodies = [self._body(stream, key, hidden if hidden not in included else None) for key in keys]
        relations = {name: RELATIONS[name] for name in expanded if name in RELATIONS}
        if relations:
            bodies = [orjson.dumps(expand(orjson.loads(body), relations, self.tables)) for body in bodies]
        if stream == "plans" and "num_subscriptions" in included:
            uses = Counter(self.tables["subscriptions"].column("plan").values())
            rows = [orjson.loads(body) for body in bodies]
            bodies = [orjson.dumps(row | {"num_subscriptions": uses[row["id"]]}) for row in rows]
        return bodies

    def _body(self, stream: str, key: Key, hidden: str | None = None, customer: Key | None = None) -> bytes:
        """A row, without one field or with its customer, and with empty maps in the form that is set."""
        empty = self.options.text("empty_map")
        table = self.tables[stream]
        if hidden is None and customer is None and empty == "mixed":
            return table.body(key)

        def change(row: Row) -> Row:
            if hidden is not None:
                row.pop(hidden, None)
            if customer is not None:
                row["customer_id"] = customer
            if empty != "mixed":
                set_empty_maps(row, [] if empty == "list" else {})
            return row

        return table.body(key, (hidden, customer, empty), change)

    def truth(self, stream: str) -> list[bytes]:
        """Everything: payments with ``applied_to``, subscriptions of all states, children with ``customer_id``."""
        table = self.table(stream)
        return [self._body(stream, key, customer=table.group_of(key)) for key in table]

    def parts_of(self, name: str) -> list[Row]:
        """Payment plans stand beside the invoices: each has an address of its own."""
        if name != "payment_plans":
            return super().parts_of(name)
        table = self.tables["invoices"]
        plans = [(row, plan) for row in map(table.row, table) if (plan := payment_plan(row))]
        return [
            plan | {"invoice_id": row["id"], "updated_at": row["updated_at"], "row_updated_at": plan["updated_at"]}
            for row, plan in plans
        ]

    # Mutations

    def new_row(self, stream: str, values: Row, customer: Key | None, now: int) -> tuple[Row, Key | None]:
        """A row of the usual kind, created now."""
        table = self.table(stream)
        parent = customer
        if customer is not None and customer not in self.tables["customers"]:
            raise SandboxError(f"There is no customer {customer!r}.")
        if stream in CHILD_PATHS and parent is None:
            if self.lacks_parent(stream):
                raise SandboxError(f"{stream} live under a customer, and there is none.")
            parent = self._new.one_of(list(self.tables["customers"]))
        id_ = values.get("id", f"{stream[:-1]}-new-{table.version}" if stream in STRING_IDS else table.next_id)
        if stream == "events":
            row = self._events.some(id_, now)
        elif stream == "payment_sources":
            row = self._maker.make(stream, (values.get("object", "card"), id_), parent)
        else:
            row = self._maker.make(stream, id_, parent if stream in CHILD_PATHS else None)
            if customer is not None and "customer" in row:
                row["customer"] = customer
        row |= {name: now for name in ("created_at", "updated_at") if name in row}
        return row | values, parent if stream in CHILD_PATHS else None

    def edited_row(self, stream: str, row: Row, values: Row, now: int) -> Row:
        """Changes the given fields or some text, and moves ``updated_at`` where the row has one."""
        self._edits += 1
        if not values:
            name = next((name for name in ("notes", "name", "description", "receipt_email") if name in row), "x_edit")
            values = {name: f"edit {self._edits}"}
        return row | ({"updated_at": now} if "updated_at" in row else {}) | values

    def lacks_parent(self, stream: str) -> bool:
        """Three streams live under customers."""
        return stream in CHILD_PATHS and not len(self.tables["customers"])

    def dependants(self, stream: str, key: Key) -> list[tuple[str, Key]]:
        """A customer takes its sub-lists along; its documents stay."""
        if stream != "customers":
            return []
        return [(child, row) for child in CHILD_PATHS for row in self.tables[child].keys_under(key)]

    def consequences(self, change: Change, now: int) -> list[tuple[str, Row]]:
        """The event, if that is switched on. Catalog objects and balance adjustments have none."""
        if not self.options.flag("mutation_events"):
            return []
        return [("events", event) for event in self._event_log.raised_by(change, now, self.options)]

    def kept_when_deleted(self, stream: str, row: Row, now: int) -> Row | None:
        """Payments are voided and subscriptions canceled, if that is switched on."""
        kept: dict[str, Row] = {
            "payments": {"voided": True, "updated_at": now},
            "subscriptions": {"status": "canceled", "canceled_at": now, "updated_at": now},
        }
        return row | kept[stream] if stream in kept and self.options.flag("void_and_cancel") else None

    def merge(self, key: Key, into: Key, now: int) -> None:
        """Documents and sub-lists of a customer go over to the one that is left."""
        for stream, table in self.tables.items():
            for row_key in [each for each, customer in table.column("customer").items() if customer == key]:
                if stream != "events" and stream not in CHILD_PATHS:
                    table.replace(row_key, table.row(row_key) | {"customer": into, "updated_at": now})
        for stream, row_key in self.dependants("customers", key):
            row = self.tables[stream].row(row_key)
            row |= {name: into for name in ("customer", "customer_id") if name in row}
            self.tables[stream].delete(row_key)
            self.tables[stream].insert(row, into)


STREAM_NAMES: Mapping[str, str] = {stream: stream[:-1].replace("_", " ").capitalize() for stream in DEFAULT_ROWS} | {
    "metered_billings": "Line item"
}
"""What refusals call a row of a stream."""
