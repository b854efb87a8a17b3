"""The source that Airbyte talks to. It knows platforms only by their registry."""

from __future__ import annotations

import json
import logging
import random
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    AirbyteStateType,
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
    ConfiguredAirbyteStream,
    ConnectorSpecification,
    ConnectorSpecificationSerializer,
    DestinationSyncMode,
    Status,
    SyncMode,
)
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.streams import Stream
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from typing_extensions import override

from source_invoicing.config import Config
from source_invoicing.http import Failure, config_failure, excerpt, heartbeat, logger
from source_invoicing.messages import RecordPage
from source_invoicing.platforms import PLATFORMS, Platform
from source_invoicing.specification import specification
from source_invoicing.streams import InvoicingStream, readings_of
from source_invoicing.sync import Sync

# A parser's error may repeat everything that it has read.
MAX_QUOTED_ERROR_CHARS = 200
# What the CDK says of the first thing that is wrong, and where it stands.
SCHEMA_ERROR = re.compile(r"Schema validation failed:\s+- (.*) \(instance_path='(.*?)'\).*", re.DOTALL)
REMEDIES = {
    "configuration": "`source-invoicing spec` prints its form.",
    "catalog": "`source-invoicing catalog` prints one.",
    "state": "It is a list of the `state` objects of STATE messages.",
}


