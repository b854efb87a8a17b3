"""The platform's part of a configuration as typed objects.

Whatever parses or checks options raises a :class:`Failure` for the first one that is wrong. Each complaint names the
property by its path (``platform.streams[0].pagination.path``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from typing_extensions import Self

from source_invoicing.config import Fields
from source_invoicing.http import CallBudget
from source_invoicing.platforms.rest_api.credentials import Credentials, parse_credentials
from source_invoicing.platforms.rest_api.parts import PartsDeclaration
from source_invoicing.platforms.rest_api.resource import Parent, ResourceDeclaration
from source_invoicing.platforms.rest_api.template import Pairs, PlatformOptions, parse_headers, placeholders_in
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

DEFAULT_STREAM = {"name": "invoices", "path": "/v1/invoices"}
MAX_CALLS = 1_000_000
MAX_SECONDS = SECONDS_PER_DAY
# HTTP statuses of errors.
FIRST_ERROR, LAST_ERROR = 400, 599


@dataclass(frozen=True)
class Rate:
    """The rate limit: at most ``calls`` within ``per_seconds``, if both are set.

    :param too_many_statuses: statuses that mean "too many requests", beside 429
    """

    calls: int | None = None
    per_seconds: int | None = None
    too_many_statuses: tuple[int, ...] = ()

    @classmethod
    def parse(cls, fields: Fields | None) -> Self:
        if fields is None:
            return cls()
        calls = fields.integer("calls", None, 1, MAX_CALLS)
        seconds = fields.integer("per_seconds", None, 1, MAX_SECONDS)
        if (calls is None) is not (seconds is None):
            missing = "calls" if calls is None else "per_seconds"
            raise fields.complaint(missing, "is missing; calls and per_seconds belong together")
        statuses = fields.integers("too_many_statuses", FIRST_ERROR, LAST_ERROR)
        if HTTPStatus.UNAUTHORIZED in statuses:
            raise fields.complaint("too_many_statuses", "holds 401, which means that the credentials are wrong")
        return cls(calls, seconds, tuple(statuses))

    def budget(self) -> CallBudget | None:
        """The budget of calls; ``None`` where they are not limited."""
        return CallBudget(self.calls, self.per_seconds) if self.calls and self.per_seconds else None


@dataclass(frozen=True)
class Options:
    """All options of the platform.

    :param headers: headers of each request, with the secret ones; those with placeholders belong to the streams
    """

    base_url: str
    credentials: Credentials
    headers: Pairs
    rate: Rate
    resources: tuple[ResourceDeclaration, ...]
    parts: tuple[PartsDeclaration, ...]

    @classmethod
    def parse(cls, fields: Fields, *, has_start_date: bool = False) -> Self:
        """Read the platform's part of a configuration.

        :param has_start_date: whether the configuration names one
        :raises Failure: for the first option that is wrong
        """
        fields.text(
            "base_url",
            why="It is the address of the API, such as https://api.example.com. For a known product, set "
            "platform.product instead.",
        )
        base_url = fields.url("base_url", default="")
        credentials = parse_credentials(fields.object("auth"))
        taken = {credentials.header_name.lower(): "the credentials of platform.auth are sent in"}
        secret_headers = parse_headers(fields, taken, secret=True)
        taken |= {name.lower(): "secret_headers sets" for name, _ in secret_headers}
        headers = parse_headers(fields, taken)
        templated = tuple(header for header in headers if placeholders_in(header[1]))
        platform = PlatformOptions(credentials.query_name, templated, taken, has_start_date)
        rate = Rate.parse(fields.optional_object("rate"))
        declared = fields.objects("streams") or [Fields(DEFAULT_STREAM, "platform.streams[0]")]
        names = [each.optional_text("name") for each in declared]
        for index, (each, name) in enumerate(zip(declared, names, strict=True)):
            if name in names[:index]:
                raise each.complaint("name", f"is {name!r} a second time; each stream needs a name of its own")
        whole = [each for each in declared if not each.optional_text("from")]
        resources = _resources(whole, platform)
        parts = tuple(
            PartsDeclaration.parse(each, resources, credentials.query_name) for each in declared if each not in whole
        )
        return cls(
            base_url=base_url,
            credentials=credentials,
            headers=(*(header for header in headers if header not in templated), *secret_headers),
            rate=rate,
            resources=resources,
            parts=parts,
        )


def _resources(declared: Sequence[Fields], platform: PlatformOptions) -> tuple[ResourceDeclaration, ...]:
    resources = [ResourceDeclaration.parse(fields, platform) for fields in declared]
    for fields, resource in zip(declared, resources, strict=True):
        if resource.parent is not None:
            others = [other for other in resources if other is not resource]
            _check_parent(fields, resource, resource.parent, others)
    return tuple(resources)


def _check_parent(
    fields: Fields, resource: ResourceDeclaration, declared: Parent, others: Sequence[ResourceDeclaration]
) -> None:
    named = fields.object("parent")
    by_name = {other.name: other for other in others}
    parent = by_name.get(declared.stream)
    if parent is None:
        known = ", ".join(by_name) or "(none)"
        raise named.complaint("stream", f"is {declared.stream!r}, but the other streams are: {known}")
    above, fields_above = parent, {declared.field}
    while above.parent is not None:
        if above.parent.field in fields_above:
            raise named.complaint("field", f"is {declared.field!r}, which {above.name} has got from its parent already")
        fields_above.add(above.parent.field)
        if above.parent.stream == resource.name:
            raise named.complaint("stream", f"is {declared.stream!r}, which has {resource.name} itself above it")
        if above.parent.stream not in by_name:
            break  # its own check complains about that
        above = by_name[above.parent.stream]
    if "parent" in resource.template.placeholders and parent.parent is None:
        raise fields.complaint("path", f"or another part holds {{parent}}, but {parent.name} has no parent")
    siblings = [other.parent for other in others if other.parent and other.parent.stream == parent.name]
    keys = {declared.key, *(sibling.key for sibling in siblings)}
    if len(keys) > 1:
        raise named.complaint("key", f"should be the same in all children of {parent.name}, found {sorted(keys)}")
