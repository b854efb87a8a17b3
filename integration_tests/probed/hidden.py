"""Options of the sandbox that cannot be told while another one is set, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: An option and its value.
Position = tuple[str, Any]


@dataclass(frozen=True)
class Hidden:
    """
    :param why: it cannot be told
    :param looks_like: the value of its option that it is taken for; ``None``: the default
    :param is_open: nothing is said of the option at all
    """

    why: str
    looks_like: Any = None
    is_open: bool = False


#: Positions, and what they hide together.
Hides = Mapping[tuple[Position, ...], Mapping[Position, Hidden]]

_NO_EVENT = Hidden("Events are where it would show, and there are none of what was done.")
_NO_LINKS = Hidden("No list links to another page.")
_NO_FILTER = Hidden("No filter has an effect, whichever list it is sent to.")
_NO_ORDER = Hidden("No list is sorted, whichever it is.")
_NO_ORDER_BY_CHANGE = Hidden("The list is not sorted by time of change.")
_NO_COLUMN = Hidden("The list refuses to be sorted.")
_NO_SINGLE_LINE = Hidden("None of the documents that come first has a single line.", is_open=True)
_ONE_ORGANIZATION = Hidden("The user has one organization, so none has to be named.")

_INVOICED: Hides = {
    (("mutation_events", False),): {
        ("deleted_object", "id"): _NO_EVENT,
        ("merged_object", "survivor"): _NO_EVENT,
        ("void_and_cancel", True): _NO_EVENT,
        ("events_delay", 2): _NO_EVENT,
    },
    (("headers", "count"),): {("last_next", "self"): _NO_LINKS},
    (("headers", "none"),): {("last_next", "self"): _NO_LINKS},
    (("ignore_sort", True),): {("events_sort", "ignored"): Hidden("Events come newest first in either.")},
}
_ZOHO: Hides = {
    (("ignore_filter", True),): {
        ("undocumented_filter", "ignored"): _NO_FILTER,
        ("undocumented_filter", "equal"): _NO_FILTER,
        ("since_border", "left_out"): _NO_FILTER,
    },
    (("ignore_sort", True),): {
        ("undocumented_sort", "ignored"): _NO_ORDER,
        ("expenses_sort", "honoured"): Hidden("No list is sorted, whichever it is.", "ignored"),
    },
    (("page_context", "omitted"),): {
        ("per_page_above", "clamped"): Hidden("A short list does not show how long its pages are.", is_open=True),
        ("totals", True): Hidden("A total is in page_context."),
        ("all_taxes", "ignored"): Hidden("page_context says which filter was applied."),
    },
    (("bulk_characters", 20),): {("bulk_ids", 3): Hidden("Even three ids are too long.")},
    (("unpaged", "taxes"),): {("all_taxes", "ignored"): Hidden("page_context says which filter was applied.")},
    (("organizations", 1),): {
        ("error_info", "absent"): _ONE_ORGANIZATION,
        ("organization_header", "ignored"): _ONE_ORGANIZATION,
    },
}
_ZOHO_INVOICE: Hides = {
    **_ZOHO,
    (("details_unavailable", "invoices:403"),): {("detail_lists", "single"): _NO_SINGLE_LINE},
}
_ZOHO_BOOKS: Hides = {
    **_ZOHO,
    (("ignore_filter", True),): {
        **_ZOHO[(("ignore_filter", True),)],
        ("journals_filter", "equal"): _NO_FILTER,
    },
    (("ignore_sort", True),): {
        **_ZOHO[(("ignore_sort", True),)],
        ("purchase_orders_order", "honoured"): _NO_ORDER,
        ("purchase_orders_order", "default"): _NO_ORDER,
        ("detail_lists", "single"): _NO_SINGLE_LINE,
    },
    (("undocumented_sort", "ignored"),): {
        ("purchase_orders_order", "honoured"): _NO_ORDER_BY_CHANGE,
        ("purchase_orders_order", "default"): _NO_ORDER_BY_CHANGE,
    },
    (("undocumented_sort", "refused"),): {
        ("purchase_orders_order", "honoured"): _NO_COLUMN,
        ("purchase_orders_order", "default"): _NO_COLUMN,
        ("detail_lists", "single"): _NO_SINGLE_LINE,
    },
    (("blank_times", 0),): {("detail_lists", "single"): _NO_SINGLE_LINE},
    (("page_context", "omitted"),): {
        **_ZOHO[(("page_context", "omitted"),)],
        ("debit_notes", "ignored"): Hidden("page_context says which filter was applied."),
    },
    (("journals_time", "absent"),): {
        ("journals_filter", "equal"): Hidden("Rows without a time do not show which of them a filter lists."),
    },
    (("organizations", 1),): {
        ("error_info", "absent"): _ONE_ORGANIZATION,
        ("organization_header", "any"): _ONE_ORGANIZATION,
    },
}
HIDES: Mapping[str, Hides] = {
    "invoiced": _INVOICED,
    "zoho_invoice": _ZOHO_INVOICE,
    "zoho_books": _ZOHO_BOOKS,
    "fastbill": {},
    "rest_api": {
        (("ignore_paging", True), ("since", "ignored")): {
            ("empty", "null"): Hidden("No page is empty."),
            ("empty", "absent"): Hidden("No page is empty."),
        },
    },
}
