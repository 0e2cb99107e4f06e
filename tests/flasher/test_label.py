"""Labels: the QR code read back by another program, the printer's language, no key anywhere."""

import io
import re
import socket
import threading
from pathlib import Path

import pypdf
import pytest
import zxingcpp
from PIL import Image

from appliance.errors import Unavailable, Unprocessable
from flasher import label as labels
from flasher.label import Label

KILN = Label(
    name="Brennofen Süd ^XA~JA_1",
    device_id=4711,
    url="https://box.plant.example:8443/",
    mac="24:0a:c4:e2:95:26",
    firmware="1.4.0",
    batch="2026-11",
)
ADDRESS = "https://box.plant.example:8443/devices/4711"


def codes(picture: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture)]


def test_the_code_on_the_picture_opens_the_devices_page() -> None:
    picture = Image.open(io.BytesIO(labels.png(KILN)))
    assert codes(picture) == [ADDRESS]
    assert picture.width == pytest.approx(62 / 25.4 * 300, abs=2)


def test_the_code_bears_a_scratch() -> None:
    picture = Image.open(io.BytesIO(labels.png(KILN))).convert("RGB")
    picture.paste((255, 255, 255), (150, 150, 200, 200))
    assert codes(picture) == [ADDRESS]


def test_the_sheet_carries_every_label_in_words() -> None:
    many = [Label(f"Node {n}", n, "https://box:8443", f"24:0a:c4:00:00:{n:02x}") for n in range(30)]
    pages = pypdf.PdfReader(io.BytesIO(labels.pdf(many))).pages
    told = " ".join(page.extract_text() for page in pages)
    assert len(pages) == 2
    for one in many:
        assert one.mac in told
        assert f"Device {one.device_id}" in told


def test_the_same_labels_are_the_same_bytes() -> None:
    assert labels.pdf([KILN]) == labels.pdf([KILN])
    assert labels.png(KILN) == labels.png(KILN)


def test_a_name_is_no_command_for_the_printer() -> None:
    told = labels.zpl([KILN])
    assert re.findall(r"[\^~][A-Z]{2}", told.replace("^XA", "", 1)).count("^XA") == 0
    assert "~JA" not in told
    assert "Brennofen Süd _5EXA_7EJA_5F1" in told
    assert f"^FDQA,{ADDRESS}^FS" in told
    assert told.count("^XA") == told.count("^XZ") == 1


def test_a_printer_gets_the_labels_over_the_network() -> None:
    got = bytearray()

    def print_it() -> None:
        line = listener.accept()[0]
        with line:
            while data := line.recv(4096):
                got.extend(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        printer = threading.Thread(target=print_it, daemon=True)
        printer.start()
        labels.send([KILN, KILN], f"127.0.0.1:{listener.getsockname()[1]}")
        printer.join(10)
        gone = listener.getsockname()[1]
    assert got.decode() == labels.zpl([KILN]) * 2
    with pytest.raises(Unavailable, match="Is it on"):
        labels.send([KILN], f"127.0.0.1:{gone}")
    with pytest.raises(Unprocessable, match="host or host:port"):
        labels.send([KILN], "printer:raw")


def test_a_file_is_what_its_ending_says(tmp_path: Path) -> None:
    for name, begins in (("a.pdf", b"%PDF"), ("a.PNG", b"\x89PNG"), ("a.zpl", b"^XA")):
        labels.write([KILN], tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begins)
    with pytest.raises(Unprocessable, match=r"neither \.pdf"):
        labels.write([KILN], tmp_path / "a.jpg")
    with pytest.raises(Unprocessable, match="one label, not 2"):
        labels.write([KILN, KILN], tmp_path / "a.png")


def test_labels_of_a_shift_are_those_of_the_boards_that_passed(command, tmp_path: Path) -> None:
    shift = tmp_path / "shift.csv"
    shift.write_text(
        "result,device_id,device,mac\n"
        "PASS,1,Node 1,24:0a:c4:00:00:01\nFAIL,,,24:0a:c4:00:00:02\n"
        "PASS,3,Node 3,24:0a:c4:00:00:03\nPASS,1,Node 1,24:0a:c4:00:00:01\n"
    )
    out = tmp_path / "labels.zpl"
    to = ("--url", "https://box:8443", "--out", out)
    code, said, _ = command("flash", "label", *to, "--shift", shift)
    assert (code, said) == (0, "Labels: Node 1, Node 3\n")
    assert out.read_text().count("^XA") == 2
    assert command("flash", "label", *to, "--shift", shift, "--name", "Node 3")[0] == 0
    assert "devices/3^FS" in out.read_text()
    assert command("flash", "label", *to, "--shift", shift, "--name", "Node 9")[0] == 4
    assert command("flash", "label", *to)[0] == 2
