"""Questions to a real account, to check what is assumed of its API. Knows no platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from source_invoicing.http import AccessRefused, Failure, MalformedResponse, ResourceMissing, Response
from source_invoicing.streams.page import Page, Row

# Outcomes that several kinds of questions have.
HONOURED, IGNORED, REFUSED = "honoured", "ignored", "refused"
PRESENT, ABSENT = "present", "absent"
ANSWERS, MISSING, NO_ACCESS, UNREADABLE = "answers", "missing", "no access", "not as documented"

#: The outcomes of failures; any other failure is a refusal, if there was a response.
OUTCOMES_OF_FAILURES: Mapping[type[Failure], str] = {
    AccessRefused: NO_ACCESS,
    ResourceMissing: MISSING,
    MalformedResponse: UNREADABLE,
}

#: How much is known of a fact.
Mark = Literal["verified", "inferred"]
VERIFIED: Mark = "verified"
INFERRED: Mark = "inferred"

Params = Mapping[str, Any]


class CannotTell(Exception):
    """A question cannot be answered in this account, for lack of rows or access. The report quotes the reason."""


@dataclass(frozen=True)
class Question:
    """
    :param ask: finds the outcome by an :class:`.Inquiry`; raises :class:`CannotTell`
    :param means: what each outcome means for the connector
    """

    ask: Callable[[Any], str]
    means: Mapping[str, str]


def question(means: Mapping[str, str]) -> Callable[[Callable[..., str]], Callable[..., Question]]:
    """Turns a function into a kind of question. Its first argument is the :class:`.Inquiry`; the others say what the
    question is about.

    :param means: what each outcome means for the connector
    """

    def decorate(ask: Callable[..., str]) -> Callable[..., Question]:
        def kind(*about: Any, **more: Any) -> Question:
            return Question(lambda inquiry: ask(inquiry, *about, **more), means)

        return kind

    return decorate


@dataclass(frozen=True)
class Probe:
    """One fact about an API that can be checked by reading.

    :param id: its name in reports
    :param fact: what is assumed, in one sentence
    :param assumed: the outcomes that confirm the fact
    :param means: what outcomes mean for the connector, where the question's own text does not fit
    """

    id: str
    fact: str
    mark: Mark
    question: Question
    assumed: str | tuple[str, ...]
    means: Mapping[str, str] = field(default_factory=dict)

    @property
    def expected(self) -> tuple[str, ...]:
        """The outcomes that confirm the fact."""
        return (self.assumed,) if isinstance(self.assumed, str) else self.assumed

    def meaning(self, outcome: str) -> str:
        """What an outcome means for the connector."""
        return {**self.question.means, **self.means}.get(outcome, "")


@dataclass(frozen=True)
class Answer:
    """
    :param response: ``None`` where there was no readable response, not even a refusal
    :param page: the rows; ``None`` where the request was refused or was not for a list
    :param failure: why it was refused
    """

    response: Response | None = None
    page: Page | None = None
    failure: Failure | None = None

    @property
    def body(self) -> Any:
        """The decoded body; ``None`` where there is no response."""
        return None if self.response is None else self.response.body

    def header(self, name: str) -> str:
        """A header of the response; blank where it is missing."""
        return "" if self.response is None else self.response.headers.get(name, "")

    @property
    def refused(self) -> bool:
        """Whether the API rejects the request."""
        return self.outcome == REFUSED

    @property
    def answered(self) -> Response:
        """The response to a request that was not refused.

        :raises CannotTell: when it was refused
        """
        if self.response is None or self.failure is not None:
            raise CannotTell(self.outcome)
        return self.response

    @property
    def rows(self) -> list[Row]:
        """The rows; at least one.

        :raises CannotTell: when no list came, or an empty one
        """
        if not self.listed.rows:
            raise CannotTell("the list has no rows")
        return self.listed.rows

    @property
    def listed(self) -> Page:
        """The page.

        :raises CannotTell: when there is none
        """
        if self.page is None:
            raise CannotTell(self.outcome)
        return self.page

    @property
    def outcome(self) -> str:
        """How the API responds to the request."""
        if self.failure is None:
            return ANSWERS
        for kind, word in OUTCOMES_OF_FAILURES.items():
            if isinstance(self.failure, kind):
                return word
        return REFUSED if self.response is not None else UNREADABLE


def in_words(name: str) -> str:
    """The name of a stream inside a sentence."""
    return name.replace("_", " ")
