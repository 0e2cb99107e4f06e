import asyncio
import json
import os
import re
import signal
import ssl
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from appliance import main
from appliance.errors import Conflict
from appliance.identity import certificates
from tests.box import Box

EXIT_SECONDS = 10.0
PERSON = {"email": "a@plant.example", "name": "A", "password": "many unrelated words"}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
async def box(folder: Path) -> AsyncIterator[Box]:
    """An appliance that runs."""
    made = Box(folder.with_name("data"))
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


def people_port(box: Box) -> int:
    port: int = json.loads((box.folder / "running.json").read_bytes())["people_port"]
    return port


async def code(box: Box, start: int = 1) -> str:
    """The first administrator's, as it is shown at this start."""
    async with asyncio.timeout(EXIT_SECONDS):
        while len(shown := re.findall(r"/setup\?code=(\S+)", box.log())) < start:
            await asyncio.sleep(0.05)
    return str(shown[start - 1])


async def test_it_stops_in_order_although_clients_hang_on(box: Box) -> None:
    """A live view that never ends and a request without an end keep nobody up."""
    port = people_port(box)
    async with httpx.AsyncClient(verify=box.trust) as client:
        made = await client.post(
            f"https://localhost:{port}/auth/setup", json={"code": await code(box), **PERSON}
        )
        assert made.status_code == 201
        asked = {"email": PERSON["email"], "password": PERSON["password"]}
        tokens = (await client.post(f"https://localhost:{port}/auth/login", json=asked)).json()
    hanging = []
    for first_line, awaited in (("GET /live", b"snapshot"), ("POST /auth/login", None)):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=box.trust)
        head = f"Host: localhost\r\nAuthorization: Bearer {tokens['access']}\r\n"
        writer.write(f"{first_line} HTTP/1.1\r\n{head}Content-Length: 9\r\n\r\n".encode())
        if awaited:
            await reader.readuntil(awaited)
        hanging.append((reader, writer))
    async with asyncio.timeout(EXIT_SECONDS):
        assert await box.stop() == 0
    log = await asyncio.to_thread(box.log)
    assert log.rstrip().endswith("appliance.main: Stopped")
    assert "Traceback" not in log
    assert not await asyncio.to_thread((box.folder / "running.json").exists)
    for _, writer in hanging:
        writer.close()


async def test_what_it_keeps_is_for_its_owner_alone(box: Box) -> None:
    assert mode(box.folder) & 0o066 == 0
    assert mode(box.folder / "secrets") == 0o700
    assert mode(box.folder / "certificates" / "authority") == 0o700
    secrets = [*box.folder.glob("secrets/*"), *box.folder.glob("certificates/**/*.key")]
    assert len(secrets) >= 5
    assert {mode(secret) for secret in secrets} == {0o600}


async def test_it_is_ready_once_it_serves_and_says_so(box: Box) -> None:
    async with httpx.AsyncClient(verify=box.trust) as client:
        address = f"https://localhost:{people_port(box)}/healthz"
        assert (await client.get(f"{address}/live")).json() == {"live": True}
        async with asyncio.timeout(EXIT_SECONDS):
            ready = await client.get(f"{address}/ready")
            while ready.status_code != 200:
                await asyncio.sleep(0.05)
                ready = await client.get(f"{address}/ready")
    assert set(ready.json()["checks"].values()) == {"ok"}


async def test_a_new_certificate_is_served_after_a_hangup(box: Box) -> None:
    async def served() -> bytes | None:
        _, writer = await asyncio.open_connection("127.0.0.1", people_port(box), ssl=box.trust)
        found: bytes | None = writer.get_extra_info("ssl_object").getpeercert(True)
        writer.close()
        return found

    before = await served()
    (box.folder / "certificates" / "people.pem").unlink()
    os.kill(box.pid, signal.SIGHUP)
    async with asyncio.timeout(EXIT_SECONDS):
        while await served() == before:
            await asyncio.sleep(0.05)


async def test_two_installs_trust_different_authorities(box: Box, tmp_path: Path) -> None:
    foreign = (await asyncio.to_thread(certificates.ensure, tmp_path, [], main._now())).authority
    async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=foreign)) as client:
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            await client.get(f"https://localhost:{people_port(box)}/")


async def test_the_first_administrators_code_is_shown_until_there_is_one(box: Box) -> None:
    first = await code(box)
    await box.stop()
    await box.start()
    second = await code(box, start=2)
    async with httpx.AsyncClient(verify=box.trust) as client:
        address = f"https://localhost:{people_port(box)}/auth/setup"
        assert (await client.post(address, json={"code": first, **PERSON})).status_code == 403
        assert (await client.post(address, json={"code": second, **PERSON})).status_code == 201
    await box.stop()
    await box.start()
    async with asyncio.timeout(EXIT_SECONDS):
        while box.log().count("Carbonseed runs at") < 3:
            await asyncio.sleep(0.05)
    assert box.log().count("/setup?code=") == 2


async def test_roles_share_a_database_and_a_second_engine_takes_over(
    folder: Path, database_url: str
) -> None:
    data = folder.with_name("data")

    async def serve(role: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from appliance.cli import main; main()", "serve"),
            *("--role", role, "--data-dir", str(data), "--host", "127.0.0.1"),
            *("--people-port", "0", "--device-port", "0", "--http-port", "0"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "CARBONSEED_DATABASE_URL": database_url},
        )

    async def engine_is(said: str) -> None:
        note, authority = data / "running.json", data / "certificates" / "plant-ca.pem"
        async with asyncio.timeout(30):
            while not await asyncio.to_thread(note.exists):
                await asyncio.sleep(0.05)
            port = json.loads(await asyncio.to_thread(note.read_bytes))["people_port"]
            trust = ssl.create_default_context(cafile=authority)
            async with httpx.AsyncClient(verify=trust) as client:
                told = ""
                while not told.startswith(said):
                    await asyncio.sleep(0.05)
                    answer = await client.get(f"https://localhost:{port}/healthz/ready")
                    told = answer.json()["checks"]["engine"]

    running = [await serve("api")]
    try:
        await engine_is("no engine works")
        running += [await serve("engine"), await serve("engine")]
        await engine_is("ok")
        for engine in running[1:]:
            engine.terminate()
            assert await engine.wait() == 0
            await engine_is("ok" if engine is running[1] else "no engine works")
    finally:
        for process in running:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def test_a_worker_that_fails_ends_the_others_and_is_named() -> None:
    ended = asyncio.Event()

    async def works() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fails() -> None:
        raise ZeroDivisionError("by\nzero")

    with pytest.raises(ExceptionGroup) as caught:
        await main._work({"writer": works, "engine": fails})
    assert ended.is_set()
    told = main._first(caught.value)
    assert isinstance(told, main.WorkerFailed)
    assert str(told).startswith("The worker engine has failed: ZeroDivisionError: by zero (")
    assert "main.py:" in str(told)


async def test_a_worker_that_ends_by_itself_has_failed() -> None:
    async def ends() -> None:
        return

    with pytest.raises(ExceptionGroup) as caught:
        await main._work({"relay": ends})
    assert str(main._first(caught.value)) == "The worker relay has ended by itself."


def test_of_several_errors_the_one_in_words_is_told() -> None:
    told = Conflict("in words")
    group = BaseExceptionGroup("", [ValueError("x"), ExceptionGroup("", [told])])
    assert main._first(group) is told
    assert isinstance(main._first(BaseExceptionGroup("", [ValueError("x")])), ValueError)
