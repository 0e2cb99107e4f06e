"""Labels for boards: a QR code of the device's page, and what a person reads; never a key."""

import io
import re
import socket
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from appliance.errors import CarbonseedError, Unavailable, Unprocessable

RAW_PORT = 9100
"""Where network label printers take their own language."""
TIMEOUT_SECONDS = 10.0
DOTS_PER_MM = 8
"""Of a printer with 203 dpi, the usual one."""


class Label(msgspec.Struct, frozen=True):
    """What stands on a board. url: the appliance's."""

    name: str
    device_id: int
    url: str
    mac: str
    firmware: str = ""
    batch: str = ""

    @property
    def payload(self) -> str:
        """What the QR code says: the address of the device's page."""
        return f"{self.url.rstrip('/')}/devices/{self.device_id}"

    @property
    def lines(self) -> list[str]:
        """What a person reads below the name."""
        told = [f"Device {self.device_id}", self.mac]
        told += [f"Firmware {self.firmware}"] if self.firmware else []
        return told + ([f"Batch {self.batch}"] if self.batch else [])


def png(label: Label) -> bytes:
    """One label, 62 × 29 mm, as a picture of 300 dpi."""
    return _compile([label], "png")


def pdf(labels: Sequence[Label]) -> bytes:
    """All labels on sheets of A4."""
    return _compile(labels, "pdf")


def zpl(labels: Sequence[Label]) -> str:
    """The labels in the language of Zebra's printers, 62 × 29 mm at 203 dpi."""
    return "".join(map(_zpl, labels))


def write(labels: Sequence[Label], out: Path) -> None:
    """Write the labels into a file; its ending says as what: .pdf, .zpl, or .png for one alone."""
    kind = out.suffix.lower()
    if kind == ".png" and len(labels) != 1:
        raise Unprocessable(f"A .png holds one label, not {len(labels)}. Take .pdf or .zpl.")
    if kind == ".png":
        content = png(labels[0])
    elif kind == ".pdf":
        content = pdf(labels)
    elif kind == ".zpl":
        content = zpl(labels).encode()
    else:
        raise Unprocessable(f"{out.name} ends in neither .pdf nor .png nor .zpl. Rename it.")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(content)


def send(labels: Sequence[Label], printer: str) -> None:
    """Print on a network printer, `host` or `host:port`."""
    host, _, port = printer.partition(":")
    if port and not port.isdigit():
        raise Unprocessable(f"{printer} is no printer. Say host or host:port.")
    try:
        with socket.create_connection((host, int(port or RAW_PORT)), TIMEOUT_SECONDS) as line:
            line.sendall(zpl(labels).encode())
    except OSError as error:
        raise Unavailable(
            f"The label printer {printer} does not answer: {error}. Is it on, and in this network?"
        ) from error


def _zpl(label: Label) -> str:
    texts = [f"^FO210,16^A0N,34,30^FB270,2,0,L^FH^FD{_escaped(label.name)}^FS"]
    texts += [
        f"^FO210,{96 + 22 * i}^A0N,20,18^FH^FD{_escaped(line)}^FS"
        for i, line in enumerate(label.lines)
    ]
    code = f"^FO16,16^BQN,2,5,Q^FH^FDQA,{_escaped(label.payload)}^FS"
    size = f"^PW{62 * DOTS_PER_MM}^LL{29 * DOTS_PER_MM}"
    return f"^XA^CI28{size}{code}{''.join(texts)}^XZ\n"


def _escaped(text: str) -> str:
    """Text in which nothing is a command of the printer."""
    plain = "".join(one if one.isprintable() else " " for one in text)
    return re.sub(r"[\^~_\\]", lambda found: f"_{ord(found[0]):02X}", plain)


def _compile(labels: Sequence[Label], kind: Literal["png", "pdf"]) -> bytes:
    import segno  # noqa: PLC0415  help needs none of it
    import typst  # noqa: PLC0415

    told = []
    for label in labels:
        code = io.BytesIO()
        segno.make(label.payload, error="q", micro=False).save(code, kind="svg", border=2)
        told.append({"svg": code.getvalue().decode(), "name": label.name, "lines": label.lines})
    inputs = {
        "labels": msgspec.json.encode(told).decode(),
        "sheet": "yes" if kind == "pdf" else "no",
    }
    try:
        made = typst.compile(
            files("flasher").joinpath("label.typ").read_bytes(),
            format=kind,
            ppi=300,
            font_paths=typst.Fonts(include_system_fonts=False),
            sys_inputs=inputs,
            timestamp=0,
        )
    except typst.TypstError as error:
        raise CarbonseedError(
            f"The label cannot be drawn: {error.message}. Take --out FILE.zpl instead."
        ) from error
    return made
