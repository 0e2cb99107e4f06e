"""`carbonseed up --demo` as its user starts it: a process, what it prints, and the people in it."""

import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

READY = "Ctrl-C ends everything"
READY_SECONDS = 170.0
END_SECONDS = 20.0


class Demo:
    """The demo on a folder, on ports of its own."""

    def __init__(self, folder: Path, history_days: float) -> None:
        self.folder = folder
        self._days = history_days
        self._output = folder.with_suffix(".txt")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it and return once it says that it is ready; the seconds that took."""
        kept = {name: value for name, value in os.environ.items() if "CARBONSEED" not in name}
        begun = time.monotonic()
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-c", "from appliance.cli import main; main()"),
                    *("up", "--demo", "--data-dir", str(self.folder)),
                    *("--people-port", "0", "--device-port", "0", "--http-port", "0"),
                    *("--history-days", str(self._days)),
                ],
                stdout=output,
                stderr=output,
                env=kept,
                start_new_session=True,
            )
        while READY not in self.output:
            took = time.monotonic() - begun
            assert self._process.poll() is None, self.output
            assert took < READY_SECONDS, self.output
            time.sleep(0.1)
        return time.monotonic() - begun

    def interrupt(self) -> int:
        """Ctrl-C, which reaches every process of the terminal; return the exit code."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGINT)
        return self._process.wait(END_SECONDS)

    def stop(self) -> None:
        """End it, however it is, and wait for all that it has started."""
        if self._process and self._process.poll() is None:
            started = self.processes()
            self._process.kill()
            self._process.wait()
            psutil.wait_procs(started, END_SECONDS)

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def url(self) -> str:
        found = re.search(r"https://\S+", self.output)
        assert found
        return found[0]

    @property
    def password(self) -> str:
        found = re.search(r"with the password (\S+)", self.output)
        assert found
        return found[1]

    @property
    def people(self) -> dict[str, str]:
        """E-mail addresses by role, as they are printed."""
        return {
            role: email for email, role in re.findall(r"^  (\S+@\S+) +(\w+)$", self.output, re.M)
        }

    def processes(self) -> list[psutil.Process]:
        """Every process it has started."""
        assert self._process is not None
        return psutil.Process(self._process.pid).children(recursive=True)

    def nodes(self) -> dict[str, psutil.Process]:
        """The nodes' processes by the name of the node."""
        found = {}
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                for argument in process.cmdline():
                    if argument.endswith("config.json"):
                        found[Path(argument).parent.name] = process
        return found

    def get(self, role: str, path: str, **params: str | int) -> Any:
        """What the API answers to a person of that role, over TLS that trusts this plant alone."""
        trust = ssl.create_default_context(cafile=self.folder / "certificates" / "plant-ca.pem")
        with httpx.Client(base_url=self.url, verify=trust) as client:
            asked = {"email": self.people[role], "password": self.password}
            tokens = client.post("/auth/login", json=asked)
            assert tokens.status_code == 200, tokens.text
            client.headers["Authorization"] = f"Bearer {tokens.json()['access']}"
            answer = client.get(path, params=params)
            assert answer.status_code == 200, answer.text
            return answer.json()

    def note(self) -> dict[str, int]:
        """Where it listens."""
        found: dict[str, int] = json.loads((self.folder / "running.json").read_text())
        return found
