import csv
import io

from appliance.reports import table
from tests.appliance.reports.conftest import MONDAY_MS

MINUTE_MS = 60_000


async def test_every_figure_is_a_line(plant, make) -> None:
    device = await plant.device("a", interval_ms=MINUTE_MS, machine="Oven")
    await plant.rule(device, limit=10.0)
    times = [MONDAY_MS + n * MINUTE_MS for n in range(10)]
    await plant.send(device, times, {"temperature": [5.0] * 5 + [15.0] * 5})
    data = table.render((await make()).report)
    assert data.startswith(b"\xef\xbb\xbfsection,device,")
    lines = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))

    def value(section: str, figure: str, **where: str) -> list[str]:
        return [
            line["value"]
            for line in lines
            if (line["section"], line["figure"]) == (section, figure)
            and all(line[name] == text for name, text in where.items())
        ]

    assert value("report.temperatures", "max", device="a", machine="Oven") == ["15.0"]
    assert value("report.temperatures.beyond", "seconds") == ["420.0"]
    assert value("report.temperatures.days", "mean", time="2026-11-17") == ["no data"]
    assert value("report.completeness", "received") == ["10"]


async def test_a_spreadsheet_is_given_no_commands(plant, make) -> None:
    device = await plant.device("=cmd|'/C calc'!A0")
    await plant.send(device, [MONDAY_MS], {"temperature": [1.0]})
    data = table.render((await make()).report).decode("utf-8-sig")
    cells = {cell for line in csv.reader(io.StringIO(data)) for cell in line}
    assert "'=cmd|'/C calc'!A0" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
