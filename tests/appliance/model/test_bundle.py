"""Firmware bundles: the same bytes for the same files, and nothing damaged is read."""

import hashlib
import json

import pytest

from appliance.model import bundle
from appliance.model.bundle import BundleError
from tests.appliance.bundles import BYTECODE, FILES, packed


def changed(**members: object) -> bytes:
    """A bundle whose manifest says something else."""
    told = json.loads(bundle.manifest_of("1.0.7", FILES)) | members
    manifest = json.dumps(told).encode()
    files = b"".join(data for _, data in sorted(FILES.items()))
    return b"CSFW1\n%d\n%b" % (len(manifest), manifest) + bundle.UNSIGNED + files


def test_a_bundle_is_what_the_contract_says_byte_for_byte() -> None:
    files = {"node/app.mpy": b"M\x06x", "drivers/a.mpy": b"M\x06"}
    hashes = [hashlib.sha256(data).hexdigest() for data in (b"M\x06", b"M\x06x")]
    manifest = (
        '{"version":"1.1.0","mpy":6,"files":'
        f'[["drivers/a.mpy",2,"{hashes[0]}"],["node/app.mpy",3,"{hashes[1]}"]]}}'
    ).encode()
    made = bundle.pack("1.1.0", files, b"s" * 384)
    head = b"CSFW1\n%d\n" % len(manifest)
    assert made == head + manifest + b"s" * 384 + b"M\x06" + b"M\x06x"


def test_the_order_in_which_files_are_given_changes_nothing() -> None:
    assert bundle.pack("1.0.7", dict(reversed(FILES.items()))) == packed()


def test_what_was_packed_is_read_again() -> None:
    read = bundle.read(packed())
    assert read.files == FILES
    assert read.manifest.version == "1.0.7"
    assert read.signed == bundle.manifest_of("1.0.7", FILES)
    assert read.signature == bundle.UNSIGNED


def test_every_cut_and_every_changed_byte_of_what_is_hashed_shows() -> None:
    whole = packed()
    for length in range(0, len(whole), 7):
        with pytest.raises(BundleError):
            bundle.read(whole[:length])
    with pytest.raises(BundleError, match="after its last file"):
        bundle.read(whole + b"x")
    first = len(whole) - sum(map(len, FILES.values()))
    for place in range(first, len(whole), 97):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1
        with pytest.raises(BundleError, match="damaged"):
            bundle.read(bytes(spoilt))


@pytest.mark.parametrize(
    "path",
    [
        "main.mpy",
        "boot.py",
        "/node/app.mpy",
        "../node/app.mpy",
        "node/../main.mpy",
        "node//app.mpy",
        "node/app.py",
        "Node/app.mpy",
        "node/" + "a" * 60 + ".mpy",
    ],
)
def test_a_path_that_could_touch_anything_else_is_refused(path: str) -> None:
    with pytest.raises(BundleError, match="name of its own in a folder"):
        bundle.pack("1.0.7", {path: BYTECODE, **FILES})


@pytest.mark.parametrize("version", ["", "1", "1.0.7 ", "v1.0", "1.0\n", "1.0/2", "1." * 20 + "0"])
def test_a_version_that_is_none_is_refused(version: str) -> None:
    with pytest.raises(BundleError, match="version"):
        bundle.pack(version, FILES)


def test_what_no_node_could_run_is_refused() -> None:
    with pytest.raises(BundleError, match=r"node/app\.mpy is missing"):
        bundle.pack("1.0.7", {"node/wire.mpy": BYTECODE})
    with pytest.raises(BundleError, match="no bytecode of version 6"):
        bundle.pack("1.0.7", {**FILES, "node/wire.mpy": b"M\x05" + BYTECODE})
    with pytest.raises(BundleError, match="bytecode 5"):
        bundle.read(changed(mpy=5))
    with pytest.raises(BundleError, match="unknown field"):
        bundle.read(changed(run="rm"))
    with pytest.raises(BundleError, match="damaged"):
        bundle.read(changed(files=[["node/app.mpy", -1, "0" * 64]]))
    with pytest.raises(BundleError, match="at most"):
        bundle.pack("1.0.7", {**FILES, "node/big.mpy": BYTECODE * 1300})


@pytest.mark.parametrize("data", [b"", b"CSFW1", b"CSFW1\n", b"CSFW1\n99999999\n{}", b"PK\x03\x04"])
def test_what_is_no_bundle_at_all_is_refused(data: bytes) -> None:
    with pytest.raises(BundleError):
        bundle.read(data)
