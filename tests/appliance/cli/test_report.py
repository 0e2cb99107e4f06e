"""`carbonseed report` and `carbonseed verify`, as people on the box and elsewhere use them."""

import asyncio
import json
from pathlib import Path

import pytest

from appliance.cli import exits
from appliance.reports import bundle
from tests.appliance.reports.test_bundle import FILES, KEY, SECRET, statement


@pytest.fixture
def in_db(database_url):
    """Run a statement in the box's database."""
    import asyncpg

    def do(query: str) -> None:
        async def run() -> None:
            db = await asyncpg.connect(database_url)
            await db.execute(query)
            await db.close()

        asyncio.run(run())

    return do


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    file = tmp_path / "signed.zip"
    file.write_bytes(bundle.pack(FILES, statement(), SECRET)[0])
    return file


def test_a_report_is_written_where_one_says(command, in_db, tmp_path) -> None:
    in_db("insert into factories (name) values ('Werk Süd')")
    code, out, err = command("report", "weekly", "--to", str(tmp_path), "--period", "2026-W01")
    file = tmp_path / "carbonseed-werk-sud-weekly-2026-W01.pdf"
    assert (code, out.strip(), err) == (0, str(file), "")
    assert file.read_bytes().startswith(b"%PDF")
    code, _, _ = command(
        *("report", "compliance", "--format", "json", "--to", str(tmp_path / "r.json")),
        *("--factory", "Werk Süd", "--period", "2026-01-01..2026-01-31"),
    )
    assert code == 0
    assert json.loads((tmp_path / "r.json").read_bytes())["kind"] == "compliance"


def test_what_cannot_be_reported_is_told_in_words(command, in_db, tmp_path) -> None:
    code, _, err = command("report", "weekly", "--to", str(tmp_path))
    assert (code, "Name the factory" in err) == (exits.CONFLICT, True)
    in_db("insert into factories (name) values ('North'), ('South')")
    code, _, err = command("report", "weekly", "--factory", "East", "--to", str(tmp_path))
    assert (code, "There are: North, South" in err) == (exits.NOT_FOUND, True)
    code, _, err = command(
        "report", "weekly", "--factory", "North", "--period", "W47", "--to", str(tmp_path)
    )
    assert (code, "Write a week as 2026-W47" in err) == (exits.FAILURE, True)


def test_a_signed_report_is_proved_in_words_and_as_json(command, signed) -> None:
    code, out, _ = command("verify", str(signed))
    assert code == 0
    for words in ("is as it was signed", "Ayşe", "2026-W47", "1 in the chain", KEY, "--key"):
        assert words in out
    code, out, _ = command("verify", str(signed), "--key", KEY.upper(), "--json")
    assert (code, json.loads(out)["statement"]["signer"]) == (0, "Ayşe")


def test_a_changed_byte_is_exit_code_8_and_words(command, signed) -> None:
    data = bytearray(signed.read_bytes())
    data[data.index(b"%PDF")] ^= 1
    signed.write_bytes(data)
    code, out, err = command("verify", str(signed))
    assert (code, out) == (exits.VERIFICATION_FAILED, "")
    assert "Traceback" not in err


def test_another_key_than_the_given_one_is_exit_code_8(command, signed) -> None:
    code, _, err = command("verify", str(signed), "--key", "00" * 32)
    assert (code, "another key" in err) == (exits.VERIFICATION_FAILED, True)
