"""Whatever a vendor, a state or a configuration holds: complete, or failed with a sentence; never wrong and quiet.

Each example is a run of the connector in this process, see :mod:`integration_tests.in_process`. The suite runs the same
examples each time; ``SOURCE_INVOICING_FUZZ=20`` runs twenty times as many, other ones each time.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from integration_tests.connector import Json, Output
from integration_tests.in_process import ORIGIN, Tamper, Wire, configured, run
from integration_tests.platforms import PLATFORMS as ALL_FACTS
from integration_tests.sandbox.platform import ApiRequest, Reply
from integration_tests.sandbox.world import World
from source_invoicing.streams.listing.ranges import SHARE_ALWAYS

TIMES = float(os.environ.get("SOURCE_INVOICING_FUZZ", "1"))
# Of the numbers below; all in all it makes some five hundred examples.
SHARE = 0.25
JUST_UNDER_A_CONVERSION_LIMIT = "9" * 4400


def examples(number: int) -> Callable[[Any], Any]:
    """So many examples of a test, the same ones in each run of the suite."""
    return settings(
        max_examples=max(int(number * SHARE * TIMES), 1),
        derandomize=TIMES == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        phases=(Phase.explicit, Phase.generate, *((Phase.shrink,) if TIMES != 1 else ())),
    )


# -- what is known of the platforms ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """A platform's list of invoices.

    :param key: its primary key
    :param cursor: the time of the last change
    :param seconds: that as unix seconds; ``None`` where it is no time
    :param envelope: a body that holds something in the place of the list
    :param small_pages: options and a change of the configuration that make several pages of a few rows
    :param rows: how many rows may be there: none, a few pages, and as many as it takes for readers to share a list
    :param tells_totals: whether a page that lacks rows shows
    """

    name: str
    key: str
    cursor: str
    seconds: Callable[[Any], float | None]
    envelope: Callable[[Any], Any]
    small_pages: Mapping[str, Any]
    rows: tuple[int, ...]
    tells_totals: bool = True
    limit: int | None = None


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _iso(value: Any) -> float | None:
    if not isinstance(value, str):
        return _number(value)
    text = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", value.strip().replace("Z", "+00:00"))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _zoho(name: str) -> Facts:
    return Facts(
        name,
        "invoice_id",
        "last_modified_time",
        _iso,
        lambda rows: {"code": 0, "message": "success", "invoices": rows, "page_context": {"has_more_page": False}},
        {"per_page_cap": 4, "per_page_above": "clamped"},
        (0, 11, 160),
        tells_totals=False,
    )


PLATFORMS = {
    facts.name: facts
    for facts in (
        Facts("invoiced", "id", "updated_at", _number, lambda rows: rows, {"per_page_cap": 4}, (0, 11, 160)),
        _zoho("zoho_invoice"),
        _zoho("zoho_books"),
        Facts(
            "fastbill",
            "INVOICE_ID",
            "LASTUPDATE",
            _iso,
            lambda rows: {"REQUEST": {}, "RESPONSE": {"INVOICES": rows}},
            {"limit_cap": 10},
            (0, 25),
            tells_totals=False,
        ),
        Facts(
            "rest_api",
            "id",
            "updated_at",
            _iso,
            lambda rows: {"data": rows, "total": len(rows) if isinstance(rows, list) else 0},
            {},
            (0, 11, 60),
            limit=4,
        ),
    )
}
on_each_platform = pytest.mark.parametrize("facts", PLATFORMS.values(), ids=PLATFORMS)


@dataclass
class Case:
    """A platform to read from.

    :param folder: for files
    :param world: what is behind the network
    """

    facts: Facts
    folder: Path
    world: World
    config: Json
    stream: str = "invoices"
    secrets: list[str] = field(default_factory=list)

    def read(self, tamper: Tamper | None = None, state: Any = None) -> Output:
        """Read the stream, and look at what must hold of any run."""
        wire = Wire(self.world, tamper)
        output = run(
            "read", wire, self.folder, config=self.config, catalog=catalog(self.facts.name, self.stream), state=state
        )
        assert not wire.endless
        assert_honest(output, self.config)
        return output

    def missing(self, records: list[Json]) -> set[str]:
        """Keys of rows that did not come."""
        key = self.facts.key
        return {str(row[key]) for row in self.world.rows(self.stream)} - {str(record[key]) for record in records}


def make(facts: Facts, folder: Path, *, rows: int = 7, workers: int = 8, small_pages: bool = False) -> Case:
    """A case with a number of invoices and few rows elsewhere."""
    parts = [*ALL_FACTS[facts.name].parts, *ALL_FACTS[facts.name].details]
    counts = {name: 3 for name in streams(facts.name) if name not in ("organizations", *parts)} | {"invoices": rows}
    options: dict[str, Any] = dict(facts.small_pages) if small_pages else {}
    world = World(facts.name, rows=counts, options=options)
    config = world.config(ORIGIN)
    config["num_workers"] = workers
    if small_pages and facts.limit:
        for stream in config["platform"]["streams"]:
            stream["pagination"]["limit"] = facts.limit
    return Case(facts, folder, world, config)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """For the files of the runs. One for all: examples run one after another. Nobody waits for a response here, which
    would keep readers from sharing a list."""
    with TemporaryDirectory() as path, pytest.MonkeyPatch.context() as environment:
        environment.setenv(SHARE_ALWAYS, "1")
        yield Path(path)


@cache
def streams(platform: str) -> Mapping[str, Json]:
    """What ``discover`` shows."""
    with TemporaryDirectory() as path:
        world = World(platform)
        output = run("discover", Wire(world), Path(path), config=world.config(ORIGIN))
    (found,) = output.of("CATALOG")
    return {stream["name"]: stream for stream in found["streams"]}


def catalog(platform: str, stream: str) -> Json:
    """A configured catalog of one stream."""
    return configured({stream: streams(platform)[stream]})


def secrets_in(config: Any) -> Iterator[str]:
    """The texts of a configuration that must not be shown."""
    names = ("api_key", "password", "client_secret", "refresh_token", "value", "token")
    for name, value in config.items() if isinstance(config, dict) else ():
        if isinstance(value, dict):
            yield from secrets_in(value)
        elif name in names and isinstance(value, str) and len(value.strip()) > 3:
            yield value.strip()


def assert_honest(output: Output, config: Any) -> None:
    """What holds of every run: messages are JSON, failures are sentences, a failed stream fails the run."""
    for error in output.errors:
        assert error["message"]
        assert "unexpected error" not in error["message"].lower(), error
        assert "Something went wrong in the connector" not in error["message"], error
        assert error["failure_type"] in ("config_error", "transient_error", "system_error")
    assert not [line for line in output.logs if "Traceback" in line]
    ends = {name: statuses[-1] for name, statuses in output.statuses.items()}
    assert set(ends.values()) <= {"COMPLETE", "INCOMPLETE"}
    assert (output.exit_code == 1) == bool(output.errors or "INCOMPLETE" in ends.values())
    failed = {name for name, end in ends.items() if end == "INCOMPLETE"}
    assert failed <= {error["stream_descriptor"]["name"] for error in output.errors if error.get("stream_descriptor")}
    # Airbyte gets a new refresh token within the whole configuration.
    printed = "\n".join(line for line in output.lines if '"CONTROL"' not in line)
    for secret in secrets_in(config):
        assert secret not in printed


def end_of(output: Output, stream: str = "invoices") -> str:
    """How a stream ended."""
    return output.statuses[stream][-1] if output.statuses[stream] else "INCOMPLETE"


# -- what is thrown at it --------------------------------------------------------------------------------------------

NASTY: tuple[Any, ...] = (
    *(10**30, -(10**30), 2**63, 2**64, -(2**63) - 1, 1e300, -1e300, 5e-324, 1.5),
    *(10**11, -(10**11) + 1, 253402300800, -62135596801, -62135596800),
    *("1" * 30, "-" + "1" * 30, JUST_UNDER_A_CONVERSION_LIMIT, "--2024013112", "²²²", "1e999", "nan", "Infinity"),
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0000-00-00", "2024-02-30"),
    *("0001-01-01 00:00:00", "9999-12-31 23:59:59", "2024-W60-1", "P1Y", "2024-01-01/2025-01-01", "24:61", "T"),
    *("\x00", "\u2028", "\ufffe", "𝄞", "'\"\\", "%s %d {0}", "\n\r\t", "", " ", "null"),
    *([], {}, [[]], [{}], {"": ""}, [None], {"id": None}, True, False, None, 0, -1),
)


def nested(depth: int) -> Any:
    """A list in a list in a list."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


