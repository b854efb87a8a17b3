"""Answers that no option of the sandbox brings, made on the wire, and what probes see then."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from integration_tests.in_process import Tamper
from integration_tests.probed.rest_api import LISTS
from integration_tests.probed.tables import Seen, each, of
from integration_tests.sandbox.platform import ApiRequest, Reply

# Names whose values are words of the vendor, or say how a list goes on.
DOCUMENTED = {
    *("object", "status", "type", "applied_filter", "sort_column", "sort_order", "SERVICE", "STATE", "TYPE", "message"),
    *("access_token", "next", "cursor", "next_url", "has_more_page", "organization_id"),
}
ANOTHER_DETAIL = "other fields or types"
REFUSAL = b'{"code": 4, "message": "This is not taken."}'

Change = Callable[[ApiRequest, Any], Any]


@dataclass(frozen=True)
class OnTheWire:
    """
    :param name: of the case
    :param seen: by the probes that are made
    :param options: of the sandbox
    """

    platform: str
    name: str
    tamper: Tamper
    seen: Seen
    options: Mapping[str, Any] = field(default_factory=dict)


# -- refusals ---------------------------------------------------------------------------------------------------------


def _refused(status: int, **about: str) -> Tamper:
    """Refuses a request for a path, or with parameters."""

    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        path = about.get("path", "")
        wanted = {name: value for name, value in about.items() if name != "path"}
        is_meant = asked.path.endswith(path) and all(asked.parameter(name) == value for name, value in wanted.items())
        return Reply(status, REFUSAL) if is_meant else reply

    return tamper


def _refused_with(words: str) -> Tamper:
    """Refuses a request of FastBill that holds some words in its body."""

    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        is_meant = words in json.dumps(json.loads(asked.body))
        return Reply(200, b'{"RESPONSE": {"ERRORS": ["missing / invalid field"]}}') if is_meant else reply

    return tamper


def _after_the_first(tamper: Tamper) -> Tamper:
    """Leaves the connection test alone."""
    answered: list[Reply] = []

    def after(asked: ApiRequest, reply: Reply) -> Reply:
        answered.append(reply)
        return reply if len(answered) == 1 else tamper(asked, reply)

    return after


def _answered_instead_of(status: int, body: bytes) -> Tamper:
    return lambda asked, reply: Reply(200, body) if reply.status == status else reply


# -- other words ------------------------------------------------------------------------------------------------------


def _words(old: str, new: str) -> Tamper:
    """Writes something else into the answers."""
    return lambda asked, reply: replace(reply, body=reply.body.replace(old.encode(), new.encode()))


def _year_first(asked: ApiRequest, reply: Reply) -> Reply:
    return replace(reply, body=re.sub(rb'"(\d\d)\.(\d\d)\.(\d{4})"', rb'"\3-\2-\1"', reply.body))


def _paused_where_they_ended(asked: ApiRequest, reply: Reply) -> Reply:
    states = (b"true", b"false") if asked.parameter("canceled") is None else (b"false", b"true")
    return replace(reply, body=reply.body.replace(b'"paused":' + states[0], b'"paused":' + states[1]))


# -- other rows -------------------------------------------------------------------------------------------------------


def _changed(change: Change) -> Tamper:
    """Changes a body in place, or gives another one."""

    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        body = json.loads(reply.body)
        changed = change(asked, body)
        return replace(reply, body=json.dumps(body if changed is None else changed).encode())

    return tamper


def _lists_in(body: Any) -> list[list[Any]]:
    """The lists of rows in an answer of FastBill or of a REST API."""
    holder = body.get("RESPONSE", body)
    return [each for each in holder.values() if isinstance(each, list)] if isinstance(holder, dict) else []


def _reversed_each_time() -> Tamper:
    answered: list[ApiRequest] = []

    def change(asked: ApiRequest, body: Any) -> None:
        answered.append(asked)
        for rows in _lists_in(body) if len(answered) % 2 else ():
            rows.reverse()

    return _changed(change)


def _the_same_page_each_time() -> Tamper:
    """Whichever page is asked for."""
    first: dict[str, Reply] = {}

    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        what = asked.path + str(json.loads(asked.body or b"{}").get("SERVICE"))
        return first.setdefault(what, reply)

    return tamper


def _twice(asked: ApiRequest, body: Any) -> None:
    for rows in _lists_in(body):
        rows.extend([*rows])
    if "total" in body:
        body["total"] *= 2


def _the_same_documents(asked: ApiRequest, body: Any) -> None:
    for rows in _lists_in(body):
        for number, row in enumerate(rows):
            row |= {"INVOICE_ID": str(number + 1), "INVOICE_NUMBER": "1", "INVOICE_DATE": "2026-01-01", "TOTAL": 1}


def _with_another_total(asked: ApiRequest, body: Any) -> None:
    body["total"] += 5


def _ten_times_as_many(asked: ApiRequest, body: Any) -> None:
    body["data"] += [{**row, "id": f"{row['id']}-{number}"} for row in body["data"] for number in range(9)]
    body["total"] = len(body["data"])


def _without_that_time(asked: ApiRequest, body: Any) -> None:
    body["data"] = [row for row in body["data"] if row["updated_at"] != asked.parameter("updated_since")]
    body["total"] = len(body["data"])


def _without_an_end() -> Tamper:
    """Behind the last row, the first ones come again."""
    first: dict[str, list[Any]] = {}

    def change(asked: ApiRequest, body: Any) -> None:
        body["data"] = body["data"] or first[asked.path]
        first.setdefault(asked.path, body["data"])

    return _changed(change)


def _with_a_new_word(asked: ApiRequest, body: Any) -> None:
    """In each document."""
    for document in body.values():
        if isinstance(document, dict):
            document["x_new_word"] = 1


def _without_new_fields(asked: ApiRequest, body: Any) -> Any:
    return _without(body, "x_new_field")


def _without(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _without(member, name) for key, member in value.items() if key != name}
    return [_without(member, name) for member in value] if isinstance(value, list) else value


# -- the cases --------------------------------------------------------------------------------------------------------

_INVOICED: Mapping[str, tuple[Tamper, Seen]] = {
    "other kinds": (_words('"object":"card"', '"object":"wallet"'), {"payment-source-kinds": "others too"}),
    "other states": (_words('"status":"active"', '"status":"resting"'), {"subscription-states": "others too"}),
    "paused elsewhere": (_paused_where_they_ended, {"paused": "with those that ended"}),
    "nothing applied": (_words('"applied_to"', '"x_applied_to"'), {"applied-to": "absent"}),
    "no roles": (_refused(404, path="/roles"), {"list-roles": "missing"}),
    "no members": (_refused(403, path="/members"), {"list-members": "no access"}),
    "no users": (_refused(400, include="user"), {"events-user": "refused"}),
    "no zero": (_refused(400, updated_after="0"), {"since-zero": "refused", "unknown-include": "taken"}),
    "no include": (_refused(400, include="nothing"), {"since-zero": "taken", "unknown-include": "refused"}),
    "no page behind": (_refused(400, path="/tax_rates", page="2"), {"page-behind-the-end": "refused"}),
    "no access": (_refused(403, path="/gl_accounts"), {"path-gl_accounts": "no access"}),
}
_DETAILS_OF_BOOKS = "invoices-detail bills-detail customer_payments-detail expenses-detail journals-detail"
_PATHS = "path-invoices-of-one-payments path-invoices-of-one-creditsapplied path-contacts-of-one-comments"
_FOUND: Mapping[str, str] = {
    **each(_PATHS, "answers"),
    **each("path-salespersons detail-gone", "answers"),
    "dead-item": "left out",
}


def _zoho(found: Seen, details: str) -> Mapping[str, tuple[Tamper, Seen]]:
    """
    :param found: what is seen where nothing is missing
    :param details: the probes of documents
    """
    rows = b'{"code": 0, "message": "success", "rows": []}'
    return {
        "nothing missing": (_answered_instead_of(404, rows), found),
        "new words": (_changed(_with_a_new_word), each(details, ANOTHER_DETAIL)),
        "no times": (
            _words('"last_modified_time"', '"x_modified_time"'),
            each("invoices-timed items-timed recurring_expenses-timed", "absent"),
        ),
        "no scope": (_refused(401, path="/users"), {"list-users": "no access"}),
        "no page behind": (_refused(400, path="/taxes", page="2"), {"page-behind-the-end": "refused"}),
    }


_ZOHO_INVOICE: Mapping[str, tuple[Tamper, Seen]] = {
    **_zoho(_FOUND, "invoices-detail customer_payments-detail expenses-detail retainer_invoices-detail"),
    "known words": (_changed(_without_new_fields), {"retainer_invoices-detail": "what is declared"}),
}
_ZOHO_BOOKS = _zoho(
    {**_FOUND, **each("path-reportingtags path-recurringjournals path-categories", "answers")}, _DETAILS_OF_BOOKS
)
_SERVICES = "service-document.get service-webhook.get service-subscription.get service-invoice.getpaid"
_FASTBILL: Mapping[str, tuple[Tamper, Seen]] = {
    "documents in both": (_changed(_the_same_documents), {"revenues-overlap": "some of the same documents"}),
    "one category": (_words('"CATEGORY":["Büro","Reise"]', '"CATEGORY":"Büro"'), {"category": "text"}),
    "another order": (_reversed_each_time(), {"order-stable": "another each time"}),
    "one page": (_the_same_page_each_time(), {"invoices-offset": "ignored"}),
    "twice": (_changed(_twice), {"invoices-listed": "several times"}),
    "year first": (_year_first, {"payment-date": "year first"}),
    "no deletion": (_words('"DELETED_DATE"', '"X_DATE"'), {"deleted-customers": "absent"}),
    "no change": (_words('"LASTUPDATE"', '"X_UPDATE"'), {"invoices-dated": "absent"}),
    "no dates": (_refused_with('"START_DATE"'), each("estimates-start-date expenses-start-date", "refused")),
    "no page behind": (_refused_with('"OFFSET": 10000000'), {"page-behind-the-end": "refused"}),
    "no long pages": (_refused_with('"LIMIT": 250'), {"page-size": "refused"}),
    "no type": (_refused_with('"TYPE": "nothing"'), {"type-filter": "refused"}),
    "all services": (_answered_instead_of(400, b'{"RESPONSE": {"ITEMS": []}}'), each(_SERVICES, "answers")),
}
_REST_API: Mapping[str, tuple[Tamper, Seen]] = {
    "another order": (_reversed_each_time(), of(LISTS, "stable", "another each time")),
    "another total": (_changed(_with_another_total), of(LISTS, "total", "wrong")),
    "long pages": (_changed(_ten_times_as_many), of(LISTS, "size", "more rows come")),
    "no such second": (_changed(_without_that_time), of(LISTS, "boundary", "left out")),
    "no access": (_after_the_first(_refused(403)), of(LISTS, "listed", "no access")),
    "twice": (_changed(_twice), of(LISTS, "rows", "several times")),
    "no times": (_after_the_first(_words('"updated_at"', '"x_updated_at"')), of(LISTS, "dated", "on no row")),
    "no end": (_without_an_end(), of(LISTS, "end", "the first rows again")),
}
# Where a total would show that there is an end.
_OPTIONS = {"no end": {"totals": False}}
ON_THE_WIRE: tuple[OnTheWire, ...] = tuple(
    OnTheWire(platform, name, tamper, seen, _OPTIONS.get(name, {}))
    for platform, cases in (
        ("invoiced", _INVOICED),
        ("zoho_invoice", _ZOHO_INVOICE),
        ("zoho_books", _ZOHO_BOOKS),
        ("fastbill", _FASTBILL),
        ("rest_api", _REST_API),
    )
    for name, (tamper, seen) in cases.items()
)
