"""No secret is printed or kept in a state, in any spelling, by any command, whatever goes wrong. None goes astray."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest

from integration_tests.conftest import Connect, StartSandbox
from integration_tests.connector import Connector, Json, Output
from integration_tests.in_process import ORIGIN, Wire, configured, run
from integration_tests.platforms import PLATFORMS
from integration_tests.sandbox.platform import ApiRequest, Reply
from integration_tests.sandbox.world import World
from integration_tests.sandbox.zoho_token import TOKEN_PATH

FLAGS = pytest.mark.parametrize("flags", [(), ("--debug",)], ids=["quiet", "debug"])
# One of each kind of sign that is written differently somewhere. The end tells them apart.
CANARY = "c4nary/+=%&'\"\\<ü€>:{}-"
# What a header can hold, and what a token may be made of (RFC 6749, appendix A).
BEGINNING = 12
ASCII_CANARY = "c4nary/+=%&'\"\\<>:{}-"


@cache
def spellings(secret: str) -> frozenset[str]:
    """The forms in which a secret may come to light."""
    octets = secret.encode()
    plain = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), quote(secret, safe="").lower()}
    plain |= {urlencode({"": secret})[1:], html.escape(secret), repr(secret)[1:-1], quote(quote(secret, safe=""))}
    escaped = {json.dumps(form, ensure_ascii=ascii_only)[1:-1] for form in plain for ascii_only in (True, False)}
    encoded = {encode(octets).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode)}
    return frozenset(plain | escaped | encoded | {json.dumps(secret)[1:-1].replace("/", "\\/")})


def found_in(text: str, secrets: Mapping[str, str]) -> list[str]:
    """The names of the secrets that a text tells, in whole or by their beginning."""
    return [name for name, secret in secrets.items() if any(form[:BEGINNING] in text for form in spellings(secret))]


def assert_silent(output: Output, secrets: Mapping[str, str]) -> None:
    """Nothing but the message that hands a new refresh token to Airbyte tells a secret."""
    for line in output.lines:
        if '"CONTROL"' not in line:
            assert found_in(line, secrets) == [], line[:2000]
    assert found_in(output.stderr, secrets) == []
    for state in output.of("STATE"):
        assert found_in(json.dumps(state), secrets) == []


# Each platform, and each way to show credentials: where the secrets are in the configuration.
OAUTH = ("client_id", "client_secret", "refresh_token")
WAYS: dict[str, tuple[str, Json, tuple[tuple[str, ...], ...]]] = {
    "invoiced": ("invoiced", {}, (("api_key",), ("password",))),
    "zoho_invoice": ("zoho_invoice", {}, tuple((name,) for name in OAUTH)),
    "zoho_books": ("zoho_books", {}, tuple((name,) for name in OAUTH)),
    "fastbill": ("fastbill", {}, (("api_key",),)),
    "rest_api-query": ("rest_api", {"type": "api_key", "name": "api_key"}, (("auth", "value"),)),
    "rest_api-header": (
        "rest_api",
        {"type": "api_key", "location": "header", "name": "X-Key", "prefix": "Token "},
        (("auth", "value"),),
    ),
    "rest_api-basic": ("rest_api", {"type": "basic"}, (("auth", "username"), ("auth", "password"))),
    "rest_api-bearer": ("rest_api", {"type": "bearer"}, (("auth", "token"),)),
    "rest_api-oauth2": (
        "rest_api",
        {"type": "oauth2", "token_url": f"{ORIGIN}/oauth/token"},
        tuple(("auth", name) for name in OAUTH),
    ),
}


class Account:
    """An account whose every secret is a canary, at a server that repeats what it is sent.

    The world behind it gets its own credentials in their place, so that reading succeeds.
    """

    def __init__(self, way: str, folder: Path) -> None:
        self.platform, auth, places = WAYS[way]
        self.folder = folder
        self.world = World(self.platform, rows=PLATFORMS[self.platform].rows())
        if self.platform == "rest_api":
            self.world.set_options({"auth": "none"})
        self.config: Json = self.world.config(ORIGIN)
        if auth:
            self.config["platform"]["auth"] = dict(auth)
        self.secrets: dict[str, str] = {}
        for place in places:
            *way_there, name = place
            holder = self.config["platform"]
            for step in way_there:
                holder = holder[step]
            holder[name] = self.secrets[name] = f"{CANARY}{name}-9"
        self.tokens = {name: f"{ASCII_CANARY}{name}-9" for name in ("access_token", "refresh_token")}
        self.issues_tokens = True
        self.fails = 0
        self.asked: list[ApiRequest] = []
        self._admitted: Json | None = None

    def run(self, verb: str, *, flags: tuple[str, ...] = (), **files: Any) -> Output:
        """Carry out a command."""
        wire = Wire(self.world, self._answer, self._in_disguise)
        return run(verb, wire, self.folder, config=self.config, flags=flags, **files)

    def _in_disguise(self, asked: ApiRequest) -> ApiRequest:
        """The same with the credentials that are right at the sandbox."""
        if asked.path.endswith("/token"):
            return asked
        if self._admitted is None:
            self._admitted = admitted_at(self.world)
        return replace(asked, headers={**asked.headers, **self._admitted})

    def _answer(self, asked: ApiRequest, reply: Reply) -> Reply:
        self.asked.append(asked)
        if asked.path.endswith("/token"):
            return self._token(asked)
        if self.fails:
            return Reply(self.fails, json.dumps(self._echo(asked)).encode())
        return reply

    def _token(self, asked: ApiRequest) -> Reply:
        if not self.issues_tokens:
            refusal = {**self._echo(asked), "error": "no"}
            return Reply(self.fails, json.dumps({**refusal, "error_description": refusal["message"]}).encode())
        self.secrets |= {f"{name} handed out": token for name, token in self.tokens.items()}
        return Reply(200, json.dumps(self.tokens).encode())

    def _echo(self, asked: ApiRequest) -> Json:
        """An error that tells everything that came, in several spellings, as helpful servers do."""
        told = {
            "url": f"{asked.origin}{asked.path}?{urlencode(asked.query)}",
            "query": dict(asked.query),
            "headers": dict(asked.headers),
            "body": asked.body.decode(errors="replace"),
            "secrets": self.secrets,
            "in_base64": {name: base64.b64encode(text.encode()).decode() for name, text in self.secrets.items()},
        }
        text = f"{json.dumps(told)} {json.dumps(told, ensure_ascii=False)} {told!r}"
        return {"message": text, "error": text, "RESPONSE": {"ERRORS": [text]}, "code": 99}


def admitted_at(world: World) -> Json:
    """The header that a sandbox takes."""
    platform = world.config(ORIGIN)["platform"]
    if platform["name"] == "rest_api":
        return {}
    if "api_key" in platform:
        user = platform.get("username", platform["api_key"])
        pair = f"{user}:{platform['api_key'] if 'username' in platform else ''}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    form = {"grant_type": "refresh_token", **{name: platform[name] for name in OAUTH}}
    request = ApiRequest("POST", TOKEN_PATH, tuple(form.items()), {}, ORIGIN)
    entry = world.begin(request)
    answer = json.loads(world.reply(request, entry, None).body)
    world.end(entry)
    return {"Authorization": f"Zoho-oauthtoken {answer['access_token']}"}


@cache
def two_streams(way: str) -> Mapping[str, Json]:
    """The first streams that ``discover`` shows."""
    with TemporaryDirectory() as folder:
        (offered,) = Account(way, Path(folder)).run("discover").of("CATALOG")
    return {stream["name"]: stream for stream in offered["streams"][:2]}


@FLAGS
@pytest.mark.parametrize("way", WAYS)
def test_what_succeeds_tells_no_secret(tmp_path: Path, way: str, flags: tuple[str, ...]) -> None:
    account = Account(way, tmp_path)

    checked = account.run("check", flags=flags)
    discovered = account.run("discover", flags=flags)
    (offered,) = discovered.of("CATALOG")
    streams = {stream["name"]: stream for stream in offered["streams"]}
    read = account.run("read", flags=flags, catalog=configured(streams))

    assert checked.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert read.exit_code == 0, read.errors
    assert {statuses[-1] for statuses in read.statuses.values()} == {"COMPLETE"}
    for output in (checked, discovered, read):
        assert_silent(output, account.secrets)
    # What was to be hidden did go out.
    sent = "".join(f"{asked.query}{asked.headers}{asked.body.decode()}" for asked in account.asked)
    assert found_in(sent, account.secrets) or way in ("invoiced", "fastbill", "rest_api-basic")
    assert [message for message in read.messages if message["type"] == "CONTROL"] or way != "rest_api-oauth2"


@FLAGS
@pytest.mark.parametrize("status", [200, 401, 403, 500])
@pytest.mark.parametrize(
    ("way", "issues_tokens"),
    [(way, True) for way in WAYS] + [(way, False) for way in WAYS if "zoho" in way or "oauth2" in way],
)
def test_what_fails_tells_no_secret_even_if_the_server_repeats_it(
    tmp_path: Path, way: str, issues_tokens: bool, status: int, flags: tuple[str, ...]
) -> None:
    streams = two_streams(way)
    account = Account(way, tmp_path)
    account.fails, account.issues_tokens = status, issues_tokens

    outputs = [
        account.run("check", flags=flags),
        account.run("discover", flags=flags),
        account.run("read", flags=flags, catalog=configured(streams)),
    ]

    assert outputs[0].of("CONNECTION_STATUS")[0]["status"] == "FAILED"
    assert {statuses[-1] for statuses in outputs[2].statuses.values()} == {"INCOMPLETE"}
    for output in outputs:
        assert_silent(output, account.secrets)


@FLAGS
@pytest.mark.parametrize("way", WAYS)
def test_a_configuration_that_is_wrong_elsewhere_is_not_quoted_with_its_secrets(
    tmp_path: Path, way: str, flags: tuple[str, ...]
) -> None:
    for name, value in (("num_workers", "many"), ("start_date", "soon"), ("lookback_days", {})):
        account = Account(way, tmp_path)
        account.config[name] = value
        for verb in ("check", "discover"):
            output = account.run(verb, flags=flags)
            assert_silent(output, account.secrets)
            assert name in output.text


@FLAGS
def test_the_form_that_users_fill_in_holds_no_secret(tmp_path: Path, flags: tuple[str, ...]) -> None:
    output = Connector({}, tmp_path).run("spec", *flags)

    assert output.exit_code == 0
    assert found_in(output.text, {"canary": CANARY}) == []


@FLAGS
@pytest.mark.parametrize("way", ["invoiced", "zoho_books", "fastbill", "rest_api-query", "rest_api-oauth2"])
def test_the_script_itself_tells_no_secret(
    start_sandbox: StartSandbox, connect: Connect, tmp_path: Path, way: str, flags: tuple[str, ...]
) -> None:
    """The same over a socket, at a server that refuses the canary."""
    account = Account(way, tmp_path)
    platform, auth, _ = WAYS[way]
    sandbox = start_sandbox(platform, options={"echo_url": True} if platform == "rest_api" else {})
    connector = connect(sandbox)
    connector.config["platform"].update(
        {name: value for name, value in account.config["platform"].items() if name in (*OAUTH, "api_key", "auth")}
    )
    if "token_url" in auth:
        connector.config["platform"]["auth"]["token_url"] = f"{sandbox.base_url}/oauth/token"
    catalog = connector.file("catalog", configured({"invoices": blank_stream("invoices")}))

    for output in (
        connector.check(*flags),
        connector.discover(*flags),
        connector.run("read", "--config", connector.file("config", connector.config), "--catalog", catalog, *flags),
    ):
        assert_silent(output, account.secrets)


def blank_stream(name: str) -> Json:
    """A stream of a catalog, for whose schema nobody had to be asked."""
    return {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]}


# -- elsewhere -------------------------------------------------------------------------------------------------------


class Elsewhere:
    """Another host, which counts what arrives."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.arrived: list[str] = []


