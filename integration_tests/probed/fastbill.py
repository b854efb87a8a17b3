"""FastBill: what probes see of each option."""

from __future__ import annotations

from integration_tests.probed.tables import SeenByOption

FASTBILL: SeenByOption = {
    "container": {
        "array": {"container": "an array"},
        "index": {"container": "an object of indices"},
        "child": {"container": "an object"},
    },
    "nested": {
        "array": {"nested": "an array"},
        "index": {"nested": "an object of indices"},
        "child": {"nested": "an object"},
    },
    "empty_list": {
        "array": {"empty-list": "an array"},
        "object": {"empty-list": "an object"},
        "null": {"empty-list": "null"},
        "text": {"empty-list": "text"},
        "response": {"empty-list": "no list at all"},
    },
    "numbers": {
        "mixed": {"line-numbers": "both", "totals": "number"},
        "text": {"line-numbers": "text", "totals": "number"},
        "number": {"line-numbers": "number", "totals": "number"},
        "all_text": {"line-numbers": "text", "totals": "text"},
    },
    "ids": {"text": {"ids": "text"}, "number": {"ids": "number"}, "mixed": {"ids": "both"}},
    "content_type": {"text": {"label": "another type"}, "json": {"label": "JSON"}},
    "errors_form": {
        "array": {"errors-form": "an array"},
        "index": {"errors-form": "an object of indices"},
        "text": {"errors-form": "text"},
    },
    "order": {
        "key": {"invoices-sequence": "oldest row first", "customers-sequence": "oldest row first"},
        "newest": {"invoices-sequence": "newest row first"},
        "lastupdate": {"customers-sequence": "by time of change"},
        "shuffled": {"invoices-sequence": "none", "order-stable": "the same each time"},
    },
    "lastupdate_filter": {
        "honoured": {"invoices-filter": "honoured", "invoices-future": "honoured"},
        "ignored": {"invoices-filter": "ignored", "invoices-future": "ignored", "revenues-filter": "honoured"},
        "refused": {"invoices-filter": "refused", "invoices-future": "refused"},
    },
    "revenue_filter": {
        "honoured": {"revenues-filter": "honoured"},
        "ignored": {"revenues-filter": "ignored", "revenues-future": "ignored", "invoices-filter": "honoured"},
        "refused": {"revenues-filter": "refused"},
    },
    "project_filter": {
        "ignored": {"project-filter": "ignored"},
        "honoured": {"project-filter": "honoured"},
        "refused": {"project-filter": "refused"},
    },
    "estimate_dates": {
        "date": {"estimates-start-date": "honoured", "estimates-start-estimate-date": "ignored"},
        # What becomes of the other one is that of a filter that is not known.
        "estimate_date": {"estimates-start-estimate-date": "honoured"},
    },
    "unknown_filter": {"ignored": {"unknown-filter": "ignored"}, "refused": {"unknown-filter": "refused"}},
    "credit_notes": {"listed": {"credit-notes": "present"}, "asked_for": {"credit-notes": "absent"}},
    "unpaged": {
        False: {"times-offset": "honoured", "templates-offset": "honoured"},
        True: {"times-offset": "ignored", "templates-offset": "ignored", "invoices-offset": "honoured"},
    },
    "limit_cap": {
        100: {"page-size": "fewer rows come", "page-of-100": "taken"},
        20: {"page-size": "fewer rows come", "page-of-100": "fewer rows come"},
    },
}
