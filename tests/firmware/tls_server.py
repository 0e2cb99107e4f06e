"""A real TLS server for the node's tests: keeps rows as the appliance does, misbehaves on request.

`python tls_server.py FOLDER` makes a CA and certificates in FOLDER, listens on loopback, writes
FOLDER/server.json and runs until its standard input closes. The listeners: `good`; `wrong_ca`,
`wrong_name` and `expired`, which a node must refuse. All count the requests that reach them; /seen
tells the counts. /offer sets what waits for the node, /told gives what it has told.
"""

import asyncio
import datetime
import ipaddress
import json
import ssl
import sys
import time
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from appliance.identity import firmware_key
from appliance.model import bundle

NAME = "plant.carbonseed.internal"
KEY = "csk_ABCDEFGHIJ_" + "x" * 43
NEW_KEY = "csk_KLMNOPQRST_" + "y" * 43
FIRMWARE = "1.1.0"
FILES = {
    "node/app.mpy": b"M\x06" + bytes(range(250)) * 20,
    "node/wire.mpy": b"M\x06" + b"wire" * 200,
    "drivers/__init__.mpy": b"M\x06",
}
PROBLEM = "application/problem+json"


class Authority:
    """A certificate authority with P-256 keys, as the appliance makes one."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._build(self.name, self.key, ca=True, days=(-1, 3650), names=[])

    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, path: Path, host: str, days: tuple[int, int] = (-1, 365)) -> Path:
        """Writes key and certificate of `host` and 127.0.0.1 into one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate = self._build(name, key, ca=False, days=days, names=names)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return path

    def _build(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        ca: bool,
        days: tuple[int, int],
        names: list[x509.GeneralName],
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1]))
            .add_extension(
                x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )
        if ca:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())


class Server:
    """Rows by (epoch, number), the first value stands; /script sets the next answers."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], list[Any]] = {}
        self.posts: list[dict[str, Any]] = []
        self.script: list[str] = []
        self.seen: dict[str, int] = {}
        self.connections = 0
        self.keys = {KEY}
        self.bundle = b""
        self.offer: dict[str, Any] = {}
        self.told: list[dict[str, Any]] = []

    async def serve(
        self, listener: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        try:
            while line := await reader.readline():
                self.seen[listener] += 1
                method, path, _ = line.decode().split()
                headers = {}
                while (line := await reader.readline()) not in (b"\r\n", b""):
                    name, _, value = line.decode().partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                answer = await self.answer(method, path, headers, body)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> bytes | None:
        key = headers.get("authorization", "").removeprefix("Bearer ")
        of_node = path == "/ingest" or path.startswith("/node/")
        if key not in (self.keys if of_node else {KEY}):
            return http(401, b'{"title":"key unknown"}', PROBLEM)
        if path == "/ingest":
            self.keys = {key} if key == NEW_KEY else self.keys
            return await self.scripted(body)
        if path.startswith("/node/"):
            return self.node(path.removeprefix("/node/"), headers, body)
        if path == "/echo":
            told = {"method": method, "length": len(body), "headers": headers}
            return http(200, json.dumps(told).encode())
        if path in ("/script", "/offer", "/forget"):
            self.set(path, json.loads(body))
            return http(200, b"{}")
        if path in ("/seen", "/told", "/rows"):
            return http(200, json.dumps(self.seen_of(path)).encode())
        return await misbehave(path.strip("/"))

    def set(self, path: str, given: Any) -> None:
        if path == "/script":
            self.script = given
        elif path == "/offer":
            self.offer = given
        else:
            self.rows, self.posts, self.script = {}, [], []
            self.offer, self.told, self.keys = {}, [], {KEY}

    def seen_of(self, path: str) -> Any:
        if path == "/told":
            return self.told
        if path == "/seen":
            return dict(self.seen, connections=self.connections)
        rows = [[epoch, number, *row] for (epoch, number), row in sorted(self.rows.items())]
        return {"rows": rows, "posts": self.posts}

    def node(self, call: str, headers: dict[str, str], body: bytes) -> bytes | None:
        """What the appliance answers to a node's other calls, as docs/wire.md says."""
        if call == "log":
            told = json.loads(body)
            if status := self.offer.get("log_status"):
                return http(status, b"{}", PROBLEM)
            self.told.append(told)
            waiting = self.offer.get("commands", [])
            if told["done"]:
                self.offer["commands"] = [one for one in waiting if one["id"] not in told["done"]]
            return http(200, b'{"stored":1}')
        if call == "commands":
            return http(200, json.dumps({"commands": self.offer.get("commands", [])}).encode())
        if call == "config" and "config" in self.offer:
            tag = f'"{self.offer["config"].get("version")}"'
            if headers.get("if-none-match") == tag:
                return http(304, b"")
            return http(200, json.dumps(self.offer["config"]).encode())
        if call == "key" and any(one["do"] == "rotate-key" for one in self.offer["commands"]):
            self.keys = {KEY, NEW_KEY}
            return http(200, json.dumps({"key": NEW_KEY}).encode())
        if call == "firmware" and "firmware" in self.offer:
            first, _, last = headers["range"].removeprefix("bytes=").partition("-")
            piece = self.bundle[int(first) : int(last) + 1]
            return http(206, piece, "application/octet-stream", 'ETag: "one"\r\n')
        return http(409 if call == "key" else 404, b"{}", PROBLEM)

    async def scripted(self, body: bytes) -> bytes | None:
        step = self.script.pop(0) if self.script else "ok"
        if step == "lost":  # stored, but the answer never arrives
            self.store(body)
            return None
        if step == "ok":
            return http(200, json.dumps(self.store(body)).encode())
        return await misbehave(step)

    def store(self, body: bytes) -> dict[str, Any]:
        message = json.loads(body)
        stored = 0
        for i, row in enumerate(message["rows"]):
            key = (message["epoch"], message["first"] + i)
            stored += key not in self.rows
            self.rows.setdefault(key, row)
        count = len(message["rows"])
        self.posts.append({k: v for k, v in message.items() if k != "rows"} | {"count": count})
        first = message["first"]
        offer = self.offer
        waits = {"commands": len(offer.get("commands", [])), "firmware": offer.get("firmware")}
        waits["config"] = offer.get("config", {}).get("version")
        return {
            "ack": [[message["epoch"], first, first + count - 1]] if count else [],
            "stored": stored,
            "duplicate": count - stored,
            "now": int(time.time() * 1000),
            **{name: value for name, value in waits.items() if value},
        }


