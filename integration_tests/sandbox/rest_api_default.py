"""The API that the options describe: by default a key in the query, ``/v1/invoices``, ``data``, limit and offset."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from integration_tests.sandbox.options import Options
from integration_tests.sandbox.platform import ApiRequest
from integration_tests.sandbox.rest_api_auth import PASSWORD, USER, Auth, Basic, Bearer, HeaderKey, NoAuth, QueryKey
from integration_tests.sandbox.rest_api_manner import RATE_HEADERS, Manner, number_in
from integration_tests.sandbox.rest_api_paging import (
    CursorPager,
    LinkPager,
    NoPager,
    OffsetPager,
    PagePager,
    Pager,
    Refused,
)
from integration_tests.sandbox.rest_api_rows import PARENTS, iso
from integration_tests.sandbox.table import BY_KEY, SHUFFLED, Bounds, Row, Sort

PATHS: Mapping[str, str] = {
    "customers": "/v1/customers",
    "invoices": "/v1/invoices",
    "items": "/v1/items",
    "payments": "/v1/payments",
    "taxes": "/v1/taxes",
    "credit_notes": "/v1/credit_notes",
    "customer_invoices": "/v1/customers/{id}/invoices",
}
ORDERS: Mapping[str, Sort] = {"key": BY_KEY, "newest": (("id", True),), "shuffled": SHUFFLED}
QUESTION = '{"report": "list"}'
"""What a POST has to send."""
PATTERN = "%d/%m/%Y"
SINCE_PATTERNS: Mapping[str, str] = {"date": "%Y-%m-%d", "pattern": PATTERN}


def default_manner(options: Options, oauth: Auth) -> Manner:
    """The manner that the options describe now."""
    auths: Mapping[str, Auth] = {
        "query": QueryKey(),
        "header": HeaderKey("X-API-KEY"),
        "header_prefix": HeaderKey("Authorization", "Token "),
        "basic": Basic(USER, PASSWORD),
        "bearer": Bearer(),
        "oauth2": oauth,
        "none": NoAuth(),
    }
    auth = auths[options.text("auth")]
    pager = _pager(options, auth)
    record_path = {"data": "data", "nested": "result.list", "array": ""}[options.text("wrapper")]
    nested = options.text("key") == "nested"
    prefix = "Invoice." if nested else ""
    cursor: Row = {"cursor_field": f"{prefix}updated_at"}
    if options.text("since") != "absent":
        given = options.text("since_format")
        cursor |= {"since_param": "updated_since", "since_format": PATTERN if given == "pattern" else given}
    post = {"method": "POST", "body": QUESTION} if options.text("method") == "POST" else {}
    single = {"single_object_as_list": True} if options.flag("single_object") else {}
    calls, seconds = options.number("rate_calls"), options.number("rate_seconds")
    return Manner(
        auth=auth,
        pager=pager,
        paths=PATHS,
        parents=PARENTS,
        dress=lambda stream, row: _dress(options, row),
        refusal=lambda status, message: {"error": {"status": status, "message": message}},
        record_path=record_path or ("data" if pager.in_body else ""),
        primary_key=f"{prefix}id",
        id_of=lambda key: _id(options, key),
        key_of=number_in,
        sort=ORDERS[options.text("order")],
        bounds=lambda request: _bounds(options, request),
        single_object=options.flag("single_object"),
        empty=options.text("empty"),
        refusal_status=int(options.text("refusal_status")),
        rate=(calls, seconds),
        rate_headers=RATE_HEADERS if options.flag("rate_headers") else {},
        retry_after=options.flag("rate_headers"),
        platform_config={"rate": {"calls": calls, "per_seconds": seconds}} if calls else {},
        stream_config={**post, **single, **cursor, "error_path": "error"},
        method=options.text("method"),
    )


def _pager(options: Options, auth: Auth) -> Pager:
    kind, cap = options.text("pager"), options.number("limit_cap")
    told = options.flag("totals") and options.text("wrapper") != "array"
    if kind == "offset":
        return OffsetPager(highest=cap, total_path="total" if told else "")
    if kind == "page":
        totals = {"meta.total": "total", "meta.total_pages": "total_pages"} if told else {}
        return PagePager(highest=cap, first=options.number("start_page"), told=totals)
    if kind == "cursor":
        return CursorPager(highest=cap, has_more_path="has_more" if told else "")
    if kind == "body_cursor":
        return CursorPager(
            "cursor", token_path="meta.next_cursor", has_more_path="meta.has_more" if told else "", highest=cap
        )
    if kind == "none":
        return NoPager()
    key = auth.secret_parameter
    shown = key if options.text("next_key") == "present" else None
    return LinkPager(kind, options.text("next_host"), shown, key, cap)


def _id(options: Options, key: int) -> Any:
    form = options.text("ids")
    return str(key) if form == "text" or (form == "mixed" and key % 2) else key


def _dress(options: Options, row: Row) -> Row:
    moment = row["updated_at"]
    sent = row | {"id": _id(options, row["id"]), "updated_at": moment if moment is None else _time(options, moment)}
    return {"Invoice": sent, "Client": {"name": "Müller & Söhne"}} if options.text("key") == "nested" else sent


def _time(options: Options, moment: int) -> Any:
    form = options.text("times")
    if form in ("unix", "unix_ms"):
        return moment * (1000 if form == "unix_ms" else 1)
    text = iso(moment)
    if form == "offset":
        return iso(moment + 7200).replace("Z", "+0200")
    return text if form == "iso8601" else text.replace("T", " ").removesuffix("Z")


def _bounds(options: Options, request: ApiRequest) -> tuple[Bounds, ...]:
    """``updated_since``, inclusive."""
    text = request.parameter("updated_since")
    if not text or options.text("since") != "honoured":
        return ()
    return (Bounds("updated_at", _since(options.text("since_format"), text)),)


def _since(form: str, text: str) -> int:
    try:
        if form in ("unix", "unix_ms"):
            return int(text) // (1000 if form == "unix_ms" else 1)
        if form == "iso8601":
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
            if moment.tzinfo is None:
                raise ValueError(text)
            return int(moment.timestamp())
        return int(datetime.strptime(text, SINCE_PATTERNS[form]).replace(tzinfo=timezone.utc).timestamp())
    except ValueError:
        raise Refused(400, "updated_since is not understood") from None
