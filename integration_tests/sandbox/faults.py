"""Rules that make chosen requests go wrong, and what they do to the answer.

What is done to the bytes and to the connection is in :mod:`integration_tests.sandbox.delivery`.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.platform import ApiRequest, Page, Platform, Reply

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    # Answers given in place of the platform's, which is not even asked.
    "status": {"code": 500, "headers": {}, "body": None},
    "html": {"text": "<html><body><h1>Under maintenance</h1></body></html>"},
    "empty": {},
    "body": {"text": ""},
    "bad_gzip": {},
    "error_envelope": {"message": "Something went wrong"},
    "reset": {},
    # The platform's answer, changed.
    "object": {},
    "no_list": {},
    "other_shape": {},
    "other_document": {},
    "no_container": {"member": "items"},
    "rows_as_lists": {},
    "no_key": {},
    "cut_gzip": {},
    # The platform's answer, after every access token given out so far has ended.
    "expire_token": {},
    "repeat_page": {},
    "wrong_total": {"delta": 1},
    "short_page": {"rows": 1},
    "cut_json": {},
    "invalid_utf8": {},
    "wrong_type": {},
    # The platform's answer, delivered badly.
    "stall": {"seconds": 60},
    "stall_body": {"seconds": 60},
    "reset_body": {},
    "truncate": {"bytes": 10},
    # The whole server for so long; 0 stands for ever, that is, until the fault is cleared.
    "refuse": {"seconds": 0},
}
"""Kinds of faults with their settings and the defaults of these."""

IN_PLACE = ("status", "html", "empty", "body", "bad_gzip", "error_envelope")


@dataclass(frozen=True)
class Fault:
    """What goes wrong, with a value for every setting of the kind."""

    kind: str
    settings: Mapping[str, Any]

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Fault:
        """From JSON, such as ``{"kind": "status", "code": 503}``."""
        kind = str(data.get("kind"))
        if kind not in DEFAULTS:
            raise SandboxError(f"Unknown fault {kind!r}; known: {', '.join(sorted(DEFAULTS))}.")
        settings = {name: value for name, value in data.items() if name != "kind"}
        unknown = settings.keys() - DEFAULTS[kind].keys()
        if unknown:
            raise SandboxError(f"The fault {kind} has no setting {', '.join(sorted(unknown))}.")
        return cls(kind, {**DEFAULTS[kind], **settings})


@dataclass(frozen=True)
class Match:
    """Which requests are meant. ``path`` is searched for as a regular expression; in ``query`` a null value means that
    the parameter must be missing.
    """

    stream: str | None = None
    path: str | None = None
    page: int | None = None
    query: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def parse(cls, data: Mapping[str, Any] | None) -> Match:
        """From JSON; nothing at all matches every request."""
        data = dict(data or {})
        query = {name: None if value is None else str(value) for name, value in (data.pop("query", None) or {}).items()}
        try:
            match = cls(**data, query=query)
            re.compile(match.path or "")
        except (TypeError, re.error) as error:
            raise SandboxError(f"Not a match: {error}.") from None
        return match

    def fits(self, request: ApiRequest, platform: Platform) -> bool:
        """Whether the request is meant."""
        return (
            (self.stream is None or self.stream == platform.stream_of(request))
            and (self.path is None or re.search(self.path, request.path) is not None)
            and (self.page is None or self.page == platform.page_of(request))
            and all(request.parameter(name) == value for name, value in self.query.items())
        )


@dataclass
class Rule:
    """A fault for the requests that match: the first ``after`` are spared, then ``times`` are hit (0: all)."""

    match: Match
    fault: Fault
    after: int = 0
    times: int = 1
    seen: int = 0
    fired: int = 0

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Rule:
        """From JSON."""
        unknown = data.keys() - {"match", "fault", "after", "times"}
        if unknown or "fault" not in data:
            raise SandboxError("A fault rule has 'fault' and possibly 'match', 'after' and 'times', nothing else.")
        return cls(
            Match.parse(data.get("match")),
            Fault.parse(data["fault"]),
            int(data.get("after", 0)),
            int(data.get("times", 1)),
        )

    def strikes(self, request: ApiRequest, platform: Platform) -> bool:
        """Count the request and tell whether it is hit."""
        if (self.times and self.fired >= self.times) or not self.match.fits(request, platform):
            return False
        self.seen += 1
        if self.seen <= self.after:
            return False
        self.fired += 1
        return True


class FaultBook:
    """The rules in force. Of several that would hit a request, the first does and the later ones do not see it."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Add rules after those in force; none if one of them is not understood."""
        self._rules.extend([Rule.parse(rule) for rule in rules])

    def clear(self) -> None:
        """Drop all rules."""
        self._rules.clear()

    def counts(self) -> list[dict[str, Any]]:
        """For every rule how many requests it saw and hit."""
        return [{"fault": rule.fault.kind, "seen": rule.seen, "fired": rule.fired} for rule in self._rules]

    def choose(self, request: ApiRequest, platform: Platform) -> Fault | None:
        """The fault that hits this request."""
        return next((rule.fault for rule in self._rules if rule.strikes(request, platform)), None)


