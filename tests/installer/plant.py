"""An installation by install.sh, and those who use it: plant IT, an administrator, a node."""

import json
import re
import secrets
import socket
import ssl
import subprocess
import time
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.installer.engine import Engine

PASSWORD = "quarz weht durch 9 hallen"
EMAIL = "it@plant.example"
DEVICE_NAME = "appliance.carbonseed.internal"
UPTIME_MS = 1_000_000
HOUR_MS = 3_600_000


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Plant:
    """Everything of it lies in `home`; its containers and volumes begin with `name`."""

    def __init__(self, engine: Engine, home: Path, name: str) -> None:
        self.engine = engine
        self.name = name
        self.script = engine.sources / "installer/install.sh"
        self.folder = home / "etc"
        self.prefix = home / "local"
        self.people_port, self.device_port, self.http_port = free_ports(3)
        self.plugin = False
        self.epoch = secrets.token_hex(8)
        self.device_key = ""
        self.device_id = 0

    def options(self) -> list[str]:
        """What makes install.sh install here."""
        ports = {
            "--people-port": self.people_port,
            "--device-port": self.device_port,
            "--http-port": self.http_port,
        }
        return [
            *("--dir", str(self.folder), "--prefix", str(self.prefix), "--name", self.name),
            *("--listen", "127.0.0.1", "--host", "localhost"),
            *(text for option, port in ports.items() for text in (option, str(port))),
        ]

    def install(self, *more: str) -> "subprocess.CompletedProcess[str]":
        return self._run(self.script, *self.options(), *more)

    def installer(self, *options: str) -> "subprocess.CompletedProcess[str]":
        """Run install.sh on what is installed, as somebody who remembers only where it is."""
        return self._run(self.script, "--dir", str(self.folder), *options)

    def begin_install(self) -> "subprocess.Popen[str]":
        """Start install.sh as the leader of its own processes, to be killed."""
        return subprocess.Popen(
            [self.script, *self.options()],
            env=self.engine.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def carbonseed(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """The command of the host."""
        return self._run(self.prefix / "bin/carbonseed", *command)

    def must(self, *command: str) -> str:
        """The same; what it says on stdout. It must succeed."""
        done = self.carbonseed(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def container(self, service: str) -> str:
        found = self.engine.docker(
            *("ps", "-aq", "--no-trunc", "--filter", f"label=com.docker.compose.service={service}"),
            *("--filter", f"label=com.docker.compose.project={self.name}"),
        )
        return found.stdout.strip()

    def inspect(self, service: str) -> dict[str, Any]:
        told: list[dict[str, Any]] = json.loads(
            self.engine.docker("inspect", self.container(service)).stdout
        )
        return told[0]

    def sign_up(self, said: str) -> None:
        """Become the administrator by the link that install.sh has printed, and make a device."""
        link = re.search(r"https://localhost:(\d+)/setup\?code=(\S+)", said)
        assert link, said
        assert int(link[1]) == self.people_port
        person = {"code": link[2], "email": EMAIL, "name": "Plant IT", "password": PASSWORD}
        status, answer = self.ask("POST", "/auth/setup", person)
        assert status == 201, answer
        made = self.carbonseed("device", "add", "Furnace 1")
        assert made.returncode == 0, made.stderr
        self.device_key = made.stdout.strip()
        self.device_id = int(re.findall(r"Device (\d+)", made.stderr)[0])

    def post(self, row: int) -> dict[str, Any]:
        """Send one reading over the devices' port as a node does: by its key, by name and CA."""
        up = UPTIME_MS + 1000 * row
        batch = {
            "v": 1,
            "epoch": self.epoch,
            "first": row,
            "sent_up": up,
            "base": None,
            "metrics": ["temperature"],
            "rows": [[up, 20.5 + row]],
            "dropped": 0,
            "health": {},
        }
        status, answer = self.ask(
            "POST", "/ingest", batch, port=self.device_port, token=self.device_key
        )
        assert status == 200, answer
        return answer

    def values(self) -> list[float]:
        """Every temperature the device's series holds."""
        person = {"email": EMAIL, "password": PASSWORD}
        status, tokens = self.ask("POST", "/auth/login", person)
        assert status == 200, tokens
        now = int(time.time() * 1000)
        query = {"device_id": self.device_id, "metric": "temperature", "points": 1000}
        path = f"/data/series?{urlencode(query | {'from': now - HOUR_MS, 'to': now + HOUR_MS})}"
        status, series = self.ask("GET", path, token=tokens["access"])
        assert status == 200, series
        assert series["source"] == "raw"
        values: list[float] = series["columns"]["value"]
        return values

    def ask(
        self, method: str, path: str, body: object = None, *, port: int = 0, token: str = ""
    ) -> tuple[int, Any]:
        """Ask the appliance over TLS that its own CA vouches for; port: not the people's."""
        trust = ssl.create_default_context(cafile=str(self.folder / "plant-ca.pem"))
        connection = HTTPSConnection("127.0.0.1", port or self.people_port, timeout=20)
        connection.sock = trust.wrap_socket(
            socket.create_connection(("127.0.0.1", port or self.people_port), timeout=20),
            server_hostname=DEVICE_NAME if port else "localhost",
        )
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def _run(self, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            env=self.engine.environment(plugin=self.plugin),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
