"""What all declared streams have in common: an account, a name, a key, and a schema."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property

from airbyte_cdk.models import AirbyteStream
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

#: Failures that all lists of an account would have.
CONCERNS_ALL_LISTS = (HostUnreachable, QuotaExhausted)


class DiscoveryOutcome:
    """Which of an account's lists could be read during discovery.

    A list that cannot be read does not stop discovery; if none can be read, the configuration is wrong.
    """

    def __init__(self) -> None:
        self._num_pending = 0
        self._all_are_read = True
        self._some_list_was_read = False
        self._failure: Failure | None = None
        self._refusal: Failure | None = None

    def expect(self, *, is_read: bool) -> None:
        """Count a list without a parent.

        :param is_read: whether it is read to infer its schema; otherwise that is given
        """
        self._num_pending += is_read
        self._all_are_read = self._all_are_read and is_read

    def succeeded(self) -> None:
        """Record that a list could be read."""
        self._num_pending -= 1
        self._some_list_was_read = True

    def failed(self, stream: str, failure: Failure) -> None:
        """Record that a list could not be read.

        :raises Failure: this failure, if all lists would have it; or the first one, if this was the last list and none
            could be read. That one is missing, or access to it refused, counts only if all were to be read
        """
        self._num_pending -= 1
        name = f"Stream {stream}: "
        of_stream = failure.reworded(name + failure.sentence.removeprefix(name))
        if isinstance(failure, CONCERNS_ALL_LISTS):
            raise of_stream
        if isinstance(failure, (AccessRefused, ResourceMissing)):
            self._refusal = self._refusal or of_stream
        else:
            self._failure = self._failure or of_stream
        final = self._failure or (self._refusal if self._all_are_read else None)
        if final is not None and self._num_pending <= 0 and not self._some_list_was_read:
            raise final


@dataclass(frozen=True)
class RestAccount(Account):
    """An account, and what declared streams need in addition.

    :param error_handler: resolves a response by its status alone
    :ivar began: when the sync began, by this machine's clock (seconds since 1970, UTC)
    """

    error_handler: StatusErrorHandler
    discovery: DiscoveryOutcome = field(default_factory=DiscoveryOutcome)
    began: int = field(default_factory=lambda: int(time.time()))


@dataclass(frozen=True)
class StreamDeclaration:
    """The declaration of a stream. Names are those of the configuration, paths are dotted.

    :param detail: the request for each row, if the list does not hold all of it
    """

    name: str
    primary_key: tuple[str, ...]
    detail: DetailRequest | None
    json_schema: Schema | None


class DeclaredStream(InvoicingStream, ABC):
    """A stream that the configuration describes. Keys and cursors are dotted paths.

    Its schema is that of the configuration, or the one stored in the connection; ``discover`` infers one from records.
    """

    declared: StreamDeclaration
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
        """Dotted paths of fields that all records have, beside their key."""

    @abstractmethod
    def sample(self) -> list[Row]:
        """Read records to infer the schema from.

        :raises Failure: when no list of the account can be read
        """

    @cached_property
    def _inferred(self) -> Schema:
        return infer(self.sample(), self.primary_key, self.known_fields)

    def warn_of_open_schema(self, failure: Failure) -> None:
        """Warn that the list could not be read, so that the schema is open."""
        logger.warning("Stream %s: its schema stays open, as its list cannot be read. %s", self.name, failure)

    def warn_of_no_records(self) -> None:
        """Warn that there are no records to infer a schema from."""
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
        """A read does not infer a schema."""
        return self.declared.json_schema or self._stored or {}

    @override
    def as_airbyte_stream(self) -> AirbyteStream:
        stream = super().as_airbyte_stream()
        stream.source_defined_primary_key = [path.split(".") for path in self.primary_key] or None
        if stream.default_cursor_field:
            stream.default_cursor_field = stream.default_cursor_field[0].split(".")
        return stream
