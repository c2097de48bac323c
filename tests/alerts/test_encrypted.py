"""Alerts over TLS: to a server that is trusted, and never to one that is not."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from pipelines.alerts import run_alerts
from tests.alerts.conftest import Weeks, level
from tests.alerts.servers import Hook, Post, quiet, running

RULE = '[[alert]]\nmetric = "fcr"\nwhen = "signal"\nto = "{}"\n'
SMTP = (
    '[smtp]\nhost = "127.0.0.1"\nport = {}\nfrom = "p@shop.example"\nuser = "u"\npassword_env = "SHOP_PW"\n'
)
FALL = level(last=0.5)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine, with its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=here -addext subjectAltName=IP:127.0.0.1"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([openssl, *words.split(), *files], check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


def run(workspace):
    return run_alerts(workspace, Weeks({None: FALL}), pause=0)


def test_a_webhook_is_asked_over_https_when_it_is_trusted(rules, certificate, tls, monkeypatch):
    with running(quiet(Hook([], tls))) as hook:
        workspace = rules(RULE.format(hook.address))
        (waiting,) = run(workspace).waiting
        assert "certificate" in waiting.why.lower()
        assert hook.posted == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
        assert run(workspace).delivered == 1
        assert [posted["event"] for posted in hook.posted] == ["fired"]


def test_a_password_goes_over_starttls_to_a_server_that_is_trusted(rules, certificate, tls, monkeypatch):
    monkeypatch.setenv("SHOP_PW", "pw")
    with running(quiet(Post(offers=("STARTTLS", "AUTH PLAIN"), tls=tls))) as post:
        workspace = rules(RULE.format("mailto:lead@shop.example") + SMTP.format(post.port))
        (waiting,) = run(workspace).waiting
        assert "certificate" in waiting.why.lower()
        assert not any(line.startswith("AUTH") for line in post.commands)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
        assert run(workspace).delivered == 1
        after = post.commands[post.commands.index("(encrypted)") :]
        assert any(line.startswith("AUTH PLAIN") for line in after)
        assert len(post.letters) == 1


def test_a_password_is_never_sent_in_the_clear_to_another_machine(rules, monkeypatch):
    monkeypatch.setenv("SHOP_PW", "pw")
    monkeypatch.setattr("pipelines.alerts.sinks.LOOPBACK", ())
    with running(Post(offers=("AUTH PLAIN",))) as post:
        workspace = rules(RULE.format("mailto:lead@shop.example") + SMTP.format(post.port))
        (waiting,) = run(workspace).waiting
    assert waiting.why == "it offers no STARTTLS, and a password is not sent in the clear."
    assert not any(line.startswith("AUTH") for line in post.commands)
