"""Why a strategy reads a list again, or gives up in favour of the next plan."""

from __future__ import annotations

from airbyte_cdk.models import FailureType

from source_invoicing.http import UnexpectedResponse

UNIQUE_ORDER_ADVICE = (
    "Its rows come in another order on each page: have the API sort them by a field that is unique, such as the id."
)


def incomplete(label: str, what: str, advice: str) -> str:
    """The sentence for a list that cannot be read completely, with what it does and what a user can do about it."""
    return f"The list {label} {what}, so it cannot be read completely. {advice}"


class PlanNotSupported(Exception):
    """The API did not sort, filter or page as the plan needs. The next plan has to read the list.

    :ivar advice: what a user can do about it, if no other plan is left
    """

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.advice = advice


class TiesUnstable(PlanNotSupported):
    """Rows with equal sort values come in another order on each page."""

    def __init__(self) -> None:
        super().__init__("lists rows of the same second in another order on each page", UNIQUE_ORDER_ADVICE)


class Contradiction(UnexpectedResponse):
    """The pages of a list contradict each other, so the rows that were read prove nothing."""

    failure_type = FailureType.config_error


class ListChanged(Exception):
    """Rows moved between two pages, so that some may have been missed. The list has to be read again."""

    #: What to do if that happens each time.
    advice = "Run the sync again; if it persists, the API does not page as documented."


class RowsDeleted(ListChanged):
    """Rows were deleted between two pages: the row that a token names, or others, which pulled rows onto a page that
    had been read."""

    advice = "Run the sync again while fewer rows are deleted from it."


class PageRepeated(ListChanged):
    """Pages were repeated: a whole page of rows was inserted before them or, more often, the API does not page."""


class RowsRepeated(ListChanged):
    """Some rows came twice and others not at all, although as many came as the total counts."""

    advice = UNIQUE_ORDER_ADVICE
