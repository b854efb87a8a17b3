"""Fixtures: a sandbox of one's own, and the connector that reads from it.

How the connector is run is a matter of markers. Without any, each run is a process of its own and asks over a socket.
Tests that care for rows and messages alone are marked ``in_process``, which is many times cheaper; cases among them
that are marked ``own_process`` have a process and a socket all the same.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from integration_tests.connector import Connector
from integration_tests.in_process import InProcessConnector, OfflineSandbox
from integration_tests.platforms import PLATFORMS, Options, PlatformFacts
from integration_tests.sandbox import Sandbox
from integration_tests.tally import Tally
from integration_tests.warm_start import WarmStart
from source_invoicing.run import GARBAGE_THRESHOLD

# Names the interpreter that has PyAirbyte.
PYAIRBYTE = "SOURCE_INVOICING_PYAIRBYTE"

StartSandbox = Callable[..., Sandbox]
StartPlatform = Callable[..., Sandbox]
Connect = Callable[..., Connector]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs an image that nobody has named, or a PyAirbyte that is not there."""
    missing = {
        "image_tests": not config.getoption("--connector-image"),
        "pyairbyte_tests": not os.environ.get(PYAIRBYTE),
    }
    left_out = [item for item in items if any(missing.get(marker.name) for marker in item.iter_markers())]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    """All that the imports have made stays to the end: as in the connector's own process, no collection of garbage need
    look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 20)


@pytest.fixture
def image(request: pytest.FixtureRequest) -> str:
    """Name of the image under test."""
    return str(request.config.getoption("--connector-image"))


@pytest.fixture
def start_sandbox(request: pytest.FixtureRequest) -> Iterator[StartSandbox]:
    """Starts a sandbox, on a free port unless the connector is in the process; takes what :class:`Sandbox` takes."""
    marker = request.node.get_closest_marker
    kind = OfflineSandbox if marker("in_process") and not marker("own_process") else Sandbox
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(kind(*arguments, **options))


@pytest.fixture
def start_platform(start_sandbox: StartSandbox) -> StartPlatform:
    """Starts the sandbox of a platform with small pages. Takes the facts of the platform, numbers of rows and whatever
    else :class:`Sandbox` takes."""

    def start(
        platform: PlatformFacts, rows: Mapping[str, int] | None = None, options: Options | None = None, **others: Any
    ) -> Sandbox:
        options = {**platform.small_pages, **(options or {})}
        return start_sandbox(platform.name, rows=platform.rows(**(rows or {})), options=options, **others)

    return start


@pytest.fixture(scope="session")
def warm_start() -> Iterator[WarmStart]:
    """For tests of many runs."""
    with WarmStart() as warm_start:
        yield warm_start


@pytest.fixture(scope="session")
def catalogs() -> dict[bytes, bytes]:
    """What ``discover`` has shown so far."""
    return {}


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    """Counts what a test tries, for the figures of docs/reliability.md."""
    return Tally(record_property)


@pytest.fixture
def connect(request: pytest.FixtureRequest, tmp_path: Path, catalogs: dict[bytes, bytes]) -> Connect:
    """The connector configured for a sandbox; further arguments go into the configuration."""

    def connect(sandbox: Sandbox, **config: Any) -> Connector:
        platform = {**sandbox.config["platform"], **config.pop("platform", {})}
        config = {**sandbox.config, **config, "platform": platform}
        facts = PLATFORMS.get(sandbox.platform)
        environment = facts.environment if facts else {}
        if isinstance(sandbox, OfflineSandbox):
            return InProcessConnector(config, tmp_path, None, environment, catalogs, sandbox)
        # Asked for where it is needed: it takes seconds to be there.
        return Connector(config, tmp_path, request.getfixturevalue("warm_start"), environment, catalogs)

    return connect
