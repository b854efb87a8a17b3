"""Each platform, each fault, each moment: what passes changes nothing, what stays costs its own stream only.

A run is hit at every moment, each in a list of its own, so what comes of a moment shows in its stream.

What hits the connection itself hits a real one on one platform; on the others, as what the HTTP library makes of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartPlatform
from integration_tests.connector import Connector, Output
from integration_tests.expected import keys
from integration_tests.moments import FIRST, MIDDLE, STAGES, TOKEN, Stage, Undisturbed, rule
from integration_tests.sandbox import Sandbox
from integration_tests.tally import Tally
from integration_tests.warm_start import RUN_FIRST

pytestmark = pytest.mark.in_process

# Waits of milliseconds in place of seconds.
BRISK = {"SOURCE_INVOICING_BACKOFF_SCALE": "0.001"}
# Time-outs of a third of a second in place of a minute.
IMPATIENT = {**BRISK, "SOURCE_INVOICING_TIMEOUT_SCALE": "0.006"}
# Waits of 0.2, 0.4 and 0.8 seconds: an outage of 0.3 seconds meets at least one try and not all.
PATIENT = {"SOURCE_INVOICING_BACKOFF_SCALE": "0.2"}
# Of an API that nobody knows, one that breaks down behind some page, however often it is asked, lists no deeper.
TOO_DEEP = "It had answered up to "
IN_A_SECOND = "the HTTP date of the next second"


@dataclass(frozen=True)
class Case:
    """A fault and what is to come of it.

    :param words: of the sentence, when the fault stays
    :param times: how many in a row a read has to get over
    :param on_the_wire: what is hit is the connection, not what comes over it
    :param one_at_a_time: the fault hits the whole server, so only one request may be under way
    """

    name: str
    fault: Mapping[str, Any]
    words: str
    times: int = 3
    environment: Mapping[str, str] = field(default_factory=lambda: BRISK)
    on_the_wire: bool = False
    one_at_a_time: bool = False

    @property
    def status(self) -> int | None:
        """Of the answer, where that is the fault."""
        return self.fault.get("code")

    def now(self) -> dict[str, Any]:
        """The fault with its date filled in."""
        headers = self.fault.get("headers", {})
        if headers.get("Retry-After") != IN_A_SECOND:
            return dict(self.fault)
        return {**self.fault, "headers": {"Retry-After": formatdate(time.time() + 1, usegmt=True)}}


def _too_many(retry_after: str) -> dict[str, Any]:
    return {"kind": "status", "code": 429, "headers": {"Retry-After": retry_after}}


CASES = (
    Case("429", {"kind": "status", "code": 429}, "HTTP 429"),
    Case("429, Retry-After: 0", _too_many("0"), "HTTP 429"),
    Case("429, Retry-After: 1", _too_many("1"), "HTTP 429", times=1),
    Case("429, Retry-After: a date gone by", _too_many("Thu, 01 Jan 2015 00:00:00 GMT"), "HTTP 429"),
    Case("429, Retry-After: a date to come", _too_many(IN_A_SECOND), "HTTP 429", times=1),
    *(Case(str(code), {"kind": "status", "code": code}, f"HTTP {code}") for code in (500, 502, 503, 504)),
    Case(
        "refused",
        {"kind": "refuse", "seconds": 0.3},
        "refused the connection",
        1,
        PATIENT,
        on_the_wire=True,
        one_at_a_time=True,
    ),
    Case("reset", {"kind": "reset"}, "broke the connection", on_the_wire=True),
    Case("reset in the body", {"kind": "reset_body"}, "broke off in the middle of an answer", on_the_wire=True),
    Case("truncated body", {"kind": "truncate", "bytes": 20}, "broke off in the middle of an answer", on_the_wire=True),
    Case("cut JSON of the right length", {"kind": "cut_json"}, "JSON"),
    Case("invalid UTF-8", {"kind": "invalid_utf8"}, "JSON"),
    Case("stall", {"kind": "stall"}, "did not answer in time", environment=IMPATIENT, on_the_wire=True),
    Case(
        "stall in the body", {"kind": "stall_body"}, "did not answer in time", environment=IMPATIENT, on_the_wire=True
    ),
    Case("no gzip", {"kind": "bad_gzip"}, "sent an answer that cannot be unpacked", on_the_wire=True),
    Case("cut gzip", {"kind": "cut_gzip"}, "JSON", on_the_wire=True),
    Case("HTML under 200", {"kind": "html"}, "a web page (HTML)"),
    Case("empty body", {"kind": "empty"}, "an empty body"),
)
# What the wait is for makes no difference to a fault that stays.
LASTING = [case for case in CASES if case.times == 3]

SIGNING_IN = [stage for stage in STAGES if stage.signs_in]


def each_fault(cases: Iterable[Case], stages: Iterable[Stage] = STAGES) -> pytest.MarkDecorator:
    """Each fault on each platform; in a process of its own, over a socket: the first one of each platform, what hits
    the connection of the first platform, and what hits the server."""
    stages = list(stages)
    parameters = []
    for stage in stages:
        for number, case in enumerate(cases):
            own = number == 0 or (case.on_the_wire and stage is stages[0]) or case.one_at_a_time
            marks = [pytest.mark.own_process] if own else []
            parameters.append(pytest.param(stage, case, id=f"{stage.name}-{case.name}", marks=marks))
    return pytest.mark.parametrize(("stage", "case"), parameters)


matrix = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
signing_in = pytest.mark.parametrize("stage", SIGNING_IN, ids=lambda stage: stage.name)
Look = Callable[[Stage], Undisturbed]


@pytest.fixture(scope="module")
def seen() -> dict[str, Undisturbed]:
    """Undisturbed reads, by platform."""
    return {}


@pytest.fixture
def look(seen: dict[str, Undisturbed], start_platform: StartPlatform, connect: Connect) -> Look:
    """Reads a platform once without any fault."""

    def look(stage: Stage) -> Undisturbed:
        if stage.name not in seen:
            sandbox = start_platform(stage.platform, stage.rows, stage.options)
            connector = connect(sandbox)
            catalog = {stream["name"]: stream for stream in connector.catalog}
            sandbox.clear_requests()
            assert connector.read(stage.streams).exit_code == 0
            summary = sandbox.requests_summary()["streams"]
            seen[stage.name] = Undisturbed(catalog, {name: told["requests"] for name, told in summary.items()})
        return seen[stage.name]

    return look


@pytest.fixture
def begin(start_platform: StartPlatform, connect: Connect, look: Look) -> Callable[..., tuple[Sandbox, Connector]]:
    """Starts the sandbox of a stage, and a connector that knows its catalog."""

    def begin(stage: Stage, case: Case, **config: Any) -> tuple[Sandbox, Connector]:
        undisturbed = look(stage)
        sandbox = start_platform(stage.platform, stage.rows, stage.options)
        connector = connect(sandbox, **({"num_workers": 1} if case.one_at_a_time else {}), **config)
        connector.catalog = list(undisturbed.catalog.values())
        connector.environment = {**connector.environment, **case.environment}
        return sandbox, connector

    return begin


Begin = Callable[..., tuple[Sandbox, Connector]]


def assert_complete(output: Output, sandbox: Sandbox, stage: Stage, catalog: Mapping[str, Any]) -> None:
    assert output.exit_code == 0, output.text[-3000:]
    assert output.errors == []
    for name in stage.streams:
        assert output.statuses[name][-1] == "COMPLETE"
        assert keys(output.records[name], catalog[name]) == keys(sandbox.rows(name), catalog[name]), name


@each_fault(CASES)
def test_what_passes_changes_nothing(begin: Begin, look: Look, stage: Stage, case: Case, tally: Tally) -> None:
    sandbox, connector = begin(stage, case)
    moments = [*stage.lists, *([TOKEN] if stage.signs_in else [])]
    sandbox.add_faults(*(rule(stage, look(stage), moment, case.now(), case.times) for moment in moments))

    output = connector.read(stage.streams)

    assert [told["fired"] for told in sandbox.faults()] == [case.times] * len(moments)
    assert_complete(output, sandbox, stage, look(stage).catalog)
    tally.count("faults that passed", len(moments) * case.times)


@matrix
def test_a_wrong_content_type_costs_nothing(begin: Begin, look: Look, stage: Stage, tally: Tally) -> None:
    sandbox, connector = begin(stage, CASES[0])
    sandbox.add_faults({"times": 0, "fault": {"kind": "wrong_type"}})

    output = connector.read(stage.streams)

    assert_complete(output, sandbox, stage, look(stage).catalog)
    requests = sum(look(stage).requests[name] for name in stage.streams)
    assert sum(told["requests"] for told in sandbox.requests_summary()["streams"].values()) >= requests
    tally.count("faults that passed", sandbox.faults()[0]["fired"])


@signing_in
def test_a_token_that_ends_is_replaced_at_any_moment(begin: Begin, look: Look, stage: Stage, tally: Tally) -> None:
    # One thing at a time: a token that ends for one request ends for all that are under way.
    sandbox, connector = begin(stage, CASES[0], num_workers=1)
    moments = list(stage.lists)
    sandbox.add_faults(*(rule(stage, look(stage), moment, {"kind": "expire_token"}, 1) for moment in moments))

    output = connector.read(stage.streams)

    assert [told["fired"] for told in sandbox.faults()] == [1] * len(moments)
    assert_complete(output, sandbox, stage, look(stage).catalog)
    tally.count("faults that passed", len(moments))


@each_fault(LASTING)
def test_what_stays_costs_its_own_stream_and_nothing_that_a_later_run_does_not_bring(
    begin: Begin, look: Look, stage: Stage, case: Case, tally: Tally
) -> None:
    sandbox, connector = begin(stage, case)
    catalog = look(stage).catalog
    sandbox.add_faults(*(rule(stage, look(stage), moment, case.now(), 0) for moment in stage.lists))

    failed = connector.read(stage.streams)
    sandbox.clear_faults()
    resumed = connector.read(stage.streams, state=failed.last_state)

    hit = stage.streams if case.status in stage.closing else stage.lists.values()
    assert_failed(failed, sandbox, stage, catalog, may_fail=set(hit), must_fail=stage.lists.values(), words=case.words)
    if case.status not in stage.closing:
        assert failed.statuses[stage.spared][-1] == "COMPLETE"
    assert_nothing_missing([failed, resumed], sandbox, stage, catalog)
    tally.count("faults that stayed", len(stage.lists))


@pytest.mark.own_process
@matrix
def test_a_host_that_is_gone_in_the_middle_is_found_again_by_the_next_run(
    begin: Begin, look: Look, stage: Stage, tally: Tally
) -> None:
    sandbox, connector = begin(stage, CASES[0])
    catalog = look(stage).catalog
    sandbox.add_faults(rule(stage, look(stage), MIDDLE, {"kind": "refuse"}, 0))

    failed = connector.read(stage.streams)
    sandbox.clear_faults()
    resumed = connector.read(stage.streams, state=failed.last_state)

    must_fail = [stage.lists[MIDDLE]]
    # Refused, or broken: there may be a connection for each try that was open when the host went.
    words = "the connection"
    assert_failed(failed, sandbox, stage, catalog, may_fail=set(stage.streams), must_fail=must_fail, words=words)
    assert_nothing_missing([failed, resumed], sandbox, stage, catalog)
    tally.count("faults that stayed")


@each_fault(LASTING, SIGNING_IN)
def test_no_token_no_stream(begin: Begin, look: Look, stage: Stage, case: Case, tally: Tally) -> None:
    sandbox, connector = begin(stage, case)
    sandbox.add_faults(rule(stage, look(stage), TOKEN, case.now(), 0))
    streams = [stage.lists[MIDDLE]]

    failed = connector.read(streams)
    sandbox.clear_faults()
    resumed = connector.read(streams, state=failed.last_state)

    assert failed.exit_code == 1
    assert failed.statuses[streams[0]][-1] == "INCOMPLETE"
    assert_one_sentence_each(failed, streams, words="")
    assert resumed.exit_code == 0
    assert keys(resumed.records[streams[0]], look(stage).catalog[streams[0]]).total() == stage.rows[streams[0]]
    tally.count("faults that stayed")


@pytest.mark.own_process
@matrix
def test_a_name_that_cannot_be_resolved(begin: Begin, look: Look, stage: Stage, tally: Tally) -> None:
    _, connector = begin(stage, CASES[0])
    platform = {**connector.config["platform"], "base_url": "https://nobody.invalid/api/1.0"}
    connector.config = {**connector.config, "platform": platform}

    output = connector.read(stage.streams)

    assert output.exit_code == 1
    assert {statuses[-1] for statuses in output.statuses.values()} == {"INCOMPLETE"}
    assert_one_sentence_each(output, stage.streams, "nobody.invalid is a name that cannot be resolved")
    tally.count("faults that stayed")


@pytest.mark.own_process
@matrix
def test_a_name_that_cannot_be_resolved_for_a_while(
    begin: Begin, look: Look, stage: Stage, tmp_path: Path, tally: Tally
) -> None:
    # One request at a time: each connection that breaks makes the next try look the name up.
    sandbox, connector = begin(stage, CASES[0], num_workers=1)
    connector.config = by_name(connector.config)
    lookups = tmp_path / "lookups"
    connector.environment = {**connector.environment, **forgetful_resolver(tmp_path, lookups)}
    later = [moment for moment in stage.lists if moment != FIRST]
    sandbox.add_faults(*(rule(stage, look(stage), moment, {"kind": "reset"}, 1) for moment in later))

    output = connector.read(stage.streams)

    # Before the first page of all, the access token if there is one, and where a connection breaks.
    failed = lookups.read_text(encoding="utf-8").count("failed")
    assert failed == 2 * (1 + stage.signs_in + len(later))
    assert_complete(output, sandbox, stage, look(stage).catalog)
    tally.count("faults that passed", failed)


@matrix
def test_a_login_that_is_refused_in_the_middle_asks_for_a_change(
    begin: Begin, look: Look, stage: Stage, tally: Tally
) -> None:
    # Whether a token is good is asked with a request that was granted before: with several workers, that of any list.
    sandbox, connector = begin(stage, CASES[0], num_workers=1)
    catalog = look(stage).catalog
    fault = {"kind": "status", "code": 401}
    sandbox.add_faults(*(rule(stage, look(stage), moment, fault, 0) for moment in stage.lists))

    failed = connector.read(stage.streams)
    sandbox.clear_faults()
    resumed = connector.read(stage.streams, state=failed.last_state)

    hit = {*stage.lists.values()}
    assert_failed(failed, sandbox, stage, catalog, may_fail=hit, must_fail=hit, words="401", to_be_changed=hit)
    assert_nothing_missing([failed, resumed], sandbox, stage, catalog)
    tally.count("faults that stayed", len(hit))


def by_name(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration that calls this machine by its name, which has to be looked up."""
    addresses = {
        name: value.replace("127.0.0.1", "localhost") if name.endswith("_url") else value
        for name, value in config["platform"].items()
    }
    auth = addresses.get("auth", {})
    if "token_url" in auth:
        addresses["auth"] = {**auth, "token_url": auth["token_url"].replace("127.0.0.1", "localhost")}
    return {**config, "platform": addresses}