def replacement(fault: Fault, platform: Platform) -> Reply:
    """The answer of a fault that takes the platform's place."""
    settings = fault.settings
    if fault.kind == "status":
        reply = platform.error(settings["code"])
        body = settings["body"]
        if body is not None:
            reply = replace(reply, body=body.encode() if isinstance(body, str) else orjson.dumps(body))
        return replace(reply, headers={**reply.headers, **settings["headers"]})
    if fault.kind == "error_envelope":
        return replace(platform.error(500, settings["message"]), status=200)
    if fault.kind == "html":
        return Reply(200, settings["text"].encode(), content_type="text/html; charset=utf-8")
    if fault.kind == "bad_gzip":
        return Reply(200, b"\x1f\x8b\x08 this is not compressed data", {"Content-Encoding": "gzip"})
    return Reply(200, settings.get("text", "").encode())


def change_page(fault: Fault, page: Page, first: Page | None, key_fields: Sequence[str] = ()) -> Page:
    """The page after a fault of its contents.

    :param key_fields: what the rows are known by
    """
    if fault.kind == "repeat_page" and first is not None:
        return replace(page, rows=first.rows)
    if fault.kind == "wrong_total":
        return replace(page, reported_total=page.total + fault.settings["delta"])
    if fault.kind == "short_page":
        return replace(page, rows=page.rows[: max(len(page.rows) - fault.settings["rows"], 0)])
    if fault.kind == "rows_as_lists":
        return replace(page, rows=[orjson.dumps([orjson.loads(row)]) for row in page.rows])
    if fault.kind == "no_key" and page.rows:
        last = orjson.loads(page.rows[-1])
        bare = {name: value for name, value in last.items() if name not in key_fields}
        return replace(page, rows=[*page.rows[:-1], orjson.dumps(bare)])
    return page


def change_reply(fault: Fault, reply: Reply) -> Reply:
    """The reply after a fault of its form."""
    if fault.kind == "object":
        return replace(reply, body=b'{"object":"list","has_more":false}')
    if fault.kind == "no_list":
        return replace(reply, body=orjson.dumps(_without_lists(orjson.loads(reply.body))))
    if fault.kind == "other_shape":
        body = orjson.loads(reply.body)
        return replace(reply, body=orjson.dumps({"data": body} if isinstance(body, list) else [body]))
    if fault.kind == "other_document":
        return replace(reply, body=orjson.dumps(_of_another(orjson.loads(reply.body))))
    if fault.kind == "no_container":
        body = orjson.loads(reply.body)
        _spoil(body, fault.settings["member"])
        return replace(reply, body=orjson.dumps(body))
    if fault.kind == "cut_gzip":
        whole = gzip.compress(reply.body)
        return replace(reply, body=whole[: len(whole) // 2], headers={**reply.headers, "Content-Encoding": "gzip"})
    if fault.kind == "cut_json":
        return replace(reply, body=reply.body[: len(reply.body) // 2])
    if fault.kind == "invalid_utf8":
        start, quote, rest = reply.body.partition(b'":"')
        return replace(reply, body=start + quote + b"\xff\xfe" + rest if quote else b'["\xff\xfe"]')
    if fault.kind == "wrong_type":
        return replace(reply, content_type="text/plain; charset=utf-8")
    return reply


def _without_lists(value: Any) -> Any:
    """An envelope without the lists in it, however deep they stand; a list that stands alone becomes an object."""
    if isinstance(value, list):
        return {}
    if not isinstance(value, dict):
        return value
    return {name: _without_lists(inner) for name, inner in value.items() if not isinstance(inner, list)}


def _spoil(value: Any, member: str) -> bool:
    """Put text in the place of a member that holds objects, in the first object that has one.

    :return: whether there was one
    """
    if isinstance(value, dict) and isinstance(value.get(member), (list, dict)) and value[member]:
        value[member] = "see the document"
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_spoil(each, member) for each in inner)


def _of_another(envelope: dict[str, Any]) -> dict[str, Any]:
    """The envelope with documents whose key, which is their first member, is nobody's."""

    def change(document: Any) -> Any:
        return {**document, next(iter(document)): "1"} if isinstance(document, dict) and document else document

    return {
        name: [change(document) for document in value] if isinstance(value, list) else change(value)
        for name, value in envelope.items()
    }
