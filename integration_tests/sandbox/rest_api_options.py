"""What an invoicing API with a key may be like, and the ways in which it may be nasty."""

from __future__ import annotations

from integration_tests.sandbox.options import Option

POSES = (
    *("none", "iugu", "billomat", "invoice_ninja", "invoicexpress", "lago", "stripe"),
    *("chargebee", "maxio", "recurly", "xero", "quickbooks_online", "freshbooks", "harvest", "moneybird", "sevdesk"),
    *(
        "lexware_office",
        "fakturoid",
        "pennylane",
        "fortnox",
        "e_conomic",
        "e_conomic_lines",
        "paddle",
        "square",
        "mollie",
    ),
    *("lemon_squeezy", "freeagent", "paypal_invoicing"),
)

OPTIONS: tuple[Option, ...] = (
    Option(
        "pose",
        "none",
        "Plays a real product; chosen at the start. Of the options of address, form and paging only limit_cap has an "
        "effect then.",
        choices=POSES,
    ),
    Option("vendor_limits", True, "A product refuses calls beyond its own limit."),
    Option(
        "config",
        "full",
        "The configuration that is announced: all streams, or only base_url and the credentials.",
        choices=("full", "minimal"),
    ),
    # The key
    Option(
        "auth",
        "query",
        "How the credentials have to come; everything else is refused.",
        choices=("query", "header", "header_prefix", "basic", "bearer", "oauth2", "none"),
    ),
    Option("refusal_status", "401", "How wrong or misplaced credentials are refused.", choices=("401", "403")),
    Option("rotate_refresh_token", True, "oauth2: every refresh gives a new refresh token and voids the old one."),
    Option("access_token_calls", 0, "oauth2: an access token is void after so many calls; 0 sets no limit."),
    Option("access_token_seconds", 3600, "oauth2: what expires_in says.", minimum=1),
    # Paging
    Option(
        "pager",
        "offset",
        "How pages are asked for. 'cursor' is the last row's id, 'body_cursor' a token in the body; the next page's "
        "address comes in the body, in a header of its own or in Link; 'none' gives everything at once.",
        choices=("offset", "page", "cursor", "body_cursor", "next_url", "next_header", "link_header", "none"),
    ),
    Option("totals", True, "Lists say how many rows, or pages, there are."),
    Option("limit_cap", 0, "The most rows on a page, whatever is asked for; 0 sets no limit."),
    Option("start_page", 1, "The number of the first page."),
    Option("max_offset", 0, "Rows beyond this one are refused with 400; 0 sets no limit."),
    Option("ignore_paging", False, "Every question is answered with page 1."),
    Option("next_key", "absent", "Whether the next page's address holds the key.", choices=("absent", "present")),
    Option(
        "next_host",
        "same",
        "Where the next page's address leads: 'foreign' is another host name, under /elsewhere, 'relative' has none.",
        choices=("same", "foreign", "relative"),
    ),
    Option(
        "order",
        "key",
        "In which order lists come; a request cannot choose.",
        choices=("key", "newest", "shuffled"),
    ),
    # The body
    Option(
        "wrapper",
        "data",
        "Rows lie under 'data', under 'result.list', or are the body.",
        choices=("data", "nested", "array"),
    ),
    Option("empty", "list", "What stands in place of no rows.", choices=("list", "null", "absent")),
    Option("single_object", False, "A page of one row holds the bare object."),
    Option("key", "id", "The key is 'id', or 'Invoice.id' and so on.", choices=("id", "nested")),
    Option("ids", "number", "Whether ids are numbers or text.", choices=("number", "text", "mixed")),
    Option(
        "times",
        "iso8601",
        "How updated_at is written: ISO 8601 with Z, with an offset, without a zone (UTC), or as a unix time.",
        choices=("iso8601", "offset", "naive", "unix", "unix_ms"),
    ),
    Option(
        "since",
        "honoured",
        "What updated_since does; 'absent' leaves it out of the configuration too.",
        choices=("honoured", "ignored", "absent"),
    ),
    Option(
        "since_format",
        "iso8601",
        "What updated_since has to look like; anything else is refused. 'pattern' is dd/mm/yyyy.",
        choices=("iso8601", "date", "unix", "unix_ms", "pattern"),
    ),
    Option("method", "GET", "How lists are asked for; POST wants a JSON body.", choices=("GET", "POST")),
    # Nastiness
    Option(
        "redirect",
        "none",
        "Lists are answered with 302 to another path of this host, or to another host name under /elsewhere.",
        choices=("none", "same", "foreign"),
    ),
    Option("echo_url", False, "Refusals repeat the address that was asked for, with the key in it."),
    Option("rate_calls", 0, "Calls within a window; further ones get 429. 0 sets no limit."),
    Option("rate_seconds", 60, "How long the window lasts, from its first call.", minimum=1),
    Option("rate_headers", False, "Every answer tells the calls left and when the window ends, 429 has Retry-After."),
)