FORGETFUL_RESOLVER = """
import os
import socket

resolve = socket.getaddrinfo
numbers = iter(range(1, 1_000_000))


def forget(*arguments, **options):
    resolves = next(numbers) % 3 == 0
    with open(os.environ["LOOKUPS"], "a", encoding="utf-8") as lookups:
        lookups.write("done\\n" if resolves else "failed\\n")
    if not resolves:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return resolve("127.0.0.1", *arguments[1:], **options)


socket.getaddrinfo = forget
"""


def forgetful_resolver(folder: Path, lookups: Path) -> dict[str, str]:
    """An environment in which only each third lookup of a name succeeds.

    :param folder: for the code that a run begins with
    :param lookups: file that tells what came of each
    """
    resolver = folder / "forgetful_resolver.py"
    resolver.write_text(FORGETFUL_RESOLVER, encoding="utf-8")
    return {RUN_FIRST: str(resolver), "LOOKUPS": str(lookups)}


def assert_failed(
    output: Output,
    sandbox: Sandbox,
    stage: Stage,
    catalog: Mapping[str, Any],
    *,
    may_fail: set[str],
    must_fail: Any,
    words: str,
    to_be_changed: Collection[str] = (),
) -> None:
    """Those that were hit are INCOMPLETE and say why; those that say COMPLETE are.

    :param to_be_changed: those of which the user has to change something
    """
    assert output.exit_code == 1, output.text[-3000:]
    ended = {name: output.statuses[name][-1] for name in stage.streams}
    incomplete = {name for name, status in ended.items() if status == "INCOMPLETE"}
    assert set(must_fail) <= incomplete <= may_fail
    assert {*ended.values()} <= {"COMPLETE", "INCOMPLETE"}
    for name in set(stage.streams) - incomplete:
        assert keys(output.records[name], catalog[name]) == keys(sandbox.rows(name), catalog[name]), name
    assert_one_sentence_each(output, incomplete, words, to_be_changed)


