"""What can go wrong with a request: one exception type per case that a caller may want to handle.

Each failure has a message that a user can act on, and Airbyte's failure type: ``config_error`` (change
something), ``transient_error`` (run again), ``system_error`` (a defect of the connector).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from airbyte_cdk.models import FailureType
from airbyte_cdk.utils import AirbyteTracedException
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from typing_extensions import Self

BY_SEVERITY = (FailureType.transient_error, FailureType.config_error, FailureType.system_error)


class Failure(AirbyteTracedException):
    """A failed request or check whose message is meant for the user. Secrets are masked."""

    #: Who can fix it. A single failure of the class may have another type.
    failure_type = FailureType.config_error

    def __init__(self, sentence: str, failure_type: FailureType | None = None, *, detail: str | None = None) -> None:
        """
        :param sentence: what went wrong and what to do about it
        :param failure_type: who can fix it, if that is another one than for the class
        :param detail: further facts, for the log only
        """
        super().__init__(
            message=filter_secrets(sentence),
            internal_message=filter_secrets(detail or sentence),
            failure_type=failure_type or self.failure_type,
        )
        self.detail = detail

    @property
    def sentence(self) -> str:
        """What the user reads."""
        return self.message or ""

    def reworded(self, sentence: str) -> Self:
        """The same failure in other words."""
        return type(self)(sentence, self.failure_type, detail=self.detail)


class Cancelled(BaseException):
    """Raised in workers after cancellation. Not a failure, never reported, and caught by no ``except Exception``."""


class LoginRefused(Failure):
    """The credentials were not accepted (HTTP 401 or the vendor's equivalent)."""


class AccessRefused(Failure):
    """The credentials are good, but may not read this resource (HTTP 403, a plan without the module, ...)."""


class ResourceMissing(Failure):
    """The resource asked for does not exist (HTTP 404), for instance the list of a parent that was deleted."""


class RecordMissing(ResourceMissing):
    """The vendor says that a single record does not exist, and not that the address is wrong."""


class HostUnreachable(Failure):
    """No usable connection: refused, reset, unknown name, or no response in time."""

    failure_type = FailureType.transient_error


class QuotaExhausted(Failure):
    """The account may not send requests for longer than a sync waits."""

    failure_type = FailureType.transient_error


class UnexpectedResponse(Failure):
    """A response that is not what the API documents: another format, a missing key, a list that contradicts itself."""

    failure_type = FailureType.transient_error


class MalformedResponse(UnexpectedResponse):
    """The body of a response is not what the API documents, perhaps because it was cut: a retry may help.

    Raised by the ``read`` that :meth:`~source_invoicing.http.client.ApiClient.fetch` is given.
    """


class BadRequest(UnexpectedResponse):
    """The vendor did not understand the request (HTTP 400 or 422), for instance a parameter it does not know."""

    failure_type = FailureType.system_error


#: Failures with which every further request would fail, too.
ENDS_ALL = (QuotaExhausted, HostUnreachable, LoginRefused)


def config_failure(sentence: str) -> Failure:
    """A failure that the user can fix."""
    return Failure(sentence)


def transient_failure(sentence: str) -> Failure:
    """A failure that the next run may not have."""
    return Failure(sentence, FailureType.transient_error)


def combined_failure(failures: Sequence[tuple[str, AirbyteTracedException]], afterwards: str = "") -> Failure:
    """The failures of several accounts as one failure, as severe as the most severe of them.

    :param failures: the name of each account, and its failure
    :param afterwards: a sentence about the other accounts
    """
    names: dict[str, list[str]] = {}
    for name, failure in failures:
        names.setdefault(failure.message or "", []).append(name)
    sentences = [f"In {' and '.join(accounts)}: {sentence}" for sentence, accounts in names.items()]
    return Failure(
        " ".join(filter(None, [*sentences, afterwards])),
        most_severe(failure.failure_type for _, failure in failures),
        detail=" ".join(failure.internal_message or "" for _, failure in failures),
    )


def most_severe(types: Iterable[FailureType]) -> FailureType:
    """The most severe of several failure types. It is transient only if all are."""
    return max(types, key=BY_SEVERITY.index)
