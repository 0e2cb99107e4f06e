"""What browsers are sent: small, kept for ever, and nothing from anywhere else."""

import gzip
import json
import re
from pathlib import Path

import pytest

from webui.assets import Assets

WEBUI = Path(__file__).parents[2] / "webui"
DIST = WEBUI / "static" / "dist"
FIRST_LOAD_BYTES = 90 * 1024
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}
ADDRESS = re.compile(r"https?://[^\s\"'`)<>\\]*")

pytestmark = pytest.mark.usefixtures("assets")


def manifest() -> dict[str, str]:
    return json.loads((DIST / "manifest.json").read_text())["names"]


@pytest.mark.parametrize(
    "own", [(), ("rules.js",), ("admin.js",)], ids=["dashboard", "rules", "admin"]
)
def test_the_first_load_of_a_page_is_small(own: tuple[str, ...]) -> None:
    loads = json.loads((DIST / "manifest.json").read_text())["loads"]
    entries = ("theme.js", "site.js", "dashboard.js", *own)
    scripts = {manifest()[name] for name in entries}.union(*(loads[name] for name in entries))
    assert len(scripts) > len(entries)
    assert sum((DIST / f"{built}.gz").stat().st_size for built in scripts) <= FIRST_LOAD_BYTES


async def test_what_scripts_share_is_named_by_the_page_and_served(signed_in) -> None:
    page = await (await signed_in.get("/dashboard/rules")).get_data(as_text=True)
    shared = re.findall(r'rel="modulepreload" href="([^"]+)"', page)
    assert len(shared) > 2
    for url in shared:
        response = await signed_in.get(url)
        assert response.content_type == "text/javascript; charset=utf-8"


def test_nothing_shipped_names_another_origin() -> None:
    shipped = [*DIST.glob("*.js"), *DIST.glob("*.css"), *DIST.glob("*.svg")]
    shipped += [*(WEBUI / "templates").iterdir(), *(WEBUI / "texts").iterdir()]
    assert len(shipped) > 15
    found = {
        f"{path.name}: {address}"
        for path in shipped
        for address in ADDRESS.findall(path.read_text())
        if address not in NAMESPACES
    }
    assert found == set()


def test_packed_files_hold_the_same_as_the_plain_ones() -> None:
    packed = list(DIST.glob("*.gz"))
    assert len(packed) >= 6
    for path in packed:
        assert gzip.decompress(path.read_bytes()) == path.with_suffix("").read_bytes()


def test_the_licences_of_all_that_is_shipped_are_shipped() -> None:
    told = (DIST / manifest()["THIRD_PARTY_LICENSES.txt"]).read_text()
    for name in json.loads((WEBUI / "package.json").read_text())["dependencies"]:
        assert name in told
    for licence in ("MIT", "ISC", "SIL OPEN FONT LICENSE"):
        assert licence in told


def test_every_icon_in_the_sprite_is_used_somewhere() -> None:
    sprite = (DIST / manifest()["icons.svg"]).read_text()
    there = set(re.findall(r'id="([^"]+)"', sprite))
    sources = [*(WEBUI / "templates").iterdir(), *(WEBUI / "src").rglob("*.ts")]
    used = "\n".join(path.read_text() for path in sources)
    assert there
    assert [name for name in there if f'icon("{name}")' not in used] == []


async def test_a_file_is_kept_for_ever_and_packed_for_who_takes_that(client) -> None:
    url = f"/assets/{manifest()['site.css']}"
    plain = await client.get(url)
    packed = await client.get(url, headers={"Accept-Encoding": "br, gzip"})
    assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.content_type == "text/css; charset=utf-8"
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(await packed.get_data()) == await plain.get_data()


@pytest.mark.parametrize("name", ["manifest.json", "..%2fbuild.py", "site.css", "%2e%2e", "x.gz"])
async def test_only_what_was_built_is_served(client, name: str) -> None:
    assert (await client.get(f"/assets/{name}")).status_code == 404


def test_a_script_is_told_to_be_one_wherever_the_machine_looks_types_up() -> None:
    assets = Assets()
    kinds = {name: assets.find(built).content_type for name, built in manifest().items()}
    assert kinds["site.js"] == "text/javascript; charset=utf-8"
    assert kinds["favicon.svg"] == "image/svg+xml; charset=utf-8"
    assert kinds["inter-latin-wght-normal.woff2"] == "font/woff2"