class SourceInvoicing(AbstractSource):
    """Reads one account at one invoicing system; the configuration says which."""

    def __init__(self, keep_config: Callable[[dict[str, Any]], None] | None = None) -> None:
        """
        :param keep_config: stores a configuration in which a server has replaced a token; by default, a message asks
            Airbyte to do so
        """
        super().__init__()
        self._keep_config = keep_config

    @override
    def check_connection(self, logger: logging.Logger, config: Mapping[str, Any]) -> tuple[bool, str | None]:
        """Test the connection to the account.

        :return: whether it works, and if not, a sentence that says what to change
        """
        try:
            with heartbeat():
                self.platform(config).check()
        except Failure as failure:
            return False, failure.sentence
        return True, None

    @override
    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Test the connection. The CDK's version shows the ``repr`` of the sentence."""
        succeeded, sentence = self.check_connection(logger, config)
        if succeeded:
            return AirbyteConnectionStatus(status=Status.SUCCEEDED)
        return AirbyteConnectionStatus(status=Status.FAILED, message=filter_secrets(sentence or ""))

    @override
    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        """The form that the user fills in, read by a fast parser."""
        return ConnectorSpecificationSerializer.load(specification())

    @override
    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:
        """The streams and their schemas. Some schemas take requests to the API."""
        with heartbeat():
            return super().discover(logger, config)

    def configured_catalog(
        self, config: Mapping[str, Any], names: Sequence[str] = (), *, full_refresh: bool = False
    ) -> ConfiguredAirbyteCatalog:
        """A catalog for :meth:`read`, each stream incremental where it can be.

        :param names: of the streams; all of them if empty
        :param full_refresh: whether each sync reads everything
        :raises Failure: when the configuration is wrong, or there is no such stream
        """
        available = self.discover(logger, config).streams
        unknown = [name for name in names if name not in {stream.name for stream in available}]
        if unknown:
            raise config_failure(
                f"There is no stream {' and no stream '.join(map(repr, unknown))}. The streams are "
                f"{', '.join(stream.name for stream in available)}."
            )
        return ConfiguredAirbyteCatalog(
            streams=[_configured(stream, full_refresh) for stream in available if not names or stream.name in names]
        )

    @classmethod
    @override
    def read_config(cls, config_path: str) -> MutableMapping[str, Any]:
        """The configuration file.

        :raises Failure: when it cannot be read
        """
        with _as_config_failure("configuration", config_path):
            config = _read_json(config_path)
            if not isinstance(config, MutableMapping):
                raise TypeError("it should be an object")
            return config

    @classmethod
    @override
    def read_catalog(cls, catalog_path: str) -> ConfiguredAirbyteCatalog:
        """The configured catalog.

        :raises Failure: when it cannot be read
        """
        with _as_config_failure("catalog", catalog_path):
            return ConfiguredAirbyteCatalogSerializer.load(_read_json(catalog_path))

    @classmethod
    @override
    def read_state(cls, state_path: str) -> list[AirbyteStateMessage]:
        """The state messages of an earlier sync, as a list; none where the file is empty.

        :raises Failure: when they cannot be read
        """
        with _as_config_failure("state", state_path):
            stored = (_read_json(state_path, default=[]) if state_path else []) or []
            if not isinstance(stored, list) or not all(isinstance(message, dict) for message in stored):
                raise TypeError("it should be a list of objects")
            # The type may be left out. Of other types than these, the CDK would ignore what they hold.
            typed = [{**message, "type": message.get("type") or "STREAM"} for message in stored]
            state = [AirbyteStateMessageSerializer.load(message) for message in typed]
            is_global = len(state) == 1 and state[0].type is AirbyteStateType.GLOBAL and state[0].global_
            if not is_global and any(each.type is not AirbyteStateType.STREAM or not each.stream for each in state):
                raise ValueError("a state of another type than STREAM, or without a stream")
            ConnectorStateManager(state=state)  # validates each of them
            return state

    @override
    def streams(self, config: Mapping[str, Any]) -> list[Stream]:
        """The account's streams.

        :raises Failure: when the configuration is wrong
        """
        return list(self.platform(config).streams())

    @override
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
        for item in self.sync(config, catalog, state).messages():
            if isinstance(item, RecordPage):
                yield from item.messages()
            else:
                yield item

    def sync(
        self,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Sync:
        """The sync of a catalog. Its messages hold records in pages.

        :raises Failure: when the configuration is wrong. A stream that cannot be read is reported by the sync
        """
        platform = self.platform(config)
        states = ConnectorStateManager(state=state)
        configured = {stream.stream.name: stream for stream in catalog.streams}
        with heartbeat():
            available = {stream.name: stream for stream in platform.streams()}
        selected: list[InvoicingStream] = []
        refused: list[tuple[str, Failure]] = []
        # In the platform's order: parents before their children.
        for name in [*(name for name in available if name in configured), *(configured.keys() - available.keys())]:
            try:
                selected.append(_prepared(name, available.get(name), configured[name], states, platform))
            except Failure as failure:  # noqa: PERF203  # one stream's failure must not fail the others
                refused.append((name, failure))
        with heartbeat():
            platform.assign_states_to_accounts(selected)
        readings = readings_of(_unfinished_first(selected) if platform.takes_turns else selected)
        return Sync(readings, platform.num_workers, refused)

    def platform(self, config: Mapping[str, Any], *, warns: bool = True) -> Platform:
        """The account that a configuration describes. Sends no request.

        :param warns: whether to log which options are ignored
        :raises Failure: when the configuration is wrong
        """
        parsed = Config.parse(config, PLATFORMS)
        if self._keep_config is not None:
            parsed = replace(parsed, keep=self._keep_config)
        platform = PLATFORMS[parsed.platform](parsed)
        for sentence in platform.unknown_options() if warns else ():
            logger.warning("%s", sentence)
        return platform


def _read_json(path: str, default: Any = None) -> Any:
    """Decode a JSON file. The CDK's reader fails at the byte order mark that some editors and shells put first.

    :param default: the value of an empty file; without it, an empty file is an error
    """
    content = Path(path).read_bytes()
    return json.loads(content) if default is None or content.strip() else default


@contextmanager
def _as_config_failure(what: str, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        named = f"file {path} cannot be opened: {error.strerror}" if path else "file has an empty path"
        raise config_failure(f"The {what} {named}.") from None
    except Exception as error:  # the CDK's parsers raise exceptions of any type
        words = SCHEMA_ERROR.sub(r"\2: \1", str(error)).removeprefix(": ")
        raise config_failure(
            f"The {what} file {path} does not hold a {what} in Airbyte's format "
            f"({excerpt(words, MAX_QUOTED_ERROR_CHARS)}). {REMEDIES[what]}"
        ) from None


def _prepared(
    name: str,
    stream: InvoicingStream | None,
    configured: ConfiguredAirbyteStream,
    states: ConnectorStateManager,
    platform: Platform,
) -> InvoicingStream:
    """The stream with its state, and with the schema that the connection has stored."""
    if stream is None and (option := platform.option_that_adds(name)):
        raise config_failure(
            f"The connection asks for the stream {name!r}, which {platform.name} has with {option} only. Switch that "
            "on, or leave the stream out of the connection."
        )
    if stream is None:
        raise config_failure(
            f"The connection asks for a stream {name!r} that {platform.name} does not have. Refresh the source schema "
            "of the connection, or leave the stream out."
        )
    stream.state = states.get_stream_state(name, stream.namespace)
    for member in stream.members:
        member.use_catalog(configured)
    return stream


def _configured(stream: AirbyteStream, full_refresh: bool) -> ConfiguredAirbyteStream:
    incremental = not full_refresh and SyncMode.incremental in stream.supported_sync_modes
    incremental_into = (
        DestinationSyncMode.append_dedup if stream.source_defined_primary_key else DestinationSyncMode.append
    )
    return ConfiguredAirbyteStream(
        stream=stream,
        sync_mode=SyncMode.incremental if incremental else SyncMode.full_refresh,
        destination_sync_mode=incremental_into if incremental else DestinationSyncMode.overwrite,
        cursor_field=stream.default_cursor_field if incremental else None,
        primary_key=stream.source_defined_primary_key,
    )


def _unfinished_first(streams: Sequence[InvoicingStream]) -> list[InvoicingStream]:
    """The unfinished streams first, the others in random order: a stream that is always last might never be read."""
    unfinished = [stream for stream in streams if stream.is_unfinished]
    others = [stream for stream in streams if not stream.is_unfinished]
    return [*unfinished, *random.sample(others, len(others))]
