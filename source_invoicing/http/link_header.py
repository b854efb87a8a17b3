"""The header ``Link`` (RFC 8288): ``<https://...?page=2>; rel="next"; title="a, b"``."""

from __future__ import annotations

import re

QUOTED = r'"(?:[^"\\]|\\.)*(?:"|$)'
# Commas and semicolons inside an address or quotes are not separators.
LINK = re.compile(rf"<([^<>]*)>((?:[^,\"]|{QUOTED})*)")
PARAMETER = re.compile(rf";\s*([^\s=;,\"]+)\s*(?:=\s*({QUOTED}|[^\s;,]*))?")
ESCAPED = re.compile(r"\\(.)")


def targets(header: str) -> dict[str, str]:
    """The addresses in a header by what they are to the page: ``next``, ``last``, and so on, in lower case.

    An address may be several things at once; of several addresses for one thing, the first counts.
    """
    found: dict[str, str] = {}
    for link in LINK.finditer(header):
        # Of several parameters rel, the first counts. Their names come in either case.
        values = (parameter[2] or "" for parameter in PARAMETER.finditer(link[2]) if parameter[1].lower() == "rel")
        for relation in _plain(next(values, "")).lower().split():
            found.setdefault(relation, link[1].strip())
    return found


def target(header: str, relation: str) -> str | None:
    """One of those addresses. A page that names itself, as last pages have been seen to do, names none."""
    found = targets(header)
    address = found.get(relation.lower())
    return None if address == found.get("self") else address


def _plain(value: str) -> str:
    """A value without its quotes. Single quotes are not valid, but have been seen."""
    return ESCAPED.sub(r"\1", value[1:].removesuffix('"')) if value.startswith('"') else value.strip("'")
