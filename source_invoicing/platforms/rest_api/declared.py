"""Streams from declarations: one class per resource, as a platform of its own would have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from source_invoicing.platforms.rest_api.account import RestAccount
from source_invoicing.platforms.rest_api.children import RestChildStream, RestMiddleStream, RestParentStream
from source_invoicing.platforms.rest_api.options import Options
from source_invoicing.platforms.rest_api.resource import SYNCED_AT, Resource
from source_invoicing.platforms.rest_api.streams import RestStream
from source_invoicing.platforms.rest_api.timestamps import AnyTimestamp, RowVersion
from source_invoicing.streams.listing import Plan

StreamT = TypeVar("StreamT", bound=RestStream)


def streams_of(options: Options, account: RestAccount) -> list[RestStream]:
    """The declared resources as streams, in order, parents before their children."""
    keys = {resource.parent.stream: resource.parent.key for resource in options.resources if resource.parent}
    parents: dict[str, RestParentStream] = {}
    streams: list[RestStream] = []
    for resource in _parents_first(options.resources):
        if resource.parent is None and resource.json_schema is None:
            account.discovery.expect()
        above = {"parents": parents[resource.parent.stream]} if resource.parent else {}
        stream = _class_of(resource, resource.name in keys, keys.get(resource.name, ""))(account, **above)
        if isinstance(stream, RestParentStream):
            parents[resource.name] = stream
        streams.append(stream)
    return streams


def _class_of(resource: Resource, has_children: bool, key: str) -> type[RestStream]:
    """
    :param key: dotted path of the id that children are asked for with
    """
    if resource.parent is None:
        return class_of(resource, RestParentStream, id_path=key) if has_children else class_of(resource, RestStream)
    field = resource.parent.field
    if has_children:
        return class_of(resource, RestMiddleStream, parent_field=field, id_path=key)
    return class_of(resource, RestChildStream, parent_field=field)


def class_of(resource: Resource, base: type[StreamT], **attributes: Any) -> type[StreamT]:
    """The class of a declared resource, as it would be written in a platform of its own.

    :param attributes: further class attributes
    """
    name = "".join(part.capitalize() for part in resource.name.split("_"))
    form = resource.since.format
    members = {
        "declared": resource,
        "resource": resource.template.path,
        "primary_key": list(resource.primary_key),
        "cursor_field": SYNCED_AT if resource.synced_at else resource.cursor_field or [],
        "timestamp_format": RowVersion() if resource.has_versions else AnyTimestamp(form if "%" in form else ""),
        "plans": _plans(resource),
        "paging": resource.pager.paging,
        "__doc__": f"The list at /{resource.template.path}.",
        "__module__": __name__,
        **attributes,
    }
    return cast(type[StreamT], type(name or "Unnamed", (base,), members))


def _plans(resource: Resource) -> tuple[Plan, ...]:
    """The ways to read a list, best first. What selects without telling times cannot show whether it selects."""
    if resource.synced_at or resource.has_versions:
        return tuple(replace(plan, filtered=False) for plan in resource.pager.plans(filtered=False))
    return resource.pager.plans(filtered=resource.sends_since)


def _parents_first(resources: Sequence[Resource]) -> list[Resource]:
    parents = {resource.name: resource.parent.stream for resource in resources if resource.parent}

    def depth(resource: Resource) -> int:
        name, levels = resource.name, 0
        while name in parents:
            name, levels = parents[name], levels + 1
        return levels

    return sorted(resources, key=depth)
