"""What all declared streams have in common: an account, a name, a key, and a schema."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property

from airbyte_cdk.models import AirbyteStream, FailureType
from typing_extensions import override

from source_invoicing.http import (
    AccessRefused,
    Failure,
    HostUnreachable,
    QuotaExhausted,
    ResourceMissing,
    StatusErrorHandler,
    logger,
)
from source_invoicing.platforms.rest_api.schema import Schema, infer
from source_invoicing.platforms.rest_api.template import DetailRequest
from source_invoicing.streams import Account, InvoicingStream, Row
from source_invoicing.streams.normalise import with_additional_properties

#: What happens to one list of an account happens to the next one too.
CONCERNS_ALL = (HostUnreachable, QuotaExhausted)


class DiscoveryOutcome:
    """The outcome of looking at the first pages of an account's lists.

    A list that cannot be read does not hide the others; if none can be read, the configuration is wrong.
    """

    def __init__(self) -> None:
        #: How many lists are still to be looked at.
        self.to_come = 0
        self._some_list_was_read = False
        self._failure: Failure | None = None

    def succeeded(self) -> None:
        """Note that a list could be read."""
        self.to_come -= 1
        self._some_list_was_read = True

    def failed(self, stream: str, failure: Failure) -> None:
        """Note that a list could not be read.

        :raises Failure: this one, if it concerns all lists, which would fail one by one for the same reason; or the
            first one, if this was the last list and none could be read. Refused access does not count
        """
        self.to_come -= 1
        failure_type = failure.failure_type or FailureType.system_error
        name = f"Stream {stream}: "
        of_stream = type(failure)(name + failure.sentence.removeprefix(name), failure_type)
        if isinstance(failure, CONCERNS_ALL):
            raise of_stream
        if self._failure is None and not isinstance(failure, (AccessRefused, ResourceMissing)):
            self._failure = of_stream
        if self._failure and self.to_come <= 0 and not self._some_list_was_read:
            raise self._failure


@dataclass(frozen=True)
class RestAccount(Account):
    """An account, and what its streams need beside it.

    :param error_handler: resolves a response by its status alone
    :ivar began: when the sync began, by this machine's clock (seconds since 1970, UTC)
    """

    error_handler: StatusErrorHandler
    discovery: DiscoveryOutcome = field(default_factory=DiscoveryOutcome)
    began: int = field(default_factory=lambda: int(time.time()))


@dataclass(frozen=True)
class Declared:
    """One declared stream. Names are those of the configuration, paths are dotted.

    :param detail: what is asked for each row, where the list does not hold all of it
    """

    name: str
    primary_key: tuple[str, ...]
    detail: DetailRequest | None
    json_schema: Schema | None


class DeclaredStream(InvoicingStream, ABC):
    """A stream that the configuration describes. Keys and cursors are dotted paths.

    The configuration gives its schema, or the connection has stored it; otherwise ``discover`` infers it from records.
    """

    declared: Declared
    account: RestAccount

    _stored: Schema | None = None

    @property
    @override
    def name(self) -> str:
        return self.declared.name

    @property
    @override
    def primary_key(self) -> list[str]:  # type: ignore[override]  # elsewhere of the class
        return list(self.declared.primary_key)

    @property
    @abstractmethod
    def known_fields(self) -> tuple[str, ...]:
        """Dotted paths of fields that records have beside their key."""

    @abstractmethod
    def sample(self) -> list[Row]:
        """Records to infer the schema from, for which the API is asked.

        :raises Failure: when no list of the account can be read
        """

    @cached_property
    def _inferred(self) -> Schema:
        return infer(self.sample(), self.primary_key, self.known_fields)

    def warn_of_open_schema(self, failure: Failure) -> None:
        """Say that the records of this stream are not known."""
        logger.warning("Stream %s: its schema stays open, as its list cannot be read. %s", self.name, failure)

    def warn_of_no_records(self) -> None:
        """Say that there is nothing to infer a schema from."""
        logger.warning(
            "Stream %s: it shows no record yet, so its schema has little more than its key. Whatever else its records "
            "have is kept in _additional_properties until the source schema is refreshed, or json_schema is given.",
            self.name,
        )

    @override
    def get_json_schema(self) -> Schema:  # type: ignore[override]  # the base caches per instance
        return with_additional_properties(self.declared.json_schema or self._inferred)

    @override
    def use_schema(self, schema: Schema) -> None:
        self._stored = schema

    @override
    def schema_of_records(self) -> Schema:
        """A read infers nothing."""
        return self.declared.json_schema or self._stored or {}

    @override
    def as_airbyte_stream(self) -> AirbyteStream:
        stream = super().as_airbyte_stream()
        stream.source_defined_primary_key = [path.split(".") for path in self.primary_key] or None
        if stream.default_cursor_field:
            stream.default_cursor_field = stream.default_cursor_field[0].split(".")
        return stream
