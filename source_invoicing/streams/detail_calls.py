"""The requests for details of one sync: how many there may be, and how far they got."""

from __future__ import annotations

import threading
import time

from source_invoicing.http.log import heartbeat_seconds, logger


class OutOfCallsError(Exception):
    """The sync may send no further request for details."""


class DetailCalls:
    """The requests for details of one sync, those of all streams of an account together, each try counted. Safe to use
    from several threads.

    :param most: how many there may be; ``None``: as many as it takes
    """

    def __init__(self, most: int | None = None) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._sent = 0
        self._documents = 0
        self._done = 0
        self._spoke = time.monotonic()

    def take(self) -> None:
        """Count a request before it is sent.

        :raises OutOfCallsError: if the sync may not send it
        """
        with self._lock:
            if self.most is not None and self._sent >= self.most:
                raise OutOfCallsError
            self._sent += 1

    def note_retry(self) -> None:
        """A request had to be sent once more, which counts at the vendor's. One that is begun is carried through, also
        where none is left."""
        with self._lock:
            self._sent += 1

    def give_back(self) -> None:
        """A request brought nothing, and another one has to be sent in its place."""
        with self._lock:
            self._sent -= 1

    def expect(self, documents: int) -> None:
        """Note how many documents a stream asks for."""
        with self._lock:
            self._documents += documents

    def done(self, documents: int) -> None:
        """Note how many more of them are done. A line in the log every half a minute says how far the sync is."""
        with self._lock:
            self._done += documents
            now = time.monotonic()
            if now < self._spoke + heartbeat_seconds():
                return
            self._spoke = now
            logger.info("Details of %s documents read, of %s.", f"{self._done:,}", f"{self._documents:,}")
