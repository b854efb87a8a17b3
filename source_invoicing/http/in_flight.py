"""How many requests of an account may be under way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class InFlight:
    """At most so many requests at a time: fewer once the vendor has refused one for coming too soon, and step by step
    more again with each good answer, as senders share a line of unknown width.

    A request that was refused goes before all that were not. So nobody is refused over and over while others, who came
    later, use up what the vendor allows.

    Safe to use from several threads.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = float(most)
        self._under_way = 0
        self._refused = 0
        self._changed = threading.Condition()

    @property
    def allowed(self) -> int:
        """How many there may be by now."""
        return int(self._allowed)

    @contextmanager
    def one(self, again: bool) -> Iterator[None]:
        """Be one of the requests under way; blocks until there is room.

        :param again: whether the request was refused before
        """
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(again))
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def refuse(self, is_first: bool) -> None:
        """A request was refused and will come again. It has to say :meth:`came_again` when it has.

        :param is_first: whether it is the first of those that were refused together
        """
        with self._changed:
            self._refused += 1
            if is_first:
                self._allowed = max(self._allowed / 2, 1.0)

    def came_again(self) -> None:
        """A request that was refused was sent once more, or never will be."""
        with self._changed:
            self._refused -= 1
            self._changed.notify_all()

    def grant(self) -> None:
        """A request was answered."""
        if self._allowed >= self._most:
            return
        with self._changed:
            self._allowed = min(self._allowed + 1 / self._allowed, float(self._most))
            self._changed.notify_all()

    def _has_room(self, again: bool) -> bool:
        return self._under_way < self.allowed and (again or not self._refused)
