"""Fixtures: a sandbox of one's own, and the connector that reads from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from integration_tests.connector import Connector
from integration_tests.platforms import PLATFORMS
from integration_tests.sandbox import Sandbox
from integration_tests.tally import Tally
from integration_tests.warm_start import WarmStart

StartSandbox = Callable[..., Sandbox]
Connect = Callable[..., Connector]


@pytest.fixture(autouse=True)
def image(request: pytest.FixtureRequest) -> str:
    """Name of the image under test; tests marked ``image_tests`` are skipped where none is named."""
    name: str | None = request.config.getoption("--connector-image", None)
    if request.node.get_closest_marker("image_tests") and not name:
        pytest.skip("Tests an image: build one and name it by --connector-image.")
    return name or ""


@pytest.fixture
def start_sandbox() -> Iterator[StartSandbox]:
    """Starts a sandbox on a free port; takes what :class:`Sandbox` takes."""
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(Sandbox(*arguments, **options))


@pytest.fixture(scope="session")
def warm_start() -> Iterator[WarmStart]:
    """For tests of many runs."""
    with WarmStart() as warm_start:
        yield warm_start


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    """Counts what a test tries, for the figures of docs/reliability.md."""
    return Tally(record_property)


@pytest.fixture
def connect(tmp_path: Path, warm_start: WarmStart) -> Connect:
    """The connector configured for a sandbox; further arguments go into the configuration."""

    def connect(sandbox: Sandbox, **config: Any) -> Connector:
        platform = {**sandbox.config["platform"], **config.pop("platform", {})}
        facts = PLATFORMS.get(sandbox.platform)
        environment = facts.environment if facts else {}
        return Connector({**sandbox.config, **config, "platform": platform}, tmp_path, warm_start, environment)

    return connect
