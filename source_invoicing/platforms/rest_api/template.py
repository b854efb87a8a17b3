"""The request for a page: path, query, headers and body, with placeholders.

- ``{since}``, and ``{from}`` and ``{to}`` of a window: times, also with a format: ``{since:%Y-%m-%d}``
- ``{offset}``, ``{limit}``, ``{page}`` and ``{cursor}`` of the pagination
- ``{id}`` and ``{parent}`` of the parents, ``{value}`` of a list of values

All other braces are text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from typing_extensions import Self

from source_invoicing.config import Fields
from source_invoicing.http import Request, config_failure, logger, mask_with_scheme
from source_invoicing.platforms.rest_api.paths import MISSING, dig, parse_path, parse_record_path, set_path
from source_invoicing.platforms.rest_api.timestamps import check_format, filter_value, format_time
from source_invoicing.streams.child import path_segment

Pairs = tuple[tuple[str, str], ...]

AUTHORIZATION = "Authorization"
# RFC 9110, section 5.6.2.
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
SOUNDS_SECRET = re.compile(r"key|token|secret|passw|auth|cookie|session|signature", re.IGNORECASE)
# Parameters for the column to sort by, or for whose records to read.
NOT_SECRET = re.compile(r"(?:sort|order|group)(?:ed|ing)?[_-]?(?:by)?[_-]?key|keyword|author(?!i)", re.IGNORECASE)
METHODS = ("GET", "POST")
#: Placeholders for times, which may have a format.
OF_TIMES: Mapping[str, Callable[[str, int], str | int]] = {
    "since": filter_value,
    "from": format_time,
    "to": format_time,
}
OF_PAGES = ("offset", "limit", "page", "cursor")
OF_LISTS = ("id", "parent", "value")
NAMES = (*OF_TIMES, *OF_PAGES, *OF_LISTS)
# The name and, for a time, the format.
PLACEHOLDER = re.compile(rf"\{{(?!(?:{'|'.join((*OF_PAGES, *OF_LISTS))}):)({'|'.join(NAMES)})(?::([^{{}}]+))?\}}")
BRACES = re.compile(r"\{([A-Za-z_]+)(?::[^{}]*)?\}")

#: Returns the value of a placeholder by its name and format; ``None`` if it has none yet.
ValueOf = Callable[[str, str | None], Any]


@dataclass(frozen=True)
class PlatformOptions:
    """Options of the platform that concern all streams.

    :param key_param: the query parameter that holds the key; empty where none does
    :param headers: headers that hold placeholders
    :param taken_headers: headers that no stream may set: what sets them, by name in lower case
    :param has_start_date: whether the configuration names a start date
    """

    key_param: str
    headers: Pairs
    taken_headers: Mapping[str, str]
    has_start_date: bool


@dataclass(frozen=True)
class RequestTemplate:
    """The request for a page of a stream. Names are those of the configuration.

    :param shared_headers: headers of the platform that hold placeholders; omitted while those have no value
    :param named: parameters that other options name, and the placeholder whose value each takes. They go into the body
        if it has a place for them, and otherwise into the query
    :param formats: default format of each placeholder for a time
    :param text: placeholders that are plain text in the body of this stream
    """

    path: str
    params: Pairs = ()
    headers: Pairs = ()
    shared_headers: Pairs = ()
    named: Pairs = ()
    method: str = "GET"
    body: Mapping[str, Any] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)
    text: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, fields: Fields, platform: PlatformOptions) -> Self:
        """Read path, params, headers, method and body of a stream."""
        method = fields.choice("method", METHODS, default="GET")
        own = parse_headers(fields, platform.taken_headers)
        names = {name.lower() for name, _ in own}
        return cls(
            path=parse_resource_path(fields),
            params=parse_params(fields, platform.key_param),
            headers=own,
            shared_headers=tuple(pair for pair in platform.headers if pair[0].lower() not in names),
            method=method,
            body=_body(fields, method),
        )

    @property
    def placeholders(self) -> frozenset[str]:
        """The names of the placeholders that occur anywhere."""
        found = {name for _, text in self._texts() for name in placeholders_in(text)}
        return frozenset(found - self.text)

    def checked(self, fields: Fields, unavailable: Mapping[str, str]) -> Self:
        """The same, once its placeholders have been checked.

        :param fields: the stream
        :param unavailable: why a placeholder has no value in this stream, by its name
        """
        literal = set()
        for where, text in self._texts():
            for found in PLACEHOLDER.finditer(text):
                name, form = found.groups()
                if form:
                    check_format(fields, where, form)
                if name not in unavailable:
                    continue
                if where != "body" or name not in OF_LISTS:
                    raise fields.complaint(where, f"holds {found[0]}, but {unavailable[name]}")
                # In GraphQL, it may be a selection of fields.
                literal.add(name)
                logger.warning("%s", fields.remark(where, f"holds {found[0]}, which is text: {unavailable[name]}"))
            _warn_of_near_misses(fields, where, text)
        return replace(self, text=frozenset(literal))

    def with_values(self, values: Mapping[str, Any]) -> str:
        """The path with the values of a list filled in; other placeholders stay."""
        chosen = values.keys() & OF_LISTS
        return PLACEHOLDER.sub(
            lambda found: path_segment(values[found[1]]) if found[1] in chosen else found[0], self.path
        )

    def request(self, path: str, values: Mapping[str, Any]) -> Request:
        """The request for a page.

        :param path: of the list, from :meth:`with_values`
        :param values: of the placeholders; times in seconds since 1970 (UTC)
        """

        def value_of(name: str, form: str | None = None) -> Any:
            value: Any = f"{{{name}}}" if name in self.text else values.get(name)
            if value is None or name not in OF_TIMES:
                return value
            return OF_TIMES[name](form or self.formats[name], value)

        def segment_of(found: re.Match[str]) -> str:
            value = value_of(*found.groups())
            return found[0] if value is None else path_segment(value)

        query = _filled_pairs(self.params, value_of)
        body: Any = _filled(self.body, value_of) if self.method == "POST" else None
        for param, name in self.named:
            value = value_of(name)
            if value is not None and body is not None and dig(body, param) is not MISSING:
                set_path(body, param, value)
            elif value is not None:
                query.append((param, str(value)))
        filled = PLACEHOLDER.sub(segment_of, path)
        headers = dict(_filled_pairs((*self.headers, *self.shared_headers), value_of))
        for header, text in headers.items():
            if not fits_header(text):
                raise config_failure(
                    f"The header {header} cannot be sent for /{path}: what its placeholder stands for holds a line "
                    "break or another sign that no header can hold. Send it in path or params instead."
                )
        request = Request(filled, query, method=self.method, json=body, headers=headers)
        # In messages, all pages of a list have the same name.
        return request if filled == path else replace(request, label=f"/{path}")

    def _texts(self) -> Iterator[tuple[str, str]]:
        """All texts that may hold placeholders, each with its property."""
        yield "path", self.path
        for name, pairs in (("params", self.params), ("headers", self.headers)):
            for index, (_, text) in enumerate(pairs):
                yield f"{name}[{index}].value", text
        for text in _texts_in(self.body):
            yield "body", text


@dataclass(frozen=True)
class DetailRequest:
    """One request for each record that is new or changed. Names are those of the configuration, paths are dotted.

    :param template: its path and query
    :param record_path: where the record is in the answer
    :param total_path: where the answer holds the number of its parts; empty if it does not
    """

    template: RequestTemplate
    record_path: str
    total_path: str

    @classmethod
    def parse(
        cls, fields: Fields | None, allowed: Collection[str], key_param: str, *, has_parts: bool = False
    ) -> Self | None:
        """The request, if any: without one, Airbyte's form sends an object without ``path``.

        :param fields: the object ``detail`` of a stream
        :param allowed: placeholders that have a value beside ``{id}``
        :param key_param: the query parameter that holds the key; empty where none does
        :param has_parts: whether the stream is one of parts, which an answer may count
        """
        if fields is None:
            return None
        record_path = parse_record_path(fields)
        params = parse_params(fields, key_param)
        total_path = parse_path(fields, "total_path")
        if not fields.optional_text("path"):
            if record_path or params or total_path:
                raise fields.complaint("path", "is missing. It is where a single record is, such as /v1/invoices/{id}")
            return None
        if total_path and not has_parts:
            raise fields.complaint("total_path", "goes with a stream that has from and expand: it counts the parts")
        template = RequestTemplate(parse_resource_path(fields), params)
        if "id" not in template.placeholders or not template.placeholders <= {"id", *allowed}:
            known = " and ".join(f"{{{name}}}" for name in sorted({"id", *allowed}))
            raise fields.complaint(
                "path", f"should hold {{id}}, the key of a record, unless params do; and nothing else but {known}"
            )
        return cls(template, record_path, total_path)


def placeholders_in(text: str) -> list[str]:
    """The names of the placeholders in a text."""
    return [found[1] for found in PLACEHOLDER.finditer(text)]


def _fill(text: str, value_of: ValueOf) -> Any:
    """A text with its placeholders filled; ``None`` if one has no value. A placeholder that is the whole text keeps the
    type of its value."""
    found = PLACEHOLDER.fullmatch(text)
    if found:
        return value_of(*found.groups())
    values = [value_of(*each.groups()) for each in PLACEHOLDER.finditer(text)]
    if None in values:
        return None
    remaining = map(str, values)
    return PLACEHOLDER.sub(lambda _: next(remaining), text)


def _filled_pairs(pairs: Pairs, value_of: ValueOf) -> list[tuple[str, str]]:
    filled = ((name, _fill(text, value_of)) for name, text in pairs)
    return [(name, str(value)) for name, value in filled if value is not None]


def _filled(part: Any, value_of: ValueOf) -> Any:
    """A part of a body, without members and elements whose placeholder has no value."""
    if isinstance(part, Mapping):
        members = {name: _filled(member, value_of) for name, member in part.items()}
        return {name: member for name, member in members.items() if member is not None or part[name] is None}
    if isinstance(part, list):
        elements = [(each, _filled(each, value_of)) for each in part]
        return [filled for each, filled in elements if filled is not None or each is None]
    return _fill(part, value_of) if isinstance(part, str) else part


def _texts_in(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    members: Iterable[Any] = part.values() if isinstance(part, Mapping) else part if isinstance(part, list) else ()
    for member in members:
        yield from _texts_in(member)


def _warn_of_near_misses(fields: Fields, where: str, text: str) -> None:
    for found in BRACES.finditer(text):
        near = difflib.get_close_matches(found[1], NAMES, n=1)
        if near and not PLACEHOLDER.fullmatch(found[0]):
            what = f"holds {found[0]}, which is text; the nearest placeholder is {{{near[0]}}}"
            logger.warning("%s", fields.remark(where, what))


def parse_resource_path(fields: Fields) -> str:
    """The path of a resource below the base URL, which may hold placeholders.

    :raises Failure: when it leads elsewhere, or holds other braces
    """
    path = fields.text("path", why="It is where the list is, below base_url, such as /v1/invoices.")
    if "://" in path or path.startswith("//"):
        raise fields.complaint("path", "should be a path below base_url, without a host: the key is not sent elsewhere")
    outside = PLACEHOLDER.sub("", path)
    if "?" in outside or "#" in outside:
        raise fields.complaint("path", "should hold no query (?...) and no fragment (#...); use params")
    if any(step in (".", "..") for step in path.split("/")):
        raise fields.complaint("path", "should hold no . or .. steps")
    if braces := re.search(r"\{[^}]*\}?", outside):
        known = ", ".join(f"{{{name}}}" for name in NAMES)
        raise fields.complaint("path", f"holds {braces[0]}, which is no placeholder; they are {known}")
    return path.lstrip("/")


def parse_params(fields: Fields, key_param: str) -> Pairs:
    """Query parameters that the configuration declares, with their placeholders.

    :param key_param: the one that holds the key; empty where none does
    """
    params = []
    for each in fields.objects("params"):
        name = each.text("name", why="It is the name of a query parameter.")
        if key_param and name.lower() == key_param.lower():
            raise each.complaint("name", f"is {name!r}, which platform.auth sets with the key; leave it out")
        value = each.raw_text("value")
        mask_if_secret(name, value)
        params.append((name, value))
    return tuple(params)


def parse_headers(fields: Fields, taken: Mapping[str, str], *, secret: bool = False) -> Pairs:
    """Headers that the configuration declares, under ``headers`` or ``secret_headers``.

    :param fields: the object that holds them
    :param taken: what already sets other headers, by their name in lower case
    :param secret: whether to read those whose values are secret
    """
    headers: list[tuple[str, str]] = []
    taken = dict(taken)
    for each in fields.objects("secret_headers" if secret else "headers"):
        name = each.text("name", why="It is the name of a header.")
        value = each.text("value", why=f"It is what the header {name} says.")
        if secret:
            mask_with_scheme(value)
        check_header_name(each, name)
        if not fits_header(value):
            raise each.complaint("value", "holds a line break or another sign that no header can hold")
        if (other := taken.get(name.lower())) is not None:
            raise each.complaint("name", f"is {name}, which {other}; leave it out")
        taken[name.lower()] = "stands there already"
        mask_if_secret(name, value)
        headers.append((name, value))
    return tuple(headers)


def fits_header(value: str) -> bool:
    """Whether a header can have this value: they are sent in Latin-1."""
    return value.isprintable() and max(value, default="") <= "\xff"


def check_header_name(fields: Fields, name: str, option: str = "name") -> None:
    """Check that a text is the name of a header.

    :param option: the property that holds it
    """
    if not HEADER_NAME.fullmatch(name):
        raise fields.complaint(
            option, f"is no name of a header: {name!r}. It holds ASCII letters, digits and hyphens, and no colon"
        )


def mask_if_secret(name: str, value: str) -> None:
    """Mask a value in all messages if its name says that it is secret.

    The CDK masks no secrets inside lists, even where the specification says that they are secret.
    """
    if SOUNDS_SECRET.search(NOT_SECRET.sub("", name)) and not PLACEHOLDER.fullmatch(value):
        mask_with_scheme(value)


def _mask_secrets_in(part: Any, name: str = "") -> None:
    """Mask the texts in a part of a body whose names, or those around them, say that they are secret.

    :param name: the names that lead to the part, joined by dots
    """
    if isinstance(part, str):
        mask_if_secret(name, part)
    for inner, member in part.items() if isinstance(part, Mapping) else ():
        _mask_secrets_in(member, f"{name}.{inner}")
    for member in part if isinstance(part, list) else ():
        _mask_secrets_in(member, name)


def _body(fields: Fields, method: str) -> Mapping[str, Any]:
    text = fields.optional_text("body")
    if not text:
        return {}
    if method != "POST":
        raise fields.complaint("body", "goes with method POST only")
    body = fields.json_object("body")
    _mask_secrets_in(body)
    return body
