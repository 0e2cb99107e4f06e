"""Firmware for tests: whole bundles whose application does nothing."""

from typing import Any

from appliance.model import bundle

BYTECODE = b"M\x06\x00\x1f" + bytes(range(200))
FILES = {"node/app.mpy": BYTECODE, "node/wire.mpy": BYTECODE * 90, "drivers/__init__.mpy": BYTECODE}


def packed(version: str = "1.0.7") -> bytes:
    return bundle.pack(version, FILES)


async def add_release(person: Any, version: str = "1.0.7") -> dict[str, Any]:
    """A release, added by somebody who is signed in."""
    media = {"Content-Type": "application/octet-stream"}
    response = await person.post("/firmware/releases", data=packed(version), headers=media)
    assert response.status_code == 201, await response.get_data()
    added: dict[str, Any] = await response.get_json()
    return added