# Not shared between examples: the connector changes what it is given.
NASTIES = st.sampled_from([*NASTY, nested(300), nested(900)]).map(deepcopy)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
JSON = NASTIES | st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
STATUSES = st.sampled_from([200] * 8 + [201, 204, 206, 301, 400, 401, 402, 403, 404, 408, 418, 422, 429, 500, 503, 599])
LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=12)
HEADER_VALUES = LATIN | st.sampled_from(
    [
        *("²", "-1", "1" * 30, JUST_UNDER_A_CONVERSION_LIMIT, "1e308", "inf", "0"),
        *(
            "Mon, 01 Jan 0001 00:00:00 -0000",
            "Mon, 01 Jan 99999999999999 00:00:00 GMT",
            "Fri, 31 Dec 9999 23:59:59 GMT",
        ),
        *('<http://[>; rel="next"', '<//x:99999/>; rel="next"', ";;;,,,<>", "<>; rel"),
    ]
)
HEADERS = st.dictionaries(
    st.sampled_from(["Date", "Retry-After", "Link", "X-Total-Count", "X-Rate-Limit-Reset", "Location"]),
    HEADER_VALUES,
    max_size=2,
)
WORKERS = st.sampled_from([1, 8])


def instead(
    case: Case, body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None, at: int = 1, always: bool
) -> Tamper:
    """A tamper that gives another answer to one question for the stream, or to all from then on."""
    seen = [0]

    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        if case.world._platform.stream_of(asked) != case.stream:
            return reply
        seen[0] += 1
        if seen[0] == at or (always and seen[0] > at):
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            return Reply(status, raw, {**reply.headers, **(headers or {})})
        return reply

    return tamper


