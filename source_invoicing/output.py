"""Printing messages to standard output.

The CDK turns each record into a dictionary, that into bytes, those into text, and the text into bytes again. Most of
the output is records, so here each becomes bytes once; other messages are printed as the CDK serializes them.
"""

from __future__ import annotations

import json
import os
import re
import select
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import orjson
from airbyte_cdk.logger import PRINT_BUFFER

from source_invoicing.messages import RecordPage, now_in_milliseconds
from source_invoicing.streams import Row

# Records are printed after this many seconds, or when there are this many bytes of them.
FLUSH_SECONDS = 0.1
FLUSH_BYTES = 1 << 18
# In JSON, NUL is always escaped. Two backslashes are one in the text, so only one after an even number escapes.
NUL = re.compile(rb"\\u0000")
NULS = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


class OutputError(Exception):
    """Nothing can be printed any more, for instance because the disk is full. Its text says why."""


class Output:
    """Prints lines in order, and records in batches. Not thread-safe.

    Log lines of other threads go to standard output through the CDK's buffer, in whole lines.
    """

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._size = 0
        self._flushed_at = time.monotonic()

    def page(self, page: RecordPage) -> None:
        """Print a message for each record of a page, without the character NUL, which PostgreSQL and others refuse."""
        start = b'{"type":"RECORD","record":{"stream":%b,"data":' % orjson.dumps(page.stream)
        end = b',"emitted_at":%d}}\n' % now_in_milliseconds()
        lines = b"".join(start + _json(row) + end for row in page.rows)
        self._add(NULS.sub(rb"\1", lines) if NUL.search(lines) else lines)

    def line(self, message: str) -> None:
        """Print any other message, given as JSON text, at once: a state in a buffer is lost when the process is killed,
        and the next message may come a minute later."""
        self._add(f"{message}\n".encode())
        self.flush()

    def flush(self) -> None:
        """Print what is in the buffer.

        :raises BrokenPipeError: when the reader has gone away
        :raises OutputError: when it cannot be printed
        """
        lines = b"".join(self._lines)
        self._lines.clear()
        if lines and sys.__stdout__ is not None:
            # Log lines are printed under the same lock, so that lines do not mix.
            with _as_output_error(), PRINT_BUFFER.lock:
                sys.__stdout__.buffer.write(lines)
                sys.__stdout__.buffer.flush()
        self._size = 0
        self._flushed_at = time.monotonic()

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.flush()
        with _as_output_error():
            PRINT_BUFFER.flush()

    def _add(self, lines: bytes) -> None:
        self._lines.append(lines)
        self._size += len(lines)
        if self._size >= FLUSH_BYTES or time.monotonic() - self._flushed_at >= FLUSH_SECONDS:
            self.flush()


@contextmanager
def _as_output_error() -> Iterator[None]:
    """Raise an ``OSError`` as an :class:`OutputError`, so that it is not mistaken for a file that cannot be read."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(error.strerror) from error


def _json(row: Row) -> bytes:
    try:
        return orjson.dumps(row)
    except orjson.JSONEncodeError:  # orjson reads deeper nesting than it writes
        return json.dumps(row, ensure_ascii=False).encode()


@contextmanager
def exit_without_reader() -> Iterator[None]:
    """End the process as soon as the reader of its output has gone away.

    While it waits for a quota it prints nothing, and would notice only minutes later. If the system cannot report a
    closed pipe, the next message that is printed fails instead.
    """
    try:
        descriptor = sys.__stdout__.fileno() if sys.__stdout__ is not None else -1
    except (OSError, ValueError):
        descriptor = -1
    over = threading.Event()
    if descriptor >= 0 and hasattr(select, "poll"):
        threading.Thread(target=_watch, args=(descriptor, over), name="reader-watch", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _watch(descriptor: int, over: threading.Event) -> None:
    poll = select.poll()
    # Without requested events, it only reports errors, such as that the other end of the pipe is closed.
    poll.register(descriptor, 0)
    for _, event in poll.poll():
        if event & select.POLLERR and not over.is_set():
            os._exit(1)
