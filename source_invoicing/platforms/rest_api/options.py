"""The declared streams as typed objects.

Pagers, credentials, headers and schemas read their own options; what concerns several of them is here. Each complaint
names the property by its path (``platform.streams[0].pagination.path``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import Self

from source_invoicing.config import Fields
from source_invoicing.platforms.rest_api.credentials import Credentials, parse_credentials
from source_invoicing.platforms.rest_api.headers import Pairs, mask_if_secret, parse_headers
from source_invoicing.platforms.rest_api.pager import Pager
from source_invoicing.platforms.rest_api.pagers import parse_pager
from source_invoicing.platforms.rest_api.paths import check_path, parse_path
from source_invoicing.platforms.rest_api.rate import Rate
from source_invoicing.platforms.rest_api.schema import Schema, parse_schema
from source_invoicing.platforms.rest_api.timestamps import parse_format

METHODS = ("GET", "POST")
PLACE_OF_ID = "{id}"
WHOLE_BODY = "."
PLACEHOLDER = re.compile(r"\{[^}]*\}")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


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
    json_schema: Schema | None

    @classmethod
    def parse(cls, fields: Fields, key_param: str) -> Self:
        """Read one stream.

        :param key_param: the query parameter that holds the key; empty where none does
        :raises Failure: for the first option that is wrong
        """
        name = fields.text("name", why="It is what the stream is called.")
        if not NAME.fullmatch(name):
            raise fields.complaint("name", f"should be letters, digits and underscores, found {name!r}")
        method = fields.choice("method", METHODS, default="GET")
        primary_key = _primary_key(fields)
        pager = parse_pager(fields.optional_object("pagination"), primary_key)
        cursor_field = parse_path(fields, "cursor_field")
        since_param = fields.optional_text("since_param")
        if since_param and not cursor_field:
            raise fields.complaint(
                "since_param", "goes with cursor_field only: without it no sync knows where it stands"
            )
        parent = Parent.parse(fields.optional_object("parent"))
        resource = cls(
            name=name,
            path=_path(fields, parent),
            params=_params(fields, key_param, pager, since_param),
            method=method,
            body=_body(fields, method),
            record_path=_record_path(fields),
            single_object_as_list=fields.flag("single_object_as_list"),
            primary_key=primary_key,
            pager=pager,
            cursor_field=cursor_field,
            since_param=since_param,
            since_format=parse_format(fields, "since_format"),
            parent=parent,
            error_path=parse_path(fields, "error_path"),
            json_schema=parse_schema(fields, "json_schema"),
        )
        resource._check_keys(fields)
        resource._check_params(fields, key_param)
        return resource

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
        if self.error_path and f"{self.record_path}.".startswith(f"{self.error_path}."):
            raise fields.complaint(
                "error_path",
                f"is {self.error_path!r}, where record_path finds the records; it should be where an error stands",
            )

    def _check_params(self, fields: Fields, key_param: str) -> None:
        names = self.pager.names
        if self.since_param and self.since_param in names:
            raise fields.complaint("since_param", f"is {self.since_param!r}, which pagination sets")
        if len(set(names)) != len(names):
            raise fields.complaint("pagination", f"uses the parameter {names[0]!r} for two things")
        if key_param and key_param in (*names, self.since_param):
            raise fields.complaint("pagination", f"uses the parameter {key_param!r}, which holds the key")


@dataclass(frozen=True)
class Options:
    """Everything that the user declared."""

    base_url: str
    credentials: Credentials
    headers: Pairs
    secret_headers: Pairs
    rate: Rate
    resources: tuple[Resource, ...]

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read the platform's part of a configuration.

        :raises Failure: with the sentence for the first thing that is wrong
        """
        fields.text("base_url", why="It is the address of the API, such as https://api.example.com.")
        base_url = fields.url("base_url", default="")
        credentials = parse_credentials(fields.object("auth"))
        taken = {credentials.header_name.lower(): "the credentials of platform.auth are sent in"}
        secret_headers = parse_headers(fields, taken, secret=True)
        taken |= {name.lower(): "secret_headers sets" for name, _ in secret_headers}
        return cls(
            base_url=base_url,
            credentials=credentials,
            headers=parse_headers(fields, taken),
            secret_headers=secret_headers,
            rate=Rate.parse(fields.optional_object("rate")),
            resources=_resources(fields.objects("streams"), credentials.query_name),
        )


def _resources(declared: Sequence[Fields], key_param: str) -> tuple[Resource, ...]:
    if not declared:
        declared = [Fields({"name": "invoices", "path": "/v1/invoices"}, "platform.streams[0]")]
    resources = [Resource.parse(fields, key_param) for fields in declared]
    for index, (fields, resource) in enumerate(zip(declared, resources, strict=True)):
        if resource.name in (other.name for other in resources[:index]):
            raise fields.complaint("name", f"is {resource.name!r} a second time; each stream needs a name of its own")
        if resource.parent is not None:
            others = [other for other in resources if other is not resource]
            _check_parent(fields.object("parent"), resource.parent, others)
    return tuple(resources)


def _check_parent(fields: Fields, declared: Parent, others: Sequence[Resource]) -> None:
    parent = next((other for other in others if other.name == declared.stream), None)
    if parent is None:
        known = ", ".join(other.name for other in others) or "(none)"
        raise fields.complaint("stream", f"is {declared.stream!r}, but the other streams are: {known}")
    if parent.parent is not None:
        raise fields.complaint("stream", f"is {parent.name!r}, which has a parent itself; one level is what there is")
    siblings = [other.parent for other in others if other.parent and other.parent.stream == parent.name]
    keys = {declared.key, *(sibling.key for sibling in siblings)}
    if len(keys) > 1:
        raise fields.complaint("key", f"should be the same in all children of {parent.name}, found {sorted(keys)}")


def _primary_key(fields: Fields) -> tuple[str, ...]:
    paths = fields.texts("primary_key", ["id"])
    for index, path in enumerate(paths):
        check_path(fields, f"primary_key[{index}]", path)
    return tuple(paths)


def _record_path(fields: Fields) -> str:
    # A form may not keep an empty text.
    path = fields.optional_text("record_path", "data").removeprefix(WHOLE_BODY)
    check_path(fields, "record_path", path)
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


def _params(fields: Fields, key_param: str, pager: Pager, since_param: str) -> Pairs:
    params = []
    for field in fields.objects("params"):
        name = field.text("name", why="It is the name of a query parameter.")
        value = field.raw_text("value")
        if key_param and name.lower() == key_param.lower():
            raise field.complaint("name", f"is {name!r}, which platform.auth sets with the key; leave it out")
        if name in pager.names:
            raise field.complaint("name", f"is {name!r}, which pagination sets; leave it out")
        if name == since_param:
            raise field.complaint("name", f"is {name!r}, which since_param sets; leave it out")
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
