"""Zoho Invoice and Zoho Books: accounting with tokens that end, an organisation in every call, and pages by number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from zlib import crc32

import orjson

from integration_tests.sandbox.options import Options
from integration_tests.sandbox.platform import ApiRequest, Page, Platform, Reply
from integration_tests.sandbox.table import Key, Row, Table
from integration_tests.sandbox.values import Values
from integration_tests.sandbox.zoho_detail_answers import DetailDesk
from integration_tests.sandbox.zoho_detail_lines import LineMaker
from integration_tests.sandbox.zoho_details import Documents, rows_of
from integration_tests.sandbox.zoho_ledger import SETTLED, Ledger
from integration_tests.sandbox.zoho_limits import Limits
from integration_tests.sandbox.zoho_list_spec import CREATED, MODIFIED, TIMES, ListSpec
from integration_tests.sandbox.zoho_options import OPTIONS, streams_in
from integration_tests.sandbox.zoho_paths import Paths, Target
from integration_tests.sandbox.zoho_query import WHOLE_LIST, ListParameters, Wanted
from integration_tests.sandbox.zoho_refusal import Refused, invalid, refused_stream
from integration_tests.sandbox.zoho_rows import RowMaker
from integration_tests.sandbox.zoho_times import with_values, written
from integration_tests.sandbox.zoho_token import (
    API_PREFIX,
    CLIENT_ID,
    CLIENT_SECRET,
    REFRESH_TOKEN,
    TOKEN_PATH,
    TokenDesk,
)

HOME = "982000000000330015"
"""The organisation that has the data; the user's others are empty."""
TOKENS = "token"
"""What the token endpoint is called in the log of requests and in fault rules."""
FIRST_ID = 982_000_000_000_000_000
"""Ids have 18 digits: more than a float holds."""
FIRST_NEW_ID = FIRST_ID + 900_000_000_000

CODES: Mapping[int, int] = {400: 2, 401: 57, 403: 57, 404: 5, 429: 1070}
MESSAGES: Mapping[int, str] = {
    400: "Invalid value passed",
    401: "You are not authorized to perform this operation",
    403: "You are not authorized to perform this operation",
    404: "Invalid URL passed",
    405: "Method not allowed",
    1002: "Resource does not exist.",
    429: "The maximum number of calls in process for this organization was exceeded.",
}
INTERNAL_ERROR = 1000

EDITABLE = (
    *("company_name", "notes", "description", "reference_number", "recurrence_name", "payee", "bank_name", "name"),
    *("designation", "task_name", "currency_name"),
)
"""The first that a row has is changed by an edit that names no values."""
UNSTAMPED = {
    "outstanding_receivable_amount",
    "outstanding_receivable_amount_bcy",
    "outstanding_payable_amount",
    "outstanding_payable_amount_bcy",
    "due_days",
}
"""Values that move without moving last_modified_time."""


