"""What the files of reports are called."""

import re
import unicodedata

from appliance.model.factory import Factory
from appliance.model.report import Report


def file_name(report: Report, ending: str) -> str:
    """Such as carbonseed-werk-nord-weekly-2026-W47.pdf."""
    period = report.period.name.replace("..", "_")
    return f"carbonseed-{_plain(report.factory)}-{report.kind}-{period}.{ending}"


def _plain(factory: Factory) -> str:
    """The factory's name as any file system takes it."""
    letters = unicodedata.normalize("NFKD", factory.name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-") or f"factory-{factory.id}"
