"""The report on paper: PDF/A, the same bytes for the same report."""

import functools
import unicodedata
from datetime import datetime
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import typst

from appliance.errors import CarbonseedError
from appliance.model.signature import Statement
from appliance.reports import words
from appliance.reports.build import Made
from appliance.reports.periods import day_edges

UNKNOWN = "\ufffd"
"""Stands for a character that the report's typeface does not have; JSON and CSV have it."""
_SHARES = frozenset({"share", "ratio", "coverage", "completeness_share"})
_IN_FIGURES = frozenset({"beyond_seconds"})
_LETTERS = (
    (0x20, 0x7E), (0xA0, 0x17F), (0x1CD, 0x1D4), (0x218, 0x21B), (0x386, 0x3CE), (0x400, 0x45F),
    (0x490, 0x491), (0x1E00, 0x1EF9), (0x2010, 0x2015), (0x2018, 0x201E), (0x2020, 0x2022),
)  # fmt: skip
_SIGNS = frozenset("…‰′″‹›⁄€№™Ω←↑→↓↔−∞≈≠≤≥■▲◆●○\u00a0\u202f\u2009\n")


def render(made: Made, signed: Statement | None = None) -> bytes:
    """The PDF of a report, with the signature it carries, if any. Takes about a second."""
    report = made.report
    inputs = {
        "report": _json(report, made.zone),
        "signed": _json(signed, made.zone),
        "sha256": made.sha256,
        "days": words.days(report.period.begin, report.period.end, made.zone),
        "dates": msgspec.json.encode(_dates(made)).decode(),
        "coverage": words.share(report.inputs.coverage_needed),
    }
    if report.generated_at is None:
        raise ValueError("the report is not finished")
    try:
        made_pdf: bytes = typst.compile(
            _template(),
            format="pdf",
            font_paths=_fonts(),
            sys_inputs=inputs,
            pdf_standards=["a-2a", "ua-1"],
            timestamp=int(report.generated_at.timestamp()),
        )
    except typst.TypstError as error:
        raise CarbonseedError(
            f"The report cannot be put on paper: {error.message}. Take it as JSON or CSV, and tell "
            "whoever keeps the appliance."
        ) from error
    return made_pdf


def printable(text: str) -> str:
    """The text with what the typeface lacks, or what would turn its direction, replaced."""
    return "".join(one if _has(one) else UNKNOWN for one in unicodedata.normalize("NFC", text))


def _has(character: str) -> bool:
    if character in _SIGNS:
        return True
    code = ord(character)
    return any(first <= code <= last for first, last in _LETTERS) and character.isprintable()


def _dates(made: Made) -> list[str]:
    days = day_edges(made.report.period, made.zone)[:-1]
    return [f"{day.astimezone(made.zone):%Y-%m-%d}" for day in days]


@functools.cache
def _template() -> bytes:
    here = files("appliance.reports")
    return b"".join(here.joinpath(name).read_bytes() for name in ("style.typ", "report.typ"))


@functools.cache
def _fonts() -> typst.Fonts:
    """Those that come with typst, the same on every machine."""
    return typst.Fonts(include_system_fonts=False)


def _json(value: Any, zone: ZoneInfo) -> str:
    built = msgspec.to_builtins(value, builtin_types=(datetime,))
    return msgspec.json.encode(_on_paper(built, "", zone)).decode()


def _on_paper(value: Any, name: str, zone: ZoneInfo) -> Any:
    """Times in the plant's zone, lengths and shares of time in words, text as it can be printed."""
    if isinstance(value, dict):
        return {key: _on_paper(one, key, zone) for key, one in value.items()}
    if isinstance(value, list):
        return [_on_paper(one, "", zone) for one in value]
    return _as_text(value, name, zone)


def _as_text(value: Any, name: str, zone: ZoneInfo) -> Any:
    if isinstance(value, datetime):
        return words.moment(value, zone)
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float) and name in _SHARES:
        return words.share(value)
    in_words = name.endswith("seconds") and name not in _IN_FIGURES
    return words.duration(value) if isinstance(value, float) and in_words else value
