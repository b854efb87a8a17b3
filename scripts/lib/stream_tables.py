"""Writes the tables of the documentation that follow from the code: the platforms, the streams of each, the products.

    .venv/bin/python scripts/lib/stream_tables.py            writes them
    .venv/bin/python scripts/lib/stream_tables.py --check    says what would change; exit status 1 if anything would

A table stands between two comments, ``<!-- table: NAME -->`` and ``<!-- end -->``. What the code cannot know, because
it happens at the vendor, is said in ``stream_facts.py``.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from stream_facts import DELETED, LONG, REPORTED, UNSEEN

from source_invoicing.config import Config
from source_invoicing.platforms import PLATFORMS
from source_invoicing.platforms.rest_api.products import Product, names
from source_invoicing.platforms.rest_api.streams import RestStream
from source_invoicing.platforms.zoho.common import ZohoStream
from source_invoicing.streams import (
    ChangedChildren,
    ChildStream,
    DetailStream,
    InvoicingStream,
    Order,
    PageRequest,
    Partition,
)
from source_invoicing.streams.listing import Passes

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "docs" / "integrations" / "sources" / "invoicing.md",
    ROOT / "docs" / "rest-api.md",
)
SPEC = ROOT / "source_invoicing" / "spec.yaml"
TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
# Properties of the configuration in the hint of a product.
PROPERTY = re.compile(
    r"\b(?:base_url|token_url|(?:token_)?params|(?:secret_)?headers|grant(?= to)|window\.first)\b(?!/)"
)
# Any moment will do.
SOME_MOMENT = 1_700_000_000
SOME_ADDRESS = "https://api.example.com"

Json = dict[str, Any]


class Trouble(Exception):
    """Something is missing. The text is a sentence that says what."""


@cache
def platform_options() -> dict[str, Json]:
    """The options of the form, by the platform's name."""
    spec = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
    options = spec["connectionSpecification"]["properties"]["platform"]["oneOf"]
    return {option["properties"]["name"]["const"]: option for option in options}


def example(schema: Json) -> Any:
    """A value that the form accepts."""
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if "oneOf" in schema:
        return example(schema["oneOf"][0])
    if schema["type"] == "object":
        # Without a chosen organization, Zoho would be asked for it.
        wanted = [*schema.get("required", ()), "organization_id"]
        return {name: example(member) for name, member in schema["properties"].items() if name in wanted}
    return schema["examples"][0] if "examples" in schema else "x"


def streams_of(platform: str, **further: Any) -> list[InvoicingStream]:
    """The streams of a platform, of an account that does not exist.

    :param further: options of the platform, beside those that it wants
    """
    options = {**example(platform_options()[platform]), **further}
    if platform == "rest_api":
        # Needed where no product knows it.
        options["base_url"] = SOME_ADDRESS
    config = Config.parse({"platform": options}, PLATFORMS)
    return PLATFORMS[platform](config).streams()


def table(name: str) -> Iterator[str]:
    """The lines of a table.

    :param name: of a platform, alone or with ``_details`` behind it, or one of :data:`OTHER_TABLES`
    """
    if name in OTHER_TABLES:
        return OTHER_TABLES[name]()
    platform = name.removesuffix("_details")
    return table_of_streams(name) if platform == name else table_of_details(platform)


def table_of_platforms() -> Iterator[str]:
    """One line per platform."""
    yield _row("platform", "`platform.name`", "streams", "incremental", "credentials")
    yield _row("---", "---", "---:", "---:", "---")
    for name, option in platform_options().items():
        streams = streams_of(name)
        incremental = sum(stream.supports_incremental for stream in streams)
        required = [each for each in option["properties"] if each in option["required"] and each != "name"]
        asked = f"`product` or `base_url`, {_code(required)}" if name == "rest_api" else _code(required)
        counts = ("any", "any") if name == "rest_api" else (str(len(streams)), str(incremental))
        yield _row(option["title"], f"`{name}`", *counts, asked)


def table_of_products() -> Iterator[str]:
    """One line per product: what its user enters."""
    yield _row("product", "`platform.product`", "`auth`", "where to find it, and what else to set")
    yield _row("---", "---", "---", "---")
    for product in map(Product.load, names()):
        title = f"[{product.title}]({product.docs[0]})"
        kind, *entered = _login(product).items()
        login = f"`{kind[1]}`: {_code([name for name, _ in entered])}"
        yield _row(title, f"`{product.name}`", login, PROPERTY.sub(r"`\g<0>`", product.hint))


def _login(product: Product) -> Json:
    """What its user enters under ``auth``, with a value for each."""
    auth: Json = product.platform["auth"]
    logins = platform_options()["rest_api"]["properties"]["auth"]["oneOf"]
    login = next(option for option in logins if option["properties"]["type"]["const"] == auth["type"])
    more = {"basic": ["username"], "oauth2": [] if "grant" in auth else ["refresh_token"]}.get(auth["type"], [])
    return dict.fromkeys([*login["required"], *more], "x") | {"type": auth["type"]}


def table_of_product_streams() -> Iterator[str]:
    """One section to unfold per product: its streams, by what a further sync of them costs."""
    for product in map(Product.load, names()):
        kinds: dict[str, list[str]] = {
            "filtered by the API": [],
            "filtered here": [],
            "read in full": [],
            "inside the rows of lists": [],
            "a request per document": [],
        }
        by_api, here, in_full, inside, by_document = kinds.values()
        parts = {each["name"] for each in product.platform["streams"] if "from" in each}
        for stream in streams_of_product(product):
            source = stream.source_stream
            declared = source.declared if isinstance(source, RestStream) else None
            asks = declared is not None and (declared.sends_since or declared.windows is not None)
            of_list = (by_api if asks else here) if stream.supports_incremental else in_full
            of_row = inside if stream.name in parts else of_list
            (by_document if isinstance(stream, DetailStream) else of_row).append(stream.name)
        yield from ("", "<details>", f"<summary>{product.title}: {sum(map(len, kinds.values()))} streams</summary>", "")
        yield from (f"- {kind}: {_code(found)}" for kind, found in kinds.items() if found)
        yield from ("", "</details>")
    yield ""


