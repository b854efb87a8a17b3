"""The source: what Airbyte talks to. It knows platforms only by their registry."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Generator, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    AirbyteStreamStatus,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
    ConnectorSpecification,
    ConnectorSpecificationSerializer,
    FailureType,
    Status,
    StreamDescriptor,
    TraceType,
    Type,
)
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.streams import Stream
from airbyte_cdk.utils import AirbyteTracedException
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message as status_message

from source_invoicing.config import Config
from source_invoicing.http import Failure, config_failure, heartbeat
from source_invoicing.http.secrets import excerpt
from source_invoicing.log import engine_logger
from source_invoicing.platforms import PLATFORMS, Platform
from source_invoicing.specification import specification
from source_invoicing.streams import InvoicingStream, ParentStream
from source_invoicing.streams.concurrency import RecordPage, read_side_by_side

# A parser may repeat all that it has read.
SHOWN_OF_AN_ERROR = 200


class SyncFailed(AirbyteTracedException):
    """Raised at the end of a sync in which streams failed. Each of them has been reported by then."""


class SourceInvoicing(AbstractSource):
    """Reads one account at one invoicing system; the configuration says which."""

    def check_connection(self, logger: logging.Logger, config: Mapping[str, Any]) -> tuple[bool, str | None]:
        """Try the account.

        :return: whether it works, and if not, a sentence that says what to change
        """
        try:
            with heartbeat():
                self.platform(config).check()
        except Failure as failure:
            return False, failure.sentence
        return True, None

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """The CDK's own version shows the ``repr`` of the sentence."""
        succeeded, sentence = self.check_connection(logger, config)
        if succeeded:
            return AirbyteConnectionStatus(status=Status.SUCCEEDED)
        return AirbyteConnectionStatus(status=Status.FAILED, message=filter_secrets(sentence or ""))

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        """The form that the user fills in, read by a quick parser."""
        return ConnectorSpecificationSerializer.load(specification())

    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:
        """The streams and their schemas, for some of which the API has to be asked."""
        with heartbeat():
            return super().discover(logger, config)

    @classmethod
    def read_config(cls, config_path: str) -> MutableMapping[str, Any]:
        """The configuration file.

        :raises Failure: when it cannot be read
        """
        with _complaining_about("configuration", config_path):
            config = _read_json(config_path)
            if not isinstance(config, MutableMapping):
                raise TypeError("it should be an object")
            return config

    @classmethod
    def read_catalog(cls, catalog_path: str) -> ConfiguredAirbyteCatalog:
        """The configured catalog.

        :raises Failure: when it cannot be read
        """
        with _complaining_about("catalog", catalog_path):
            return ConfiguredAirbyteCatalogSerializer.load(_read_json(catalog_path))

    @classmethod
    def read_state(cls, state_path: str) -> list[AirbyteStateMessage]:
        """The state messages of an earlier sync, as a list; none where the file is empty.

        :raises Failure: when they cannot be read
        """
        with _complaining_about("state", state_path):
            stored = _read_json(state_path, default=[]) if state_path else []
            state = [AirbyteStateMessageSerializer.load(message) for message in stored or []]
            if any(not (message.stream or message.data or message.global_) for message in state):
                raise ValueError("a message without a stream")
            ConnectorStateManager(state=state)  # which looks into each of them
            return state

    def streams(self, config: Mapping[str, Any]) -> list[Stream]:
        """The account's streams.

        :raises Failure: when the configuration is wrong
        """
        return list(self.platform(config).streams())

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Read the streams of a catalog side by side: one message for each record, state, status and failure.

        :raises SyncFailed: at the end, when any stream failed
        """
        for message in self.read_in_pages(logger, config, catalog, state):
            if isinstance(message, RecordPage):
                yield from message.apart()
            else:
                yield message

    def read_in_pages(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """The same with records in pages (:class:`~source_invoicing.streams.concurrency.RecordPage`), for whoever
        prints them.

        A stream that fails does not stop the others; it ends as INCOMPLETE, with one trace message that says why.

        :raises SyncFailed: at the end, when any stream failed
        """
        with heartbeat():
            yield from self._read(self.platform(config), catalog, ConnectorStateManager(state=state))

    def _read(
        self, platform: Platform, catalog: ConfiguredAirbyteCatalog, states: ConnectorStateManager
    ) -> Iterator[AirbyteMessage]:
        failures: list[tuple[str, FailureType | None]] = []
        selected = yield from self._selected(platform, catalog, states, failures)
        if selected:
            try:
                for message in read_side_by_side(selected, platform.num_workers, engine_logger):
                    if message.type is Type.TRACE:
                        _note_failure(message, failures)
                    yield message
            except AirbyteTracedException:
                if not failures:
                    raise
        if failures:
            raise _sync_failed(failures)

    def _selected(
        self,
        platform: Platform,
        catalog: ConfiguredAirbyteCatalog,
        states: ConnectorStateManager,
        failures: list[tuple[str, FailureType | None]],
    ) -> Generator[AirbyteMessage, None, list[InvoicingStream]]:
        """The streams to read, with their state, in the platform's order: parents before children.

        :return: the streams; those that cannot be read are reported and left out
        """
        configured = {stream.stream.name: stream for stream in catalog.streams}
        streams = {stream.name: stream for stream in platform.streams()}
        selected = []
        for name in [*streams, *(configured.keys() - streams.keys())]:
            if name not in configured:
                continue
            try:
                stream = _restored(name, streams.get(name), states, platform)
                stream.use_schema(configured[name].stream.json_schema)
                selected.append(stream)
            except Failure as failure:
                failures.append((name, failure.failure_type))
                yield failure.as_sanitized_airbyte_message(StreamDescriptor(name=name))
                yield status_message(configured[name].stream, AirbyteStreamStatus.INCOMPLETE)
        for stream in selected:
            if isinstance(stream, ParentStream):
                stream.deliver_ids_if_read_in_full()
        return _in_turn(selected) if platform.takes_turns else selected

    def platform(self, config: Mapping[str, Any]) -> Platform:
        """The account that a configuration describes. Nothing is asked of it yet.

        :raises Failure: when the configuration is wrong
        """
        parsed = Config.parse(config, PLATFORMS)
        return PLATFORMS[parsed.platform](parsed)


def _read_json(path: str, default: Any = None) -> Any:
    """What a file holds. The CDK's reader stumbles over the byte order mark that some editors and shells put first.

    :param default: what an empty file stands for; without it, an empty file is an error like any other
    """
    content = Path(path).read_bytes()
    return json.loads(content) if default is None or content.strip() else default


@contextmanager
def _complaining_about(what: str, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise config_failure(f"The {what} file {path} cannot be opened: {error.strerror}.") from None
    except Exception as error:  # the CDK's parsers raise whatever the first wrong value makes them raise
        raise config_failure(
            f"The {what} file {path} does not hold a {what} in Airbyte's format ({type(error).__name__}: "
            f"{excerpt(str(error), SHOWN_OF_AN_ERROR)})."
        ) from None


def _restored(
    name: str, stream: InvoicingStream | None, states: ConnectorStateManager, platform: Platform
) -> InvoicingStream:
    if stream is None:
        raise config_failure(
            f"The connection asks for a stream {name!r} that {platform.name} does not have. Refresh the source schema "
            "of the connection, or leave the stream out."
        )
    stream.state = states.get_stream_state(name, stream.namespace)
    return stream


def _in_turn(streams: Sequence[InvoicingStream]) -> list[InvoicingStream]:
    """Streams that wait for their end first. Of the others, none should be the last each time: it may never be read."""
    unfinished = [stream for stream in streams if stream.is_unfinished]
    others = [stream for stream in streams if not stream.is_unfinished]
    return [*unfinished, *random.sample(others, len(others))]


def _note_failure(message: AirbyteMessage, failures: list[tuple[str, FailureType | None]]) -> None:
    trace = message.trace
    if trace is None or trace.type is not TraceType.ERROR or trace.error is None:
        return
    # The engine passes on what an unexpected exception says, which may be anything.
    trace.error.message = filter_secrets(trace.error.message)
    trace.error.internal_message = filter_secrets(trace.error.internal_message or "")
    trace.error.stack_trace = filter_secrets(trace.error.stack_trace or "")
    descriptor = trace.error.stream_descriptor
    failures.append((descriptor.name if descriptor else "?", trace.error.failure_type))


def _sync_failed(failures: list[tuple[str, FailureType | None]]) -> SyncFailed:
    """One failure for all: nobody has to act on a sync that will heal by itself, unless a part of it will not."""
    names = sorted({name for name, _ in failures})
    types = {failure_type for _, failure_type in failures}
    gravest = next(
        (kind for kind in (FailureType.system_error, FailureType.config_error) if kind in types),
        FailureType.transient_error,
    )
    return SyncFailed(
        message=f"These streams could not be read completely: {', '.join(names)}. Each says why in a message of its "
        "own; the other streams are complete.",
        internal_message="Streams failed",
        failure_type=gravest,
    )
