"""Any REST API: what probes see of each option."""

from __future__ import annotations

from integration_tests.probed.tables import SeenByOption, of

LISTS = ("customers", "invoices", "items", "payments", "taxes", "credit_notes")

REST_API: SeenByOption = {
    "totals": {True: of(LISTS, "total", "right"), False: of(LISTS, "total", "none is declared")},
    "limit_cap": {
        0: {"invoices-size": "taken"},
        10: of(LISTS, "size", "fewer rows come"),
    },
    "ignore_paging": {False: {"invoices-end": "ends there"}, True: {"invoices-end": "the first rows again"}},
    "order": {
        "key": {"invoices-order": "oldest row first", "invoices-stable": "the same each time"},
        "newest": of(LISTS, "order", "newest row first"),
        "shuffled": {**of(LISTS, "order", "none"), "invoices-stable": "the same each time"},
    },
    "since": {
        "honoured": {"invoices-filter": "honoured", "invoices-boundary": "included"},
        "ignored": of(LISTS, "filter", "ignored"),
    },
    "ids": {"number": {"keys": "numbers"}, "text": {"keys": "text"}, "mixed": {"keys": "both"}},
    "empty": {"list": {"empty": "an empty list"}, "null": {"empty": "null"}, "absent": {"empty": "nothing"}},
    "rate_headers": {False: {"limits": "absent"}, True: {"limits": "present"}},
}
