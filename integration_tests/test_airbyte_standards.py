"""The CDK's standard tests, for every platform, against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest
from airbyte_cdk.test.models import ConnectorTestScenario
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

from integration_tests.platforms import PLATFORMS as FACTS
from integration_tests.sandbox import Sandbox
from source_invoicing import SourceInvoicing
from source_invoicing.platforms import PLATFORMS

# What a configuration has to be told of the sandbox that happens to run.
ADDRESSES = ("base_url", "token_url")


@cache
def scenarios() -> list[ConnectorTestScenario]:
    """The scenarios of acceptance-test-config.yml. Each holds its configuration, to be pointed at a sandbox."""
    root = SourceTestSuiteBase.get_connector_root_dir()
    return [
        scenario.model_copy(
            update={"config_dict": scenario.get_config_dict(connector_root=root, empty_if_missing=False)}
        )
        for scenario in SourceTestSuiteBase.get_scenarios()
    ]


def accepted() -> list[ConnectorTestScenario]:
    """The scenarios that work. They run every command."""
    return [scenario for scenario in scenarios() if scenario.status != "failed"]


def refused() -> list[ConnectorTestScenario]:
    """The scenarios that have to fail, which only ``check`` can tell."""
    return [scenario for scenario in scenarios() if scenario.status == "failed"]


def platform_options(scenario: ConnectorTestScenario) -> dict[str, Any]:
    """The part of the configuration that is about the platform; changes to it take effect."""
    assert scenario.config_dict is not None
    options: dict[str, Any] = scenario.config_dict["platform"]
    return options


@pytest.fixture(scope="module", autouse=True)
def _sandboxes() -> Iterator[None]:
    with ExitStack() as running:
        sandboxes = {name: running.enter_context(Sandbox(name, rows=FACTS[name].rows())) for name in PLATFORMS}
        for scenario in scenarios():
            options = platform_options(scenario)
            theirs = sandboxes[options["name"]].config["platform"]
            options |= {name: theirs[name] for name in ADDRESSES if name in theirs}
        yield


class TestSourceInvoicing(SourceTestSuiteBase):
    """All standard tests of a source."""

    connector = SourceInvoicing
    # Asks a server of Airbyte's for the published version, and there is none. test_stored.py compares with the past.
    test_docker_image_spec_backward_compatibility = None  # type: ignore[assignment]

    @classmethod
    def get_scenarios(cls) -> list[ConnectorTestScenario]:
        """See :class:`SourceTestSuiteBase`."""
        return accepted()


@pytest.mark.parametrize("scenario", refused(), ids=str)
def test_check_refuses(scenario: ConnectorTestScenario) -> None:
    TestSourceInvoicing().test_check(scenario)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_has_a_scenario_that_works_and_one_that_is_refused(platform: str) -> None:
    for group in (accepted(), refused()):
        assert platform in {platform_options(scenario)["name"] for scenario in group}
