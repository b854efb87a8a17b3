"""The connector in PyAirbyte: ``examples/duckdb_quickstart.py`` as a user runs it. Needs an interpreter with PyAirbyte,
which ``scripts/test --all`` makes and names in the environment variable below."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from integration_tests.conftest import PYAIRBYTE
from integration_tests.connector import SCRIPT
from source_invoicing.platforms import PLATFORMS

ROOT = Path(__file__).resolve().parents[1]
# Those whose lists hold lines, taxes and payments.
WITH_PARTS = ("invoiced", "fastbill")
# Seconds; PyAirbyte makes an environment of its own and installs the connector there.
PATIENCE = 900

pytestmark = pytest.mark.pyairbyte_tests


def quickstart(folder: Path, *arguments: str) -> str:
    """What the example prints. It must end well."""
    command: Sequence[str] = [os.environ[PYAIRBYTE], str(ROOT / "examples" / "duckdb_quickstart.py"), *arguments]
    environment = {**os.environ, "AIRBYTE_NO_UV": "1", "COLUMNS": "160"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "invoicing.duckdb").stat().st_size
    return done.stdout


def answers(output: str) -> list[str]:
    """The lines below each question."""
    return output.partition("Who owes us most?")[2].splitlines()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_question_is_answered(platform: str, tmp_path: Path) -> None:
    output = quickstart(tmp_path, platform, "--executable", str(SCRIPT))

    questions = 6 if platform in WITH_PARTS else 3
    assert output.count("╭") == questions
    # A frame is three lines, and a heading one: there are rows between.
    assert sum(line.startswith("│") for line in answers(output)) > 2 * questions
    if platform in WITH_PARTS:
        agreed = re.search(r"agrees with the vendor's balance on (\d+) of (\d+) invoices", output)
        assert agreed is not None
        assert agreed[1] == agreed[2] != "0"


def test_pyairbyte_installs_the_connector_itself(tmp_path: Path) -> None:
    config = '{"platform": {"name": "invoiced", "api_key": "a-key"}, "num_workers": 99}'
    (tmp_path / "config.json").write_text(config, encoding="utf-8")
    arguments = ["--pip-url", str(ROOT), "--config", str(tmp_path / "config.json")]

    with pytest.raises(AssertionError, match="num_workers should be a whole number from 1 to 32, found 99"):
        quickstart(tmp_path, *arguments)

    assert (tmp_path / ".venv-source-invoicing" / "bin" / "source-invoicing").exists()