def streams_of_product(product: Product) -> list[InvoicingStream]:
    """The streams of a product, of an account that does not exist."""
    account: Json = {"base_url": SOME_ADDRESS, "auth": _login(product)}
    account["secret_headers"] = [{"name": header, "value": "x"} for header in product.account_headers]
    platform = {"name": "rest_api", "product": product.name, **account}
    return PLATFORMS["rest_api"](Config.parse({"platform": platform}, PLATFORMS)).streams()


def table_of_streams(platform: str) -> Iterator[str]:
    """One line per stream."""
    streams = streams_of(platform)
    known = DELETED.get(platform, {})
    if surplus := known.keys() - {stream.name for stream in streams}:
        raise Trouble(f"DELETED tells of streams that {platform} does not have: {', '.join(sorted(surplus))}.")
    scoped = all(isinstance(stream, ZohoStream) for stream in streams)
    names = ("stream", "sync mode", "cursor", "primary key", "after an edit, the next sync", "a deleted record")
    further = ("a full read costs", "scope") if scoped else ()
    yield _row(*names, *further)
    yield _row(*(["---"] * len((*names, *further))))
    for stream in streams:
        if stream.name not in known:
            raise Trouble(
                f"Say in DELETED of stream_facts.py what a delete at the vendor does to {platform}.{stream.name}."
            )
        yield _row(
            stream.name,
            "incremental" if stream.supports_incremental else "full refresh",
            _code(stream.cursor_field),
            _code(stream.primary_key),
            after_an_edit(platform, stream),
            known[stream.name].replace(REPORTED, reported_by(stream)),
            *((cost(stream), _code(stream.full_scopes)) if isinstance(stream, ZohoStream) else ()),
        )


def table_of_details(platform: str) -> Iterator[str]:
    """One line per list whose documents have details."""
    details = [stream for stream in streams_of(platform, details=True) if isinstance(stream, DetailStream)]
    yield _row("documents of", "streams", "primary key")
    yield _row("---", "---", "---")
    for source in dict.fromkeys(stream.source_stream.name for stream in details):
        streams = [stream for stream in details if stream.source_stream.name == source]
        keys = "<br>".join(_code(stream.primary_key) for stream in streams)
        yield _row(source, "<br>".join(stream.name for stream in streams), keys)


def cost(stream: ZohoStream) -> str:
    """What a full read costs, in requests of up to 200 rows."""
    suffix = "; **long**" if stream.name in LONG else ""
    if isinstance(stream, ChildStream):
        return f"a request for each of `{stream.parents.name}`, more if a list has several pages{suffix}"
    if issubclass(stream.plans[0].strategy, Passes) and stream.paging.resizable:
        return f"a request per page, two if there are several pages{suffix}"
    return f"a request per page{suffix}"


def reported_by(stream: InvoicingStream) -> str:
    """How the destination learns that a record was deleted, if the user wants that."""
    if not stream.can_detect_deletions:
        return ""
    plan = stream.plans[0]
    return f", reported by {'its event' if stream.event_kinds else 'each sync' if plan.reads_all_rows else 'a search'}"


def after_an_edit(platform: str, stream: InvoicingStream) -> str:
    """What the sync after an edit asks for, which follows from how the stream puts its questions."""
    unseen = UNSEEN.get((platform, stream.name))
    suffix = f"; {unseen}" if unseen else ""
    if isinstance(stream, ChangedChildren):
        return f"reads the lists of those `{stream.parents.name}` that events name{suffix}"
    if isinstance(stream, ChildStream):
        return f"reads one list for each of `{stream.parents.name}`{suffix}"
    if not stream.supports_incremental:
        return f"reads the whole list{suffix}"
    source = stream.source_stream
    asked, asked_since = (
        source.list_request(PageRequest(since=since), source.list_path(Partition()), {})
        for since in (None, SOME_MOMENT)
    )
    if asked != asked_since:
        return f"asks for what changed{suffix}"
    if stream.plans[0].order is Order.NEWEST_CHANGE_FIRST:
        return f"reads from the newest change back to the cursor{suffix}"
    return f"reads the whole list, emits what changed{suffix}"


def _code(names: str | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in ([names] if isinstance(names, str) else names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


OTHER_TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "platforms": table_of_platforms,
    "products": table_of_products,
    "product_streams": table_of_product_streams,
}


def renewed(text: str) -> str:
    """A page with its tables as the code has them."""
    return TABLE.sub(lambda found: "\n".join([found[1].rstrip("\n"), *table(found[2]), found[3]]), text)


def main(arguments: list[str]) -> int:
    """Write the tables, or say what would change.

    :return: the exit status
    """
    check = arguments == ["--check"]
    status = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        new = renewed(text)
        if new == text:
            continue
        if not check:
            page.write_text(new, encoding="utf-8")
            continue
        status = 1
        name = str(page.relative_to(ROOT))
        sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), new.splitlines(True), name, "the code"))
    if status:
        print(f"Tables are out of date. Run {Path(__file__).relative_to(ROOT)} to renew them.", file=sys.stderr)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        sys.exit(str(trouble))
