"""Rows are inserted, edited and deleted between page requests: none that was there throughout is missed."""

from __future__ import annotations

import pytest

from integration_tests.conftest import Connect, StartPlatform
from integration_tests.connector import Connector, Output
from integration_tests.expected import keys, spelt_alike
from integration_tests.platforms import SMALL_PAGE, PlatformFacts, on_each_platform
from integration_tests.sandbox import Sandbox

pytestmark = pytest.mark.in_process


def assert_none_missed(output: Output, sandbox: Sandbox, connector: Connector) -> None:
    """Each row that existed from the first request to the last one was printed."""
    assert output.exit_code == 0, output.text[-3000:]
    history = sandbox.history()
    for stream in connector.catalog:
        name = stream["name"]
        if name in output.statuses:
            throughout = {spelt_alike(key) for key in history[name]["throughout"]}
            missed = throughout - set(keys(output.records[name], stream))
            assert not missed, f"{name}: missed {sorted(missed)}"


@on_each_platform(lambda platform: range(platform.random_runs), "seed", first_in_own_process=True)
def test_rows_that_move_at_random_make_no_other_row_slip_through(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, seed: int
) -> None:
    options = platform.answers[seed % len(platform.answers)]
    if seed % 5 == 0:
        options = {**options, **platform.nothing_honoured}
    rows = {**platform.walked, **platform.moved_along}
    # Data of a few kinds, which the sandbox makes once each: it is the movements that matter here.
    sandbox = start_platform(platform, rows, options, seed=seed % 2)
    connector = connect(sandbox, num_workers=[1, 4, 8][seed % 3])
    assert connector.catalog
    sandbox.reset_history()
    sandbox.schedule(
        random={
            "seed": seed,
            "probability": [0.1, 0.3, 0.6][seed % 3],
            "streams": [*platform.walked, *platform.moved_along],
            "ops": ["insert", "edit", "delete"],
            "limit": [3, 10, 25][seed // 3 % 3],
            "where": ["start", "middle", "end", "anywhere"][seed % 4],
        }
    )

    output = connector.read(platform.walked)

    assert_none_missed(output, sandbox, connector)


@pytest.mark.parametrize("op", ["insert", "edit", "delete"])
@on_each_platform(lambda platform: platform.walked, "stream")
def test_a_change_before_each_page_is_survived(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, stream: str, op: str
) -> None:
    sandbox = start_platform(platform, {**platform.walked, **platform.moved_along})
    connector = connect(sandbox)
    assert connector.catalog
    sandbox.reset_history()
    first_keys = sandbox.history()[stream]["throughout"]
    sandbox.schedule(
        [
            {
                "before": request,
                "match": {"stream": stream},
                "ops": [{"op": op, "stream": stream, **({} if op == "insert" else {"key": first_keys[request]})}],
            }
            for request in range(2, 5)
        ]
    )

    output = connector.read([stream])

    assert_none_missed(output, sandbox, connector)


@pytest.mark.parametrize("moving", [False, True], ids=["still", "moving"])
@on_each_platform()
def test_ten_pages_of_rows_of_one_moment_are_read_completely_and_the_walk_moves_on(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, moving: bool
) -> None:
    sandbox = start_platform(platform, {"invoices": SMALL_PAGE * 11})
    rows = platform.oldest_first(sandbox, "invoices")
    moment = platform.changed("invoices", rows[5][1])
    assert moment is not None
    values = {platform.cursor("invoices"): platform.settable(moment)}
    sandbox.mutate(*({"op": "edit", "stream": "invoices", "key": key, "values": values} for key, _ in rows[5:-2]))
    connector = connect(sandbox)
    assert connector.catalog
    sandbox.reset_history()
    if moving:
        sandbox.schedule(
            [
                {"before": page, "match": {"stream": "invoices"}, "ops": [{"op": op, "stream": "invoices", "key": key}]}
                for page, op, key in [(4, "edit", rows[6][0]), (7, "delete", rows[7][0])]
            ]
        )

    output = connector.read(["invoices"])

    assert_none_missed(output, sandbox, connector)
    assert platform.stands_at("invoices", output.states["invoices"][-1]) > moment