def assert_one_sentence_each(output: Output, streams: Any, words: str, to_be_changed: Collection[str] = ()) -> None:
    """One trace for each stream, of the right failure type, in words made for people."""
    assert sorted(error["stream_descriptor"]["name"] for error in output.errors) == sorted(streams)
    for error in output.errors:
        is_to_be_changed = error["stream_descriptor"]["name"] in to_be_changed or TOO_DEEP in error["message"]
        kind = "config_error" if is_to_be_changed else "transient_error"
        assert error["failure_type"] == kind, error["message"]
        assert words in error["message"]
        assert error["message"].endswith(".")
        assert "Error(" not in error["message"]
    assert "Traceback" not in "\n".join(output.logs)


def assert_nothing_missing(runs: list[Output], sandbox: Sandbox, stage: Stage, catalog: Mapping[str, Any]) -> None:
    """The runs together bring every row, and the last one does not begin lists by key from the beginning, unless the
    one before was ended by the failure of another stream before it had anything to go on from."""
    *_, before, resumed = runs
    assert resumed.exit_code == 0, resumed.text[-3000:]
    for name in stage.streams:
        came = keys([record for run in runs for record in run.records[name]], catalog[name])
        assert came.keys() == keys(sandbox.rows(name), catalog[name]).keys(), name
    for name in {stage.lists[MIDDLE]} & {*stage.platform.by_key} & {*before.states}:
        assert 0 < len(resumed.records[name]) < stage.rows[name], name