def is_key(value: Any) -> bool:
    """Whether a value tells a row from others, also without the character NUL, which is not printed."""
    return type(value) is int or (isinstance(value, str) and bool(value.strip("\0")))


# -- pages -----------------------------------------------------------------------------------------------------------


@on_each_platform
@examples(60)
@given(
    body=JSON | st.binary(max_size=60),
    answer=st.fixed_dictionaries(
        {"status": STATUSES, "headers": HEADERS, "at": st.integers(1, 4), "always": st.booleans()}
    ),
    workers=WORKERS,
)
def test_anything_in_place_of_a_page(folder: Path, facts: Facts, body: Any, answer: Json, workers: int) -> None:
    case = make(facts, folder, rows=facts.rows[1], workers=workers, small_pages=True)

    output = case.read(instead(case, body, **answer))

    # A list, or what some vendors send for an empty one, may be right; headers may say that it ends.
    if not isinstance(body, list) and not answer["headers"] and end_of(output) == "COMPLETE":
        assert not case.missing(output.records["invoices"])


@on_each_platform
@examples(40)
@given(data=st.data(), workers=WORKERS)
def test_anything_in_place_of_a_list(folder: Path, facts: Facts, data: st.DataObject, workers: int) -> None:
    rows = data.draw(
        st.lists(st.dictionaries(st.text(max_size=8) | st.just(facts.cursor), JSON, max_size=3), max_size=4) | JSON
    )
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and data.draw(st.booleans()):
            row[facts.key] = data.draw(JSON)
    case = make(facts, folder, workers=workers)

    output = case.read(instead(case, facts.envelope(rows), always=True))

    if end_of(output) == "COMPLETE" and isinstance(rows, list):
        came = {str(record[facts.key]) for record in output.records["invoices"]}
        assert all(is_key(row.get(facts.key)) or isinstance(row.get(facts.key), float) for row in rows)
        assert {str(row[facts.key]).replace("\0", "") for row in rows if is_key(row[facts.key])} <= came


# -- records ---------------------------------------------------------------------------------------------------------


