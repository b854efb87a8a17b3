"""Proxies and certificates come from the environment, and what is wrong with them is said with the variable's name."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from airbyte_cdk.models import FailureType
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from source_invoicing.http import ApiClient, Failure, HostUnreachable, Ok, RateLimiter, Request, RetryPolicy
from source_invoicing.http import environment as environment_module

VARIABLES = (
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *(spelling for name in ("http", "https", "all", "no") for spelling in (f"{name}_proxy", f"{name}_proxy".upper())),
)
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def client(base_url: str, total: float = 5.0) -> ApiClient:
    return ApiClient(
        base_url=base_url,
        auth=None,
        error_handler=lambda response: Ok(),
        rate_limiter=RateLimiter(1),
        pool_size=1,
        retry_policy=RetryPolicy(retries=0, total=total),
    )


def certificate(folder: Path) -> Path:
    """A certificate for this machine that nothing trusts by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path = folder / "certificate.pem"
    path.write_bytes(signed.public_bytes(pem))
    return path


Serve = Callable[[ssl.SSLSocket], None]


@pytest.fixture
def secure_server(tmp_path: Path) -> Iterator[Callable[[Serve], str]]:
    """Starts a server that speaks TLS with a certificate of its own to one client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path), tmp_path / "key.pem")
    threads = []

    def accept(listener: socket.socket, serve: Serve) -> None:
        with suppress(OSError), listener, closing(listener.accept()[0]) as raw:
            raw.settimeout(10)
            with context.wrap_socket(raw, server_side=True) as connection:
                connection.recv(1 << 16)
                serve(connection)

    def start(serve: Serve) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(10)
        threads.append(threading.Thread(target=accept, args=(listener, serve)))
        threads[-1].start()
        return f"https://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for thread in threads:
        thread.join()


def answer(connection: ssl.SSLSocket) -> None:
    connection.sendall(RESPONSE)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_certificate_is_trusted_where_the_environment_names_it(
    secure_server: Callable[[Serve], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "certificate.pem"))

    assert client(secure_server(answer)).send(Request("customers")).body == []


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_openssl_s_variables_take_no_certificate_away(
    secure_server: Callable[[Serve], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    monkeypatch.setenv(variable, "/nowhere")

    assert client(secure_server(answer)).send(Request("customers")).body == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_trusted_certificate_of_another_host_is_refused(
    secure_server: Callable[[Serve], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "certificate.pem"))
    address = secure_server(answer).replace("127.0.0.1", "localhost")

    with pytest.raises(HostUnreachable, match="has no certificate that this machine trusts"):
        client(address).send(Request("customers"))


def test_without_it_the_certificate_is_not_trusted(secure_server: Callable[[Serve], str]) -> None:
    with pytest.raises(HostUnreachable, match="has no certificate that this machine trusts"):
        client(secure_server(answer)).send(Request("customers"))


def test_a_response_that_drips_ends_in_time_on_a_secure_connection_too(
    secure_server: Callable[[Serve], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drip(connection: ssl.SSLSocket) -> None:
        for _ in range(250):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            threading.Event().wait(0.02)

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))

    with pytest.raises(HostUnreachable, match="did not answer in time"):
        client(secure_server(drip), total=0.5).send(Request("customers"))


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_file_without_certificates_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    path = tmp_path / "bundle.pem"
    path.write_text("no certificate")
    monkeypatch.setenv(variable, str(path))

    with closing(socket.create_server(("127.0.0.1", 0))) as server, pytest.raises(Failure) as caught:
        client(f"https://127.0.0.1:{server.getsockname()[1]}").send(Request("customers"))

    assert caught.value.sentence == (
        f"The environment variable {variable} names {path} as the certificates to trust, but that file holds no "
        "certificate that can be read. Correct it, or remove it to trust the usual ones."
    )
    assert caught.value.failure_type is FailureType.config_error


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1", "names a SOCKS proxy, which takes the Python package PySocks, and that"),
        ("https_proxy", "socks5h://user:pa55word@127.0.0.1:1", "names a SOCKS proxy, which takes the Python package"),
        ("https_proxy", "127.0.0.1:99999", "names a proxy whose address is malformed. Write it as host:port"),
        ("HTTPS_PROXY", "http://user:pa55word@", "names a proxy whose address is malformed"),
        ("all_proxy", "quic://user:pa55word@127.0.0.1:1", r"names a proxy of an unknown kind \(quic\)"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, complaint: str
) -> None:
    monkeypatch.setattr(environment_module, "find_spec", lambda name: None)
    monkeypatch.setenv(variable, value)

    with pytest.raises(Failure, match=f"The environment variable {variable} {complaint}") as caught:
        client("https://api.example.com").send(Request("customers"))

    assert caught.value.failure_type is FailureType.config_error
    assert "pa55word" not in f"{caught.value}{caught.value.internal_message}"


def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://user:pa55word@127.0.0.1:1")

    with pytest.raises(HostUnreachable, match=r"through the proxy in https_proxy \(/customers\)") as caught:
        client("https://api.example.com").send(Request("customers"))

    assert caught.value.failure_type is FailureType.transient_error
    assert "pa55word" not in f"{caught.value}{caught.value.internal_message}"


@pytest.fixture
def plain_server() -> Iterator[Callable[[bytes], int]]:
    """Starts a server that sends some bytes to its only client, whatever that asks for. Gives its port."""
    threads = []

    def serve(listener: socket.socket, content: bytes) -> None:
        with suppress(OSError), listener, closing(listener.accept()[0]) as connection:
            connection.settimeout(10)
            connection.recv(1 << 16)
            connection.sendall(content)

    def start(content: bytes) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(10)
        threads.append(threading.Thread(target=serve, args=(listener, content)))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    for thread in threads:
        thread.join()


def test_a_proxy_that_wants_a_login_for_a_tunnel_is_named(
    plain_server: Callable[[bytes], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = plain_server(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    monkeypatch.setenv("https_proxy", f"http://user:pa55word@127.0.0.1:{port}")

    with pytest.raises(
        Failure, match=r"in front of api\.example\.com wants a login \(HTTP 407 for /customers\)"
    ) as caught:
        client("https://api.example.com").send(Request("customers"))

    assert caught.value.failure_type is FailureType.config_error
    assert "pa55word" not in f"{caught.value}{caught.value.internal_message}"


def test_a_port_that_takes_plain_http_is_not_blamed_for_its_certificate(
    plain_server: Callable[[bytes], int],
) -> None:
    port = plain_server(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with pytest.raises(HostUnreachable, match="did not begin a TLS connection, as where its port takes plain http"):
        client(f"https://127.0.0.1:{port}").send(Request("customers"))
