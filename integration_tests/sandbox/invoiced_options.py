"""Where what is known of Invoiced allows two behaviours, the sandbox offers both."""

from __future__ import annotations

from integration_tests.sandbox.options import Option

OPTIONS: tuple[Option, ...] = (
    Option(
        "updated_after",
        "exclusive",
        "Whether a row updated at that very second is listed; 'ignored' lists all rows.",
        choices=("exclusive", "inclusive", "ignored"),
    ),
    Option(
        "updated_before",
        "payments",
        "Which lists select by it. The vendor's own library sends it to one of them; nothing is documented.",
        choices=("payments", "all", "none"),
    ),
    Option("list_body", "array", "A bare array, or an object with the rows in 'data'.", choices=("array", "data")),
    Option(
        "headers",
        "both",
        "Which of Link and X-Total-Count a list carries.",
        choices=("both", "link", "count", "none"),
    ),
    Option(
        "last_next",
        "absent",
        "Whether the last page has no next link, or one that is equal to self.",
        choices=("absent", "self"),
    ),
    Option(
        "out_of_order",
        "refuse",
        "A page is refused unless the one before it was served for the same query; 'strict' wants page 1 or "
        "exactly the page after the one served last, so that even repeating a page is refused; 'allow' takes any.",
        choices=("refuse", "strict", "allow"),
    ),
    Option(
        "updated_after_elsewhere",
        "ignored",
        "What it does on notes, tasks, credit balance adjustments and the lists of a customer. Not documented there.",
        choices=("ignored", "honoured", "refused"),
    ),
    Option("per_page_above", "clamped", "What happens to a per_page above 100.", choices=("clamped", "refused")),
    Option("per_page_cap", 100, "The most rows on a page, whatever is asked for.", minimum=1),
    Option("ignore_sort", False, "Lists come in a shuffled, fixed order (events stay newest first)."),
    Option("ignore_filter", False, "filter[...] and metadata[...] have no effect."),
    Option(
        "empty_map",
        "mixed",
        "How empty metadata arrives: as it was made, always [] or always {}.",
        choices=("mixed", "list", "object"),
    ),
    Option(
        "events_start_date",
        "honoured",
        "What start_date and end_date do on events; 'exclusive' leaves out the very second.",
        choices=("honoured", "exclusive", "ignored", "refused"),
    ),
    Option("events_sort", "honoured", "Whether events can be sorted otherwise.", choices=("honoured", "ignored")),
    Option(
        "subscription_flags",
        "exclusive",
        "canceled=1 and finished=1 list those instead of the running ones, or in addition to them.",
        choices=("exclusive", "additive"),
    ),
    Option(
        "cadences_path",
        "chasing_cadences",
        "Which of the paths that the vendor's libraries know lists chasing cadences; the other one is not found.",
        choices=("chasing_cadences", "customer_chasing_cadences"),
    ),
    Option(
        "further_paths",
        "missing",
        "Whether lists answer that libraries of the vendor or of others know, and the documentation does not.",
        choices=("missing", "listed"),
    ),
    Option("mutation_events", False, "Mutations of rows write an event, as they do in the real service."),
    Option("events_delay", 0, "How many later events are listed before the event of a deletion is."),
    Option("events_kept", 0, "How many events are listed, the newest ones; 0 lists all."),
    Option(
        "deleted_object",
        "whole",
        "What the event of a deletion holds of the record.",
        choices=("whole", "id"),
    ),
    Option(
        "merged_object",
        "absorbed",
        "Which customer the event of a merger is about; of the survivor, it names the other one beside it.",
        choices=("absorbed", "survivor"),
    ),
    Option("void_and_cancel", False, "A deleted payment stays, voided, and a deleted subscription, canceled."),
)
