"""How a list of Zoho is described."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from integration_tests.sandbox.table import Sort

MODIFIED, CREATED = "\0modified", "\0created"
"""Columns with the times as unix seconds; on the wire they are texts whose order depends on their offset."""
TIMES: Mapping[str, str] = {"last_modified_time": MODIFIED, "created_time": CREATED}

Support = Literal["documented", "undocumented", "none"]

NEWEST = ("created_time", "D")
BY_DATE = ("date", "D")


@dataclass(frozen=True)
class ListSpec:
    """One list. ``filters`` are the values of ``filter_by``, the first of which is the default, and ``sortable`` the
    columns of ``sort_column``; ``unproven_sort`` is accepted or not as an option says. ``modified`` tells how far the
    filter by ``last_modified_time`` is known.

    A list of the rows under one parent, a row of the stream ``parent``, has its id in ``parent_field``, and a ``*`` in
    the place of it in ``path``, or in ``path_of_parent`` where there is a list of all of them as well; or the parameter
    ``parent_param`` has to name it. Such a list leaves out the fields ``silent``.
    """

    path: str
    key: tuple[str, ...]
    report: str
    order: tuple[str, str]
    filters: tuple[str, ...] = ("Status.All",)
    sortable: tuple[str, ...] = ()
    unproven_sort: tuple[str, ...] = ()
    modified: Support = "none"
    list_key: str = ""
    other_list_key: str = ""
    status: str = "status"
    paged: bool = True
    says_how: bool = True
    """Whether ``page_context`` shows filter and order."""
    parent: str = ""
    parent_field: str = ""
    parent_param: str = ""
    path_of_parent: str = ""
    silent: tuple[str, ...] = ()

    @property
    def envelope_key(self) -> str:
        """What the rows are called in the answer; mostly the last part of the path."""
        return self.list_key or self.path.rpartition("/")[2]


def sort_of(column: str, order: str) -> Sort:
    """The order of a table for a column and ``A`` or ``D``."""
    return ((TIMES.get(column, column), order == "D"),)


def statuses(*names: str) -> tuple[str, ...]:
    return tuple(f"Status.{name}" for name in ("All", *names))


INVOICE_STATUSES = ("Sent", "Draft", "OverDue", "Paid", "Void", "Unpaid", "PartiallyPaid", "Viewed")
DOCUMENT_SORT = ("customer_name", "date", "total", "created_time")
LIVE = ("last_modified_time",)
"""Accepted live though not documented."""