async def misbehave(how: str) -> bytes | None:
    """Answers such as 503, 503-7 (Retry-After 7), garbage, cut, silent; a name unknown hangs up."""
    if how[:3].isdigit():
        status, _, wait = how.partition("-")
        return http(
            int(status), b'{"title":"as told"}', PROBLEM, f"Retry-After: {wait}\r\n" if wait else ""
        )
    if how == "silent":
        await asyncio.sleep(60)
    answers = {
        "garbage": b"220 smtp ready\r\n",
        "html": http(200, b"<html>guest network</html>", "text/html"),
        "huge": http(200, b"x" * 100_000),
        "endless-header": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        "bad-length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
        "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'4;x=1\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n',
        "close": http(200, b"{}", extra="Connection: close\r\n"),
        "interim": b"HTTP/1.1 100 Continue\r\n\r\n" + http(200, b'{"a":1}'),
    }
    return answers.get(how)  # None hangs up


def http(status: int, body: bytes, kind: str = "application/json", extra: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    )
    return head.encode() + body


async def main(folder: Path) -> None:
    plant, stranger = Authority("Plant CA"), Authority("Another CA")
    (folder / "ca.pem").write_bytes(plant.pem())
    (folder / "both.pem").write_bytes(stranger.pem() + plant.pem())
    certificates = {
        "good": plant.issue(folder / "good.pem", NAME),
        "wrong_ca": stranger.issue(folder / "wrong_ca.pem", NAME),
        "wrong_name": plant.issue(folder / "wrong_name.pem", "other.carbonseed.internal"),
        "expired": plant.issue(folder / "expired.pem", NAME, days=(-20, -10)),
    }
    server = Server()
    signer = firmware_key.load_or_make(folder / "secrets")
    signature = firmware_key.sign(signer, bundle.manifest_of(FIRMWARE, FILES))
    server.bundle = bundle.pack(FIRMWARE, FILES, signature)
    (folder / "bundle").write_bytes(server.bundle)
    ports = {}
    listening = []
    for listener, certificate in certificates.items():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.seen[listener] = 0

        async def connected(
            r: asyncio.StreamReader, w: asyncio.StreamWriter, at: str = listener
        ) -> None:
            await server.serve(at, r, w)

        listening.append(await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context))
        ports[listener] = listening[-1].sockets[0].getsockname()[1]
    described = {"ports": ports, "name": NAME, "key": KEY, "folder": str(folder)}
    described |= {"modulus": firmware_key.public(signer).modulus, "new_key": NEW_KEY}
    (folder / "server.json").write_text(json.dumps(described))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # refused handshakes are what the tests are about
    loop.run_until_complete(main(Path(sys.argv[1])))
