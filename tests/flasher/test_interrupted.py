"""Whatever breaks on the way: told with what to do, no key left behind; run again, it is done."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from appliance.errors import CarbonseedError
from flasher import batch as batches
from flasher import flow, ports
from flasher.batch import FromBatch
from flasher.errors import FlashTooSmall, PortForbidden
from flasher.esptool import Found
from flasher.flow import Recipe
from tests.flasher.batches import NOON, content, starting
from tests.flasher.cable import cable
from tests.flasher.test_flow import finished, key_in, make, there, until  # noqa: F401  fixtures

pytestmark = pytest.mark.timeout(240)
CUTS = (0, 5_000, 25_000, 50_000)
"""Bytes to the board."""
PHRASE = "brazen kettle of tin"


class Meter:
    """A line that counts what passes to the board, and breaks for good after so many bytes."""

    def __init__(self, target: str, most: float) -> None:
        self._target = int(target.rpartition(":")[2])
        self._most = most
        self._ends: list[socket.socket] = []
        self.passed = 0

    @contextmanager
    def port(self) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threads: list[threading.Thread] = []
            accepting = threading.Thread(target=self._accept, args=(listener, threads), daemon=True)
            accepting.start()
            try:
                yield f"socket://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                with suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)
                accepting.join(10)  # from here on nobody else comes
                self._cut()
                for thread in threads:
                    thread.join(10)
                for end in self._ends:
                    end.close()

    def _accept(self, listener: socket.socket, threads: list[threading.Thread]) -> None:
        with suppress(OSError):
            while True:
                near = listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", self._target))
                self._ends += [near, far]
                if self.passed > self._most:
                    self._cut()
                for given in ((near, far, True), (far, near, False)):
                    threads.append(threading.Thread(target=self._carry, args=given, daemon=True))
                    threads[-1].start()

    def _carry(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1024):
                self.passed += len(data) * counts
                if self.passed > self._most:
                    break
                sink.sendall(data)
        self._cut()

    def _cut(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def test_a_line_that_breaks_anywhere_is_told_and_the_next_run_completes(
    plug_in, store: Path, tmp_path: Path, told, authority
) -> None:
    board, file = plug_in("esp32"), tmp_path / "batch"
    made = content("Node 1", "Node 2", ca=authority.authority.read_text())
    batches.create(file, PHRASE, made)
    recipe = Recipe(store, made.template, made.host, wifi=made.wifi, boot_seconds=30)
    with starting(board, tmp_path) as direct, batches.opened(file, PHRASE) as opened:
        source = FromBatch(opened, lambda: NOON)

        def attempt(most: float) -> Meter:
            meter = Meter(direct, most)
            with meter.port() as port:
                flow.make(port, recipe, source, told.append)
            return meter

        for most in CUTS:
            with pytest.raises(CarbonseedError) as broken:
                attempt(most)
                raise AssertionError(most)
            assert str(broken.value).endswith((".", "charges.")), broken.value
            assert any(
                word in str(broken.value) for word in ("again", "Hold BOOT", "another cable")
            ), broken.value
        total = attempt(float("inf")).passed
        assert total > CUTS[-1], "the last cut was behind the end"
        assert [entry.mac != "" for entry in opened.content.entries] == [True, False]
        assert opened.content.entries[0].used_at == NOON


async def test_a_board_that_could_not_be_written_leaves_no_live_key(there, plug_in) -> None:  # noqa: F811
    board = plug_in("esp32")
    with cable(board.number, ()) as port:
        given = (*there.sign_in, *there.device("Kiln 3"), "--port", port, "--store", there.store)
        code, out, err = await finished(await there.flash("board", *given))
    assert (code, out) == (1, "")
    assert "its new key is revoked" in err
    async with there.technician() as client:
        (device,) = (await client.get("/devices")).json()["devices"]
        path = f"/devices/{device['device']['id']}/keys"
        keys = (await client.get(path)).json()["keys"]
    assert keys
    assert all(key["revoked_at"] for key in keys)
    assert list(there.scratch.iterdir()) == []
    again = json.loads((await make(there, board, "Kiln 3", "--json"))[1])
    assert again["device_id"] == device["device"]["id"]


async def test_an_appliance_that_goes_away_is_told_and_the_next_run_completes(
    there,  # noqa: F811
    plug_in,
) -> None:
    board = plug_in("esp32")
    given = (*there.sign_in, *there.device("Kiln 3"), "--port", board.port, "--store", there.store)
    process = await there.flash("board", *given)
    said = await until(process, "claim ")
    await there.box.kill()
    code, out, err = await finished(process, said)
    assert (code, out) == (7, "")
    assert "Is the appliance running" in err
    assert "the next run does it" in err
    lost = key_in(board)
    await there.box.recover()
    there.people_port = json.loads((there.box.folder / "running.json").read_text())["people_port"]
    made = json.loads((await make(there, board, "Kiln 3", "--json"))[1])
    async with there.technician() as client:
        keys = (await client.get(f"/devices/{made['device_id']}/keys")).json()["keys"]
    live = [key["id"] for key in keys if key["revoked_at"] is None]
    assert live == [made["key_id"]]
    assert made["key_id"] not in lost


async def test_a_key_that_is_revoked_meanwhile_is_told(there, plug_in) -> None:  # noqa: F811
    board = plug_in("esp32")
    given = (*there.sign_in, *there.device("Kiln 3"), "--port", board.port, "--store", there.store)
    process = await there.flash("board", *given, "--boot-wait", "0.2")
    said = await until(process, "Waiting for the first reading")
    async with there.technician() as client:
        (device,) = (await client.get("/devices")).json()["devices"]
        path = f"/devices/{device['device']['id']}/keys"
        (key,) = (await client.get(path)).json()["keys"]
        await client.delete(f"{path}/{key['id']}")
    code, out, err = await finished(process, said)
    assert (code, out) == (5, "")
    assert "was revoked while the board was being made. Run the same command again" in err


def test_a_flash_that_is_too_small_is_refused_before_anything_is_claimed(store: Path) -> None:
    with pytest.raises(FlashTooSmall, match=r"has 2 MB; a node needs 4 MB.*Take another board"):
        flow.check(Found("esp32", "24:0a:c4:00:00:01", 2 * 2**20), Recipe(store, {}, "box"))


def test_a_port_that_this_user_may_not_open_names_the_group(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(PortForbidden, match="usermod -aG dialout"):
        ports.check(str(tmp_path))


async def test_a_batch_makes_boards_without_the_appliance_and_is_reported_back(
    there,  # noqa: F811
    plug_in,
) -> None:
    file, phrase = there.folder / "north.batch", there.folder / "phrase"
    phrase.write_text(PHRASE)
    opens = ("--passphrase-file", phrase)
    exported = await there.flash(
        *("batch", "export", file), *there.sign_in, *there.device("Node {n}"), "--count", 3, *opens
    )
    code, _, err = await finished(exported)
    assert code == 0, err
    await there.box.kill()

    board = plug_in("esp32", "24:0a:c4:00:00:77")
    with ExitStack() as powered:
        port = powered.enter_context(starting(board, there.folder))
        given = ("--batch", file, *opens, "--port", port, "--store", there.store)
        done = await there.flash("board", *given, "--boot-wait", 30)
        code, out, err = await finished(done)
        assert code == 0, err
        assert out == "PASS  Node 1 (esp32, 24:0a:c4:00:00:77) has started.\n"
    key = key_in(board)
    assert key.startswith("csk_")
    assert key.rpartition("_")[2] not in out + err

    await there.box.recover()
    there.people_port = json.loads((there.box.folder / "running.json").read_text())["people_port"]
    for _ in range(2):
        told = await finished(
            await there.flash("batch", "import", file, *there.sign_in, *opens, "--close")
        )
        assert told[0] == 0, told[2]
    async with there.technician() as client:
        live = {}
        for device in (await client.get("/devices")).json()["devices"]:
            path = f"/devices/{device['device']['id']}/keys"
            keys = (await client.get(path)).json()["keys"]
            live[device["device"]["name"]] = [k["id"] for k in keys if k["revoked_at"] is None]
    assert live == {"Node 1": [key.split("_")[1]], "Node 2": [], "Node 3": []}
    again = await finished(
        await there.flash("board", "--batch", file, *opens, "--port", board.port, *given[-2:])
    )
    assert (again[0], "where the appliance is" in again[2]) == (6, True)
