"""What an unknown API says when something is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from airbyte_cdk.models import FailureType

from source_invoicing.http import Answer, Retry, StatusJudge, UnexpectedAnswer, Verdict
from source_invoicing.http.secrets import excerpt
from source_invoicing.http.verdict import OK
from source_invoicing.platforms.rest_api.options import Resource
from source_invoicing.platforms.rest_api.paths import MISSING, dig
from source_invoicing.platforms.rest_api.records import rows_in

#: Where APIs put their words, looked at in this order.
USUAL_PLACES = ("message", "error.message", "error_message", "error_description", "detail", "error", "errors", "code")
MOST_WORDS = 300


def error_text(body: Any) -> str | None:
    """The words of an error body, as far as its form is one of the usual ones."""
    return next((words for place in USUAL_PLACES if (words := _words(dig(body, place)))), None)


def _words(value: Any) -> str | None:
    if isinstance(value, dict):
        inner = [words for member in value.values() if (words := _words(member))]
    elif isinstance(value, list):
        inner = [words for member in value if (words := _words(member))]
    else:
        inner = [value] if isinstance(value, str) else [str(value)] if isinstance(value, int) else []
    return excerpt("; ".join(inner), MOST_WORDS) or None


@dataclass(frozen=True)
class ResourceJudge:
    """Judges an answer to a question for a resource.

    :param by_status: the judgement by status alone
    :param resource: whose ``error_path`` and ``record_path`` count
    """

    by_status: StatusJudge
    resource: Resource | None = None

    def of(self, resource: Resource) -> ResourceJudge:
        """The same for one resource."""
        return replace(self, resource=resource)

    def __call__(self, answer: Answer) -> Verdict:
        verdict = self.by_status(answer)
        if verdict is not OK or self.resource is None:
            return verdict
        said = self._said(answer.body)
        if said is not None:
            return Retry(self._unexpected(answer, f"says under {self.resource.error_path!r}: {said}"))
        found = rows_in(answer.body, self.resource)
        if isinstance(found, str):
            where = self.resource.record_path or "the whole body"
            return Retry(
                self._unexpected(
                    answer, f"has {found} where record_path ({where}) should lead to a list of records", config=True
                )
            )
        return OK

    def _said(self, body: Any) -> str | None:
        """What stands under ``error_path``, if anything: false, 0 and empty containers say that nothing is wrong."""
        assert self.resource is not None
        if not self.resource.error_path:
            return None
        found = dig(body, self.resource.error_path)
        if found is MISSING or not found:
            return None
        return _words(found) or error_text(body) or "something is wrong"

    def _unexpected(self, answer: Answer, what: str, *, config: bool = False) -> UnexpectedAnswer:
        return UnexpectedAnswer(
            f"The answer to {answer.path} (HTTP {answer.status}) {what}. Run the sync again; if this stays, check the "
            "stream in the configuration.",
            FailureType.config_error if config else FailureType.transient_error,
        )
