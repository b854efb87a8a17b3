"""Any invoicing API with a key: the one that the options describe, or a real product's list of invoices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from time import time
from typing import Any
from urllib.parse import urlencode

import orjson

from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.fastbill_quota import CallQuota
from integration_tests.sandbox.invoiced_data import spread
from integration_tests.sandbox.options import Options
from integration_tests.sandbox.platform import ApiRequest, Page, Part, Platform, Reply
from integration_tests.sandbox.products import PRODUCTS, posing
from integration_tests.sandbox.rest_api_auth import TOKEN_PATH, OAuth, Tokens
from integration_tests.sandbox.rest_api_default import QUESTION, default_manner
from integration_tests.sandbox.rest_api_manner import AskedFor, Manner, at, put
from integration_tests.sandbox.rest_api_options import OPTIONS
from integration_tests.sandbox.rest_api_paging import FOREIGN_PATH, Extras, Refused, Slice, Window, foreign
from integration_tests.sandbox.rest_api_rows import DEFAULT_ROWS, Maker, first_id, make_ids, make_parts
from integration_tests.sandbox.table import BY_KEY, Key, Query, Row, Table
from integration_tests.sandbox.values import Values

MOVED_PATH = "/moved"
"""Where a redirect within this host leads."""
ASKED_FOR = (
    *("type", "value", "username", "password", "token"),
    *("token_url", "client_id", "client_secret", "refresh_token"),
)
"""What a user of a product enters under ``auth``; the address of the tokens only because it is here."""


class RestApi(Platform):
    """An API of the kind that nobody wrote a connector for."""

    name = "rest_api"
    default_rows = DEFAULT_ROWS
    own_options = OPTIONS

    def __init__(self, seed: int, counts: Mapping[str, int], options: Options) -> None:
        super().__init__(seed, counts, options)
        self._pose = options.text("pose")
        self._oauth = OAuth(options)
        self._quota = CallQuota()
        streams = self._manner.paths
        self.tables = {stream: Table(stream, ("id",), self.time_columns) for stream in streams}
        self._parents = self._manner.parents
        self.parts = {
            name: Part(stream, member, f"{stream.removesuffix('s')}_id", "")
            for name, (stream, member) in self._manner.parts.items()
        }
        for stream, table in self.tables.items():
            # Lists that only products have are as long as that of items.
            count = counts.get(stream, counts["items"])
            maker, ids = Maker(Values(seed, stream), undated=self._product is None), make_ids(stream, count)
            if stream in self._parents:
                self._load_children(table, maker, ids)
            else:
                for id_ in ids:
                    table.insert(maker.make(stream, id_))
        self._new = Maker(Values(seed, "mutations"))
        self._edits = 0

    def _load_children(self, table: Table, maker: Maker, ids: list[int]) -> None:
        parents = list(self.tables[self._parents[table.stream]])
        left = iter(ids)
        for parent, size in zip(parents, spread(len(ids) if parents else 0, len(parents), 0), strict=True):
            for _ in range(size):
                table.insert(maker.make(table.stream, next(left)), group=parent)

    @property
    def _product(self) -> Manner | None:
        if self._pose not in PRODUCTS:
            return None
        return posing(self._pose, self.options.number("limit_cap"), limited=self.options.flag("vendor_limits"))

    @property
    def _manner(self) -> Manner:
        return self._product or default_manner(self.options, self._oauth)

    def _manner_of(self, stream: str) -> Manner:
        return self._manner.of(stream)

    def config(self, base_url: str) -> Row:
        """All streams in the words of the connector, or with ``config=minimal`` the address and the credentials."""
        manner = self._manner
        auth = manner.auth.config(base_url)
        if self._product is not None:
            # What a user has to say; the connector knows the rest.
            auth = {name: value for name, value in auth.items() if name in ASKED_FOR}
        platform: Row = {"name": self.name, "base_url": base_url + manner.base_path, "auth": auth}
        if self._product is not None:
            return {"platform": {**platform, "product": self._pose, **manner.platform_config}}
        if self.options.text("config") == "minimal":
            return {"platform": platform}
        streams = [self._stream_config(manner, stream) for stream in manner.paths]
        return {"platform": {**platform, **manner.platform_config, "streams": streams}}

    def _stream_config(self, manner: Manner, stream: str) -> Row:
        params = [{"name": name, "value": value} for name, value in manner.params] + manner.pager.params()
        parent = manner.parents.get(stream)
        above = {"stream": parent, "key": manner.primary_key, "field": manner.parent_field}
        # The lists of parents are the one stream without a cursor.
        left_out = ("cursor_field", "since_param", "since_format") if parent else ()
        return {
            "name": stream,
            "path": manner.paths[stream].removeprefix(manner.base_path),
            **({"params": params} if params else {}),
            "record_path": manner.record_path,
            "primary_key": [manner.primary_key],
            "pagination": manner.pager.config(),
            **{name: value for name, value in manner.stream_config.items() if name not in left_out},
            **({"parent": above} if parent else {}),
        }

    # Answering

    def stream_of(self, request: ApiRequest) -> str | None:
        """The stream named by the path."""
        target = self._target(request)
        return target[0] if target else None

    def page_of(self, request: ApiRequest) -> int | None:
        """The page, counted from 1, however it is asked for."""
        target = self._target(request)
        if target is None:
            return None
        try:
            return self._window(request, *target).page
        except Refused:
            return None

    def answer(self, request: ApiRequest) -> Reply | Page:
        """A page, a token, a redirect or a refusal."""
        manner = self._manner
        if isinstance(manner.auth, Tokens) and request.path == manner.auth.path:
            return manner.auth.token(request)
        if request.path == TOKEN_PATH and self.options.text("auth") == "oauth2":
            return self._oauth.token(request)
        if request.path.startswith(FOREIGN_PATH):
            # Whoever goes there must not notice by the answer: the log of requests tells.
            return Reply(200, manner.body(Page([], 0, 1, 1), Extras()))
        try:
            self._admit(manner, request)
            if (detail := self._detail(request)) is not None:
                return Reply(200, detail)
            target = self._target(request)
            if target is None:
                raise Refused(404, "There is nothing here")
            redirect = self.options.text("redirect")
            if redirect != "none" and not request.path.startswith(MOVED_PATH):
                return self._redirect(request, redirect)
            if target[1] is not None and target[1] not in self.tables[self._parents[target[0]]]:
                raise Refused(404, f"There is no {target[1]}")
            if any(value not in request.headers.get(name, "") for name, value in manner.wants.items()):
                return Reply(200, b'<?xml version="1.0"?><list/>', content_type="application/xml")
            for name, value in manner.demands.items():
                if value not in request.headers.get(name, ""):
                    raise Refused(400, f"The header {name} is missing or wrong")
            return self._page(request, *target)
        except Refused as refusal:
            return self._refusal(refusal.status, refusal.message, request)

    def first_page(self, request: ApiRequest) -> Page | None:
        """Page 1 of the same size."""
        target = self._target(request)
        try:
            return self._page(request, *target, first=True) if target else None
        except Refused:
            return None

    def encode(self, request: ApiRequest, page: Page) -> Reply:
        """The rows in their envelope, with what is told beside them."""
        manner = self._manner_of(self.stream_of(request) or "")
        request = manner.read(request)
        offset = page.offset if isinstance(page, Slice) else 0
        last = self._last_id(manner, page)
        extras = manner.pager.extras(request, page, offset, last)
        return Reply(200, manner.body(page, extras), {**extras.headers, **self._rate_headers(manner)})

    def error(self, status: int, message: str = "") -> Reply:
        """A refusal in the manner of the API."""
        return self._refusal(status, message, None)

    def expire_tokens(self) -> None:
        """End the access token given out last."""
        self._oauth.expire()

    def _refusal(self, status: int, message: str, request: ApiRequest | None) -> Reply:
        manner = self._manner
        message = message or {429: "Too many requests", 401: "Unauthorized"}.get(status, "Something went wrong")
        if request is not None and self.options.flag("echo_url"):
            message += f" ({request.origin}{request.path}?{urlencode(request.query)})"
        headers = self._rate_headers(manner)
        if status == 429 and manner.retry_after:
            headers["Retry-After"] = str(self._quota.opens_in(manner.rate[1]) + int(time()) * manner.retry_at)
        return Reply(status, orjson.dumps(manner.refusal(status, message)), headers)

    def _admit(self, manner: Manner, request: ApiRequest) -> None:
        if not manner.auth.admits(request):
            raise Refused(manner.refusal_status, "The credentials are missing, wrong or misplaced")
        calls, seconds = manner.rate
        if not self._quota.spend(calls, seconds):
            raise Refused(429, f"Too many requests; try again in {self._quota.opens_in(seconds)} seconds")
        if request.method != manner.method:
            raise Refused(405, f"Lists are asked for with {manner.method}")
        if request.method == "POST" and not _same_json(request.body, QUESTION):
            raise Refused(400, "The body is not the question that was agreed on")

    def _rate_headers(self, manner: Manner) -> dict[str, str]:
        calls, seconds = manner.rate
        if not calls:
            return {}
        values = {
            "calls": calls,
            "left": self._quota.left(calls),
            "reset": int(time()) + self._quota.opens_in(seconds),
        }
        return {name: str(values[value]) for name, value in manner.rate_headers.items()}

    def _redirect(self, request: ApiRequest, kind: str) -> Reply:
        query = f"?{urlencode(request.query)}"
        place = foreign(request.origin) if kind == "foreign" else MOVED_PATH
        return Reply(302, b"", {"Location": place + request.path + query})

    def _target(self, request: ApiRequest) -> tuple[str, Key | None] | None:
        """The stream that is asked for and the parent in the path."""
        manner = self._manner
        request = manner.read(request)
        path = request.path.removeprefix(MOVED_PATH)
        for stream, template in manner.paths.items():
            match = re.fullmatch(re.escape(template).replace(r"\{id\}", "([^/]+)"), path)
            if match:
                named = request.parameter(manner.of(stream).parent_param) if stream in manner.parents else None
                parent = match[1] if match.groups() else named
                return stream, parent if parent is None else manner.of(stream).key_of(parent)
        return None

    def _detail(self, request: ApiRequest) -> bytes | None:
        """The single row that is asked for, or its parts, if something is."""
        for stream, template in self._manner.details.items():
            if (key := self._named(request, stream, template)) is not None:
                return self._bodies(stream, [key])[0]
        for name, asked in self._manner.asked_for.items():
            if (key := self._named(request, self.parts[name].stream, asked.address)) is not None:
                return self._parts_body(self.parts[name], asked, key)
        return None

    def _named(self, request: ApiRequest, stream: str, address: str) -> Key | None:
        """The row that a request names, if it is to an address."""
        path, _, parameter = address.partition("?")
        match = re.fullmatch(path.replace("{id}", "([^/]+)"), request.path)
        if match is None:
            return None
        text = request.parameter(parameter) or "" if parameter else match[1]
        key = self._manner_of(stream).key_of(text)
        if key not in self.tables[stream]:
            raise Refused(404, f"There is no {text!r}")
        return key

    def _parts_body(self, part: Part, asked: AskedFor, key: Key) -> bytes:
        manner, table = self._manner_of(part.stream), self.tables[part.stream]
        parts: Any = make_parts(part.member, table.row(key)["id"])
        body: Row = {}
        if asked.holder:
            put(body, asked.holder, manner.dress(part.stream, table.row(key)))
        if asked.total:
            put(body, asked.total, str(len(parts)))
        member = f"{asked.holder}.{part.member}" if asked.holder else part.member
        if parts or not manner.single_object:
            put(body, member, parts[0] if manner.single_object and len(parts) == 1 else parts)
        return orjson.dumps(body)

    def _query(self, request: ApiRequest, stream: str, parent: Key | None) -> Query:
        manner = self._manner_of(stream)
        return Query(manner.sort, parent, manner.bounds(request), manner.where(request))

    def _window(self, request: ApiRequest, stream: str, parent: Key | None) -> Window:
        """The rows asked for."""
        manner = self._manner_of(stream)
        request = manner.read(request)
        if any(not request.parameter(name) for name in manner.needs):
            raise Refused(400, f"{' and '.join(manner.needs)} have to be named")

        def position(text: str) -> int:
            table = self.tables[stream]
            _, keys = table.select(self._query(request, stream, parent), 0, len(table))
            return _after(keys, manner.key_of(text), manner, lenient=self._product is None)

        return manner.pager.window(request, position)

    def _page(self, request: ApiRequest, stream: str, parent: Key | None, first: bool = False) -> Page:
        window = self._window(request, stream, parent)
        deepest = self.options.number("max_offset")
        if deepest and window.offset + window.size > deepest:
            raise Refused(400, f"Rows beyond {deepest} cannot be listed")
        offset = 0 if first or self.options.flag("ignore_paging") else window.offset
        table = self.tables[stream]
        query = self._query(self._manner.read(request), stream, parent)
        total, keys = table.select(query, offset, window.size)
        rows = self._heads(stream, keys) if stream in self._manner.details else self._bodies(stream, keys)
        return Slice(rows, total, window.page, window.size, offset=offset)

    def _bodies(self, stream: str, keys: Iterable[Key], parents: bool = False) -> list[bytes]:
        """Rows as they are sent, or with ``parents`` as they are to be read: with the customer they live under."""
        manner, table = self._manner_of(stream), self.tables[stream]
        style = () if self._product else tuple(self.options.text(name) for name in ("ids", "times", "key"))
        apart = self._manner.asked_for
        members = [part.member for name, part in self.parts.items() if part.stream == stream and name not in apart]

        def dress(row: Row) -> Row:
            sent = manner.dress(stream, row)
            for member in members:
                put(sent, member, make_parts(member, row["id"]))
            return sent

        if not parents or stream not in self._parents:
            return [table.body(key, style, dress) for key in keys]
        bodies = []
        for key in keys:
            group = table.group_of(key)
            id_of = manner.parent_id or self._manner_of(self._parents[stream]).id_of
            customer = {manner.parent_field: id_of(group) if isinstance(group, int) else group}
            bodies.append(orjson.dumps(dress(table.row(key)) | customer))
        return bodies

    def _heads(self, stream: str, keys: Iterable[Key]) -> list[bytes]:
        """Rows without what only their details hold."""
        manner = self._manner_of(stream)
        bare = [{name: self.tables[stream].row(key)[name] for name in ("id", "updated_at")} for key in keys]
        return [orjson.dumps(manner.dress(stream, row)) for row in bare]

    def _last_id(self, manner: Manner, page: Page) -> str | None:
        """Of a page without rows there is none, and none of rows that a fault has spoilt."""
        value = at(orjson.loads(page.rows[-1]), manner.primary_key) if page.rows else None
        return None if value is None else str(value)

    # Data

    def truth(self, stream: str) -> list[bytes]:
        """The rows as they are sent; those under a customer with ``customer_id``."""
        return self._bodies(stream, self.table(stream), parents=True)

    def parts_of(self, name: str) -> list[Row]:
        """What stands inside rows, each with its document's key and its position."""
        part = self.parts[name]
        key = self._manner_of(part.stream).primary_key
        documents = [orjson.loads(body) for body in self.truth(part.stream)]
        return [
            {**row, part.document: at(document, key), "position": position}
            for id_, document in zip(self.table(part.stream), documents, strict=True)
            for position, row in enumerate(make_parts(part.member, self.table(part.stream).row(id_)["id"]), start=1)
        ]

    def new_row(self, stream: str, values: Row, customer: Key | None, now: int) -> tuple[Row, Key | None]:
        """A row of the usual kind, changed now. ``values`` are as kept: ``updated_at`` in unix seconds."""
        parent = None
        if stream in self._parents:
            if self.lacks_parent(stream):
                raise SandboxError(f"{stream} live under a customer, and there is none.")
            above = self.tables[self._parents[stream]]
            parent = next(iter(above)) if customer is None else customer
            if parent not in above:
                raise SandboxError(f"There is no customer {parent!r}.")
        id_ = max(self.table(stream).next_id, first_id(stream))
        return self._new.make(stream, id_, now) | values, parent

    def edited_row(self, stream: str, row: Row, values: Row, now: int) -> Row:
        """Changes the given fields or some text, and moves ``updated_at``."""
        self._edits += 1
        name = "notes" if "notes" in row else "note"
        return row | {"updated_at": now} | (values or {name: f"edit {self._edits}"})

    def lacks_parent(self, stream: str) -> bool:
        """Whether there is no customer."""
        return stream in self._parents and not len(self.tables[self._parents[stream]])

    def dependants(self, stream: str, key: Key) -> list[tuple[str, Key]]:
        """A customer takes its own list along."""
        children = [child for child, parent in self._parents.items() if parent == stream]
        return [(child, row) for child in children for row in self.tables[child].keys_under(key)]


def _after(keys: list[Key], key: int, manner: Manner, lenient: bool) -> int:
    """The place behind a key, which may have been deleted: then, where the order tells it, the place it would have."""
    if key in keys:
        return keys.index(key) + 1
    if not lenient:
        raise Refused(400, "There is no such row to start after")
    numbers = [number for number in keys if isinstance(number, int)]
    if manner.sort == BY_KEY:
        return sum(number < key for number in numbers)
    if manner.sort == (("id", True),):
        return sum(number > key for number in numbers)
    raise Refused(400, "There is no such row to start after")


def _same_json(body: bytes, wanted: str) -> bool:
    try:
        return bool(orjson.loads(body) == orjson.loads(wanted))
    except orjson.JSONDecodeError:
        return False
