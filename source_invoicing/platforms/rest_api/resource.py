"""One declared stream as a typed object.

Pagers, templates, schemas and selections read their own options; what concerns several of them is here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from typing_extensions import Self

from source_invoicing.config import Fields
from source_invoicing.platforms.rest_api.detail_request import DetailRequest
from source_invoicing.platforms.rest_api.headers import Pairs
from source_invoicing.platforms.rest_api.pager import Pager
from source_invoicing.platforms.rest_api.pagers import parse_pager
from source_invoicing.platforms.rest_api.paths import EACH, WHOLE_BODY, check_path, parse_path
from source_invoicing.platforms.rest_api.schema import Schema, parse_schema
from source_invoicing.platforms.rest_api.selection import Since, Windows
from source_invoicing.platforms.rest_api.template import (
    OF_PAGES,
    OF_TIMES,
    RequestTemplate,
    placeholders_in,
)
from source_invoicing.platforms.rest_api.timestamps import INTEGER

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RECORD, SYNC_START = "record", "sync_start"
#: Field that the records of a stream get whose cursor is the start of the sync.
SYNCED_AT = "_synced_at"


@dataclass(frozen=True)
class Shared:
    """What the platform sets for all streams.

    :param key_param: the query parameter that holds the key; empty where none does
    :param headers: headers that hold placeholders
    :param taken_headers: who sets a header that no stream may set, by its name in lower case
    :param has_start_date: whether the configuration names a start date
    """

    key_param: str = ""
    headers: Pairs = ()
    taken_headers: Mapping[str, str] = field(default_factory=dict)
    has_start_date: bool = False


@dataclass(frozen=True)
class Parent:
    """The stream whose rows have lists of a resource.

    :param stream: name of the parent's stream
    :param key: dotted path of the id in the parent's record
    :param field: field of this resource's records that gets the id
    """

    stream: str
    key: str
    field: str

    @classmethod
    def parse(cls, fields: Fields | None) -> Self | None:
        """The parent of a stream, if it has one: Airbyte's form sends an object without a stream where it has none.

        :raises Failure: for the first option that is wrong
        """
        if fields is None:
            return None
        stream = fields.optional_text("stream")
        key, field = parse_path(fields, "key", "id") or "id", fields.optional_text("field") or f"{stream}_id"
        return cls(stream, key, field) if stream else None


@dataclass(frozen=True)
class Resource:
    """One declared stream. Names are those of the configuration, paths are dotted.

    :param absent_when_empty: whether the API leaves the list out where it has no records
    :param synced_at: whether the start of the sync is the cursor
    """

    name: str
    template: RequestTemplate
    record_path: str
    single_object_as_list: bool
    absent_when_empty: bool
    key_field: str
    primary_key: tuple[str, ...]
    pager: Pager
    cursor_field: str
    synced_at: bool
    since: Since
    windows: Windows | None
    values: tuple[str, ...]
    value_field: str
    parent: Parent | None
    detail: DetailRequest | None
    error_path: str
    json_schema: Schema | None

    @classmethod
    def parse(cls, fields: Fields, shared: Shared) -> Self:
        """Read one stream.

        :raises Failure: for the first option that is wrong
        """
        name, primary_key = parse_name(fields), parse_primary_key(fields)
        resource = cls(
            name=name,
            template=RequestTemplate.parse(fields, shared.headers, shared.taken_headers, shared.key_param),
            record_path=_record_path(fields),
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
            json_schema=parse_schema(fields, "json_schema"),
        )
        resource = replace(resource, template=resource._checked_template(fields))
        if detail := DetailRequest.parse(
            fields.optional_object("detail"), resource.fixed_placeholders, shared.key_param
        ):
            resource = replace(resource, detail=detail)
            resource._check_detail(fields.object("detail"))
        resource._check_keys(fields)
        if resource.value_field and primary_key and resource.value_field not in primary_key:
            resource = replace(resource, primary_key=(*primary_key, resource.value_field))
        resource._check_since(fields)
        resource._check_lists(fields)
        if resource.windows is not None:
            resource._check_windows(fields.object("window"), resource.windows, shared)
        resource._check_params(fields, shared.key_param)
        return resource

    @property
    def sends_since(self) -> bool:
        """Whether the API is asked for what changed since a time."""
        return bool(self.since.option) or "since" in self.template.placeholders

    @property
    def has_versions(self) -> bool:
        """Whether the cursor is a number that tells no time."""
        return bool(self.cursor_field) and self.since.format == INTEGER

    @property
    def stamps(self) -> tuple[str, ...]:
        """Fields that all records of a list get, so that they distinguish no rows of it."""
        return (*filter(None, [self.value_field]), *([self.parent.field] if self.parent else ()))

    @property
    def fixed_placeholders(self) -> tuple[str, ...]:
        """Placeholders that have the same value in all of a list."""
        return (*(["value"] if self.values else ()), *(["parent"] if self.parent else ()))

    @property
    def paging_params(self) -> Mapping[str, str]:
        """The parameters of the pagination, by their placeholder, that no placeholder stands for."""
        used = self.template.placeholders
        return {name: param for name, param in self.pager.params.items() if param and name not in used}

    def _checked_template(self, fields: Fields) -> RequestTemplate:
        form = self.since.format
        borders = self.windows.format if self.windows else form
        template = replace(self.template, formats={"since": form, "from": borders, "to": borders})
        return template.checked(fields, dict(self._unavailable()))

    def _unavailable(self) -> Iterator[tuple[str, str]]:
        """Placeholders that never have a value here, and why."""
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

    def _check_keys(self, fields: Fields) -> None:
        if len(set(self.primary_key)) != len(self.primary_key):
            raise fields.complaint("primary_key", "names a field twice")
        if self.parent is not None and self.primary_key == (self.parent.field,):
            raise fields.object("parent").complaint(
                "field",
                f"is {self.parent.field!r}, which is the whole primary_key: the id of the parent would take the place "
                "of what tells the records of a parent apart. Give it another name, or name further fields in "
                "primary_key",
            )
        if self.value_field and self.primary_key == (self.value_field,):
            raise fields.complaint(
                "value_field", f"is {self.value_field!r}, which is the whole primary_key. Give it another name"
            )
        if self.key_field and EACH not in self.record_path.split("."):
            raise fields.complaint("key_field", f"goes with a record_path that steps into an object by {EACH}")
        if self.error_path and f"{self.record_path}.".startswith(f"{self.error_path}."):
            raise fields.complaint(
                "error_path",
                f"is {self.error_path!r}, where record_path finds the records; it should be where an error stands",
            )

    def _check_detail(self, fields: Fields) -> None:
        """
        :param fields: the object ``detail`` of the stream
        """
        if self.has_versions or self.windows is not None:
            raise fields.complaint("path", "goes with records that tell when they were changed, or with none of that")
        if not self.primary_key:
            raise fields.complaint("path", "needs a primary_key, by which records are asked for")

    def _check_since(self, fields: Fields) -> None:
        if self.since.option and not self.cursor_field and not self.synced_at:
            raise fields.complaint(
                self.since.option, "goes with cursor_field only: without it no sync knows where it stands"
            )
        if self.since.first is not None and not self.sends_since:
            raise fields.complaint("first_since", "goes with since_param, since_header or {since} only")
        if self.since.first is None and "since" in placeholders_in(self.template.path):
            raise fields.complaint("path", "holds {since}, so the first sync needs a first_since")
        if not self.synced_at:
            return
        if self.cursor_field:
            raise fields.complaint("cursor_field", "means nothing where cursor is sync_start; leave it out")
        if self.since.format == INTEGER:
            raise fields.complaint("since_format", "is integer, and the start of a sync is a time")
        if not self.sends_since and self.windows is None:
            raise fields.complaint(
                "cursor", "is sync_start, so the API has to select; set since_param or since_header, or use {since}"
            )

    def _check_lists(self, fields: Fields) -> None:
        used = self.template.placeholders
        if "cursor" in placeholders_in(self.template.path):
            raise fields.complaint("path", "holds {cursor}, which has no value on the first page; use params")
        if self.parent is not None and "id" not in used:
            raise fields.complaint("path", "should hold {id}, the id of the parent, unless params, body or headers do")
        if self.values and "value" not in used:
            raise fields.complaint("values", "are sent nowhere; path, params, body or headers should hold {value}")
        if len(set(self.values)) != len(self.values):
            raise fields.complaint("values", "hold a text twice")
        if self.value_field and not self.values:
            raise fields.complaint("value_field", "goes with values only")
        if self.parent is not None and self.windows is not None:
            raise fields.complaint(
                "window", "and parent do not go together; name fixed dates in params that take in everything"
            )
        if self.parent is not None and self.values:
            raise fields.complaint("values", "and parent do not go together; declare a stream for each value")

    def _check_windows(self, fields: Fields, windows: Windows, shared: Shared) -> None:
        for name, param in (("from", windows.from_param), ("to", windows.to_param)):
            if not param and name not in self.template.placeholders:
                raise fields.complaint(f"{name}_param", f"is missing, and {{{name}}} occurs nowhere")
        if windows.first is None and not shared.has_start_date:
            raise fields.complaint("first", "is missing, and so is start_date. It is where the first window begins")

    def _check_params(self, fields: Fields, key_param: str) -> None:
        names = tuple(self.paging_params.values())
        takes_a_cursor = bool(names) or "cursor" in self.template.placeholders
        if "cursor" in self.pager.params and not takes_a_cursor:
            raise fields.object("pagination").complaint(
                "cursor_param", "is missing. It is the query parameter that takes the cursor"
            )
        if len(set(names)) != len(names):
            raise fields.complaint("pagination", f"uses the parameter {names[0]!r} for two things")
        if key_param and key_param in names:
            raise fields.complaint("pagination", f"uses the parameter {key_param!r}, which holds the key")
        setters = {key_param: "platform.auth", **dict.fromkeys(names, "pagination")}
        own = {"since_param": self.since.param}
        if self.windows is not None:
            own |= {"window.from_param": self.windows.from_param, "window.to_param": self.windows.to_param}
        for option, param in own.items():
            if not param:
                continue
            if param in setters:
                raise fields.complaint(option, f"is {param!r}, which {setters[param]} sets")
            setters[param] = option
        for index, (name, _) in enumerate(self.template.params):
            if name in setters:
                raise fields.complaint(
                    f"params[{index}].name", f"is {name!r}, which {setters[name]} sets; leave it out"
                )
        if self.since.header.lower() in (name.lower() for name, _ in self.template.headers if self.since.header):
            raise fields.complaint("since_header", f"is {self.since.header!r}, which stands among the headers already")


def parse_name(fields: Fields) -> str:
    """
    :raises Failure: when it is missing, or no name of a stream
    """
    name = fields.text("name", why="It is what the stream is called.")
    if not NAME.fullmatch(name):
        raise fields.complaint("name", f"should be letters, digits and underscores, found {name!r}")
    return name


def parse_primary_key(fields: Fields) -> tuple[str, ...]:
    """
    :raises Failure: when it is not a list of paths
    """
    paths = fields.texts("primary_key", ["id"])
    for index, path in enumerate(paths):
        check_path(fields, f"primary_key[{index}]", path)
    return tuple(paths)


def _record_path(fields: Fields) -> str:
    # A form may not keep an empty text.
    path = fields.optional_text("record_path", "data").removeprefix(WHOLE_BODY)
    check_path(fields, "record_path", path, may_branch=True)
    return path