@contextmanager
def another_host() -> Iterator[Elsewhere]:
    """A server on another port of loopback, which is another host to a browser and to the connector."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            elsewhere.arrived.append(f"{self.path} {self.headers}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"data": []}')

        do_POST = do_GET  # noqa: N815  # the name that the library looks for

        def log_message(self, *_: Any) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        elsewhere = Elsewhere(f"http://127.0.0.1:{server.server_port}")
        Thread(target=server.serve_forever, daemon=True).start()
        yield elsewhere
        server.shutdown()


@pytest.mark.parametrize("platform", ["invoiced", "zoho_invoice", "zoho_books", "fastbill", "rest_api"])
@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_to_another_host_is_not_followed(
    start_sandbox: StartSandbox, connect: Connect, platform: str, status: int
) -> None:
    with another_host() as elsewhere:
        sandbox = start_sandbox(platform)
        connector = connect(sandbox)
        moved = {"kind": "status", "code": status, "headers": {"Location": f"{elsewhere.url}/v1?api_key=stolen"}}
        assert connector.catalog
        sandbox.add_faults({"match": {}, "times": 0, "fault": moved})

        outputs = [connector.check(), connector.read(["invoices"])]

        assert elsewhere.arrived == []
    assert outputs[0].of("CONNECTION_STATUS")[0]["status"] == "FAILED"
    assert outputs[1].statuses["invoices"][-1] == "INCOMPLETE"
    assert all("stolen" not in output.text for output in outputs)


LINKS: dict[str, Callable[[str, str], str]] = {
    "another port": lambda here, there: f"{there}/v1/invoices",
    "a host of two faces": lambda here, there: f"{there}\\@{here.removeprefix('http://')}/v1/invoices",
    "without a scheme": lambda here, there: f"//{there.removeprefix('http://')}/v1/invoices",
    "with a user": lambda here, there: f"http://{here.removeprefix('http://')}@{there.removeprefix('http://')}/v1",
    "another scheme": lambda here, there: here.replace("http://", "https://") + "/v1/invoices",
}


# Whether an address is another host is asked in the same words whatever goes there.
@pytest.mark.parametrize(
    ("auth", "link"),
    [*(("query", link) for link in LINKS), *((auth, "another port") for auth in ("header", "basic", "bearer"))],
)
def test_a_next_page_on_another_host_is_refused(
    start_sandbox: StartSandbox, connect: Connect, auth: str, link: str
) -> None:
    with another_host() as elsewhere:
        sandbox = start_sandbox("rest_api", options={"auth": auth, "pager": "next_url"})
        body = {"data": [{"id": 1}], "next": LINKS[link](sandbox.base_url, elsewhere.url)}
        connector = connect(sandbox)
        (stream,) = [each for each in connector.config["platform"]["streams"] if each["name"] == "invoices"]
        stream["pagination"] = {"type": "next_url", "path": "next"}
        assert connector.catalog
        sandbox.add_faults(
            {"match": {"stream": "invoices"}, "times": 0, "fault": {"kind": "body", "text": json.dumps(body)}}
        )

        output = connector.read(["invoices"])

        assert elsewhere.arrived == []
    assert output.statuses["invoices"][-1] == "INCOMPLETE"
    assert "but platform.base_url is at" in output.errors[0]["message"]
    assert output.errors[0]["failure_type"] == "config_error"


@pytest.mark.parametrize(
    "base_url",
    [
        *("http://example.com", "http://127.0.0.1.example.com", "http://10.0.0.1", "http://localhost.example.com"),
        *("https://me:pw@example.com", "https://me@example.com", "http://example.com\\@127.0.0.1", "http://[::2]"),
        *("http://127.0.0.1:1\\.example.com", "http://local\thost", "https://a..b", "ftp://127.0.0.1", "127.0.0.1"),
        *("https://", "https://exa mple.com", "https://example.com?key=1", "https://example.com#x", "http://0.0.0.0"),
    ],
)
@pytest.mark.parametrize("way", ["invoiced", "zoho_invoice", "zoho_books", "fastbill", "rest_api-query"])
def test_an_address_that_is_not_safe_is_refused_unasked(tmp_path: Path, way: str, base_url: str) -> None:
    for name in ("base_url", *(("token_url",) if "zoho" in way else ())):
        account = Account(way, tmp_path)
        account.config["platform"][name] = base_url

        output = account.run("check")

        (status,) = output.of("CONNECTION_STATUS")
        assert status["status"] == "FAILED"
        assert f"platform.{name}" in status["message"]
        assert account.asked == []