class Zoho(Platform):
    """What the two products have in common: all but the lists and the path."""

    own_options = OPTIONS
    time_columns = (MODIFIED, CREATED)
    lists: ClassVar[Mapping[str, ListSpec]]
    product: ClassVar[str]

    def __init__(self, seed: int, counts: Mapping[str, int], options: Options) -> None:
        super().__init__(seed, counts, options)
        self.home = HOME
        self.gone: set[str] = set()
        """Organisations that the user is no longer in."""
        ids = {name: _ids(n, counts[name]) for n, name in enumerate(counts)}
        several = options.number("organizations") if options.number("organizations") > 1 else 0
        ids["organizations"] = organization_ids(max(counts.get("organizations", 1), several))
        blank, bulk = options.number("blank_times"), options.number("bulk_import")
        tables: dict[str, Table] = {}
        self._ledger = Ledger(ids)
        # What is paid comes before what pays it.
        for stream, spec in sorted(self.lists.items(), key=lambda each: each[0] in SETTLED):
            table = tables[stream] = Table(stream, spec.key, self.time_columns)
            keys = ids[stream] if not spec.parent or ids[spec.parent] else []
            for row in RowMaker(Values(seed, stream), ids, self._books).many(stream, keys, blank, bulk):
                if stream == "organizations":
                    row["is_default_org"] = row["organization_id"] == ids[stream][-1]
                self._ledger.settle(stream, row)
                table.insert(row)
        self._organizations = tables["organizations"]
        self.tables = {stream: tables[stream] for stream in counts}
        self._maker = RowMaker(Values(seed, "mutations"), ids, self._books)
        self._paths = Paths(f"{API_PREFIX}/{self.product}/v3/", self.lists)
        lines = LineMaker(self.tables, ids, self._books)
        self._documents = Documents(seed, self.tables, lines, self._ledger, options, books=self._books)
        self._details = DetailDesk(self._documents, options)
        self._tokens = TokenDesk(options)
        self._limits = Limits(seed, options)
        self._parameters = ListParameters(options)
        self._next_id = FIRST_NEW_ID
        self._edits = 0
        self._revoked = False

    @property
    def _books(self) -> bool:
        return self.product == "books"

    def config(self, base_url: str) -> Row:
        """Credentials, the organisation, and both addresses of this server."""
        path = f"/{self.product}/v3" if self.options.text("base_url") == "root" else ""
        return {
            "platform": {
                "name": self.name,
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "refresh_token": REFRESH_TOKEN,
                "data_center": "us",
                "organization_id": HOME,
                "base_url": base_url + API_PREFIX + path,
                "token_url": base_url + TOKEN_PATH,
            }
        }

    # Answering

    def stream_of(self, request: ApiRequest) -> str | None:
        """The stream named by the path, or that the request is for a token."""
        if request.path == TOKEN_PATH:
            return TOKENS
        target = self._paths.target(request)
        return None if target is None else target.name

    def page_of(self, request: ApiRequest) -> int | None:
        """``page``, which defaults to 1."""
        page = request.parameter("page") or "1"
        return int(page) if page.isdecimal() else None

    def answer(self, request: ApiRequest) -> Reply | Page:
        """A token, a page, a single row, or a refusal."""
        if request.path == TOKEN_PATH:
            return self._tokens.answer(request)
        try:
            target = self._admit(request)
            return self._page(request, target) if target.is_list else self._single(request, target)
        except Refused as refused:
            return self.refusal(refused)

    def refusal(self, refused: Refused) -> Reply:
        """How it is said."""
        body = {"code": refused.code, "message": refused.message, **refused.details}
        return Reply(refused.status, orjson.dumps(body), {**self._limits.headers(), **refused.headers})

    @property
    def served(self) -> int:
        """Calls that were let through since the start."""
        return self._limits.served

    def _admit(self, request: ApiRequest) -> Target:
        """Everything that can go wrong before the list itself is looked at."""
        if 0 < self.options.number("revoke_after_calls") <= self._limits.served + 1 and not self._revoked:
            self._revoked = True
            self._tokens.revoke()
        if not self._tokens.accepts(request.headers.get("Authorization", "")):
            raise Refused(401, int(self.options.text("invalid_token_code")), MESSAGES[401])
        self._limits.admit()
        target = self._paths.target(request)
        if target is None:
            raise Refused(404, CODES[404], MESSAGES[404])
        if request.method != "GET":
            raise Refused(405, INTERNAL_ERROR, MESSAGES[405])
        stream = target.stream
        if stream != "organizations":
            self._belong(request)
        missing = streams_in(self.options.text("unavailable"))
        if stream in missing:
            raise refused_stream(missing[stream])
        if not target.is_list:
            self._details.admit(target, request)
        rule = self.options.text("all_contact_persons")
        if target == Target("contact_persons") and rule != "listed":
            raise Refused(404, 1002, "Contact does not exist.") if rule == "missing" else invalid("contact_id")
        if request.parameter("showbalance") and self.options.text("showbalance") == "refused":
            raise invalid("showbalance")
        param = self.lists[stream].parent_param
        if param and target.is_list and target.parent is None:
            raise Refused(400, 2, f"The parameter {param} is missing")
        if target.parent and target.parent not in self.tables[self.lists[stream].parent]:
            raise Refused(404, 1002, MESSAGES[1002])
        return target

    def _belong(self, request: ApiRequest) -> None:
        """Which organisation is meant, and whether the user is in it."""
        organization, known = self._organization(request), self._known_organizations()
        if organization is None and len(known) > 1:
            names = ("organization_id", "name", "is_default_org")
            info = [{name: row[name] for name in names} for row in map(known.row, known)]
            details = {"error_info": info} if self.options.text("error_info") == "present" else {}
            raise Refused(400, 6024, "An organization ID is required: the user has several", details=details)
        if organization is not None and organization != self.home and organization not in known:
            raise Refused(400, 6041, "This user is not associated with the organization given")

    def _organization(self, request: ApiRequest) -> str | None:
        """The organisation in the request; a blank one is none."""
        rule = self.options.text("organization_header")
        header = None
        if rule == "any" or (rule == "documented" and not self._books):
            header = request.headers.get(f"X-com-zoho-{self.product}-organizationid")
        return request.parameter("organization_id") or header or None

    def _known_organizations(self) -> Table:
        """The user's organisations, as many as the option says or as there are rows."""
        table, number = self._organizations, self.options.number("organizations")
        while number > 1 and len(table) + len(self.gone) < number:
            id_ = organization_ids(len(table) + 1)[-1]
            table.insert(self._maker.make("organizations", id_) | {"is_default_org": False})
        return table

    def _empty(self, request: ApiRequest, stream: str) -> bool:
        return stream != "organizations" and self._organization(request) not in (None, self.home)

    def _wanted(self, request: ApiRequest, target: Target) -> Wanted:
        return self._parameters.wanted(request, target.stream, self.lists[target.stream], target.parent)

    def first_page(self, request: ApiRequest) -> Page | None:
        """Page 1 of the list asked for."""
        target = self._paths.target(request)
        try:
            return None if target is None or not target.is_list else self._page(request, target, 1)
        except Refused:
            return None

    def _single(self, request: ApiRequest, target: Target) -> Reply:
        stream, keys = target.stream, target.keys or (target.key or "",)
        there = [] if self._empty(request, stream) else [key for key in keys if key in self._table(stream)]
        rows = {key: orjson.loads(self._body(stream, key)) for key in there}
        contents = self._details.contents(target, rows)
        return Reply(200, orjson.dumps({"code": 0, "message": "success", **contents}), self._limits.headers())

    def _page(self, request: ApiRequest, target: Target, number: int | None = None) -> Page:
        wanted, stream = self._wanted(request, target), target.stream
        number, size = number or wanted.page, wanted.per_page
        if self._empty(request, stream):
            return Page([], 0, number, size)
        table, offset = self._table(stream), (number - 1) * size
        every = self.options.number("duplicates") if stream == "invoices" else 0
        if every:
            _, keys = table.select(wanted.query, 0, WHOLE_LIST)
            keys = [key for key in keys for _ in range(1 + (crc32(str(key).encode()) % every == 0))]
            total, keys = len(keys), keys[offset : offset + size]
        else:
            total, keys = table.select(wanted.query, offset, size)
        silent = self.lists[stream].silent if target.parent else ()
        if stream == "chart_of_accounts":
            silent = () if request.parameter("showbalance") == "true" else ("current_balance",)
        return Page([self._body(stream, key, without=silent) for key in keys], total, number, size)

    def _table(self, stream: str) -> Table:
        return self._known_organizations() if stream == "organizations" else self.tables[stream]

    def encode(self, request: ApiRequest, page: Page) -> Reply:
        """The envelope, with ``page_context`` where there is one."""
        target = self._paths.target(request)
        assert target is not None
        stream, wanted = target.stream, self._wanted(request, target)
        spec = self.lists[stream]
        name = spec.envelope_key
        if spec.other_list_key and self.options.text("list_keys") == "other":
            name = spec.other_list_key
        rows = b",".join(page.rows if wanted.lists else [])
        body = b'{"code":0,"message":"success","' + name.encode() + b'":[' + rows + b"]"
        context: Any = self._context(stream, page, wanted)
        form = self.options.text("page_context")
        if wanted.paged and not (form == "omitted" and page.last == 1):
            body += b',"page_context":' + orjson.dumps([context] if form == "array" else context)
        return Reply(200, body + b"}", self._limits.headers())

    def _context(self, stream: str, page: Page, wanted: Wanted) -> Row:
        context: Row = {
            "page": page.number,
            "per_page": page.size,
            "has_more_page": page.number < page.last,
            "report_name": self.lists[stream].report,
            "custom_fields": [],
        }
        if self.lists[stream].says_how:
            names = ("applied_filter", "sort_column", "sort_order")
            context |= {name: getattr(wanted, name) for name in names}
        if stream == "taxes":
            context |= {"as_of_date": "2026-01-31", "to_date": "2026-01-31"}
        if stream == "invoices":
            context["seller_app_sales_channels"] = ""
        if wanted.query.bounds:
            context["search_criteria"] = [{"column_name": "last_modified_time", "comparator": "greater_or_equal"}]
        if wanted.counts:
            total = page.total if page.reported_total is None else page.reported_total
            context |= {"total": total, "total_pages": page.last}
        return context

    def error(self, status: int, message: str = "") -> Reply:
        """``code`` and ``message``."""
        body = {"code": CODES.get(status, INTERNAL_ERROR), "message": message or MESSAGES.get(status, "Internal Error")}
        return Reply(status, orjson.dumps(body), self._limits.headers())

    def expire_tokens(self) -> None:
        """End the access tokens given out so far."""
        self._tokens.revoke()

    # Rows

    def _body(self, stream: str, key: Key, own: bool = False, without: tuple[str, ...] = ()) -> bytes:
        """A row with its times as text; with ``own``, and with the organisation it belongs to."""
        offset, timeless = self.options.text("offset"), self.options.text("journals_time") == "absent"

        def change(row: Row) -> Row:
            for name, column in TIMES.items():
                if column in row:
                    row[name] = written(row.pop(column), offset)
            if "updated_time" in row:
                row["updated_time"] = row["last_modified_time"]
            if stream == "journals" and timeless:
                del row["last_modified_time"]
            for name in without:
                row.pop(name, None)
            return row | ({"organization_id": self.home} if own and "organization_id" not in row else {})

        return self._table(stream).body(key, (offset, timeless, own, without), change)

    def truth(self, stream: str) -> list[bytes]:
        """Everything, inactive rows included, each with ``organization_id``."""
        self.table(stream)
        hidden = stream == "taxes" and self.options.text("all_taxes") != "honoured"
        table = self._table(stream)
        inactive = table.column("is_inactive") if hidden else {}
        unknown = ("current_balance",) if stream != "banking" and self.options.text("showbalance") == "refused" else ()
        return [self._body(stream, key, own=True, without=unknown) for key in table if not inactive.get(key)]

    def parts_of(self, name: str) -> list[Row]:
        """What the details of all rows of a list hold under one name."""
        part = self.parts[name]
        rows = map(orjson.loads, Zoho.truth(self, part.stream))
        return [each for row in rows for each in rows_of(part, self._documents.make(part.stream, dict(row)), row)]

    # Mutations

    def new_row(self, stream: str, values: Row, customer: Key | None, now: int) -> tuple[Row, Key | None]:
        """A row of the usual kind, created now, for the given customer or vendor."""
        self._next_id += 1
        row = self._maker.make(stream, str(self._next_id))
        row |= {column: now for column in (CREATED, MODIFIED) if column in row}
        self._ledger.settle(stream, row, new=True)
        if stream == "organizations":
            row["is_default_org"] = False
        if customer is not None:
            row |= {name: customer for name in ("customer_id", "vendor_id") if name in row}
        spec = self.lists[stream]
        if spec.parent:
            # The one that its maker knew may be gone.
            row[spec.parent_field] = self._maker.v.one_of(list(self.tables[spec.parent]))
        return self._ledger.balanced(stream, with_values(row, values), values), None

    def lacks_parent(self, stream: str) -> bool:
        """Rows under a parent need one."""
        parent = self.lists[stream].parent
        return bool(parent) and not len(self.tables[parent])

    def dependants(self, stream: str, key: Key) -> list[tuple[str, Key]]:
        """The rows under a row."""
        below = [(name, spec.parent_field) for name, spec in self.lists.items() if spec.parent == stream]
        return [
            (name, child)
            for name, field in below
            for child, parent in self.tables[name].column(field).items()
            if parent == key
        ]

    def edited_row(self, stream: str, row: Row, values: Row, now: int) -> Row:
        """Changes the given fields or some text, and moves the time of modification unless only amounts owed change."""
        self._edits += 1
        if not values:
            name = next((name for name in EDITABLE if name in row), "x_edit")
            values = {name: f"edit {self._edits}"}
        stamped = {MODIFIED: now} if MODIFIED in row and not values.keys() <= UNSTAMPED else {}
        return self._ledger.balanced(stream, with_values(row | stamped, values), values)


def _ids(list_number: int, count: int) -> list[str]:
    """The ids of a list in ascending order, with gaps."""
    first = FIRST_ID + (list_number + 1) * 1_000_000_000
    return [str(first + 3 * n + n // 7) for n in range(count)]


def organization_ids(count: int) -> list[str]:
    """The one with the data comes first; with several, the last is the user's default and the wrong one to pick."""
    return [str(int(HOME) - n) for n in range(count)]
