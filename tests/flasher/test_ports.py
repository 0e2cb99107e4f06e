"""Which serial ports count as boards, by USB identity, and what a line does not begin with."""

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from appliance.cli.flash_line import put_label
from flasher import ports
from flasher.errors import NoPort, PortBusy
from flasher.label import Label


def plug(device: str, vid: int | None, pid: int | None) -> ListPortInfo:
    port = ListPortInfo(device)
    port.vid, port.pid = vid, pid
    return port


@pytest.fixture
def plugged(monkeypatch):
    def do(*there: ListPortInfo) -> None:
        monkeypatch.setattr(list_ports, "comports", lambda: list(there))

    return do


def test_boards_are_known_by_their_usb_identity_and_nothing_else_is_one(plugged) -> None:
    plugged(
        plug("COM9", 0x10C4, 0xEA60),
        plug("/dev/ttyUSB1", 0x1A86, 0x7523),
        plug("/dev/ttyACM0", 0x1A86, 0x55D4),
        plug("/dev/cu.usbserial", 0x0403, 0x6001),
        plug("/dev/ttyACM1", 0x303A, 0x1001),
        plug("/dev/ttyS0", None, None),
        plug("/dev/ttyACM2", 0x2341, 0x0043),  # an Arduino
        plug("/dev/ttyUSB2", 0x10C4, 0x0001),
    )
    assert {port.device: port.usb for port in ports.candidates()} == {
        "COM9": "10c4:ea60",
        "/dev/ttyUSB1": "1a86:7523",
        "/dev/ttyACM0": "1a86:55d4",
        "/dev/cu.usbserial": "0403:6001",
        "/dev/ttyACM1": "303a:1001",
    }
    with pytest.raises(NoPort, match="Say which with --port"):
        ports.only()


def test_the_only_board_needs_no_name(plugged, command) -> None:
    plugged(plug("COM3", 0x303A, 0x1001))
    assert ports.only() == "COM3"
    code, out, _ = command("flash", "ports")
    assert (code, out.split()[:2]) == (0, ["COM3", "303a:1001"])


def test_a_line_whose_boards_would_share_a_name_does_not_begin(command, tmp_path) -> None:
    code, _, err = command("flash", "line", "--name", "Node", "--records", tmp_path / "records")
    assert (code, "Put {mac} into --name" in err) == (2, True)
    code, _, err = command("flash", "line", "--records", tmp_path / "records", "--plain")
    assert (code, "--batch" in err) == (2, True)


def test_a_label_that_fails_does_not_fail_the_board(told, tmp_path) -> None:
    label = Label("Node 1", 1, "https://box:8443", "24:0a:c4:00:00:01")
    put_label(label, tmp_path / "labels", "127.0.0.1:1", told.append)
    assert (tmp_path / "labels" / "1.png").exists()
    assert "does not answer" in told[-1].text
    assert "Later: carbonseed-flasher label" in told[-1].text


@pytest.mark.parametrize(
    ("port", "said", "kind"),
    [
        ("COM3", "PermissionError(13, 'Access is denied.', None, 5)", PortBusy),
        ("COM9", "FileNotFoundError(2, 'The system cannot find the file specified.')", NoPort),
        ("/dev/cu.usbserial-10", "[Errno 16] Resource busy: '/dev/cu.usbserial-10'", PortBusy),
        ("/dev/cu.usbserial-11", "[Errno 2] No such file or directory", NoPort),
    ],
)
def test_what_windows_and_macos_have_against_a_port_is_in_a_technicians_words(
    port: str, said: str, kind: type[Exception], plugged
) -> None:
    plugged()
    told = ports.trouble(port, f"A fatal error occurred: could not open port {port!r}: {said}")
    assert type(told) is kind
    assert str(told).startswith((f"{port} is in use", f"There is no port {port}"))
