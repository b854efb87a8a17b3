"""The declaration of a stream with a list, as a typed object.

Pagers, templates and schemas parse their own options. This module parses all others and checks how they go together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from typing_extensions import Self

from source_invoicing.config import Fields
from source_invoicing.http import whole_number
from source_invoicing.platforms.rest_api.declared import StreamDeclaration
from source_invoicing.platforms.rest_api.pagers import Pager, parse_pager
from source_invoicing.platforms.rest_api.paths import EACH, check_path, parse_path, parse_record_path
from source_invoicing.platforms.rest_api.schema import parse_schema
from source_invoicing.platforms.rest_api.template import (
    OF_PAGES,
    OF_TIMES,
    DetailRequest,
    PlatformOptions,
    RequestTemplate,
    check_header_name,
    placeholders_in,
)
from source_invoicing.platforms.rest_api.timestamps import INTEGER, parse_format, unit_of
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAX_WINDOW_DAYS = 3660
RECORD, SYNC_START = "record", "sync_start"
#: Field that records get if the cursor of their stream is the start of the sync.
SYNCED_AT = "_synced_at"


@dataclass(frozen=True)
class Parent:
    """The stream whose rows each have a list of this resource.

    :param stream: name of the parent's stream
    :param key: dotted path of the id in the parent's record
    :param field: field of this resource's records that the id is copied to
    """

    stream: str
    key: str
    field: str

    @classmethod
    def parse(cls, fields: Fields | None) -> Self | None:
        """The parent of a stream, if any: without one, Airbyte's form sends an object without ``stream``."""
        if fields is None:
            return None
        stream = fields.optional_text("stream")
        key, field = parse_path(fields, "key", "id"), fields.text_or("field", f"{stream}_id")
        return cls(stream, key, field) if stream else None


@dataclass(frozen=True)
class Since:
    """How to ask the API for changes since a time. Names are those of the configuration.

    :param first: the time to send without a state (seconds since 1970, UTC, or a row version)
    """

    param: str
    header: str
    format: str
    first: int | None

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """
        :param fields: the stream
        """
        header, form = fields.optional_text("since_header"), parse_format(fields, "since_format")
        if header:
            check_header_name(fields, header, "since_header")
        param = fields.optional_text("since_param")
        if form != INTEGER:
            return cls(param, header, form, fields.timestamp("first_since"))
        text = fields.optional_text("first_since")
        version = whole_number(text) if text else None
        if text and version is None:
            what = f"should be a whole number where since_format is integer, found {text!r}"
            raise fields.complaint("first_since", what)
        return cls(param, header, form, version)

    @property
    def option(self) -> str:
        """The name of the option that sends it, if any."""
        return "since_param" if self.param else "since_header" if self.header else ""


