"""What is no complete list never passes for one: a stream that ends as COMPLETE has every row.

All lists of a platform are hit in the same run, each way to walk over a list among them; each is judged by its own
status and its own records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartPlatform
from integration_tests.expected import keys
from integration_tests.platforms import PlatformFacts, on_each_platform
from integration_tests.tally import Tally

pytestmark = pytest.mark.in_process

EVERY_ANSWER: Mapping[str, int] = {"after": 0, "times": 0}
ALL_BUT_THE_FIRST: Mapping[str, int] = {"after": 1, "times": 0}
THE_SECOND_ONLY: Mapping[str, int] = {"after": 1, "times": 1}


@dataclass(frozen=True)
class Loss:
    """An answer that could pass for a list, and for which answers of each list it stands.

    :param told_by_totals: at the end of a list, only a total gives it away: without one, it is the end
    """

    name: str
    fault: Mapping[str, Any]
    places: tuple[Mapping[str, int], ...] = (EVERY_ANSWER, ALL_BUT_THE_FIRST)
    told_by_totals: bool = False


ALL_PLACES = (EVERY_ANSWER, ALL_BUT_THE_FIRST, THE_SECOND_ONLY)
LOSSES = (
    Loss("HTML under 200", {"kind": "html"}),
    Loss("empty body", {"kind": "empty"}),
    Loss("null", {"kind": "body", "text": "null"}),
    Loss("empty object", {"kind": "body", "text": "{}"}),
    Loss("error envelope under 200", {"kind": "error_envelope"}),
    Loss("record key missing", {"kind": "no_list"}),
    Loss("list for object, object for list", {"kind": "other_shape"}),
    Loss("rows that are lists", {"kind": "rows_as_lists"}),
    Loss("cut JSON", {"kind": "cut_json"}),
    Loss("a row without its key", {"kind": "no_key"}, ALL_PLACES),
    Loss("the first page for ever", {"kind": "repeat_page"}, ALL_PLACES),
    Loss("a total too high", {"kind": "wrong_total", "delta": 7}, ALL_PLACES),
    Loss("a total too low", {"kind": "wrong_total", "delta": -7}, ALL_PLACES),
    Loss("a short page", {"kind": "short_page", "rows": 3}, ALL_PLACES, told_by_totals=True),
    Loss("a page without rows", {"kind": "short_page", "rows": 1000}, ALL_PLACES, told_by_totals=True),
)


class Case(tuple[Loss, Mapping[str, int]]):
    """A loss in a place, named for the test's id."""

    def __str__(self) -> str:
        loss, place = self
        where = {EVERY_ANSWER["after"]: "always"}.get(place["after"], "once" if place["times"] else "later")
        return f"{loss.name}, {where}"


def cases(platform: PlatformFacts) -> list[Case]:
    """Each loss in each place where it can be told from a list that is over."""
    told = [loss for loss in LOSSES if platform.tells_totals or not loss.told_by_totals]
    in_the_middle = [loss for loss in LOSSES if loss not in told]
    return [
        *(Case((loss, place)) for loss in told for place in loss.places),
        *(Case((loss, THE_SECOND_ONLY)) for loss in in_the_middle),
    ]


@on_each_platform(cases, "case", first_in_own_process=True)
def test_what_is_no_complete_list_never_passes_for_one(
    start_platform: StartPlatform,
    connect: Connect,
    platform: PlatformFacts,
    *,
    case: Case,
    tally: Tally,
) -> None:
    loss, place = case
    sandbox = start_platform(platform, platform.walked)
    connector = connect(sandbox)
    catalog = {offered["name"]: offered for offered in connector.catalog}
    sandbox.add_faults(*({"match": {"stream": name}, **place, "fault": loss.fault} for name in platform.walked))

    output = connector.read(platform.walked)

    assert all(told["fired"] for told in sandbox.faults())
    failed = [name for name in platform.walked if output.statuses[name][-1] == "INCOMPLETE"]
    for name in set(platform.walked) - set(failed):
        assert output.statuses[name][-1] == "COMPLETE"
        missing = keys(sandbox.rows(name), catalog[name]).keys() - keys(output.records[name], catalog[name]).keys()
        assert not missing, f"{len(missing)} rows of {name} are missing"
    assert output.exit_code == (1 if failed else 0)
    assert sorted(error["stream_descriptor"]["name"] for error in output.errors) == sorted(failed)
    assert {error["failure_type"] for error in output.errors} <= {"transient_error", "config_error", "system_error"}
    assert "Traceback" not in "\n".join(output.logs)
    tally.count("answers that are no list", len(platform.walked))
