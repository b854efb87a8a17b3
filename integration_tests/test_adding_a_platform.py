"""docs/adding-a-platform.md, followed to the letter in a copy of the package.

A block of the page whose last words before it name a path is that file, or, where its language is diff, a change of it.
A block in bash is run, and a block of text behind it is what has to be printed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integration_tests.connector import SCRIPT
from integration_tests.warm_start import PATIENCE

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "adding-a-platform.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PATH_BEFORE = re.compile(r"`([\w./]+)`:\s*$")
SERVER = "build/acme/server.py"


@dataclass(frozen=True)
class Block:
    """A block of the page.

    :param path: the file it belongs to; empty where it belongs to none
    """

    language: str
    content: str
    path: str


def blocks() -> list[Block]:
    """The blocks of the page, in order."""
    found = []
    for match in BLOCK.finditer(PAGE):
        path = PATH_BEFORE.search(PAGE[: match.start()])
        found.append(Block(match[1], match[2], path[1] if path else ""))
    return found


class Follower:
    """Somebody who does what the page says, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed = ""
        shutil.copytree(ROOT / "source_invoicing", folder / "source_invoicing")

    def write(self, block: Block) -> None:
        """A block that is a file."""
        path = self.folder / block.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.content, encoding="utf-8")

    def change(self, block: Block) -> None:
        """A block that changes a file, in one place."""
        lines = block.content.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        path = self.folder / block.path
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{block.path} does not hold once:\n{before}"
        path.write_text(text.replace(before, after), encoding="utf-8")

    def run(self, command: str) -> None:
        """A block of commands."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        self.printed = done.stdout

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The server of the page, on a free port.

        :return: its address
        """
        with subprocess.Popen(
            [sys.executable, SERVER, "0"], cwd=self.folder, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                yield process.stdout.readline().split()[-1]
            finally:
                process.terminate()

    @property
    def environment(self) -> dict[str, str]:
        """The connector of the copy, by the name it has on the page."""
        path = f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "PYTHONPATH": str(self.folder)}

    def records(self, file: str) -> dict[str, list[dict[str, Any]]]:
        """The records that a command left in a file, by stream."""
        records = defaultdict(list)
        for line in (self.folder / file).read_text(encoding="utf-8").splitlines():
            message = json.loads(line)
            if message["type"] == "RECORD":
                records[message["record"]["stream"]].append(message["record"]["data"])
        return records


def test_the_page_leads_to_all_records_and_then_to_the_changed_ones(tmp_path: Path) -> None:
    follower = Follower(tmp_path)
    follower.write(next(block for block in blocks() if block.path == SERVER))
    start = next(block.content for block in blocks() if SERVER in block.content and block.language == "bash")
    _, _, port = start.split()
    with follower.serving() as address:
        for block in blocks():
            if block.language == "diff":
                follower.change(block)
            elif block.path:
                content = block.content.replace(f"http://127.0.0.1:{port}", address)
                follower.write(Block(block.language, content, block.path))
            elif block.language == "bash" and block.content != start:
                follower.run(block.content)
            elif block.language == "text":
                assert follower.printed == block.content

    records = follower.records("build/acme/first.jsonl")
    assert {name: len(rows) for name, rows in records.items()} == {"customers": 5, "invoices": 120, "contacts": 10}
    assert {row["id"] for row in records["invoices"]} == set(range(1, 121))
    assert records["invoices"][0] == {
        "id": 1,
        "customer": 2,
        "total": 1.9,
        "paid_on": None,
        "updated_at": "2026-01-01T01:00:00+00:00",
    }
    assert {(row["customer_id"], row["id"]) for row in records["contacts"]} == {
        (customer, 10 * customer + contact) for customer in range(1, 6) for contact in (1, 2)
    }
    assert [row["id"] for row in follower.records("build/acme/second.jsonl")["invoices"]] == [120]


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_the_code_of_the_page_is_written_as_the_rest_of_the_project(tmp_path: Path, command: list[str]) -> None:
    follower = Follower(tmp_path)
    code = [block for block in blocks() if block.path.startswith("source_invoicing/") and block.language == "python"]
    for block in code:
        follower.write(block)

    ruff = [str(Path(sys.executable).with_name("ruff")), *command]
    done = subprocess.run(
        [*ruff, "--no-cache", "--config", str(ROOT / "pyproject.toml"), *(block.path for block in code)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert code
    assert done.returncode == 0, done.stdout + done.stderr
