"""What a sync emits in addition to the protocol's messages: pages of records, and failures for the user."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteRecordMessage,
    AirbyteStreamStatus,
    StreamDescriptor,
    Type,
)
from airbyte_cdk.utils import AirbyteTracedException
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message as status_message

from source_invoicing.http import config_failure, most_severe
from source_invoicing.streams import Row


@dataclass
class RecordPage:
    """Records for the output, which prints them together.

    :param stream: name of the stream
    :param rows: the records. The consumer empties the list after printing, since others still refer to the page
    """

    stream: str
    rows: list[Row]

    def messages(self) -> Iterator[AirbyteMessage]:
        """One message for each record."""
        emitted_at = now_in_milliseconds()
        for row in self.rows:
            record = AirbyteRecordMessage(stream=self.stream, data=row, emitted_at=emitted_at)
            yield AirbyteMessage(type=Type.RECORD, record=record)


def now_in_milliseconds() -> int:
    """The current time, as the protocol expects it in ``emitted_at``."""
    return time.time_ns() // 1_000_000


class SyncFailed(AirbyteTracedException):
    """Raised at the end of a sync in which streams failed, after each of them has been reported."""


def status_of(stream: str, status: AirbyteStreamStatus) -> AirbyteMessage:
    """The message that a stream has started, is running, or has ended."""
    return status_message(StreamDescriptor(name=stream), status)


def unexpected(stream: str, error: Exception) -> AirbyteTracedException:
    """The failure of a stream by an exception that is not a :class:`.Failure`."""
    if isinstance(error, MemoryError):
        return config_failure(
            f"The memory of this machine or container was used up while stream {stream} was read. Allow the connector "
            "more, lower num_workers, or ask for fewer rows on a page where that can be set."
        )
    traced = AirbyteTracedException.from_exception(
        error,
        message=f"An unexpected error occurred in stream {stream}: {type(error).__name__}. Run the sync again; if this "
        "stays, report it with the log.",
    )
    # The text of an unexpected exception may hold a secret.
    traced.internal_message = filter_secrets(traced.internal_message or "")
    return traced


def sync_failed(failures: Sequence[tuple[str, AirbyteTracedException]]) -> SyncFailed:
    """One failure for the whole sync.

    :param failures: the name of each stream that failed, and why
    """
    names = sorted({name for name, _ in failures})
    return SyncFailed(
        message=f"These streams could not be read completely: {', '.join(names)}. Each says why in a message of its "
        "own; the other streams are complete.",
        internal_message="Streams failed",
        failure_type=most_severe(failure.failure_type for _, failure in failures),
    )
