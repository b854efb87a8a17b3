"""How often an API may be asked, as far as the user knows."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from typing_extensions import Self

from source_invoicing.config import Fields
from source_invoicing.http import CallBudget
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

MAX_CALLS = 1_000_000
MAX_SECONDS = SECONDS_PER_DAY
# Statuses of errors, in HTTP.
FIRST_ERROR, LAST_ERROR = 400, 599


@dataclass(frozen=True)
class Rate:
    """At most ``calls`` within ``per_seconds``, where both are set.

    :param too_many_statuses: those that mean "too many requests" beside 429
    """

    calls: int | None = None
    per_seconds: int | None = None
    too_many_statuses: tuple[int, ...] = ()

    @classmethod
    def parse(cls, fields: Fields | None) -> Self:
        """
        :raises Failure: for the first option that is wrong
        """
        if fields is None:
            return cls()
        calls = fields.integer("calls", None, 1, MAX_CALLS)
        seconds = fields.integer("per_seconds", None, 1, MAX_SECONDS)
        if (calls is None) is not (seconds is None):
            missing = "calls" if calls is None else "per_seconds"
            raise fields.complaint(missing, "is missing; calls and per_seconds belong together")
        statuses = fields.integers("too_many_statuses", FIRST_ERROR, LAST_ERROR)
        if HTTPStatus.UNAUTHORIZED in statuses:
            raise fields.complaint("too_many_statuses", "holds 401, which means that the credentials are wrong")
        return cls(calls, seconds, tuple(statuses))

    def budget(self) -> CallBudget | None:
        """What counts the calls; ``None`` where they are not limited."""
        return CallBudget(self.calls, self.per_seconds) if self.calls and self.per_seconds else None