@dataclass(frozen=True)
class Windows:
    """Windows of time that are requested one by one, for lists that require a beginning and an end.

    :param days: length of a window
    :param first: start of the first one (seconds since 1970, UTC)
    :param format: how the borders are written
    """

    days: int
    from_param: str
    to_param: str
    first: int | None
    format: str

    @classmethod
    def parse(cls, fields: Fields | None) -> Self | None:
        """The windows of a stream, if any: without them, Airbyte's form sends an object without ``days``."""
        if fields is None:
            return None
        days = fields.integer("days", None, 1, MAX_WINDOW_DAYS)
        windows = cls(
            days=days or 0,
            from_param=fields.optional_text("from_param"),
            to_param=fields.optional_text("to_param"),
            first=fields.timestamp("first"),
            format=parse_format(fields, "format", default="date"),
        )
        if windows.format == INTEGER:
            raise fields.complaint("format", "is integer, and windows are of time")
        if days is None and (windows.from_param or windows.to_param or windows.first is not None):
            raise fields.complaint("days", "is missing. It is how many days a window has")
        return None if days is None else windows

    def between(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Windows from one time to another. Each begins one unit of the format before the end of the previous one.

        :param start: seconds since 1970 (UTC)
        """
        unit = unit_of(self.format)
        start, end = start - start % unit, end - end % unit
        while True:
            stop = start + self.days * SECONDS_PER_DAY
            yield start, min(stop, end)
            if stop >= end:
                return
            start = stop - unit if self.days * SECONDS_PER_DAY > unit else stop


@dataclass(frozen=True)
class ResourceDeclaration(StreamDeclaration):
    """The declaration of a stream with its own list.

    :param absent_when_empty: whether the API omits the list from pages without records
    :param synced_at: whether the start of the sync is the cursor
    """

    template: RequestTemplate
    record_path: str
    single_object_as_list: bool
    absent_when_empty: bool
    key_field: str
    pager: Pager
    cursor_field: str
    synced_at: bool
    since: Since
    windows: Windows | None
    values: tuple[str, ...]
    value_field: str
    parent: Parent | None
    error_path: str

    @classmethod
    def parse(cls, fields: Fields, platform: PlatformOptions) -> Self:
        """Read one stream."""
        name, primary_key = parse_name(fields), parse_primary_key(fields)
        resource = cls(
            name=name,
            template=RequestTemplate.parse(fields, platform),
            record_path=parse_record_path(fields, "data", may_branch=True),
            single_object_as_list=fields.flag("single_object_as_list"),
            absent_when_empty=fields.flag("absent_when_empty"),
            key_field=fields.optional_text("key_field"),
            primary_key=primary_key,
            pager=parse_pager(fields.optional_object("pagination"), primary_key),
            cursor_field=parse_path(fields, "cursor_field"),
            synced_at=fields.choice("cursor", (RECORD, SYNC_START), default=RECORD) == SYNC_START,
            since=Since.parse(fields),
            windows=Windows.parse(fields.optional_object("window")),
            values=tuple(fields.texts("values", ())),
            value_field=fields.optional_text("value_field"),
            parent=Parent.parse(fields.optional_object("parent")),
            detail=None,
            error_path=parse_path(fields, "error_path", may_branch=True),
            json_schema=parse_schema(fields),
        )
        form = resource.since.format
        borders = resource.windows.format if resource.windows else form
        template = replace(resource.template, formats={"since": form, "from": borders, "to": borders})
        resource = replace(resource, template=template.checked(fields, dict(resource._unavailable())))
        detail = DetailRequest.parse(fields.optional_object("detail"), resource.fixed_placeholders, platform.key_param)
        resource = replace(resource, detail=detail)
        if fault := next(resource._faults(platform), None):
            raise fields.complaint(*fault)
        if resource.value_field and primary_key and resource.value_field not in primary_key:
            resource = replace(resource, primary_key=(*primary_key, resource.value_field))
        return replace(resource, template=resource._whole_template())

    @property
    def sends_since(self) -> bool:
        """Whether the API is asked for changes since a time."""
        return bool(self.since.option) or "since" in self.template.placeholders

    @property
    def has_versions(self) -> bool:
        """Whether the cursor is a row version, which is not a time."""
        return bool(self.cursor_field) and self.since.format == INTEGER

    @property
    def stamps(self) -> tuple[str, ...]:
        """Fields with the same value in all records of a list, so that they do not distinguish its rows."""
        return (*filter(None, [self.value_field]), *([self.parent.field] if self.parent else ()))

    @property
    def fixed_placeholders(self) -> tuple[str, ...]:
        """Placeholders with the same value in all requests of a list."""
        return (*(["value"] if self.values else ()), *(["parent"] if self.parent else ()))

    @property
    def paging_params(self) -> Mapping[str, str]:
        """The parameters of the pagination that no placeholder replaces, by the name of that placeholder."""
        used = self.template.placeholders
        return {name: param for name, param in self.pager.params.items() if param and name not in used}

    def _whole_template(self) -> RequestTemplate:
        """The template, completed by the parameters and the header that other options name."""
        of_times = {"since": self.since.param}
        if self.windows:
            of_times |= {"from": self.windows.from_param, "to": self.windows.to_param}
        params = {**self.paging_params, **of_times}
        named = tuple((param, name) for name, param in params.items() if param)
        header = ((self.since.header, "{since}"),) if self.since.header else ()
        return replace(self.template, named=named, shared_headers=(*self.template.shared_headers, *header))

    def _unavailable(self) -> Iterator[tuple[str, str]]:
        """Placeholders that never have a value in this stream, and why."""
        if not self.cursor_field and not self.synced_at:
            yield "since", "without a cursor_field, or cursor sync_start, no sync knows where it stands"
        if self.windows is None:
            yield from ((name, "the stream has no window") for name in OF_TIMES if name != "since")
        for name in OF_PAGES:
            if name not in self.pager.params:
                yield name, "this type of pagination has no such value"
        if self.parent is None:
            yield from ((name, "the stream names no parent") for name in ("id", "parent"))
        if not self.values:
            yield "value", "the stream names no values"

    def _faults(self, platform: PlatformOptions) -> Iterator[tuple[str, str]]:
        """Options that do not go together: a property, and the complaint about it."""
        if self.detail and (self.has_versions or self.windows):
            yield "detail.path", "goes with records that tell when they were changed, or with none of that"
        if self.detail and not self.primary_key:
            yield "detail.path", "needs a primary_key, by which records are asked for"
        yield from self._faults_of_records()
        yield from self._faults_of_times()
        yield from self._faults_of_lists()
        if self.windows:
            for name, param in (("from", self.windows.from_param), ("to", self.windows.to_param)):
                if not param and name not in self.template.placeholders:
                    yield f"window.{name}_param", f"is missing, and {{{name}}} occurs nowhere"
            if self.windows.first is None and not platform.has_start_date:
                yield "window.first", "is missing, and so is start_date. It is where the first window begins"
        yield from self._faults_of_params(platform.key_param)

    def _faults_of_records(self) -> Iterator[tuple[str, str]]:
        if len(set(self.primary_key)) != len(self.primary_key):
            yield "primary_key", "names a field twice"
        if self.parent and self.primary_key == (self.parent.field,):
            yield (
                "parent.field",
                f"is {self.parent.field!r}, which is the whole primary_key: the id of the parent would take the place "
                "of what tells the records of a parent apart. Give it another name, or name further fields in "
                "primary_key",
            )
        if self.value_field and self.primary_key == (self.value_field,):
            yield "value_field", f"is {self.value_field!r}, which is the whole primary_key. Give it another name"
        if self.key_field and EACH not in self.record_path.split("."):
            yield "key_field", f"goes with a record_path that steps into an object by {EACH}"
        if self.error_path and f"{self.record_path}.".startswith(f"{self.error_path}."):
            what = f"is {self.error_path!r}, where record_path finds the records; it should be where an error stands"
            yield "error_path", what

    def _faults_of_times(self) -> Iterator[tuple[str, str]]:
        if self.since.option and not self.cursor_field and not self.synced_at:
            yield self.since.option, "goes with cursor_field only: without it no sync knows where it stands"
        if self.since.first is not None and not self.sends_since:
            yield "first_since", "goes with since_param, since_header or {since} only"
        if self.since.first is None and "since" in placeholders_in(self.template.path):
            yield "path", "holds {since}, so the first sync needs a first_since"
        if not self.synced_at:
            return
        if self.cursor_field:
            yield "cursor_field", "means nothing where cursor is sync_start; leave it out"
        if self.since.format == INTEGER:
            yield "since_format", "is integer, and the start of a sync is a time"
        if not self.sends_since and not self.windows:
            what = "is sync_start, so the API has to select; set since_param or since_header, or use {since}"
            yield "cursor", what

    def _faults_of_lists(self) -> Iterator[tuple[str, str]]:
        used = self.template.placeholders
        if "cursor" in placeholders_in(self.template.path):
            yield "path", "holds {cursor}, which has no value on the first page; use params"
        if self.parent and "id" not in used:
            yield "path", "should hold {id}, the id of the parent, unless params, body or headers do"
        if self.values and "value" not in used:
            yield "values", "are sent nowhere; path, params, body or headers should hold {value}"
        if len(set(self.values)) != len(self.values):
            yield "values", "hold a text twice"
        if self.value_field and not self.values:
            yield "value_field", "goes with values only"
        if self.parent and self.windows:
            yield "window", "and parent do not go together; name fixed dates in params that take in everything"
        if self.parent and self.values:
            yield "values", "and parent do not go together; declare a stream for each value"

    def _faults_of_params(self, key_param: str) -> Iterator[tuple[str, str]]:
        names = tuple(self.paging_params.values())
        if "cursor" in self.pager.params and not names and "cursor" not in self.template.placeholders:
            yield "pagination.cursor_param", "is missing. It is the query parameter that takes the cursor"
        if len(set(names)) != len(names):
            yield "pagination", f"uses the parameter {names[0]!r} for two things"
        if key_param and key_param in names:
            yield "pagination", f"uses the parameter {key_param!r}, which holds the key"
        setters = {key_param: "platform.auth", **dict.fromkeys(names, "pagination")}
        own = {"since_param": self.since.param}
        if self.windows:
            own |= {"window.from_param": self.windows.from_param, "window.to_param": self.windows.to_param}
        for option, param in own.items():
            if param and param in setters:
                yield option, f"is {param!r}, which {setters[param]} sets"
            setters[param] = option
        for index, (name, _) in enumerate(self.template.params):
            if name in setters:
                yield f"params[{index}].name", f"is {name!r}, which {setters[name]} sets; leave it out"
        if self.since.header.lower() in (name.lower() for name, _ in self.template.headers if self.since.header):
            yield "since_header", f"is {self.since.header!r}, which stands among the headers already"


def parse_name(fields: Fields) -> str:
    name = fields.text("name", why="It is what the stream is called.")
    if not NAME.fullmatch(name):
        raise fields.complaint("name", f"should be letters, digits and underscores, found {name!r}")
    return name


def parse_primary_key(fields: Fields) -> tuple[str, ...]:
    paths = fields.texts("primary_key", ["id"])
    for index, path in enumerate(paths):
        check_path(fields, f"primary_key[{index}]", path)
    return tuple(paths)