@on_each_platform
@examples(60)
@given(data=st.data(), workers=WORKERS, small_pages=st.booleans())
def test_anything_in_a_record(folder: Path, facts: Facts, data: st.DataObject, workers: int, small_pages: bool) -> None:
    case = make(facts, folder, rows=facts.rows[1], workers=workers, small_pages=small_pages)
    truth = case.world.rows("invoices")
    names = st.sampled_from(sorted(truth[0])) | st.just(facts.cursor) | st.text(max_size=5)
    changes: dict[str, Json] = data.draw(
        st.dictionaries(
            st.sampled_from([str(row[facts.key]) for row in truth]),
            st.dictionaries(names, JSON, min_size=1, max_size=3),
            min_size=1,
            max_size=4,
        )
    )
    for change in changes.values():
        change.pop(facts.key, None)
        if small_pages:  # rows that belie the order of a longer list are another matter
            change.pop(facts.cursor, None)

    output = case.read(changing_rows(case, changes))

    assert end_of(output) == "COMPLETE", output.errors
    assert not case.missing(output.records["invoices"])
    again = case.read(changing_rows(case, changes), output.last_state)
    assert end_of(again) == "COMPLETE", again.errors


def changing_rows(case: Case, changes: Mapping[str, Json]) -> Tamper:
    """A tamper that changes some rows, wherever they stand."""

    def change(value: Any) -> None:
        if isinstance(value, dict) and str(value.get(case.facts.key)) in changes:
            value.update(deepcopy(changes[str(value[case.facts.key])]))
        else:
            for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
                change(inner)

    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        if case.world._platform.stream_of(asked) != case.stream:
            return reply
        body = json.loads(reply.body)
        change(body)
        return replace(reply, body=json.dumps(body).encode())

    return tamper


# -- tokens ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["zoho_invoice", "zoho_books", "rest_api"])
@examples(40)
@given(
    answer=JSON
    | st.fixed_dictionaries(
        {"access_token": JSON | st.text(min_size=1)},
        optional={
            **{"expires_in": JSON, "expires_in_sec": JSON, "api_domain": JSON, "refresh_token": JSON},
            **{"token_type": JSON, "error": JSON, "error_description": JSON},
        },
    ),
    status=STATUSES,
    always=st.booleans(),
)
def test_anything_in_place_of_a_token(folder: Path, name: str, answer: Any, status: int, always: bool) -> None:
    case = make(PLATFORMS[name], folder)
    if name == "rest_api":
        case.world.set_options({"auth": "oauth2"})
        case.config["platform"]["auth"] = case.world.config(ORIGIN)["platform"]["auth"]
    else:  # only without a base URL does the token's answer say where the API is
        del case.config["platform"]["base_url"]
    given_once = [False]

    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        if not asked.path.endswith("/token") or (given_once[0] and not always):
            return reply
        given_once[0] = True
        return Reply(status, json.dumps(answer).encode())

    output = case.read(tamper)

    if end_of(output) == "COMPLETE":
        assert not case.missing(output.records["invoices"])


# -- states ----------------------------------------------------------------------------------------------------------

PLACES = st.fixed_dictionaries(
    {},
    optional={
        **{"offset": JSON | st.integers(0, 20), "row": JSON, "filtered": JSON | st.booleans()},
        **{"since": JSON, "began": JSON | st.integers(), "newest": JSON},
    },
)


@on_each_platform
@examples(50)
@given(data=st.data(), workers=WORKERS)
def test_anything_in_place_of_a_state(folder: Path, facts: Facts, data: st.DataObject, workers: int) -> None:
    case = make(facts, folder, rows=facts.rows[1], workers=workers, small_pages=True)
    truth = case.world.rows("invoices")
    moments = st.sampled_from([row[facts.cursor] for row in truth]) | JSON
    kept = st.fixed_dictionaries(
        {},
        optional={
            **{facts.cursor: moments, "walk": JSON | PLACES, "lists": JSON, "customer_id": JSON},
            "read_ahead": JSON | st.lists(st.lists(moments, min_size=1, max_size=3), max_size=3),
        },
    )
    value = data.draw(kept | JSON)

    output = case.read(state=[stored("invoices", value)])

    if end_of(output) == "COMPLETE":
        after = max(moments_in(facts, value), default=None)
        late = {
            str(row[facts.key])
            for row in truth
            # A filter leaves out what has no time.
            if after is None or (facts.seconds(row[facts.cursor]) or 0) > after
        }
        assert not late & case.missing(output.records["invoices"])


