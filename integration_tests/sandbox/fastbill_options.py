"""Where what is known of FastBill allows two behaviours, the sandbox offers both."""

from __future__ import annotations

from integration_tests.sandbox.options import Option

FORMS = ("array", "index", "single", "child", "mixed")
"""Ways to write a list: an array; an object keyed "0", "1", ...; one bare object where there is one row; an object with
the rows under their singular name; all of them in turn."""

OPTIONS: tuple[Option, ...] = (
    Option("container", "array", "How the rows of a page are written.", choices=FORMS),
    Option("nested", "array", "How the lists inside a row are written: ITEMS, VAT_ITEMS, ...", choices=FORMS),
    Option(
        "empty_list",
        "array",
        "What stands for no rows: [], {}, null, empty text, or RESPONSE itself as [].",
        choices=("array", "object", "null", "text", "response"),
    ),
    Option(
        "numbers",
        "mixed",
        "Quantities, prices and rates of lines are text as in 2014 or numbers as since 2021; 'all_text' writes the "
        "totals as text too, 'mixed' changes from row to row.",
        choices=("text", "number", "all_text", "mixed"),
    ),
    Option("ids", "text", "Whether ids are numeric text or numbers.", choices=("text", "number", "mixed")),
    Option("content_type", "text", "Answers are labelled text/plain or application/json.", choices=("text", "json")),
    Option("errors_form", "array", "How RESPONSE.ERRORS is written.", choices=("array", "index", "text")),
    Option(
        "order",
        "key",
        "In which order lists come; a request cannot choose.",
        choices=("key", "newest", "lastupdate", "shuffled"),
    ),
    Option(
        "lastupdate_filter",
        "honoured",
        "What START_LASTUPDATE and END_LASTUPDATE do on invoice.get.",
        choices=("honoured", "ignored", "refused"),
    ),
    Option("revenue_filter", "honoured", "The same on revenue.get.", choices=("honoured", "ignored", "refused")),
    Option(
        "project_filter",
        "ignored",
        "What PROJECT_ID in the filter of a document does.",
        choices=("honoured", "ignored", "refused"),
    ),
    Option(
        "estimate_dates",
        "date",
        "The name of the filter by date on estimate.get: START_DATE, or START_ESTIMATE_DATE.",
        choices=("date", "estimate_date"),
    ),
    Option("unknown_filter", "ignored", "A filter that the service does not know.", choices=("ignored", "refused")),
    Option(
        "credit_notes",
        "listed",
        "Whether invoices include credit notes, or only where these are asked for.",
        choices=("listed", "asked_for"),
    ),
    Option(
        "deleted_customers",
        "removed",
        "A deleted customer leaves the list, or stays with DELETED_DATE and a new LASTUPDATE, or with the old one, or "
        "with the day of its deletion alone.",
        choices=("removed", "kept", "kept_unchanged", "kept_by_day"),
    ),
    Option("unpaged", False, "time.get and template.get answer with all rows, whatever LIMIT and OFFSET say."),
    Option("limit_cap", 100, "The most rows on a page, whatever is asked for.", minimum=1),
    Option("calls_per_hour", 0, "Calls within an hour; further ones are over quota. 0 sets no limit."),
    Option("quota_seconds", 3600, "How long the 'hour' lasts, from the first call of the window.", minimum=1),
    Option("quota_answer", "429", "How a call over quota is refused.", choices=("429", "503", "errors")),
    Option("quota_retry_after", False, "Whether that answer carries Retry-After, in seconds."),
)
