"""``probe``: the verdicts follow what an account does, and the report says nothing of what it holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

import pytest

from integration_tests.connector import Output
from integration_tests.in_process import ORIGIN, Tamper, Wire, run_command
from integration_tests.platforms import PLATFORMS, PlatformFacts, on_each_platform
from integration_tests.probed import DOCUMENTED, FURTHER, HIDES, NO_PROBE, ON_THE_WIRE, SEEN, OnTheWire, Position, Seen
from integration_tests.sandbox.platform import ApiRequest, Reply
from integration_tests.sandbox.registry import platform_class
from integration_tests.sandbox.world import World

Options = Mapping[str, Any]
MAX_REQUESTS = 80
FIVE, TWO = 5, 2

ROWS: Mapping[str, Mapping[str, int]] = {
    "invoiced": {
        **{"notes": 12, "roles": 3, "tax_rates": 5, "plans": 8, "coupons": 8, "customers": 20},
        **{"events": 80, "payments": 40},
    },
    "zoho_invoice": {
        **{"items": 100, "projects": 6, "tasks": 4, "recurring_invoices": 12, "expenses": 12, "estimates": 12},
        **{"credit_notes": 12, "retainer_invoices": 12},
    },
    "zoho_books": {
        **{"items": 100, "projects": 6, "tasks": 4, "expenses": 12, "journals": 12, "estimates": 12, "creditnotes": 12},
    },
    "fastbill": {"revenues": 12, "times": 12, "templates": 4, "customers": 12},
    "rest_api": {"taxes": 12, "credit_notes": 12},
}
# More than a page of invoices, where that matters.
LONG, SHORT = 120, 30
# Makes an account of few rows one with an option.
ROWS_ARE_FEW: Options = {"max_in_flight": 0}
LENGTH = {"ignore_paging"}
# A request of a probe, not of the connection test.
IN_THE_MIDDLE = 12
# As the real service does. Times of changes are those of the rows, so that no test depends on the day.
BASE: Mapping[str, Options] = {
    "invoiced": {"mutation_events": True, "clock": "logical"},
    "zoho_invoice": {"organizations": 2},
    "zoho_books": {"organizations": 2},
    "rest_api": {"rate_calls": 1000},  # without which there is nothing to tell in headers
}
# When the account is asked: not long after the last change.
DATE = "Mon, 01 Dec 2025 12:00:00 GMT"
# Options that shape the rows.
AT_START = {"blank_times"}


class Account:
    """An account that is probed."""

    def __init__(
        self, platform: str, folder: Path, options: Options | None = None, tamper: Tamper | None = None
    ) -> None:
        self.platform, self.folder = platform, folder
        has_pages = not options and not platform.startswith("zoho")
        options = {**BASE.get(platform, {}), **(options or {})}
        at_start = {name: value for name, value in options.items() if name in AT_START}
        # Worlds that are alike are made once, and options are none of their rows' business.
        rows = {**ROWS[platform], "invoices": LONG if has_pages or LENGTH & options.keys() else SHORT}
        self.world = World(platform, rows=rows, options=at_start)
        self.world.set_options(options)
        if platform == "invoiced":
            _let_things_happen(self.world)
        self.config = self.world.config(ORIGIN)
        self.wire = Wire(self.world, tamper, date=DATE)

    def probe(self, *only: str) -> Output:
        """What the command prints; the report is in :attr:`report`."""
        config = self.folder / "config.json"
        config.write_text(json.dumps(self.config), encoding="utf-8")
        flags = ["--only", ",".join(only)] if only else []
        arguments = ["probe", "--config", str(config), "--output", str(self.folder / "report.json"), *flags]
        output = run_command(arguments, self.wire, PLATFORMS[self.platform].environment)
        if self.wire.broken is not None:
            raise self.wire.broken
        return output

    @property
    def report(self) -> dict[str, Any]:
        """The report."""
        report: dict[str, Any] = json.loads((self.folder / "report.json").read_bytes())
        return report

    def seen(self) -> dict[str, str]:
        """What each probe saw."""
        return {finding["id"]: finding["seen"] or "" for finding in self.report["probes"]}

    def without_meaning(self) -> list[str]:
        """Probes that saw something, and do not say what it means."""
        return [finding["id"] for finding in self.report["probes"] if finding["seen"] and not finding["means"]]


def _let_things_happen(world: World) -> None:
    """What events tell of, the last of it while the account is probed."""
    (one, other), late = [row["id"] for row in world.rows("customers")[:2]], {"include": "user"}
    world.mutate(
        [
            *({"op": "delete", "stream": stream} for stream in ("payments", "subscriptions", "estimates")),
            {"op": "merge", "stream": "customers", "key": one, "customer": other},
            *[{"op": "edit", "stream": "invoices"}] * 5,
            {"op": "delete", "stream": "notes"},
            {"op": "edit", "stream": "invoices"},
        ]
    )
    world.schedule(
        [
            {
                "before": 1,
                "match": {"stream": "events", "query": late},
                "ops": [{"op": "edit", "stream": "invoices"}],
            }
        ]
    )


def _cases() -> Iterator[Any]:
    """The first value of each option is its default: one run shows what is seen then."""
    for platform, options in SEEN.items():
        for option, (_, *values) in options.items():
            for value in values:
                chosen = {option: value}
                yield pytest.param(platform, chosen, options[option][value], id=f"{platform}-{option}-{value}")
        for position, seen in FURTHER.get(platform, ()):
            case = "-".join(f"{option}-{value}" for option, value in position.items())
            yield pytest.param(platform, position, seen, id=f"{platform}-{case}-further")


@pytest.mark.parametrize(("platform", "options", "seen"), _cases())
def test_what_is_seen_follows_what_the_account_does(
    tmp_path: Path, platform: str, options: Options, seen: Seen
) -> None:
    account = Account(platform, tmp_path, options)

    output = account.probe(*seen)

    assert output.exit_code == 0, output.stderr
    assert account.seen() == dict(seen), output.stderr
    assert account.without_meaning() == []


@pytest.mark.parametrize("case", ON_THE_WIRE, ids=lambda case: f"{case.platform}-{case.name}")
def test_an_account_does_what_no_option_of_the_sandbox_does(tmp_path: Path, case: OnTheWire) -> None:
    account = Account(case.platform, tmp_path, {**ROWS_ARE_FEW, **case.options}, case.tamper)

    output = account.probe(*case.seen)

    assert output.exit_code == 0, output.stderr
    assert account.seen() == dict(case.seen), output.stderr
    assert account.without_meaning() == []


@on_each_platform()
def test_each_probe_is_seen_with_two_outcomes(tmp_path: Path, platform: PlatformFacts) -> None:
    """By default, and in the tables of the tests above."""
    account = Account(platform.name, tmp_path)
    tables = [
        *(seen for values in SEEN[platform.name].values() for seen in values.values()),
        *(seen for _, seen in FURTHER.get(platform.name, ())),
        *(case.seen for case in ON_THE_WIRE if case.platform == platform.name),
    ]

    output = account.probe()

    assert output.exit_code == 0, output.stderr
    assert account.report["ended"] is None
    assert account.without_meaning() == []
    assert account.seen().items() >= _usual(platform.name).items()
    outcomes = {probe: {outcome} - {""} for probe, outcome in account.seen().items()}
    for probe, outcome in (pair for seen in tables for pair in seen.items()):
        outcomes[probe] |= {outcome} - {""}
    assert {probe: seen for probe, seen in outcomes.items() if len(seen) < TWO} == {}


def _usual(platform: str) -> dict[str, str]:
    """What probes see where all options are as they are by default."""
    seen: dict[str, str] = {}
    for values in SEEN[platform].values():
        seen |= next(iter(values.values()))
    return seen


@on_each_platform()
def test_a_probe_answers_to_each_option_of_the_sandbox_or_there_is_a_reason(platform: PlatformFacts) -> None:
    options = {option.name: option for option in platform_class(platform.name).all_options()}
    seen, reasons, usual = SEEN[platform.name], NO_PROBE[platform.name], _usual(platform.name)

    assert sorted([*seen, *reasons]) == sorted(options)
    assert all(reason.endswith(".") for reason in reasons.values())
    for name, (default, *values) in seen.items():
        assert default == BASE.get(platform.name, {}).get(name, options[name].default)
        assert values, f"{name} is seen in one position."
        for value in values:
            assert any(usual.get(probe, outcome) != outcome for probe, outcome in seen[name][value].items()), (
                f"No verdict follows {name}={value}."
            )


@pytest.mark.parametrize("draw", range(3))
@on_each_platform()
def test_a_report_tells_which_five_options_were_set(tmp_path: Path, platform: PlatformFacts, draw: int) -> None:
    """By what probes see that they do not see by default. Of those that others hide it says what they look like."""
    random = Random(f"{platform.name} {draw}")
    names = random.sample(sorted(SEEN[platform.name]), FIVE)
    chosen = {name: random.choice([*SEEN[platform.name][name]][1:]) for name in names}
    account = Account(platform.name, tmp_path, chosen)

    output = account.probe()
    seen = account.seen()
    if account.report["ended"]:  # some answers take further requests; the rest is asked for by name
        account.probe(*(each["id"] for each in account.report["probes"] if each["why"] == account.report["ended"]))
        seen |= account.seen()

    assert output.exit_code == 0, output.stderr
    assert _told(platform.name, seen) == _shown(platform.name, chosen)
    assert account.without_meaning() == []


def _shown(platform: str, chosen: Options) -> dict[str, Any]:
    """What options look like together."""
    shown = dict(chosen)
    for positions, others in HIDES[platform].items():
        for (name, value), hidden in others.items() if {*positions} <= chosen.items() else ():
            if chosen.get(name) == value:
                shown[name] = hidden.looks_like
    return {name: value for name, value in shown.items() if value is not None}


def _told(platform: str, seen: Mapping[str, str]) -> dict[str, Any]:
    """The options that a reader of a report takes for set: whatever is unusual about them came, as far as it could be
    asked for, and nothing else that came is the reason."""
    usual, told, signs = _usual(platform), dict[str, Any](), dict[str, int]()
    for name, values in SEEN[platform].items():
        for value, expected in values.items():
            unusual = {probe: outcome for probe, outcome in expected.items() if usual.get(probe, outcome) != outcome}
            asked = {probe: outcome for probe, outcome in unusual.items() if seen.get(probe) or not outcome}
            if len(asked) > signs.get(name, 0) and all(
                seen.get(probe, "") == outcome for probe, outcome in asked.items()
            ):
                told[name], signs[name] = value, len(asked)
    hidden = {position for shown, others in HIDES[platform].items() if {*shown} <= told.items() for position in others}
    return {name: value for name, value in told.items() if (name, value) not in hidden}


def _hidden() -> Iterator[Any]:
    """Of what both products of Zoho hide, one is enough."""
    for platform, hides in HIDES.items():
        for shown, others in hides.items():
            done = HIDES["zoho_invoice"].get(shown, {}) if platform == "zoho_books" else {}
            for hidden in (each for each in others if each not in done):
                case = "-".join(f"{name}={value}" for name, value in (*shown, hidden))
                yield pytest.param(platform, shown, hidden, id=f"{platform}-{case}")


@pytest.mark.parametrize(("platform", "shown", "hidden"), _hidden())
def test_of_what_is_hidden_a_report_says_what_it_looks_like_and_nothing_else(
    tmp_path: Path, platform: str, shown: tuple[Position, ...], hidden: Position
) -> None:
    name, value = hidden
    about, expected, usual = HIDES[platform][shown][hidden], SEEN[platform][name][value], _usual(platform)
    looks = {} if about.looks_like is None else {name: about.looks_like}
    seen = []
    for options in ({name: value}, looks):
        account = Account(platform, tmp_path, {**dict(shown), **options})
        account.probe(*expected)
        seen.append(account.seen())

    if about.is_open:
        assert {seen[0][probe] for probe, outcome in expected.items() if outcome != usual[probe]} == {""}
    else:
        assert seen[0] == seen[1]
    assert about.why.endswith(".")


@on_each_platform()
def test_an_account_is_asked_little_at_a_time_and_for_nothing_but_reads(
    tmp_path: Path, platform: PlatformFacts
) -> None:
    """However much of it is refused."""
    account = Account(platform.name, tmp_path, platform.nothing_honoured)

    output = account.probe()

    requests = account.world.requests_summary()
    assert output.exit_code == 0, output.stderr
    assert account.report["ended"] is None
    assert 20 < requests["requests"] <= MAX_REQUESTS
    assert requests["highest_in_flight"] == 1
    for _, asked in account.wire.asked:
        assert asked.method == "GET" or _only_reads(asked)


@pytest.mark.parametrize("platform", ["invoiced", "zoho_books"])
def test_each_try_counts_as_a_request(tmp_path: Path, platform: str) -> None:
    """Where every other one fails, all are used before all probes are made."""

    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        is_odd = len(account.wire.asked) % 2 == 1
        return Reply(503, b"{}") if is_odd and not asked.path.endswith("/token") else reply

    account = Account(platform, tmp_path, tamper=tamper)

    output = account.probe()

    assert output.exit_code == 0, output.stderr
    assert account.report["ended"] == "all requests were used"
    assert MAX_REQUESTS - 6 <= len(account.wire.asked) <= MAX_REQUESTS
    assert sum(finding["verdict"] != "open" for finding in account.report["probes"]) > 20


def _only_reads(asked: ApiRequest) -> bool:
    """A token, or a service of FastBill that lists something."""
    return asked.path.endswith("/token") or json.loads(asked.body)["SERVICE"].endswith((".get", ".getpaid"))


@on_each_platform()
def test_nothing_that_a_record_holds_is_in_the_report_or_the_log(tmp_path: Path, platform: PlatformFacts) -> None:
    """Each text is a canary, each number and time is known by its digits, and so is each name that a user made."""

    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        if asked.path.endswith("/token"):
            return reply
        if len(account.wire.asked) == IN_THE_MIDDLE:
            return Reply(500, b'{"message": "Canary & Sons owe 4711.42."}')
        return replace(reply, body=json.dumps(_with_canaries(json.loads(reply.body), made=made)).encode())

    # Zoho's custom fields are told by their names; elsewhere it takes a letter that the fields of a vendor do not have.
    made = {"Canary & Sons 4711": 1, "canary_4711": 2.5, **({"cf_canary": 3} if "zoho" in platform.name else {})}
    account = Account(platform.name, tmp_path, tamper=tamper)

    output = account.probe()

    assert output.exit_code == 0, output.stderr
    assert sum(finding["verdict"] != "open" for finding in account.report["probes"]) > 20
    said = "\n".join([*output.lines, output.stderr, json.dumps(account.report)])
    assert "HTTP 500 for" in said
    assert "canary" not in said.lower()
    # Neither ids nor times nor amounts: the largest numbers are sizes of pages.
    assert not re.findall(r"\d{4,}|\d[.,]\d{2}\b", said)


def _with_canaries(value: Any, name: str = "", *, made: Mapping[str, Any]) -> Any:
    """A body in which what people write is a canary. Words that a vendor documents, and times, stay.

    :param made: fields that they have made
    """
    if isinstance(value, dict):
        changed = {key: _with_canaries(each, key, made=made) for key, each in value.items()}
        return {**changed, **made} if any(key.lower().endswith(("id", "hash")) for key in value) else changed
    if isinstance(value, list):
        return [_with_canaries(each, name, made=made) for each in value]
    if not isinstance(value, str) or not value or name in DOCUMENTED or re.match(r"[\d.:TZ+-]+$", value):
        return value
    return f"canary {value}"


@pytest.mark.parametrize(
    ("platform", "options"),
    [
        ("zoho_books", {"daily_quota": 20}),
        ("fastbill", {"calls_per_hour": 9, "quota_retry_after": True}),
        ("rest_api", {"rate_calls": 9, "rate_seconds": 3600, "rate_headers": True}),
    ],
)
def test_a_quota_that_is_used_up_ends_it_with_what_it_has(tmp_path: Path, platform: str, options: Options) -> None:
    account = Account(platform, tmp_path, options)

    output = account.probe()

    report = account.report
    open_ones = [finding for finding in report["probes"] if finding["why"] == report["ended"]]
    assert output.exit_code == 0
    assert report["ended"] == "the account may send no further request"
    assert report["probes"][0]["verdict"] == "confirmed"
    assert len(open_ones) > 1
    assert all(finding["verdict"] == "open" for finding in open_ones)
    assert "It ended early: the account may send no further request." in output.lines[-1]


@pytest.mark.parametrize(
    ("platform", "options", "seen"),
    [
        ("zoho_books", {"error_info": "present"}, {"organizations-named": "present", "organization-header": "ignored"}),
        (
            "zoho_books",
            {"error_info": "absent", "organization_header": "any"},
            {"organizations-named": "absent", "organization-header": "honoured"},
        ),
        ("zoho_invoice", {}, {"organization-header": "honoured"}),
        ("zoho_invoice", {"organization_header": "ignored"}, {"organization-header": "ignored"}),
    ],
)
def test_of_several_organizations_one_has_to_be_chosen(
    tmp_path: Path, platform: str, options: Options, seen: Mapping[str, str]
) -> None:
    account = Account(platform, tmp_path, {"organizations": 2, **options})

    account.probe(*seen)

    assert account.seen() == dict(seen)


def test_fields_that_no_schema_declares_are_listed_with_their_types(tmp_path: Path) -> None:
    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        body = json.loads(reply.body)
        for number, row in enumerate(body if isinstance(body, list) else ()):
            row |= {"new_word": None if number else "words", "tags": ["words"], "number": ["words"]}
            row["address1"] = {"street": "words"}
        return replace(reply, body=json.dumps(body).encode())

    account = Account("invoiced", tmp_path, {"unknown_fields": 1}, tamper)

    output = account.probe("customers-order")

    assert account.report["undeclared"] == [
        {"stream": "customers", "path": "new_word", "types": ["null", "text"]},
        {"stream": "customers", "path": "tags", "types": ["array"]},
        {"stream": "customers", "path": "x_new_field", "types": ["null", "object", "text"]},
        {"stream": "customers", "path": "x_unknown_1", "types": ["object"]},
    ]
    assert account.report["out_of_type"] == [
        {"stream": "customers", "path": "address1", "types": ["object"], "declared": "string"},
        {"stream": "customers", "path": "number", "types": ["array"], "declared": "string"},
    ]
    assert "Not declared: customers, new_word: null or text" in output.lines


def test_a_report_says_what_was_assumed_what_was_seen_and_what_that_means(tmp_path: Path) -> None:
    account = Account("invoiced", tmp_path, {"updated_after": "inclusive"})

    output = account.probe("invoices-boundary")

    assert account.report == {
        "connector": f"source-invoicing {version('source-invoicing')}",
        "platform": "invoiced",
        "requests": 2,
        "ended": None,
        "probes": [
            {
                "id": "invoices-boundary",
                "fact": "updated_after leaves out invoices of the very second that it names.",
                "mark": "inferred",
                "assumed": ["left out"],
                "seen": "included",
                "verdict": "differs",
                "why": None,
                "means": "A later sync reads the rows of a second or two once more.",
                "statuses": [200],
                "counts": {"rows without the filter": SHORT},
                "fields": {},
            }
        ],
        "undeclared": account.report["undeclared"],
        "out_of_type": [],
    }
    assert output.stderr == "1 of 1, invoices-boundary: included\n"
    assert output.lines[0].split() == ["fact", "assumed", "seen", "verdict"]
    assert output.lines[2].endswith("left out          included                  differs")
    assert output.lines[-1] == "0 confirmed, 1 differs, 0 open; 2 requests."


def test_a_probe_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    account = Account("zoho_books", tmp_path, {"unavailable": "bills:403", "organizations": 1})

    account.probe("bills-filter", "organizations-named")

    assert [(each["verdict"], each["why"]) for each in account.report["probes"]] == [
        ("open", "no access"),
        ("open", "the user has one organization"),
    ]


@pytest.mark.parametrize(("taken", "seen"), [(200, None), (3, "fewer at once")])
def test_an_account_of_a_few_items_does_not_show_whether_a_hundred_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int, seen: str | None
) -> None:
    monkeypatch.setattr("integration_tests.test_probe.ROWS", {"zoho_books": {**ROWS["zoho_books"], "items": 5}})
    account = Account("zoho_books", tmp_path, {"bulk_ids": taken})

    account.probe("items-at-once")

    (finding,) = account.report["probes"]
    assert finding["seen"] == seen
    assert finding["why"] == (None if seen else "the list has fewer rows than that")


def test_a_probe_that_there_is_not_is_named_beside_those_there_are(tmp_path: Path) -> None:
    output = Account("fastbill", tmp_path).probe("nothing")

    assert output.exit_code == 1
    assert output.stderr.startswith("There is no probe 'nothing'. The probes are invoices-filter, ")


def test_a_configuration_that_is_wrong_is_a_failure(tmp_path: Path) -> None:
    account = Account("invoiced", tmp_path)
    account.config["platform"]["api_key"] = "not-the-key-of-this-account"

    output = account.probe()

    assert (output.exit_code, output.lines) == (1, [])
    assert output.stderr.startswith("Invoiced did not accept the credentials")


def test_a_report_that_cannot_be_written_is_known_before_anything_is_asked(tmp_path: Path) -> None:
    account = Account("invoiced", tmp_path)
    (tmp_path / "report.json").mkdir()

    output = account.probe()

    assert (output.exit_code, account.wire.asked) == (1, [])
    path = tmp_path / "report.json"
    assert output.stderr == f"--output names {path}, which cannot be written: Is a directory.\n"


def test_a_path_that_nothing_reads_shows_its_fields(tmp_path: Path) -> None:
    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        if not asked.path.endswith("/custom_fields"):
            return reply
        return Reply(200, b'[{"id": 1, "name": "Canary", "choices": [], "Canary & Sons": {"a": 1}}]')

    account = Account("invoiced", tmp_path, tamper=tamper)

    account.probe("path-custom_fields")

    (finding,) = account.report["probes"]
    assert (finding["seen"], finding["verdict"]) == ("answers", "differs")
    assert finding["fields"] == {
        "[].*": ["object"],
        "[].choices": ["empty array"],
        "[].id": ["integer"],
        "[].name": ["text"],
    }


def test_the_event_of_a_merger_shows_where_the_other_customer_is_named(tmp_path: Path) -> None:
    account = Account("invoiced", tmp_path, {"merged_object": "survivor"})

    account.probe("events-merged")

    (finding,) = account.report["probes"]
    assert finding["fields"]["merged_customer"] == ["integer"]
    assert finding["fields"]["object"] == ["object"]


def test_a_total_on_the_first_page_alone_is_a_total(tmp_path: Path) -> None:
    def tamper(asked: ApiRequest, reply: Reply) -> Reply:
        is_first = asked.parameter("offset") in (None, "0")
        total = str(json.loads(reply.body)["total"])
        return replace(reply, headers={**reply.headers, "X-Total": total}) if is_first else reply

    account = Account("rest_api", tmp_path, tamper=tamper)
    for stream in account.config["platform"]["streams"]:
        del stream["pagination"]["total_path"]
        stream["pagination"]["total_header"] = "X-Total"

    account.probe("invoices-total")

    assert account.seen() == {"invoices-total": "right"}


def test_of_several_organizations_that_are_read_one_is_asked(tmp_path: Path) -> None:
    account = Account("zoho_books", tmp_path, {"organizations": 2})
    first = account.config["platform"]["organization_id"]
    account.config["platform"]["organization_id"] = f"{first}, {int(first) - 1}"

    account.probe("invoices-filter", "organization-header")

    assert account.seen() == {"invoices-filter": "honoured", "organization-header": "ignored"}


def test_a_probe_that_fails_leaves_no_report(tmp_path: Path) -> None:
    output = Account("invoiced", tmp_path).probe("no-such-probe")

    assert output.exit_code == 1
    assert not (tmp_path / "report.json").exists()
