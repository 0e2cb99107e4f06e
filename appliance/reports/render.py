"""A report in the form that was asked for."""

from typing import Literal

from appliance.history.readings import Source
from appliance.reports import pdf, table
from appliance.reports.build import Made

Format = Literal["json", "pdf", "csv"]
CONTENT_TYPES: dict[Format, str] = {
    "json": "application/json",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
}


async def render(source: Source, made: Made, form: Format) -> bytes:
    """Its bytes: the same for the same report."""
    if form == "pdf":
        return await source.run(pdf.render, made)
    if form == "csv":
        return await source.run(table.render, made.report)
    return made.json
