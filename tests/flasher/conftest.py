"""A boot loader to write to, builds to write, and the command line that does it."""

import csv
import hashlib
import http.server
import importlib.util
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from appliance.cli import run
from appliance.identity import certificates
from flasher import images
from flasher.events import Event
from flasher.images import Image
from tests.appliance.plant import NOON

HERE = Path(__file__).parent
FLASH_BYTES = 4 * 2**20
"""What the boot loader of the tests has, whatever its chip."""


@dataclass(frozen=True)
class Board:
    """A board that waits in its boot loader, reached at `port` alias TCP port `number`."""

    number: int
    pid: int
    folder: Path

    @property
    def port(self) -> str:
        return f"socket://127.0.0.1:{self.number}"

    def flash(self, offset: int = 0, size: int = FLASH_BYTES) -> bytes:
        """What lies in its flash."""
        shown = self.folder / "flash"
        shown.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        while not shown.exists():
            time.sleep(0.02)
        return shown.read_bytes()[offset : offset + size]


def nvs_reader() -> ModuleType:
    """The reader of NVS that stands in for the board's own; set its `partition`."""
    spec = importlib.util.spec_from_file_location("board_esp32", HERE / "board" / "esp32.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PlugIn = Callable[..., Board]


@pytest.fixture(scope="session")
def plug_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlugIn]:
    """`plug_in("esp32")`: another board, empty; with a MAC of its own where one is given."""
    with ExitStack() as stack:

        def do(chip: str, *mac: str) -> Board:
            folder = tmp_path_factory.mktemp(chip)
            child = subprocess.Popen(
                [sys.executable, str(HERE / "boot_loader.py"), chip, str(folder), *mac],
                stdout=subprocess.DEVNULL,
                env={**os.environ, "TMPDIR": str(folder)},
            )
            stack.callback(child.wait)
            stack.callback(child.terminate)
            told = folder / "port"
            while not (told.exists() and told.read_text().strip()):
                assert child.poll() is None
                time.sleep(0.02)
            return Board(int(told.read_text().strip().rpartition(":")[2]), child.pid, folder)

        yield do


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """`stock("esp32")`: the file of a build for that chip; `stock("esp32", "ota")`: laid out so."""
    made: dict[tuple[str, ...], Path] = {}

    def do(chip: str, *variant: str) -> Path:
        if (chip, *variant) not in made:
            name = "-".join(("STOCK", chip, *variant)) + ".bin"
            file = tmp_path_factory.mktemp("stock") / name
            script = str(HERE / "stock_build.py")
            subprocess.run([sys.executable, script, chip, str(file), *variant], check=True)
            made[chip, *variant] = file
        return made[chip, *variant]

    return do


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, stock) -> Path:
    """A store with a build for the ESP32."""
    folder = tmp_path_factory.mktemp("images")
    keep(folder, stock("esp32"))
    return folder


def keep(store: Path, file: Path) -> Image:
    return images.add(store, file, hashlib.sha256(file.read_bytes()).hexdigest(), None)


@pytest.fixture
def told() -> list[Event]:
    """What `told.append` was told."""
    return []


@pytest.fixture
def command(capfd) -> Callable[..., tuple[int, str, str]]:
    """Run a command line; return its exit code, stdout and stderr."""

    def do(*arguments: object) -> tuple[int, str, str]:
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return do


@pytest.fixture
def read_rows() -> Callable[[Path], list[dict[str, str]]]:
    """The rows of a CSV file."""

    def do(file: Path) -> list[dict[str, str]]:
        with file.open(newline="", encoding="utf-8") as lines:
            return list(csv.DictReader(lines))

    return do


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.ensure(tmp_path_factory.mktemp("plant"), [], NOON)


@pytest.fixture(scope="session")
def stranger(authority) -> Iterator[str]:
    """A server that is no appliance: it answers everything with a page."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(authority.people.certificate, authority.people.key)
        server.socket = trust.wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        yield f"https://localhost:{server.server_address[1]}"
        server.shutdown()
        serving.join()