@on_each_platform
@examples(10)
@given(state=JSON | st.lists(st.fixed_dictionaries({"type": JSON | st.just("STREAM")}, optional={"stream": JSON})))
def test_anything_in_place_of_all_states(folder: Path, facts: Facts, state: Any) -> None:
    case = make(facts, folder)

    output = case.read(state=state)

    if end_of(output) == "COMPLETE":
        assert not case.missing(output.records["invoices"])


def stored(name: str, value: Any) -> Json:
    """A state message with some value."""
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": value}}


def moments_in(facts: Facts, value: Any) -> Iterator[float]:
    """All that could be a moment in a state."""
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from moments_in(facts, inner)
    elif (moment := facts.seconds(value)) is not None:
        yield moment


# -- configurations --------------------------------------------------------------------------------------------------

HALF_A_CHARACTER = "key\ud800"
CONFIG_JSON = JSON | st.sampled_from(
    [
        *(HALF_A_CHARACTER, "https://a..b", "http://[::1", "https://a:99999", "https://" + "a" * 300 + ".example"),
        *("http://127.0.0.1:8080\\@evil.example", "http://127.0.0.1:8080/\n", "{id}", "a.b.c", "%Y%Y", "%", "data.0"),
        *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", '{"properties": {"a": 1}}', '{"properties": []}'),
        '{"properties": {"id": {"type": ["nonsense", 5]}, "total": {"type": "object", "properties": 7}}}',
    ]
)


@on_each_platform
@examples(60)
@given(data=st.data())
def test_anything_in_a_configuration(folder: Path, facts: Facts, data: st.DataObject) -> None:
    case = make(facts, folder, rows=3)
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(list(places_in(case.config))))
        put(case.config, place, data.draw(CONFIG_JSON))

    checked = run("check", Wire(case.world), folder, config=case.config)

    assert_honest(checked, case.config)
    (status,) = checked.of("CONNECTION_STATUS")
    if status["status"] == "FAILED":
        assert status["message"].rstrip().endswith((".", ")", "'"))
        return
    discovered = run("discover", Wire(case.world), folder, config=case.config)
    assert_honest(discovered, case.config)
    case.read()


@examples(40)
@given(config=JSON | st.fixed_dictionaries({"platform": JSON | st.fixed_dictionaries({"name": JSON})}))
@example(config={"platform": {"name": []}})
def test_anything_in_place_of_a_configuration(folder: Path, config: Any) -> None:
    output = run("check", Wire(World("invoiced")), folder, config=config)

    assert_honest(output, config)
    if not output.errors:
        (status,) = output.of("CONNECTION_STATUS")
        assert status["status"] == "FAILED"


