"""The command ``probe``: tests on an account what is assumed of its API, and reports the results.

A report holds names of fields, types, counts, statuses and text of this program. It holds no value of a record and no
text of an error of the API, so it can be shared.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from source_invoicing.http import ENDS_ALL, Failure, HostUnreachable, QuotaExhausted, config_failure
from source_invoicing.platforms import Platform
from source_invoicing.streams.probing import CannotTell, Probe
from source_invoicing.streams.probing.inquiry import Inquiry

# Of a run, including those that are not sent by probes.
MAX_REQUESTS = 80
CONFIRMED, DIFFERS, OPEN = "confirmed", "differs", "open"
COLUMNS = (("fact", 44), ("assumed", 16), ("seen", 24), ("verdict", 9))
MIN_WIDTH, MAX_WIDTH = 80, 140

Report = Mapping[str, Any]


def run(platform: Platform, only: Sequence[str] = ()) -> Report:
    """Probe an account. Progress goes to standard error.

    :param only: ids of probes; all of them if empty
    :raises Failure: when the account cannot be read, or an id is unknown
    """
    platform.check()
    streams = platform.streams()
    probes = _select(platform.probes(streams), only)
    client = streams[0].members[0].account.client
    allowed = MAX_REQUESTS - platform.requests_beside_probes
    client.allow(allowed)
    inquiry = Inquiry(streams)
    ended, findings = "", []
    for number, probe in enumerate(probes, 1):
        inquiry.begin()
        seen, why = "", ended
        if not ended:
            try:
                seen = probe.question.ask(inquiry)
            except CannotTell as reason:
                why = str(reason)
            except ENDS_ALL as failure:
                why = ended = _why_it_ended(failure, client.requests_left)
            except Failure:
                why = "it cannot be asked for"
        findings.append(_finding(probe, seen, why, inquiry))
        print(f"{number} of {len(probes)}, {probe.id}: {seen or why}", file=sys.stderr, flush=True)
    return {
        "connector": f"source-invoicing {version('source-invoicing')}",
        "platform": platform.name,
        "requests": allowed - (client.requests_left or 0),
        "ended": ended or None,
        "probes": findings,
        "undeclared": [
            {"stream": stream, "path": path, "types": sorted(types)}
            for (stream, path), types in sorted(inquiry.shapes.undeclared.items())
        ],
        "out_of_type": [
            {"stream": stream, "path": path, "types": sorted(types), "declared": declared}
            for (stream, path), (types, declared) in sorted(inquiry.shapes.out_of_type.items())
        ],
    }


def table(report: Report) -> str:
    """A report for a terminal."""
    spare = min(max(shutil.get_terminal_size().columns, MIN_WIDTH), MAX_WIDTH) - MIN_WIDTH
    widths = [width + spare * (name == "fact") for name, width in COLUMNS]
    lines = [*_row([name for name, _ in COLUMNS], widths), *_row(["-" * width for width in widths], widths)]
    for finding in report["probes"]:
        cells = [finding["fact"], " or ".join(finding["assumed"]), finding["seen"] or finding["why"]]
        lines += _row([*cells, finding["verdict"]], widths)
    for finding in report["probes"]:
        if finding["verdict"] == DIFFERS:
            lines += ["", *textwrap.wrap(f"{finding['id']}: {finding['means']}", sum(widths))]
    lines += ["", *(f"Not declared: {each['stream']}, {_shape(each)}" for each in report["undeclared"])]
    lines += [
        f"Of another type: {each['stream']}, {_shape(each)} where {each['declared']} is declared"
        for each in report["out_of_type"]
    ]
    verdicts = [finding["verdict"] for finding in report["probes"]]
    counts = ", ".join(f"{verdicts.count(each)} {each}" for each in (CONFIRMED, DIFFERS, OPEN))
    ended = f" It ended early: {report['ended']}." if report["ended"] else ""
    return "\n".join([*lines, f"{counts}; {report['requests']} requests.{ended}"])


def _select(probes: Sequence[Probe], only: Sequence[str]) -> Sequence[Probe]:
    known = {probe.id: probe for probe in probes}
    for name in only:
        if name not in known:
            raise config_failure(f"There is no probe {name!r}. The probes are {', '.join(known)}.")
    return [probe for probe in probes if not only or probe.id in only]


def _why_it_ended(failure: Failure, requests_left: int | None) -> str:
    if isinstance(failure, QuotaExhausted):
        return "the account may send no further request" if requests_left else "all requests were used"
    return "the API could not be reached" if isinstance(failure, HostUnreachable) else "the credentials were refused"


def _finding(probe: Probe, seen: str, why: str, inquiry: Inquiry) -> Report:
    return {
        "id": probe.id,
        "fact": probe.fact,
        "mark": probe.mark,
        "assumed": list(probe.expected),
        "seen": seen or None,
        "verdict": OPEN if not seen else CONFIRMED if seen in probe.expected else DIFFERS,
        "why": why or None,
        "means": probe.meaning(seen) or None,
        "statuses": sorted(set(inquiry.statuses)),
        "counts": inquiry.counts,
        "fields": {path: sorted(types) for path, types in sorted(inquiry.fields.items())},
    }


def _row(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, widths, strict=True)]
    for line in range(max(map(len, wrapped))):
        parts = (column[line] if line < len(column) else "" for column in wrapped)
        yield "  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()


def _shape(each: Mapping[str, Any]) -> str:
    return f"{each['path']}: {' or '.join(each['types'])}"
