"""The report on paper: what it says, that it says it the same way twice, and for any name."""

import asyncio
import io

import pypdf
import pytest

from appliance.reports import pdf
from appliance.reports.pdf import UNKNOWN, printable
from tests.appliance.reports.conftest import MONDAY_MS

MINUTE_MS = 60_000
NASTY = '#panic("x") *bold* $x$ _a_ \\ "quote" @ref <label> `raw` //c /* d'


def read(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


async def test_the_figures_of_an_independent_query_are_on_paper(plant, make, pool, source) -> None:
    device = await plant.device("oven-1", interval_ms=MINUTE_MS, machine="Oven")
    await plant.rule(device, limit=195.0)
    times = [MONDAY_MS + n * MINUTE_MS for n in range(1440)]
    values = [180.0 + n % 23 for n in range(1440)]
    await plant.send(device, times, {"temperature": values})
    row = await pool.fetchrow(
        """
        select count(*) as number, min(value), max(value),
               count(*) filter (where value > 195) as beyond
          from sensor_readings
        """
    )
    said = read(await source.run(pdf.render, await make()))
    for text in (
        "oven-1", "Oven", "2026-11-16 to 2026-11-22", "Europe/Istanbul",
        f"{row['min']:.1f}", f"{row['max']:.1f}", "1\u202f440", "8\u202f640",
        f"{row['beyond'] // 60} h {row['beyond'] % 60} min", "beyond limits", "14.3 %",
    ):  # fmt: skip
        assert text in said, text


async def test_the_same_report_is_the_same_file_and_an_archive_one(plant, make, source) -> None:
    await plant.device("a")
    made = await make()
    first = await source.run(pdf.render, made)
    assert await source.run(pdf.render, made) == first
    reader = pypdf.PdfReader(io.BytesIO(first))
    assert reader.metadata.title == "Weekly report, North, 2026-W47"
    marks = reader.xmp_metadata.rdf_root.toxml()
    assert "<pdfaid:part>2</pdfaid:part>" in marks
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in marks
    assert "<pdfuaid:part>1</pdfuaid:part>" in marks
    assert {font for page in reader.pages for font in _fonts(page)} <= {
        "LibertinusSerif", "DejaVuSansMono",
    }  # fmt: skip


async def test_no_text_of_people_is_read_as_markup(plant, make, pool, source) -> None:
    await pool.execute("update factories set name = $1", NASTY)
    device = await plant.device(NASTY[:60], machine=NASTY[:50])
    await plant.rule(device, message=NASTY)
    await plant.send(device, [MONDAY_MS], {"temperature": [1.0]})
    said = read(await source.run(pdf.render, await make()))
    assert NASTY[:50] in said.replace("\n", " ")


@pytest.mark.parametrize("name", ["Łódź Çiğ Ωμέγα Пресс", "炉 3", "\U0001f525", "مصنع", "a\u202eb"])
async def test_any_name_comes_onto_paper(plant, make, name: str, source) -> None:
    await plant.send(await plant.device(name), [MONDAY_MS], {"temperature": [1.0]})
    said = read(await source.run(pdf.render, await make()))
    assert all(word in said for word in printable(name).split())


def test_every_character_that_is_called_printable_is_in_the_typeface() -> None:
    import typst

    letters = "".join(
        letter for letter in map(chr, range(0x20, 0x2600)) if printable(letter) == letter
    )
    source = b'#set text(font: "Libertinus Serif", fallback: false)\n#sys.inputs.letters'
    made = typst.compile(
        source, format="pdf", font_paths=typst.Fonts(include_system_fonts=False),
        sys_inputs={"letters": " ".join(letters)}, pdf_standards="a-2a", timestamp=0,
    )  # fmt: skip
    assert made.startswith(b"%PDF")
    assert len(letters) > 700
    assert printable("\u202e\u4e2d") == UNKNOWN * 2


async def test_the_loop_goes_on_while_a_report_is_put_on_paper(plant, make, source) -> None:
    for number in range(40):
        device = await plant.device(f"device {number}")
        await plant.send(device, [MONDAY_MS], {"temperature": [1.0], "gas": [2.0]})
    made = await make()
    rendering = asyncio.ensure_future(source.run(pdf.render, made))
    turns = 0
    while not rendering.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100
    assert (await rendering).startswith(b"%PDF")


def _fonts(page: pypdf.PageObject) -> set[str]:
    found = page["/Resources"]["/Font"].values()
    names = {font.get_object()["/BaseFont"].partition("+")[2] for font in found}
    return {name.partition("-")[0] for name in names}
