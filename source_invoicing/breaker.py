"""Stops a stream of many lists whose lists all fail."""

from __future__ import annotations

import threading

from source_invoicing.http import AccessRefused, ResourceMissing

# Partitions that may fail in a row before no further one is tried: each takes its retries and waits, and there may be
# one for each of ten thousand customers.
MAX_FAILURES_IN_A_ROW = 5


class FailureBreaker:
    """Stops a stream whose partitions fail one after another. Safe to use from several threads.

    :param any_was_read: whether an earlier run has read partitions of the stream
    :param refusals_count: whether a refusal says something about the next one even though others could be read
    """

    def __init__(self, *, any_was_read: bool = False, refusals_count: bool = False) -> None:
        self._lock = threading.Lock()
        self._failed = False
        self._any_was_read = any_was_read
        self._refusals_count = refusals_count
        self._in_a_row = 0

    @property
    def is_open(self) -> bool:
        """Whether so many partitions have failed in a row that the next one will, too."""
        return self._in_a_row >= MAX_FAILURES_IN_A_ROW

    def succeeded(self) -> None:
        """Note that a partition was read to its end."""
        with self._lock:
            self._any_was_read = True
            self._in_a_row = 0

    def failed(self, error: Exception) -> bool:
        """Note that a partition failed. Where others could be read, a refusal says nothing about the next one.

        :return: whether it is the first one, which is the stream's; further ones are for the log
        """
        with self._lock:
            first, self._failed = not self._failed, True
            is_refusal = isinstance(error, (AccessRefused, ResourceMissing))
            if self._refusals_count or not (self._any_was_read and is_refusal):
                self._in_a_row += 1
            return first
