"""What is sent for a page: path, query, headers and body, with placeholders that a page, a list or a sync fills.

``{since}`` and ``{since:%Y-%m-%d}``, ``{from}`` and ``{to}`` of a window (with a format, too); ``{offset}``,
``{limit}``, ``{page}`` and ``{cursor}`` of the pagination; ``{id}`` and ``{parent}`` of the parents, ``{value}`` of a
list of values. All other braces are text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from source_invoicing.config import Fields
from source_invoicing.http import Request, logger
from source_invoicing.platforms.rest_api.headers import Pairs, mask_if_secret, parse_headers
from source_invoicing.platforms.rest_api.paths import MISSING, dig, set_path
from source_invoicing.platforms.rest_api.timestamps import check_form, filter_value, window_value
from source_invoicing.streams.child import path_segment

METHODS = ("GET", "POST")
#: Placeholders that stand for a time, and may say how it is written.
OF_TIMES: Mapping[str, Callable[[str], Callable[[int], str | int]]] = {
    "since": filter_value,
    "from": window_value,
    "to": window_value,
}
OF_PAGES = ("offset", "limit", "page", "cursor")
OF_LISTS = ("id", "parent", "value")
NAMES = (*OF_TIMES, *OF_PAGES, *OF_LISTS)
PLACEHOLDER = re.compile(rf"\{{(?:({'|'.join(OF_TIMES)})(?::([^{{}}]+))?|({'|'.join((*OF_PAGES, *OF_LISTS))}))\}}")
BRACES = re.compile(r"\{([A-Za-z_]+)(?::[^{}]*)?\}")

#: Finds the value of a placeholder by its name and format; ``None`` where it has none yet.
ValueOf = Callable[[str, str], Any]


@dataclass(frozen=True)
class RequestTemplate:
    """What is sent for a page of a stream. Names are those of the configuration.

    :param shared_headers: headers of the platform that hold placeholders; left out where those have no value
    :param formats: how times are written where a placeholder does not say, by its name
    :param text: placeholders that are text in the body of this stream
    """

    path: str
    params: Pairs = ()
    headers: Pairs = ()
    shared_headers: Pairs = ()
    method: str = "GET"
    body: Mapping[str, Any] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)
    text: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, fields: Fields, headers: Pairs, taken_headers: Mapping[str, str], key_param: str) -> RequestTemplate:
        """Read path, params, headers, method and body of a stream.

        :param headers: those of the platform that hold placeholders
        :param taken_headers: who sets other headers already, by their name in lower case
        :param key_param: the query parameter that holds the key; empty where none does
        :raises Failure: for the first one that is wrong
        """
        method = fields.choice("method", METHODS, default="GET")
        own = parse_headers(fields, taken_headers)
        names = {name.lower() for name, _ in own}
        return cls(
            path=parse_resource_path(fields),
            params=parse_params(fields, key_param),
            headers=own,
            shared_headers=tuple(pair for pair in headers if pair[0].lower() not in names),
            method=method,
            body=_body(fields, method),
        )

    @property
    def placeholders(self) -> frozenset[str]:
        """The names of the placeholders that occur anywhere."""
        found = {name for _, text in self._texts() for name in placeholders_in(text)}
        return frozenset(found - self.text)

    def checked(self, fields: Fields, unavailable: Mapping[str, str]) -> RequestTemplate:
        """
        :param fields: the stream
        :param unavailable: why a placeholder has no value in this stream, by its name
        :raises Failure: for the first placeholder that is never filled, or written in a format that is none
        """
        literal = set()
        for where, text in self._texts():
            for found in PLACEHOLDER.finditer(text):
                name = found[1] or found[3]
                if found[2]:
                    check_form(fields, where, found[2])
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
        """The path with the values of a list; other placeholders stay."""
        return PLACEHOLDER.sub(
            lambda found: path_segment(values[found[3]]) if found[3] in values else found[0], self.path
        )

    def request(self, path: str, values: Mapping[str, Any], named: Mapping[str, str | int]) -> Request:
        """The request for a page.

        :param path: of the list, from :meth:`with_values`
        :param values: of the placeholders; times in seconds since 1970 (UTC)
        :param named: parameters by their name. They go into the body where it has a place for them, and otherwise into
            the query
        """

        def value_of(name: str, form: str) -> Any:
            value: Any = f"{{{name}}}" if name in self.text else values.get(name)
            if value is None or name not in OF_TIMES:
                return value
            return OF_TIMES[name](form or self.formats[name])(value)

        query = _filled_pairs(self.params, value_of)
        body: Any = _filled(self.body, value_of) if self.method == "POST" else None
        for name, value in named.items():
            if body is not None and dig(body, name) is not MISSING:
                set_path(body, name, value)
            else:
                query.append((name, str(value)))
        filled = PLACEHOLDER.sub(lambda found: _segment(found, value_of), path)
        headers = dict(_filled_pairs((*self.headers, *self.shared_headers), value_of))
        request = Request(filled, query, method=self.method, json=body, headers=headers)
        # In messages, pages of one list are called the same.
        return request if filled == path else replace(request, label=f"/{path}")

    def _texts(self) -> Iterator[tuple[str, str]]:
        """All texts that may hold placeholders, and the property that each stands in."""
        yield "path", self.path
        for name, pairs in (("params", self.params), ("headers", self.headers)):
            for index, (_, text) in enumerate(pairs):
                yield f"{name}[{index}].value", text
        for text in _texts_in(self.body):
            yield "body", text


def placeholders_in(text: str) -> list[str]:
    """The names of the placeholders in a text."""
    return [found[1] or found[3] for found in PLACEHOLDER.finditer(text)]


def _fill(text: str, value_of: ValueOf) -> Any:
    """A text with its placeholders filled; ``None`` when one of them has no value. One that stands alone keeps the type
    of its value."""
    found = PLACEHOLDER.fullmatch(text)
    if found:
        return _value(found, value_of)
    values = [_value(each, value_of) for each in PLACEHOLDER.finditer(text)]
    if None in values:
        return None
    remaining = map(str, values)
    return PLACEHOLDER.sub(lambda _: next(remaining), text)


def _value(found: re.Match[str], value_of: ValueOf) -> Any:
    return value_of(found[1] or found[3], found[2] or "")


def _segment(found: re.Match[str], value_of: ValueOf) -> str:
    value = _value(found, value_of)
    return found[0] if value is None else path_segment(value)


def _filled_pairs(pairs: Pairs, value_of: ValueOf) -> list[tuple[str, str]]:
    filled = ((name, _fill(text, value_of)) for name, text in pairs)
    return [(name, str(value)) for name, value in filled if value is not None]


def _filled(part: Any, value_of: ValueOf) -> Any:
    """A part of a body. Members and elements whose placeholder has no value are left out."""
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
    :raises Failure: for the first one that is wrong
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


def _body(fields: Fields, method: str) -> Mapping[str, Any]:
    text = fields.optional_text("body")
    if not text:
        return {}
    if method != "POST":
        raise fields.complaint("body", "goes with method POST only")
    return fields.json_object("body")
