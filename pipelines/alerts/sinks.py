"""Where alerts go: a file that grows by a line, a webhook, a mailbox. Imports settings and errors only.

A sink that cannot take a message says why in a sentence; whoever calls keeps the message.
"""

from __future__ import annotations

import http.client
import json
import os
import smtplib
import ssl
import time
import urllib.error
import urllib.request
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines.alert_settings import LOOPBACK, MailServer, kind_of
from pipelines.errors import StateError

TIMEOUT = 10.0
"""Seconds that a webhook or mail server may take for one step."""

ATTEMPTS = 3
PAUSE = 1.0
"""Seconds before a webhook is asked the second time; twice as long before the third."""

Message = dict[str, Any]


class SinkError(StateError):
    """A message was not taken."""


def name_of_sink(to: str) -> str:
    """How a sink is called where people read: never more of a webhook than its host, which may be secret."""
    if kind_of(to) == "webhook":
        parts = urlsplit(to)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return to


def deliver(to: str, message: Message, *, root: Path, mail: MailServer | None, pause: float = PAUSE) -> None:
    """Hand one message to one sink.

    Args:
        to: As the rule writes it.
        message: Plain values; `id` is the same when a message is sent again.
        root: Folder that relative paths start from.
        mail: The mail server.
        pause: Seconds before a second attempt.

    Raises:
        SinkError: If it was not taken.
    """
    kind = kind_of(to)
    if kind == "file":
        _append(root / to, message)
    elif kind == "webhook":
        _post(to, message, pause)
    elif mail is None:
        raise SinkError("no [smtp] table names a mail server.")
    else:
        _send(to.removeprefix("mailto:"), message, mail)


def _append(path: Path, message: Message) -> None:
    line = json.dumps(message, ensure_ascii=False, sort_keys=True) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise SinkError(f"{path.name} cannot be written: {error.strerror}.") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could lead a message out of https, or to a stranger."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _post(to: str, message: Message, pause: float) -> None:
    handlers: list[Any] = [_NoRedirect]
    if urlsplit(to).hostname in LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    body = json.dumps(message, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Plumbline",
        "Idempotency-Key": message["id"],
    }
    why = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(pause * attempt)
        try:
            request = urllib.request.Request(to, data=body, headers=headers, method="POST")
            with opener.open(request, timeout=TIMEOUT):
                return
        except urllib.error.HTTPError as error:
            error.close()
            why = f"it answered {error.code}."
            if error.code < 500 and error.code not in (408, 429):
                break  # asking again would be answered the same
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            why = f"it cannot be reached: {getattr(reason, 'strerror', None) or type(reason).__name__}."
    raise SinkError(why)


def _send(address: str, message: Message, mail: MailServer) -> None:
    password = _password(mail)
    letter = EmailMessage()
    letter["From"], letter["To"] = mail.sender, address
    letter["Subject"] = _one_line(f"[{message['workspace']}] {message['event']}: {message['alert']}")
    letter["Message-ID"] = f"<{message['id']}@plumbline.invalid>"
    letter.set_content(f"{message['sentence']}\n\n{json.dumps(message, indent=2, ensure_ascii=False)}\n")
    try:
        with smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT) as server:
            server.ehlo()
            is_safe = mail.host in LOOPBACK
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
                is_safe = True
            if password is not None:
                if not is_safe:
                    raise SinkError("it offers no STARTTLS, and a password is not sent in the clear.")
                server.login(mail.user or mail.sender, password)
            server.send_message(letter)
    except smtplib.SMTPResponseException as error:
        raise SinkError(f"it answered {error.smtp_code}.") from None
    except smtplib.SMTPRecipientsRefused:
        raise SinkError("it refused the address.") from None
    except smtplib.SMTPException as error:
        raise SinkError(f"it did not take the mail: {_one_line(str(error))}.") from None
    except OSError as error:
        raise SinkError(f"it cannot be reached: {error.strerror or error}.") from None


def _password(mail: MailServer) -> str | None:
    if mail.password_env is None:
        return None
    password = os.environ.get(mail.password_env)
    if password is None:
        raise SinkError(f"the environment variable {mail.password_env} with its password is not set.")
    return password


def _one_line(text: str) -> str:
    return " ".join(text.split())
