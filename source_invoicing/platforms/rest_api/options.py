"""The declared resources as typed objects, and every complaint about them.

Each complaint names the property by its path (``platform.streams[0].pagination.path``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from source_invoicing.config import Fields
from source_invoicing.http.secrets import mask
from source_invoicing.platforms.rest_api.pagers import (
    CursorPager,
    LinkHeaderPager,
    NextUrlPager,
    NoPager,
    OffsetPager,
    PagePager,
    Pager,
)
from source_invoicing.platforms.rest_api.timestamps import FORMATS, fault_in_pattern
from source_invoicing.streams.normalise import PYTHON_TYPES

MOST_ROWS = 10_000
MOST_PAGES = 1_000_000
MOST_OFFSET = 1_000_000_000
MOST_CALLS = 1_000_000
MOST_SECONDS = 86_400
# A page of one row leaves no room for the overlap that proves the walk by offset.
FEWEST_ROWS_BY_OFFSET = 2

AUTH_TYPES = ("api_key", "basic", "bearer", "oauth2", "none")
LOCATIONS = ("query", "header")
METHODS = ("GET", "POST")
CURSOR_SOURCES = ("last_record", "body")
PLACE_OF_ID = "{id}"
WHOLE_BODY = "."
PLACEHOLDER = re.compile(r"\{[^}]*\}")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SOUNDS_SECRET = re.compile(r"key|token|secret|passw|auth|cookie|session|signature", re.IGNORECASE)
# Which column to sort by, or whose records to read.
IS_NO_SECRET = re.compile(r"(?:sort|order|group)(?:ed|ing)?[_-]?(?:by)?[_-]?key|keyword|author(?!i)", re.IGNORECASE)
# RFC 9110, section 5.6.2.
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# "data[0]" and "data[*]" of JSONPath.
SUBSCRIPT = re.compile(r"\[[^\]]*\]$")

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Auth:
    """How requests prove who sends them; which of the fields count depends on the type.

    :param name: of the header or the query parameter that holds the key
    """

    type: str
    location: str = "query"
    name: str = ""
    value: str = ""
    prefix: str = ""
    username: str = ""
    password: str = ""
    token: str = ""
    token_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str = ""

    @property
    def query_name(self) -> str:
        """The query parameter that holds the key; empty where none does."""
        return self.name if self.type == "api_key" and self.location == "query" else ""

    @property
    def header_name(self) -> str:
        """The header that holds the credentials; empty where none does."""
        if self.type == "none" or self.query_name:
            return ""
        return self.name if self.type == "api_key" else "Authorization"


@dataclass(frozen=True)
class Parent:
    """Whose rows have lists of this resource.

    :param stream: name of the parent's stream
    :param key: dotted path of the id in the parent's record
    :param field: field of this resource's records that gets the id
    """

    stream: str
    key: str
    field: str


@dataclass(frozen=True)
class Resource:
    """One declared stream. Names are those of the configuration, paths are dotted."""

    name: str
    path: str
    params: Pairs
    method: str
    body: Mapping[str, Any]
    record_path: str
    single_object_as_list: bool
    primary_key: tuple[str, ...]
    pager: Pager
    cursor_field: str
    since_param: str
    since_format: str
    parent: Parent | None
    error_path: str
    json_schema: Mapping[str, Any] | None


@dataclass(frozen=True)
class Options:
    """What the user declared.

    :param rate: calls, and the seconds in which so many are allowed
    """

    base_url: str
    auth: Auth
    headers: Pairs
    rate: tuple[int, int] | None
    resources: tuple[Resource, ...]

    @classmethod
    def parse(cls, fields: Fields) -> Options:
        """Read the platform's part of a configuration.

        :raises Failure: with the sentence for the first thing that is wrong
        """
        fields.text("base_url", why="It is the address of the API, such as https://api.example.com.")
        base_url = fields.url("base_url", default="")
        auth = _auth(fields.object("auth"))
        return cls(
            base_url=base_url,
            auth=auth,
            headers=_headers(fields, auth),
            rate=_rate(fields.optional_object("rate")),
            resources=_resources(fields.objects("streams"), auth),
        )

    def find(self, name: str) -> Resource:
        """The resource of that name."""
        return next(resource for resource in self.resources if resource.name == name)


# -- the account ----------------------------------------------------------------------------------------------------


def _auth(fields: Fields) -> Auth:
    kind = fields.choice("type", AUTH_TYPES)
    if kind == "basic":
        auth = Auth(kind, username=fields.optional_text("username"), password=fields.optional_text("password"))
        if not auth.username and not auth.password:
            raise fields.complaint("username", "and password are both empty; give one of them, or set type to none")
        return auth
    if kind == "bearer":
        return Auth(kind, token=fields.text("token", why="It is the access token of the API."))
    if kind == "oauth2":
        fields.text("token_url", why="It is where the API hands out access tokens.")
        token_url = fields.url("token_url", default="")
        if not urlsplit(token_url).path:
            raise fields.complaint("token_url", "should have a path, such as https://login.example.com/oauth/token")
        return Auth(
            kind,
            token_url=token_url,
            client_id=fields.text("client_id", why="It is what the API calls your application."),
            client_secret=fields.text("client_secret", why="It belongs to the client id."),
            refresh_token=fields.text("refresh_token", why="It is what you got when you let the application in."),
        )
    if kind == "none":
        return Auth(kind)
    location = fields.choice("location", LOCATIONS, default="query")
    # A blank behind the word is meant: "Token ".
    prefix = fields.raw_text("prefix")
    if prefix and location == "query":
        raise fields.complaint("prefix", "goes with location header only; leave it out")
    name = fields.optional_text("name", "api_key") or "api_key"
    if location == "header":
        _check_header_name(fields, name)
    return Auth(kind, location, name, fields.text("value", why="It is the API key."), prefix)


def _headers(fields: Fields, auth: Auth) -> Pairs:
    headers: list[tuple[str, str]] = []
    for field in fields.objects("headers"):
        name = field.text("name", why="It is the name of a header.")
        value = field.text("value", why="It is what the header says.")
        _check_header_name(field, name)
        if not value.isprintable() or not _fits_a_header(value):
            raise field.complaint("value", "holds a line break or another sign that no header can hold")
        if name.lower() == auth.header_name.lower():
            raise field.complaint(
                "name", f"is {name}, which the credentials of platform.auth are sent in; leave it out"
            )
        if name.lower() in (known.lower() for known, _ in headers):
            raise field.complaint("name", f"is {name} a second time")
        _mask_if_secret(name, value)
        headers.append((name, value))
    return tuple(headers)


def _check_header_name(fields: Fields, name: str) -> None:
    if not HEADER_NAME.fullmatch(name):
        raise fields.complaint(
            "name", f"is no name of a header: {name!r}. It holds ASCII letters, digits and hyphens, and no colon"
        )


def _fits_a_header(value: str) -> bool:
    try:
        value.encode("latin-1")  # which is what headers are sent in
    except UnicodeEncodeError:
        return False
    return True


def _rate(fields: Fields | None) -> tuple[int, int] | None:
    if fields is None:
        return None
    calls = fields.integer("calls", None, 1, MOST_CALLS)
    seconds = fields.integer("per_seconds", None, 1, MOST_SECONDS)
    if calls is None and seconds is None:
        return None
    if calls is None or seconds is None:
        missing = "calls" if calls is None else "per_seconds"
        raise fields.complaint(missing, "is missing; calls and per_seconds belong together")
    return calls, seconds


# -- the streams ----------------------------------------------------------------------------------------------------


def _resources(declared: Sequence[Fields], auth: Auth) -> tuple[Resource, ...]:
    if not declared:
        declared = [Fields({"name": "invoices", "path": "/v1/invoices"}, "platform.streams[0]")]
    resources = [_resource(fields, auth) for fields in declared]
    for index, (fields, resource) in enumerate(zip(declared, resources, strict=True)):
        if resource.name in (other.name for other in resources[:index]):
            raise fields.complaint("name", f"is {resource.name!r} a second time; each stream needs a name of its own")
        if resource.parent is not None:
            _check_parent(fields.object("parent"), resource, resources)
    return tuple(resources)


def _check_parent(fields: Fields, child: Resource, resources: Sequence[Resource]) -> None:
    assert child.parent is not None
    parent = next((other for other in resources if other.name == child.parent.stream), None)
    if parent is None or parent is child:
        known = ", ".join(other.name for other in resources if other is not child) or "(none)"
        raise fields.complaint("stream", f"is {child.parent.stream!r}, but the other streams are: {known}")
    if parent.parent is not None:
        raise fields.complaint("stream", f"is {parent.name!r}, which has a parent itself; one level is what there is")
    keys = {other.parent.key for other in resources if other.parent and other.parent.stream == parent.name}
    if len(keys) > 1:
        raise fields.complaint("key", f"should be the same in all children of {parent.name}, found {sorted(keys)}")


def _dotted(fields: Fields, name: str, default: str = "") -> str:
    """A path into JSON that may be left out."""
    path = fields.optional_text(name, default)
    _check_dotted(fields, name, path)
    return path


def _check_dotted(fields: Fields, name: str, path: str) -> None:
    steps = path.split(".") if path else []
    if not all(step.strip() for step in steps):
        raise fields.complaint(name, f"should be names joined by single dots, found {path!r}")
    if path == "$" or path.startswith("$.") or any(map(SUBSCRIPT.search, steps)):
        raise fields.complaint(
            name, f"should be names joined by dots, such as data.items or data.0, and not JSONPath, found {path!r}"
        )


def _resource(fields: Fields, auth: Auth) -> Resource:
    name = fields.text("name", why="It is what the stream is called.")
    if not NAME.fullmatch(name):
        raise fields.complaint("name", f"should be letters, digits and underscores, found {name!r}")
    method = fields.choice("method", METHODS, default="GET")
    primary_key = tuple(fields.texts("primary_key", ["id"]))
    for index, path in enumerate(primary_key):
        _check_dotted(fields, f"primary_key[{index}]", path)
    pager = _pager(fields.optional_object("pagination"), primary_key)
    cursor_field = _dotted(fields, "cursor_field")
    since_param = fields.optional_text("since_param")
    if since_param and not cursor_field:
        raise fields.complaint("since_param", "goes with cursor_field only: without it no sync knows where it stands")
    parent = _parent(fields.optional_object("parent"))
    resource = Resource(
        name=name,
        path=_path(fields, parent),
        params=_params(fields, auth, pager, since_param),
        method=method,
        body=_body(fields, method),
        record_path=_record_path(fields),
        single_object_as_list=fields.flag("single_object_as_list"),
        primary_key=primary_key,
        pager=pager,
        cursor_field=cursor_field,
        since_param=since_param,
        since_format=_since_format(fields),
        parent=parent,
        error_path=_dotted(fields, "error_path"),
        json_schema=_json_schema(fields),
    )
    if len(set(primary_key)) != len(primary_key):
        raise fields.complaint("primary_key", "names a field twice")
    if parent is not None and primary_key == (parent.field,):
        raise fields.object("parent").complaint(
            "field",
            f"is {parent.field!r}, which is the whole primary_key: the id of the parent would take the place of what "
            "tells the records of a parent apart. Give it another name, or name further fields in primary_key",
        )
    if resource.error_path and f"{resource.record_path}.".startswith(f"{resource.error_path}."):
        raise fields.complaint(
            "error_path",
            f"is {resource.error_path!r}, where record_path finds the records; it should be where an error stands",
        )
    if since_param and since_param in pager.names:
        raise fields.complaint("since_param", f"is {since_param!r}, which pagination sets")
    if len(set(pager.names)) != len(pager.names):
        raise fields.complaint("pagination", f"uses the parameter {pager.names[0]!r} for two things")
    if auth.query_name and auth.query_name in (*pager.names, since_param):
        raise fields.complaint("pagination", f"uses the parameter {auth.query_name!r}, which holds the key")
    return resource


def _record_path(fields: Fields) -> str:
    # A form may not keep an empty text.
    path = fields.optional_text("record_path", "data").removeprefix(WHOLE_BODY)
    _check_dotted(fields, "record_path", path)
    return path


def _path(fields: Fields, parent: Parent | None) -> str:
    path = fields.text("path", why="It is where the list is, below base_url, such as /v1/invoices.")
    if "://" in path or path.startswith("//"):
        raise fields.complaint("path", "should be a path below base_url, without a host: the key is not sent elsewhere")
    if "?" in path or "#" in path:
        raise fields.complaint("path", "should hold no query (?...) and no fragment (#...); use params")
    if any(step in (".", "..") for step in path.split("/")):
        raise fields.complaint("path", "should hold no . or .. steps")
    places = PLACEHOLDER.findall(path)
    if parent is None and places:
        raise fields.complaint("path", f"holds {places[0]}, but the stream names no parent")
    if parent is not None and places != [PLACE_OF_ID]:
        raise fields.complaint("path", f"should hold {PLACE_OF_ID} once, where the id of the parent goes")
    return path.lstrip("/")


def _params(fields: Fields, auth: Auth, pager: Pager, since_param: str) -> Pairs:
    params = []
    for field in fields.objects("params"):
        name = field.text("name", why="It is the name of a query parameter.")
        value = field.raw_text("value")
        if auth.query_name and name.lower() == auth.query_name.lower():
            raise field.complaint("name", f"is {name!r}, which platform.auth sets with the key; leave it out")
        if name in pager.names:
            raise field.complaint("name", f"is {name!r}, which pagination sets; leave it out")
        if name == since_param:
            raise field.complaint("name", f"is {name!r}, which since_param sets; leave it out")
        _mask_if_secret(name, value)
        params.append((name, value))
    return tuple(params)


def _body(fields: Fields, method: str) -> Mapping[str, Any]:
    text = fields.optional_text("body")
    if not text:
        return {}
    if method != "POST":
        raise fields.complaint("body", "goes with method POST only")
    return _json_object(fields, "body", text)


def _json_schema(fields: Fields) -> Mapping[str, Any] | None:
    text = fields.optional_text("json_schema")
    if not text:
        return None
    schema = _json_object(fields, "json_schema", text)
    if not isinstance(schema.get("properties"), dict):
        raise fields.complaint("json_schema", 'should be a JSON schema of an object, with "properties"')
    if fault := _fault_in_schema(schema):
        raise fields.complaint("json_schema", f"is no JSON schema at {fault}")
    return {"type": "object", "additionalProperties": True, **schema}


def _fault_in_schema(schema: Any, path: str = "$") -> str:
    """The path of the first part that cannot be one, as far as records are made to fit it; empty without any."""
    if not isinstance(schema, dict):
        return path
    types, properties = schema.get("type", []), schema.get("properties", {})
    names = types if isinstance(types, list) else [types]
    if not all(isinstance(name, str) and name in PYTHON_TYPES for name in names):
        return f"{path}.type"
    if not isinstance(properties, dict):
        return f"{path}.properties"
    members = {f"{path}.properties.{name}": member for name, member in properties.items()}
    if isinstance(schema.get("items"), dict):
        members[f"{path}.items"] = schema["items"]
    return next((fault for at, member in members.items() if (fault := _fault_in_schema(member, at))), "")


def _json_object(fields: Fields, name: str, text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise fields.complaint(name, f"should be a JSON text: {error}") from None
    if not isinstance(value, dict):
        raise fields.complaint(name, "should be the JSON text of an object")
    return value


def _since_format(fields: Fields) -> str:
    form = fields.optional_text("since_format", "iso8601") or "iso8601"
    if form not in FORMATS and "%" not in form:
        raise fields.complaint(
            "since_format", f"should be {', '.join(FORMATS)} or a pattern such as %d/%m/%Y, found {form!r}"
        )
    if form not in FORMATS and (fault := fault_in_pattern(form)):
        raise fields.complaint("since_format", f"should be a pattern such as %d/%m/%Y, but {form!r} {fault}")
    return form


def _parent(fields: Fields | None) -> Parent | None:
    if fields is None:
        return None
    stream = fields.text("stream", why="It is the name of the stream whose records have lists of this one.")
    return Parent(stream, _dotted(fields, "key", "id") or "id", fields.optional_text("field") or f"{stream}_id")


def _pager(fields: Fields | None, primary_key: Sequence[str]) -> Pager:
    if fields is None:
        return OffsetPager()
    kind = fields.choice("type", (*PAGERS, "cursor"))
    if kind == "cursor":
        return _cursor_pager(fields, primary_key)
    return PAGERS[kind](fields)


def _offset_pager(fields: Fields) -> Pager:
    return OffsetPager(
        limit_param=fields.optional_text("limit_param", "limit"),
        offset_param=fields.optional_text("offset_param", "offset") or "offset",
        size=fields.integer("limit", 100, FEWEST_ROWS_BY_OFFSET, MOST_ROWS) or 100,
        total_path=_dotted(fields, "total_path"),
        has_more_path=_dotted(fields, "has_more_path"),
        max_offset=fields.integer("max_offset", None, 1, MOST_OFFSET),
    )


def _page_pager(fields: Fields) -> Pager:
    return PagePager(
        page_param=fields.optional_text("page_param", "page") or "page",
        size_param=fields.optional_text("size_param", "per_page"),
        size=fields.integer("size", 100, 1, MOST_ROWS) or 100,
        start_page=1 if fields.integer("start_page", 1, 0, 1) else 0,
        max_page=fields.integer("max_page", None, 1, MOST_PAGES),
        total_path=_dotted(fields, "total_path"),
        total_pages_path=_dotted(fields, "total_pages_path"),
        has_more_path=_dotted(fields, "has_more_path"),
    )


def _cursor_pager(fields: Fields, primary_key: Sequence[str]) -> Pager:
    param = fields.text("cursor_param", why="It is the query parameter that takes the cursor.")
    from_last_record = fields.choice("source", CURSOR_SOURCES, default="last_record") == "last_record"
    path = _dotted(fields, "path", primary_key[0] if from_last_record and len(primary_key) == 1 else "")
    if not path:
        place = "the last record" if from_last_record else "the body"
        raise fields.complaint("path", f"is missing. It is where the cursor is in {place}")
    return CursorPager(param, from_last_record, path, _dotted(fields, "has_more_path"), _dotted(fields, "total_path"))


def _next_url_pager(fields: Fields) -> Pager:
    path, header = _dotted(fields, "path"), fields.optional_text("header")
    if not path and not header:
        raise fields.complaint(
            "path", "is missing. It is where the address of the next page is in the body; or set header"
        )
    if path and header:
        raise fields.complaint("header", "and path are both set; the address of the next page is in one place")
    return NextUrlPager(path, header, _dotted(fields, "total_path"))


PAGERS: Mapping[str, Callable[[Fields], Pager]] = {
    "offset": _offset_pager,
    "page": _page_pager,
    "link_header": lambda fields: LinkHeaderPager(
        fields.optional_text("rel", "next") or "next", _dotted(fields, "total_path")
    ),
    "next_url": _next_url_pager,
    "none": lambda fields: NoPager(_dotted(fields, "total_path")),
}


def _mask_if_secret(name: str, value: str) -> None:
    """Secrets inside lists are not masked by the CDK, wherever the form says they are secret."""
    if SOUNDS_SECRET.search(IS_NO_SECRET.sub("", name)):
        mask(value)