def places_in(config: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to all values, and to some that are not there."""
    absent: dict[int, list[str]] = {
        0: ["start_date", "lookback_days", "num_workers"],
        1: ["base_url", "organization_id"],
    }
    if way == ("platform",):
        absent[1] += ["environment", "password", "project_id", "calls_per_hour", "rate", "headers", "token_url"]
    if len(way) == 3:
        absent[3] = ["body", "json_schema", "error_path", "since_format", "params", "primary_key", "method", "parent"]
    names = [*(config if isinstance(config, dict) else range(len(config))), *absent.get(len(way), [])]
    for name in names:
        if isinstance(config, list) and not isinstance(name, int):
            continue
        yield (*way, name)
        inner = config[name] if isinstance(config, list) else config.get(name)
        if isinstance(inner, (dict, list)) and len(inner):
            yield from places_in(inner, (*way, name))


def put(config: Any, place: tuple[Any, ...], value: Any) -> None:
    """Set a value, as far as an earlier one left a place for it."""
    *way, last = place
    for step in way:
        if (isinstance(config, dict) and step in config) or (
            isinstance(config, list) and isinstance(step, int) and step < len(config)
        ):
            config = config[step]
        else:
            return
    if isinstance(config, dict) or (isinstance(config, list) and isinstance(last, int) and last < len(config)):
        config[last] = value


# -- faults ----------------------------------------------------------------------------------------------------------

KINDS: tuple[Json, ...] = (
    *({"kind": "status", "code": code} for code in (429, 500, 502, 503, 504, 408)),
    {"kind": "status", "code": 429, "headers": {"Retry-After": "3"}},
    {"kind": "status", "code": 503, "headers": {"Retry-After": "100000"}},
    *({"kind": "status", "code": code} for code in (400, 401, 403, 404, 422)),
    *({"kind": kind} for kind in ("reset", "reset_body", "truncate", "stall", "stall_body", "bad_gzip")),
    *({"kind": kind} for kind in ("html", "empty", "error_envelope", "object", "repeat_page", "cut_json")),
    *({"kind": kind} for kind in ("invalid_utf8", "wrong_type")),
)
# Of a list without totals nobody can tell that its end was cut off.
SHOWN_BY_TOTALS: tuple[Json, ...] = (
    {"kind": "short_page", "rows": 2},
    {"kind": "wrong_total", "delta": 3},
)


@on_each_platform
@examples(60)
@given(data=st.data(), workers=WORKERS)
def test_any_schedule_of_faults(folder: Path, facts: Facts, data: st.DataObject, workers: int) -> None:
    case = make(facts, folder, rows=data.draw(st.sampled_from(facts.rows)), workers=workers, small_pages=True)
    kinds = KINDS + (SHOWN_BY_TOTALS if facts.tells_totals else ())
    rules = st.fixed_dictionaries(
        {
            "match": st.sampled_from([{}, {"stream": "invoices"}]),
            "after": st.integers(0, 12) | st.integers(0, 60),
            "times": st.sampled_from([1, 1, 2, 3, 0]),
            "fault": st.sampled_from(kinds),
        }
    )
    case.world.add_faults(data.draw(st.lists(rules, min_size=1, max_size=4)))

    first = case.read()
    case.world.clear_faults()
    second = case.read(state=first.last_state)

    if end_of(first) == "COMPLETE":
        assert not case.missing(first.records["invoices"])
    assert end_of(second) == "COMPLETE", second.errors
    assert not case.missing([*first.records["invoices"], *second.records["invoices"]])


# -- what it has found -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["zoho_invoice", "zoho_books", "invoiced"])
def test_a_list_that_is_refused_behind_its_first_page_is_not_complete(folder: Path, name: str) -> None:
    case = make(PLATFORMS[name], folder, rows=11, workers=8, small_pages=True)

    output = case.read(instead(case, {}, status=400, at=2, always=True))

    assert end_of(output) == "INCOMPLETE"


@pytest.mark.parametrize(
    "headers",
    [
        {"Date": "Mon, 01 Jan 0001 00:00:00 -0000"},
        {"Date": "Mon, 01 Jan 99999999999999 00:00:00 GMT"},
        {"X-Total-Count": "²"},
        {"X-Total-Count": JUST_UNDER_A_CONVERSION_LIMIT},
    ],
    ids=str,
)
def test_headers_that_say_nothing_change_nothing(folder: Path, headers: Mapping[str, str]) -> None:
    case = make(PLATFORMS["invoiced"], folder)

    output = case.read(lambda _, reply: replace(reply, headers={**reply.headers, **headers}))

    assert end_of(output) == "COMPLETE"
    assert not case.missing(output.records["invoices"])


@on_each_platform
@pytest.mark.parametrize("status", [301, 429, 503])
def test_refusals_with_headers_that_say_nothing_are_told_in_a_sentence(folder: Path, facts: Facts, status: int) -> None:
    case = make(facts, folder)
    headers = {"Location": "\x80", "Retry-After": "Mon, 01 Jan 0001 00:00:00 -0000", "X-Rate-Limit-Reset": "²"}

    assert end_of(case.read(instead(case, {}, status=status, headers=headers, always=True))) == "INCOMPLETE"


NO_KEYS: tuple[Any, ...] = (None, [], {}, [[1]], 10**30, True, "")


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        pytest.param(facts, key, id=f"{facts.name}-{key}")
        for facts in PLATFORMS.values()
        for key in NO_KEYS
        # A key of the user's own choice may be blank or true.
        if facts.name != "rest_api" or key not in (True, "")
    ],
)
def test_records_that_nothing_tells_apart_are_not_complete(folder: Path, facts: Facts, key: Any) -> None:
    case = make(facts, folder)
    rows = [{facts.key: key, "what": "one"}, {facts.key: key, "what": "two"}]

    assert end_of(case.read(instead(case, facts.envelope(rows), always=True))) == "INCOMPLETE"


@on_each_platform
@pytest.mark.parametrize(
    "value",
    [nested(300), nested(900), "1" * 30, 1e300, JUST_UNDER_A_CONVERSION_LIMIT, 10**30],
    ids=lambda v: str(v)[:12],
)
def test_values_that_are_hard_to_print_arrive(folder: Path, facts: Facts, value: Any) -> None:
    case = make(facts, folder)
    change = dict.fromkeys(["total", "SUB_TOTAL", "date", "currency", "new"], value)
    first = str(case.world.rows("invoices")[0][facts.key])

    output = case.read(changing_rows(case, {first: change}))

    assert end_of(output) == "COMPLETE"
    assert not case.missing(output.records["invoices"])


@on_each_platform
@pytest.mark.parametrize(
    "moment",
    [
        *("0001-01-01T00:00:00Z", "0001-01-01 00:00:00", "9999-12-31T23:59:59-12:00", -(10**11) + 1, 2**63 - 1),
        *("--2024013112", JUST_UNDER_A_CONVERSION_LIMIT, -62135596800),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_time_of_no_calendar_is_none(folder: Path, facts: Facts, moment: Any) -> None:
    case = make(facts, folder)
    first = str(case.world.rows("invoices")[0][facts.key])

    output = case.read(changing_rows(case, {first: {facts.cursor: moment}}))
    again = case.read(state=output.last_state)

    assert not case.missing(output.records["invoices"])
    assert (end_of(output), end_of(again)) == ("COMPLETE", "COMPLETE")
    refused = case.read(state=[stored("invoices", {facts.cursor: moment})])
    assert end_of(refused) == "INCOMPLETE"
    assert "saved state" in refused.errors[0]["message"]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_token_that_is_refused_says_nothing_about_lists(folder: Path, status: int) -> None:
    case = make(PLATFORMS["rest_api"], folder)
    case.stream = "customer_invoices"
    case.world.set_options({"auth": "oauth2", "access_token_calls": 2})
    case.config["platform"]["auth"] = case.world.config(ORIGIN)["platform"]["auth"]
    tokens = [0]

    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        tokens[0] += asked.path.endswith("/token")
        return Reply(status, b"{}") if asked.path.endswith("/token") and tokens[0] > 1 else reply

    assert end_of(case.read(tamper), "customer_invoices") == "INCOMPLETE"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("platform", "name"), []),
        (("platform", "environment"), {}),
        (("platform", "api_key"), HALF_A_CHARACTER),
        (("platform", "base_url"), "https://a..b"),
        (("start_date",), "0001-01-01T00:00:00Z"),
    ],
    ids=str,
)
def test_a_configuration_is_told_what_is_wrong(folder: Path, place: tuple[str, ...], value: Any) -> None:
    case = make(PLATFORMS["invoiced"], folder)
    put(case.config, place, value)

    output = run("check", Wire(case.world), folder, config=case.config)

    (status,) = output.of("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert status["message"].startswith(".".join(place))


def test_a_null_is_left_out(folder: Path) -> None:
    case = make(PLATFORMS["invoiced"], folder)
    case.config |= {"start_date": None, "num_workers": None}
    case.config["platform"]["environment"] = None

    output = run("check", Wire(case.world), folder, config=case.config)

    assert output.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]


@on_each_platform
def test_a_state_with_names_that_are_none_is_refused(folder: Path, facts: Facts) -> None:
    case = make(facts, folder)

    output = case.read(state=[stored("invoices", [[None, "x"], ["", None]])])

    assert end_of(output) == "INCOMPLETE"
    assert "saved state" in output.errors[0]["message"]
