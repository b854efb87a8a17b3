"""Streams from declarations: one class per resource, as a platform of its own would have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from source_invoicing.platforms.rest_api.account import RestAccount
from source_invoicing.platforms.rest_api.children import RestChildStream, RestParentStream
from source_invoicing.platforms.rest_api.options import Options, Resource
from source_invoicing.platforms.rest_api.streams import RestStream
from source_invoicing.platforms.rest_api.timestamps import AnyTimestamp

StreamT = TypeVar("StreamT", bound=RestStream)


def streams_of(options: Options, account: RestAccount) -> list[RestStream]:
    """The declared resources as streams, in order, parents before their children."""
    keys = {resource.parent.stream: resource.parent.key for resource in options.resources if resource.parent}
    parents: dict[str, RestParentStream] = {}
    streams: list[RestStream] = []
    for resource in _parents_first(options.resources):
        if resource.parent is None and resource.json_schema is None:
            account.discovery.expect()
        if resource.parent is not None:
            child_class = class_of(resource, RestChildStream, parent_field=resource.parent.field)
            streams.append(child_class(account, parents[resource.parent.stream]))
        elif resource.name in keys:
            parent_class = class_of(resource, RestParentStream, id_path=keys[resource.name])
            parent = parents[resource.name] = parent_class(account)
            streams.append(parent)
        else:
            streams.append(class_of(resource, RestStream)(account))
    return streams


def class_of(resource: Resource, base: type[StreamT], **attributes: Any) -> type[StreamT]:
    """The class of a declared resource, as it would be written in a platform of its own.

    :param attributes: further class attributes
    """
    name = "".join(part.capitalize() for part in resource.name.split("_"))
    members = {
        "declared": resource,
        "resource": resource.path,
        "primary_key": list(resource.primary_key),
        # Lists under parents are read in full: an API does not report which parents have changed children.
        "cursor_field": [] if resource.parent else resource.cursor_field or [],
        "timestamp_format": AnyTimestamp(resource.since_format if "%" in resource.since_format else ""),
        "plans": resource.pager.plans(filtered=bool(resource.since_param)),
        "paging": resource.pager.paging,
        "__doc__": f"The list at /{resource.path}.",
        "__module__": __name__,
        **attributes,
    }
    return cast(type[StreamT], type(name or "Unnamed", (base,), members))


def _parents_first(resources: Iterable[Resource]) -> list[Resource]:
    return sorted(resources, key=lambda resource: resource.parent is not None)
