"""What the pages say has to agree with the code, and their links have to lead somewhere."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from source_invoicing.config import Config
from source_invoicing.platforms import PLATFORMS
from source_invoicing.platforms.invoiced.streams import Items
from source_invoicing.platforms.zoho.product import DATA_CENTERS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "integrations" / "sources" / "invoicing.md"
TEXT = PAGE.read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
GAP = "…"

# https://docs.airbyte.com/contributing-to-airbyte/writing-docs/writing-connector-docs
SECTIONS = [
    "# Invoicing",
    "## Prerequisites",
    "## Setup guide",
    "## Set up Invoicing",
    "### For Airbyte Cloud:",
    "### For Airbyte Open Source:",
    "## Set up the Invoicing connector in Airbyte",
    "## Supported sync modes",
    "## Supported Streams",
    "### Performance considerations",
    "## Data type map",
    "## Limitations & Troubleshooting",
    "### Tutorials",
    "## IP allow list",
    "## Changelog",
]


def script(name: str) -> ModuleType:
    """A script of ``scripts/lib``."""
    folder = ROOT / "scripts" / "lib"
    sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    """The script that writes the tables."""
    return script("stream_tables")


def headings(text: str) -> list[str]:
    """The headings of a page, in order."""
    return [line for line in FENCE.sub("", text).splitlines() if re.match(r"#+ ", line)]


def anchor(heading: str) -> str:
    """What a heading is linked by."""
    words = re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower())
    return words.replace(" ", "-")


def section(heading: str) -> str:
    """What stands under a heading of the page, up to the next one of its rank."""
    rank = heading.partition(" ")[0]
    found = re.search(rf"^{re.escape(heading)}$(.*?)(?=^{rank} |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found, heading
    return found[1]


# -- tables ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [PAGE, ROOT / "README.md", ROOT / "docs" / "rest-api.md"], ids=lambda page: page.name)
def test_the_tables_are_those_of_the_code(tables: ModuleType, page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert tables.renewed(text) == text, "Run scripts/lib/stream_tables.py."


def test_the_plots_are_those_of_the_figures() -> None:
    drawn = list(script("plots").plots())

    assert [file.name for file, content in drawn if file.read_text(encoding="utf-8") != content] == [], (
        "Run scripts/lib/plots.py."
    )


def test_each_platform_has_its_table() -> None:
    with_details = {f"{platform}_details" for platform in ("zoho_invoice", "zoho_books")}
    assert set(re.findall(r"<!-- table: (\w+) -->", TEXT)) == {*PLATFORMS, *with_details}


def test_a_new_stream_changes_the_table_and_has_to_be_described(
    tables: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Parcels(Items):
        resource = "parcels"

    streams = tables.streams_of("invoiced")
    monkeypatch.setattr(tables, "streams_of", lambda _: [*streams, Parcels(streams[0].account)])

    with pytest.raises(tables.Trouble, match=r"invoiced\.parcels"):
        list(tables.table("invoiced"))

    monkeypatch.setattr(tables, "DELETED", {"invoiced": {**tables.DELETED["invoiced"], "parcels": "vanishes"}})
    assert set(tables.table("invoiced")) - set(TEXT.splitlines()) == {
        "| parcels | incremental | `updated_at` | `id` | asks for what changed | vanishes |"
    }


def test_a_stream_that_is_gone_may_not_stay_described(tables: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = tables.streams_of("fastbill")
    monkeypatch.setattr(tables, "streams_of", lambda _: streams[1:])

    with pytest.raises(tables.Trouble, match="customers"):
        list(tables.table("fastbill"))


# -- the page of the connector --------------------------------------------------------------------------------------


def test_the_sections_stand_in_airbytes_order() -> None:
    assert [heading for heading in headings(TEXT) if heading in SECTIONS] == SECTIONS


def test_only_sections_of_the_template_have_the_highest_ranks() -> None:
    assert [heading for heading in headings(TEXT) if heading.startswith(("# ", "## "))] == [
        heading for heading in SECTIONS if not heading.startswith("### ")
    ]


def test_the_prerequisites_name_every_required_field_by_its_title(tables: ModuleType) -> None:
    prerequisites = section("## Prerequisites")
    titles = {
        option["properties"][name]["title"]
        for option in tables.platform_options().values()
        for name in option["required"]
        if name != "name"
    }

    assert {title for title in {"Platform", *titles} if f"**{title}**" not in prerequisites} == set()


def test_the_hosts_of_all_data_centers_are_given() -> None:
    rows = re.findall(r"^\| \S+ \| `(\w+)` \| (\S+) \| (\S+) \|$", section("## Setup guide"), re.MULTILINE)

    assert {name: (f"https://{tokens}", f"https://{api}") for name, tokens, api in rows} == {
        name: (center.accounts, center.api) for name, center in DATA_CENTERS.items()
    }


def version() -> str:
    """That of the package."""
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found[1]


def test_the_changelog_has_the_version() -> None:
    assert f"\n| {version()} |" in section("## Changelog")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_name_the_image_by_its_version(page: Path) -> None:
    tags = re.findall(r'source-invoicing:(?=\d)([\d.]+)|"tag": "(.+?)"', page.read_text(encoding="utf-8"))

    assert {"".join(tag) for tag in tags} <= {version()}


# -- messages -------------------------------------------------------------------------------------------------------


def texts_of_the_code() -> Iterator[str]:
    """Every text of the package, with a gap where something is put in."""
    for path in (ROOT / "source_invoicing").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value.replace("%s", GAP).replace("%d", GAP).replace("%.0f", GAP)


def messages() -> list[str]:
    """The messages of the page: the first column of the tables of troubleshooting."""
    return re.findall(r"^\| `([^`]+)` \|", section("## Limitations & Troubleshooting"), re.MULTILINE)


@pytest.fixture(scope="module")
def code() -> list[str]:
    """Every text of the package."""
    return list(texts_of_the_code())


@pytest.mark.parametrize("message", messages())
def test_a_message_of_the_page_is_one_of_the_code(code: list[str], message: str) -> None:
    parts = [re.escape(part.strip()) for part in message.split(GAP) if part.strip()]
    pattern = re.compile(".*".join(parts), re.DOTALL)

    assert any(pattern.search(text) for text in code)


def test_the_page_explains_the_messages_of_all_places() -> None:
    assert len(messages()) > len(SECTIONS)


# -- all pages ------------------------------------------------------------------------------------------------------


def links() -> list[Any]:
    """Links of all pages that lead to this repository."""
    return [
        pytest.param(page, target, id=f"{page.relative_to(ROOT)} to {target}")
        for page in PAGES
        for target in sorted(set(LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))))
        if "://" not in target
    ]


@pytest.mark.parametrize(("page", "target"), links())
def test_a_link_leads_somewhere(page: Path, target: str) -> None:
    path, _, fragment = target.partition("#")
    file = (page.parent / path).resolve() if path else page

    assert file.exists()
    if fragment:
        assert fragment in map(anchor, headings(file.read_text(encoding="utf-8")))


def test_each_surprise_says_why_and_what_to_do() -> None:
    text = (ROOT / "BEHAVIOR.md").read_text(encoding="utf-8")

    surprises = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    assert surprises
    assert [each.splitlines()[0] for each in surprises if not ("**Why.**" in each and "**What to do.**" in each)] == []


@pytest.mark.parametrize("page", [PAGE, ROOT / "README.md"], ids=lambda page: page.name)
def test_the_configurations_of_a_page_are_accepted(page: Path) -> None:
    configurations = re.findall(r"^```json\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)

    assert configurations
    for values in map(json.loads, configurations):
        config = Config.parse(values, PLATFORMS)
        assert PLATFORMS[config.platform](config).streams()
