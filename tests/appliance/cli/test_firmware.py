"""`carbonseed firmware`: the node's own application becomes a release of the box."""

import asyncio
import json
from pathlib import Path

from appliance.model import bundle


async def test_the_application_is_packed_added_and_listed(command, tmp_path: Path, north) -> None:
    async def call(*arguments: object) -> tuple[int, str, str]:
        return await asyncio.to_thread(command, "firmware", *map(str, arguments))

    first, second = tmp_path / "one.fw", tmp_path / "two.fw"
    for out in (first, second):
        assert (await call("pack", out, "--version", "1.1.0"))[0] == 0
    assert first.read_bytes() == second.read_bytes()
    read = bundle.read(first.read_bytes())
    assert {"node/app.mpy", "drivers/simulated.mpy"} <= set(read.files)
    code, told, _ = await call("add", first)
    assert (code, "is 1.1.0, signed with" in told) == (0, True)
    (listed,) = json.loads((await call("list", "--json"))[1])["releases"]
    assert (listed["version"], listed["files"]) == ("1.1.0", len(read.files))
    assert listed["added_by"].startswith("console:")
    assert "1.1.0" in (await call("list"))[1]
    code, _, err = await call("add", first)
    assert (code, "already" in err) == (6, True)


def test_what_is_no_bundle_is_told(command, tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(b"\xff\xd8")
    code, _, err = command("firmware", "add", str(file))
    assert code != 0
    assert "carbonseed firmware pack" in err
