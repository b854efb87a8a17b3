"""What the streams of one account share."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from airbyte_cdk.models import FailureType

from source_invoicing.http import (
    AccessRefused,
    Failure,
    HostUnreachable,
    QuotaExhausted,
    ResourceMissing,
    StatusErrorHandler,
)
from source_invoicing.streams import Account

#: What happens to one list of an account happens to the next one too.
CONCERNS_ALL = (HostUnreachable, QuotaExhausted)


class DiscoveryOutcome:
    """The outcome of looking at the first pages of an account's lists.

    A list that cannot be read does not hide the others; if none can be read, the configuration is wrong.
    """

    def __init__(self) -> None:
        self._to_come = 0
        self._some_list_was_read = False
        self._failure: Failure | None = None

    def expect(self) -> None:
        """Expect one more list."""
        self._to_come += 1

    def succeeded(self) -> None:
        """Note that a list could be read."""
        self._to_come -= 1
        self._some_list_was_read = True

    def failed(self, stream: str, failure: Failure) -> None:
        """Note that a list could not be read.

        :raises Failure: this one, if it concerns all lists, which would fail one by one for the same reason; or the
            first one, if this was the last list and none could be read. Refused access does not count
        """
        self._to_come -= 1
        failure_type = failure.failure_type or FailureType.system_error
        name = f"Stream {stream}: "
        of_stream = type(failure)(name + failure.sentence.removeprefix(name), failure_type)
        if isinstance(failure, CONCERNS_ALL):
            raise of_stream
        if self._failure is None and not isinstance(failure, (AccessRefused, ResourceMissing)):
            self._failure = of_stream
        if self._failure and self._to_come <= 0 and not self._some_list_was_read:
            raise self._failure


@dataclass(frozen=True)
class RestAccount(Account):
    """An account, and what its streams need beside it.

    :param error_handler: resolves a response by its status alone
    :ivar began: when the sync began, by this machine's clock (seconds since 1970, UTC)
    """

    error_handler: StatusErrorHandler
    discovery: DiscoveryOutcome = field(default_factory=DiscoveryOutcome)
    began: int = field(default_factory=lambda: int(time.time()))
