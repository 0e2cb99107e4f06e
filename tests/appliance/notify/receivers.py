"""A mail server and a webhook as a plant has them, on this machine's own ports."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope


@dataclass
class Mailbox:
    """What a mail server took; `answers` are given to the next recipients instead of taking."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@dataclass(frozen=True)
class Secured:
    """How a mail server wants to be spoken to: a certificate, from the first byte or by STARTTLS,
    and who may send."""

    context: ssl.SSLContext
    implicit: bool
    user: str
    password: str

    def options(self) -> dict[str, Any]:
        """What aiosmtpd is told."""

        def knows(_server: Any, _session: Any, _envelope: Any, mechanism: str, given: Any) -> Any:
            login = (given.login.decode(), given.password.decode())
            assert mechanism in {"LOGIN", "PLAIN"}
            return AuthResult(success=login == (self.user, self.password), handled=False)

        asked = {"authenticator": knows, "auth_required": True}
        if self.implicit:
            return asked | {"auth_require_tls": False}  # it does not see the TLS around it
        return asked | {"tls_context": self.context, "require_starttls": True}


@asynccontextmanager
async def mail_server(port: int = 0, secured: Secured | None = None) -> AsyncIterator[Mailbox]:
    box = Mailbox()
    options = {} if secured is None else secured.options()
    around = secured.context if secured is not None and secured.implicit else None
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(box, hostname="mail.example", **options), "127.0.0.1", port, ssl=around
    )
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()


@dataclass
class Hook:
    """What a webhook was sent: headers (lower case) and body; it answers with `status`."""

    port: int = 0
    status: str = "204 No Content"
    headers: str = ""
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/alarms"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(content) for _, content in self.posts]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        content = await reader.readexactly(int(headers.get("content-length", 0)))
        self.posts.append((headers | {"request": head[0]}, content))
        answer = f"HTTP/1.1 {self.status}\r\n{self.headers}content-length: 0\r\nconnection: close"
        writer.write(answer.encode() + b"\r\n\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def webhook() -> AsyncIterator[Hook]:
    hook = Hook()
    server = await asyncio.start_server(hook.serve, "127.0.0.1", 0)
    hook.port = server.sockets[0].getsockname()[1]
    try:
        yield hook
    finally:
        server.close()
