"""Lists that lie, simulated: no row is lost in silence, whatever the server is like and wherever a sync is cut off.

``SOURCE_INVOICING_SIMULATIONS=20000`` tries so many schedules in all, and all rules that are taken out;
``SOURCE_INVOICING_SIMULATE="zoho/late commits/17"`` plays one schedule and prints what it does.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from unittest import mock

import pytest

from unit_tests.simulation.kinds import KINDS, MIXED, limit_of
from unit_tests.simulation.mutations import MUTATIONS, Mutation
from unit_tests.simulation.schedule import LOST, STALE, Run, play
from unit_tests.simulation.setups import SETUPS

SIMULATIONS = os.environ.get("SOURCE_INVOICING_SIMULATIONS", "")
SIMULATE = os.environ.get("SOURCE_INVOICING_SIMULATE", "")
ALL_KINDS = [*KINDS, MIXED]
#: Schedules for each way to read and each kind of server.
SEEDS = max(int(SIMULATIONS or 0) // (len(SETUPS) * len(ALL_KINDS)), 4)
SEEDS_OF_LONG_LISTS = 2
# A rule that is missed after few schedules is tried in each run of the tests, the others in a campaign.
FEW, MANY = 60, 600


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """What is logged about a list that moves costs more than reading it."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("setup", SETUPS)
def test_no_row_is_lost_in_silence_whatever_the_server_is_like(setup: str) -> None:
    failures = [
        f"SOURCE_INVOICING_SIMULATE='{setup}/{kind}/{seed}': {outcome.verdict}: {outcome.what}"
        for kind in ALL_KINDS
        if not limit_of(SETUPS[setup], kind)
        for seed in range(SEEDS if SIMULATIONS or not SETUPS[setup].is_long else SEEDS_OF_LONG_LISTS)
        if (outcome := play(setup, kind, seed)).verdict
    ]
    assert not failures, "\n".join(failures)


def _is_cheap(mutation: Mutation) -> bool:
    return mutation.within <= FEW or bool(SIMULATIONS)


@pytest.mark.parametrize("rule", [name for name, mutation in MUTATIONS.items() if _is_cheap(mutation)])
def test_without_a_rule_the_simulation_finds_a_loss(rule: str) -> None:
    mutation = MUTATIONS[rule]
    with mock.patch.object(mutation.target, mutation.attribute, mutation.instead):
        verdicts = (play(mutation.setup, mutation.kind, seed).verdict for seed in range(mutation.within))
        assert any(verdict in (LOST, STALE) for verdict in verdicts)


if SIMULATE:

    def test_one_schedule() -> None:
        setup, kind, seed = SIMULATE.rsplit("/", 2)
        run = Run(setup, kind, int(seed), tells=True)
        outcome = run.play()
        print(run.traits, *outcome.log, sep="\n")
        assert not outcome.verdict, f"{outcome.verdict}: {outcome.what}"
