"""Where what is known of Zoho Invoice and Zoho Books allows two behaviours, the sandbox offers both.

Also the limits, which the real service enforces by itself, and what happens to tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.options import Option
from integration_tests.sandbox.zoho_lists import BOOKS_LISTS, INVOICE_LISTS

_STREAMS = {*INVOICE_LISTS, *BOOKS_LISTS}


@dataclass(frozen=True)
class StreamsOption(Option):
    """Streams, separated by commas; each may carry one of the ``choices`` after a colon."""

    def parse(self, value: object) -> str:
        """Refuses streams that neither product has, and choices that do not exist."""
        for stream, choice in streams_in(str(value)).items():
            if stream not in _STREAMS:
                raise SandboxError(f"Option {self.name} names streams, and {stream!r} is none.")
            if choice and choice not in self.choices:
                raise SandboxError(f"Option {self.name} takes no {choice!r} behind a colon.")
        return str(value)


def streams_in(text: str) -> Mapping[str, str]:
    """The streams of a :class:`StreamsOption`, with what stands behind their colon or nothing."""
    entries = (entry.strip().partition(":") for entry in text.split(",") if entry.strip())
    return {stream: choice for stream, _, choice in entries}


class OwnOption(Option):
    """Options that differ in single organisations: ``2 offset=-0330; 3 daily_quota=20 unavailable=bills:403``."""

    def parse(self, value: object) -> str:
        """Refuses what does not have that form."""
        for entry in filter(None, map(str.strip, str(value).split(";"))):
            number, *settings = entry.split()
            if not number.isdecimal() or not settings or not all("=" in setting for setting in settings):
                raise SandboxError(f"Option {self.name} takes entries such as '3 daily_quota=20', not {entry!r}.")
        return str(value)


def options_of(text: str, number: int) -> Mapping[str, str]:
    """What an :class:`OwnOption` says for the organisation of that number; the first one is 1."""
    entries = (entry.split() for entry in text.split(";") if entry.strip())
    return dict(setting.split("=", 1) for entry in entries if int(entry[0]) == number for setting in entry[1:])


TOKEN_OPTIONS: tuple[Option, ...] = (
    Option("token_lifetime", 3600, "Seconds for which an access token is good.", minimum=1),
    Option("token_limit", 10, "Access tokens that are given out within one window.", minimum=1),
    Option("token_window", 600, "Seconds of that window; it opens with its first token.", minimum=1),
    Option("live_tokens", 15, "Access tokens good at once; one more ends the oldest.", minimum=1),
    Option("token_generation", 0, "Whenever this changes, all access tokens given out so far end."),
    Option("revoke_after_calls", 0, "Once, before this call of the API, all access tokens end; 0 never."),
    Option("refresh_token", "valid", "Whether the refresh token still counts.", choices=("valid", "revoked")),
    Option(
        "code",
        "good",
        "The code of the API console: good once, too old, or of a client that gets no refresh token for it.",
        choices=("good", "expired", "online"),
    ),
    Option(
        "data_center",
        "here",
        "Whether the account lives at this data center, or else what this one says of everything made elsewhere.",
        choices=("here", "invalid_client", "invalid_code"),
    ),
    Option("token_error_status", "200", "Status of a refused token request.", choices=("200", "400")),
    Option("token_throttle_status", "400", "Status of a throttled token request.", choices=("200", "400")),
    Option(
        "expires_in",
        "seconds",
        "Unit of expires_in; with milliseconds the seconds are in expires_in_sec.",
        choices=("seconds", "milliseconds"),
    ),
    Option("api_domain", "here", "Whether token answers name the host of the API.", choices=("here", "absent")),
    Option("scheme", "documented", "'any' lets in Bearer beside Zoho-oauthtoken.", choices=("documented", "any")),
    Option("invalid_token_code", "57", "Code of a 401 for an unknown or ended token.", choices=("57", "14")),
)

LIMIT_OPTIONS: tuple[Option, ...] = (
    Option("calls_per_minute", 0, "Calls of the API served within any minute; further ones get code 44. 0: no limit."),
    Option("minute_ms", 60_000, "Milliseconds that count as a minute.", minimum=1),
    Option(
        "block_above", 0, "More calls than this within a minute, refused ones included, bring the block of code 43."
    ),
    Option("block_seconds", 3600, "Seconds of that block; also its Retry-After.", minimum=1),
    Option("daily_quota", 0, "Calls of the API served in all; further ones get code 45. 0: no limit."),
    Option("random_throttle", 0, "Percentage of the calls that get code 44 or 1070, drawn by the seed."),
    Option(
        "rate_headers",
        "present",
        "X-Rate-Limit-*: as documented, missing, or with a negative rest though calls succeed.",
        choices=("present", "absent", "negative"),
    ),
)

LIST_OPTIONS: tuple[Option, ...] = (
    Option("organizations", 1, "How many organisations the user belongs to, if there are not more rows.", minimum=1),
    Option(
        "organization_rows",
        0,
        "Rows of the second organisation, in percent of those of the first; further ones have fewer. 0: none.",
    ),
    OwnOption(
        "organization_options",
        "",
        "Options that differ in organisations after the first: '2 offset=-0330; 3 daily_quota=20 gone_after=7'.",
    ),
    Option("gone_after", 0, "In an organisation after the first: calls after which the user is no longer in it."),
    Option(
        "inactive",
        "no",
        "Whether an organisation after the first is called inactive, and if so, whether it is served all the same.",
        choices=("no", "served", "refused"),
    ),
    Option("error_info", "present", "Whether code 6024 lists the organisations.", choices=("present", "absent")),
    Option(
        "organization_header",
        "documented",
        "Where X-com-zoho-<product>-organizationid counts: in Invoice only, in both products, or nowhere.",
        choices=("documented", "any", "ignored"),
    ),
    StreamsOption(
        "unavailable",
        "",
        "Streams the account cannot read, each with :401 (code 57, as without one), :403, :404 or :400.",
        choices=("401", "403", "404", "400"),
    ),
    StreamsOption("unpaged", "", "Streams that come whole and without page_context, as organizations always do."),
    Option("per_page_cap", 200, "The most rows on a page.", minimum=1),
    Option("per_page_above", "refused", "What happens to a greater per_page.", choices=("refused", "clamped")),
    Option("page_zero", "first", "What page=0 gives.", choices=("first", "refused")),
    Option(
        "page_context",
        "object",
        "Form of page_context; 'omitted' leaves it out of lists that fit on one page.",
        choices=("object", "array", "omitted"),
    ),
    Option("totals", False, "page_context carries total and total_pages."),
    Option(
        "list_keys",
        "live",
        "customerpayments, recurring_invoices, vendor_credits, debit_notes and task, or customer_payments, "
        "recurringinvoices, vendorcredits, invoices and tasks.",
        choices=("live", "other"),
    ),
    Option("ignore_sort", False, "Lists come in a shuffled, fixed order; page_context shows the default order."),
    Option("ignore_filter", False, "last_modified_time has no effect."),
    Option(
        "undocumented_filter",
        "honoured",
        "last_modified_time on contacts, estimates, credit notes, customer payments, expenses and items; 'equal' lists "
        "what changed in that very second only.",
        choices=("honoured", "ignored", "refused", "equal"),
    ),
    Option(
        "undocumented_sort",
        "honoured",
        "sort_column=last_modified_time on bills, recurring bills, purchase orders, recurring and retainer "
        "invoices, debit notes, vendor payments, projects and items, and created_time on time entries.",
        choices=("honoured", "ignored", "refused"),
    ),
    Option(
        "expenses_sort",
        "refused",
        "sort_column=last_modified_time on expenses; one client's comment says that it is rejected.",
        choices=("refused", "ignored", "honoured"),
    ),
    Option(
        "since_border",
        "included",
        "Whether last_modified_time lists what changed in that very second.",
        choices=("included", "left_out"),
    ),
    Option(
        "response_option",
        "honoured",
        "On invoices: 1 adds the total to page_context, 2 gives that alone.",
        choices=("honoured", "ignored", "refused"),
    ),
    Option(
        "purchase_orders_order",
        "descending",
        "Purchase orders come descending whatever is asked, or always in the default order, or as asked.",
        choices=("descending", "default", "honoured"),
    ),
    Option(
        "journals_filter",
        "since",
        "Whether last_modified_time lists journals changed at or after that second, or at that second only.",
        choices=("since", "equal"),
    ),
    Option("journals_time", "present", "Whether journals carry last_modified_time.", choices=("present", "absent")),
    Option("unescaped_plus", "refused", "What a blank in place of the + does.", choices=("refused", "ignored")),
    Option(
        "hide_inactive",
        False,
        "Contacts, items, users, banking, projects, recurring expenses and time entries too show some rows only if "
        "filter_by asks for all.",
    ),
    Option(
        "further_filters",
        "documented",
        "Whether recurring expenses, projects and time entries take filter_by, as Books documents.",
        choices=("documented", "refused"),
    ),
    Option(
        "all_contact_persons",
        "listed",
        "Whether there is a list of the persons of all contacts, or only one of each contact.",
        choices=("listed", "missing", "refused"),
    ),
    Option(
        "debit_notes",
        "honoured",
        "Whether page_context shows filter_by=Type.DebitNote, or that all kinds of invoices were listed.",
        choices=("honoured", "ignored"),
    ),
    Option("showbalance", "taken", "The parameter of that name on accounts.", choices=("taken", "refused")),
    Option(
        "all_taxes",
        "honoured",
        "What filter_by=Taxes.All does; unless honoured, inactive taxes belong to no complete read.",
        choices=("honoured", "ignored", "refused"),
    ),
    Option("transactions_account", "optional", "account_id on transactions.", choices=("optional", "required")),
)

DETAIL_OPTIONS: tuple[Option, ...] = (
    StreamsOption(
        "details_unavailable",
        "",
        "Lists whose rows can be listed but not asked for one by one, with a status as in 'unavailable'.",
        choices=("401", "403", "404", "400"),
    ),
    Option("detail_envelope", "object", "A document stands alone or in an array.", choices=("object", "array")),
    Option("detail_lists", "array", "Lines and applications: one alone is no array.", choices=("array", "single")),
    Option(
        "detail_members",
        "all",
        "Whether members without a value are there: blank text, empty lists, no custom fields.",
        choices=("all", "filled"),
    ),
    Option(
        "detail_times",
        "live",
        "Time of modification in a detail: as seen, missing, or another one than in the list.",
        choices=("live", "absent", "later"),
    ),
    Option(
        "recurring_bill_path",
        "recurringbills",
        "Where one recurring bill is found.",
        choices=("recurringbills", "recurring_bills"),
    ),
    Option("bulk_ids", 200, "The most ids in one call for items or sales orders.", minimum=1),
    Option("bulk_characters", 0, "The most characters of these ids and their commas; 0: no limit."),
    Option(
        "dead_sales_orders",
        "left_out",
        "A call for several of which one is gone: the others come, or none, as with items.",
        choices=("left_out", "refused"),
    ),
)

DATA_OPTIONS: tuple[Option, ...] = (
    Option(
        "base_url",
        "host",
        "The configuration's base_url: in place of the API's host, or with the product's path.",
        choices=("host", "root"),
    ),
    Option(
        "offset",
        "+0530",
        "Offset of all times from UTC; 'new_york' changes with the seasons.",
        choices=("+0530", "+0000", "-0330", "new_york"),
    ),
    Option("duplicates", 0, "About every n-th invoice is listed twice, as with several public links; 0 none."),
    Option("blank_times", 1, "Rows of some streams whose last_modified_time is blank; read at the start."),
    Option("bulk_import", 0, "Rows of each stream that share one last_modified_time; read at the start."),
)

OPTIONS: tuple[Option, ...] = (*TOKEN_OPTIONS, *LIMIT_OPTIONS, *LIST_OPTIONS, *DETAIL_OPTIONS, *DATA_OPTIONS)
