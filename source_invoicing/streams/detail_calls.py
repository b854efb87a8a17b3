"""The requests for details of one sync: their number, its limit, and their progress."""

from __future__ import annotations

import threading
import time

from source_invoicing.http.log import heartbeat_seconds, logger


class OutOfCallsError(Exception):
    """The sync may send no further request for details."""


class DetailCalls:
    """Counts the requests for details of one sync, retries included, of all streams of a connection together, whatever
    accounts they are read from. Safe to use from several threads.

    :param limit: how many requests the sync may send; ``None``: any number
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._sent = 0
        self._documents = 0
        self._done = 0
        self._last_logged = time.monotonic()

    def take(self) -> None:
        """Count a request before it is sent.

        :raises OutOfCallsError: if the sync may not send it
        """
        with self._lock:
            if self.limit is not None and self._sent >= self.limit:
                raise OutOfCallsError
            self._sent += 1

    def note_retry(self) -> None:
        """Count a retry, since the vendor counts it too. A request that was started is retried even past the limit."""
        with self._lock:
            self._sent += 1

    def give_back(self) -> None:
        """Uncount a request that brought nothing: another one is sent in its place."""
        with self._lock:
            self._sent -= 1

    def expect(self, documents: int) -> None:
        """Add the number of documents whose details a reading will request."""
        with self._lock:
            self._documents += documents

    def done(self, documents: int) -> None:
        """Add a number of documents that are done. Every half minute, a line in the log says how far the sync is."""
        with self._lock:
            self._done += documents
            now = time.monotonic()
            if now < self._last_logged + heartbeat_seconds():
                return
            self._last_logged = now
            logger.info("Details of %s documents read, of %s.", f"{self._done:,}", f"{self._documents:,}")
