"""The header ``Link`` (RFC 8288): ``<https://...?page=2>; rel="next"; title="a, b"``."""

from __future__ import annotations

import re

QUOTED = r'"(?:[^"\\]|\\.)*(?:"|$)'
# Commas and semicolons inside an address or quotes are not separators.
LINK = re.compile(rf"<([^<>]*)>((?:[^,\"]|{QUOTED})*)")
PARAMETER = re.compile(rf";\s*([^\s=;,\"]+)\s*(?:=\s*({QUOTED}|[^\s;,]*))?")
ESCAPED = re.compile(r"\\(.)")


def targets(header: str) -> dict[str, str]:
    """The addresses in a header by their relation to the page: ``next``, ``last``, and so on, in lower case.

    An address may have several relations. If a relation has several addresses, the first counts.
    """
    found: dict[str, str] = {}
    for link in LINK.finditer(header):
        # The first parameter ``rel`` counts. Names of parameters may be in either case.
        values = (parameter[2] or "" for parameter in PARAMETER.finditer(link[2]) if parameter[1].lower() == "rel")
        for relation in _unquoted(next(values, "")).lower().split():
            found.setdefault(relation, link[1].strip())
    return found


def target(header: str, relation: str) -> str | None:
    """The address of one relation. ``None`` if it is the page itself, as last pages have been seen to send."""
    found = targets(header)
    address = found.get(relation.lower())
    return None if address == found.get("self") else address


def _unquoted(value: str) -> str:
    """A value without its quotes. Single quotes are not valid, but have been seen."""
    return ESCAPED.sub(r"\1", value[1:].removesuffix('"')) if value.startswith('"') else value.strip("'")
