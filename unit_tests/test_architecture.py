"""The code is built as docs/architecture.md says, and the page names only what there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "source_invoicing"
FILES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
MODULES = {name.removesuffix(".__init__"): path for name, path in FILES.items()}
PLATFORMS = ("invoiced", "zoho", "fastbill", "rest_api")
MAX_LINES = 400

# What the modules of a room may import beside their own room.
BELOW = {
    "http": [],
    "streams": ["http"],
    "platforms.platform": ["http", "streams", "config"],
    **{f"platforms.{name}": ["http", "streams", "config", "platforms.platform"] for name in PLATFORMS},
    "config": ["http", "specification"],
    "sync": ["http", "streams", "lanes", "messages"],
    "lanes": ["http", "streams"],
}


def imported(module: str) -> Iterator[str]:
    """The modules of the package that a module imports."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else node.module


def is_in(module: str, room: str) -> bool:
    """Whether a module is a room, or in it."""
    return f"{module}.".startswith(f"source_invoicing.{room}.")


def test_imports_have_no_circle() -> None:
    # A package's own module imports the others, and they import each other by file.
    TopologicalSorter({module: set(imported(module)) - {module} for module in MODULES}).prepare()


@pytest.mark.parametrize("room", BELOW)
def test_no_import_points_upwards(room: str) -> None:
    allowed = [room, *BELOW[room]]
    modules = [module for module in MODULES if is_in(module, room)]

    assert modules
    upwards = {
        module: up
        for module in modules
        if (up := [each for each in imported(module) if not any(is_in(each, below) for below in allowed)])
    }
    assert upwards == {}


def test_a_file_is_short() -> None:
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}

    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


# -- the page -------------------------------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def defined() -> set[str]:
    """The names of classes and functions, and of members as ``Class.member``, with those of base classes."""
    names: set[str] = set()
    for path in MODULES.values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                names.add(node.name)
            if isinstance(node, ast.ClassDef):
                names |= {f"{node.name}.{each}" for each in members(node)}
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names |= {each.id for each in targets if isinstance(each, ast.Name)}
    return names


def members(definition: ast.ClassDef) -> Iterator[str]:
    """The methods and attributes of a class."""
    for node in ast.walk(definition):
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def test_the_files_it_names_are_there() -> None:
    folders = (PACKAGE, ROOT / "scripts", ROOT / "docs", ROOT / "unit_tests", ROOT / "integration_tests")
    there = {path.name for folder in folders for path in folder.rglob("*")} | {path.name for path in ROOT.iterdir()}

    assert set(re.findall(r"(?<![*\w])\w+\.(?:py|yaml)\b", PAGE)) - there == set()


def test_the_code_it_names_is_there() -> None:
    code = defined()
    named = set(re.findall(r"`([A-Z]\w+(?:\.\w+)?)`", PAGE))

    assert named - code - {"HttpStream"} == set()
