"""Any invoicing API that answers in JSON, described in the configuration. See docs/rest-api.md."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, cast

from typing_extensions import override

from source_invoicing.config import Config
from source_invoicing.http import (
    LIMIT_HINT_OF_CHECK,
    ApiClient,
    Auth,
    RateLimiter,
    RetryPolicy,
    StatusErrorHandler,
    logger,
)
from source_invoicing.platforms.platform import Platform
from source_invoicing.platforms.rest_api.children import RestChildAndParentStream, RestChildStream, RestParentStream
from source_invoicing.platforms.rest_api.credentials import OAuth
from source_invoicing.platforms.rest_api.declared import RestAccount
from source_invoicing.platforms.rest_api.details import RestDetailStream
from source_invoicing.platforms.rest_api.error_handler import error_text
from source_invoicing.platforms.rest_api.options import Options
from source_invoicing.platforms.rest_api.parts import Parts, PartStream
from source_invoicing.platforms.rest_api.probes import probes_of
from source_invoicing.platforms.rest_api.products import chosen_product
from source_invoicing.platforms.rest_api.resource import SYNCED_AT, ResourceDeclaration
from source_invoicing.platforms.rest_api.streams import RestStream
from source_invoicing.platforms.rest_api.timestamps import AnyTimestamp, RowVersion
from source_invoicing.streams import InvoicingStream
from source_invoicing.streams.listing import Plan
from source_invoicing.streams.probing import Probe

STATUS_ERROR_HANDLER = StatusErrorHandler(
    vendor="The API",
    error_text=error_text,
    login_hint=(
        "Check platform.auth: its type, the name and place the API wants the key in, and that the key is complete."
    ),
    access_hint=(
        "Check platform.auth, as some APIs answer so to a wrong key. If it is right, use credentials that may, or "
        "leave the stream out of the connection."
    ),
    address="",
)
#: The base class of a stream, by whether it has a parent and whether it is one.
BASES: Mapping[tuple[bool, bool], type[RestStream]] = {
    (False, False): RestStream,
    (False, True): RestParentStream,
    (True, False): RestChildStream,
    (True, True): RestChildAndParentStream,
}


class RestApi(Platform):
    """An account at an API that the configuration describes."""

    name: ClassVar[str] = "rest_api"
    #: Few, because nothing is known about the API.
    default_workers: ClassVar[int] = 4

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        product = chosen_product(config.options)
        self._fields = product.completed(config.options) if product else config.options
        self._options = Options.parse(self._fields, has_start_date=config.start is not None)
        handler = replace(STATUS_ERROR_HANDLER, too_many_statuses=self._options.rate.too_many_statuses)
        if product:
            login_hint = f"Check platform.auth. {product.hint}"
            access_hint = f"{handler.access_hint} {product.hint}"
            handler = replace(handler, vendor=product.title, login_hint=login_hint, access_hint=access_hint)
        self._error_handler = handler
        self._tokens: Auth | None = None

    @override
    def unknown_options(self) -> Iterable[str]:
        return self._fields.unknown()

    @override
    def check(self) -> None:
        """Read one page of the first stream without a parent, and one of its documents if it has details."""
        if self._options.credentials.query_name:
            logger.info("The key travels in the query of each request. Use location header where the API takes it.")
        streams = streams_of(self._options, self._account(RetryPolicy.for_check(), LIMIT_HINT_OF_CHECK))
        source = next(stream for stream in streams if stream.declared.parent is None)
        rows = source.try_out()
        documents = RestDetailStream(source).try_out(rows) if source.declared.detail else rows
        for parts in self._options.parts:
            if parts.source == source.name and parts.detail:
                RestDetailStream(source, parts).try_out(rows)
            elif parts.source == source.name:
                Parts(parts, source).of_first(documents)

    @override
    def streams(self) -> list[InvoicingStream]:
        streams = streams_of(self._options, self._account(RetryPolicy()))
        by_name = {stream.name: stream for stream in streams}
        offered: list[InvoicingStream] = [RestDetailStream(each) if each.declared.detail else each for each in streams]
        for parts in self._options.parts:
            source = by_name[parts.source]
            with_details = parts.detail or source.declared.detail
            offered.append(RestDetailStream(source, parts) if with_details else PartStream(parts, source))
        return offered

    @override
    def probes(self, streams: Sequence[InvoicingStream]) -> Sequence[Probe]:
        return probes_of(streams)

    def _account(self, retry_policy: RetryPolicy, limit_hint: str = StatusErrorHandler.limit_hint) -> RestAccount:
        options, handler = self._options, replace(self._error_handler, limit_hint=limit_hint)
        auth = options.credentials.auth
        if isinstance(auth, OAuth):
            # Made once, since the server may replace the refresh token.
            auth = self._tokens = self._tokens or auth.make_auth(
                options.base_url, options.headers, self._keep_refresh_token, retry_policy
            )
        rate_limiter = RateLimiter(self.num_workers, options.rate.budget(), retry_policy.max_wait)
        client = ApiClient(
            auth=auth,
            base_url=options.base_url,
            error_handler=handler,
            rate_limiter=rate_limiter,
            pool_size=self.num_workers,
            retry_policy=retry_policy,
            headers=dict(options.headers),
        )
        return RestAccount(client, self.window, handler, deletions=self.deletions)

    def _keep_refresh_token(self, token: str) -> None:
        """Have a new refresh token stored in the configuration: the old one may no longer work."""
        values: dict[str, Any] = copy.deepcopy(dict(self.config.values))
        values["platform"]["auth"]["refresh_token"] = token
        self.config.keep(values)


def streams_of(options: Options, account: RestAccount) -> list[RestStream]:
    """The declared resources as streams, in order, parents before their children."""
    by_name = {resource.name: resource for resource in options.resources}
    keys = {resource.parent.stream: resource.parent.key for resource in options.resources if resource.parent}
    parents: dict[str, RestParentStream] = {}
    streams: list[RestStream] = []

    def depth(resource: ResourceDeclaration) -> int:
        return 1 + depth(by_name[resource.parent.stream]) if resource.parent else 0

    for resource in sorted(options.resources, key=depth):
        if resource.parent is None:
            account.discovery.expect(is_read=resource.json_schema is None)
        parent = {"parents": parents[resource.parent.stream]} if resource.parent else {}
        stream = _class_of(resource, keys.get(resource.name))(account, **parent)
        if isinstance(stream, RestParentStream):
            parents[resource.name] = stream
        streams.append(stream)
    return streams


def _class_of(resource: ResourceDeclaration, id_path: str | None) -> type[RestStream]:
    """The class of a declared resource, as a platform for this API alone would define it.

    :param id_path: dotted path of the id that selects the children; ``None`` where there are no children
    """
    form = resource.since.format
    members = {
        "declared": resource,
        "resource": resource.template.path,
        "cursor_field": SYNCED_AT if resource.synced_at else resource.cursor_field or [],
        "timestamp_format": RowVersion() if resource.has_versions else AnyTimestamp(form if "%" in form else ""),
        "plans": _plans(resource),
        "paging": resource.pager.paging,
        "id_path": id_path,
        "parent_field": resource.parent.field if resource.parent else "",
        "__module__": __name__,
    }
    base = BASES[resource.parent is not None, id_path is not None]
    return cast(type[RestStream], type(resource.name, (base,), members))


def _plans(resource: ResourceDeclaration) -> tuple[Plan, ...]:
    """The ways to read a list, best first. Without modification times in the rows, a filter cannot be verified."""
    if resource.synced_at or resource.has_versions:
        return tuple(replace(plan, filtered=False) for plan in resource.pager.plans(filtered=False))
    return resource.pager.plans(filtered=resource.sends_since)
