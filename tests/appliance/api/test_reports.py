"""Reports over HTTP: who may read and sign which, and what a signature is good for."""

import asyncio
import io
import json
import zipfile

import pytest

from appliance.api.reports import MOST_WAITING, Turns
from appliance.errors import Unavailable
from appliance.model.user import Role
from appliance.reports import bundle
from tests.appliance import signing
from tests.appliance.plant import DAY_MS, NOON_MS

WEEK = "period=2026-W47"
LAST_WEEK_MS = NOON_MS - 3 * DAY_MS


@pytest.fixture
async def device(plant):
    """A node with one reading in 2026-W47."""
    made = await plant.device("oven-1", interval_ms=60_000)
    await plant.send(made, [LAST_WEEK_MS], {"temperature": [20.0]})
    return made


@pytest.fixture
async def officer(sign_in):
    return await sign_in(Role.COMPLIANCE)


@pytest.fixture
def asked(north):
    """The body of a signature under the report that was read."""

    async def do(person, **changed: object) -> dict[str, object]:
        return await signing.read(person, north.id, "2026-W47") | changed

    return do


async def test_the_list_names_the_periods_there_are(sign_in) -> None:
    manager = await (await (await sign_in(Role.MANAGER)).get("/reports")).get_json()
    assert [
        (one["kind"], one["last"]["name"], one["current"]["name"]) for one in manager["reports"]
    ] == [
        ("weekly", "2026-W47", "2026-W48"),
        ("monthly", "2026-10", "2026-11"),
        ("compliance", "2026-10", "2026-11"),
    ]
    operator = await (await (await sign_in(Role.OPERATOR)).get("/reports")).get_json()
    assert [one["kind"] for one in operator["reports"]] == ["weekly", "monthly"]


async def test_a_report_comes_in_each_form_with_a_name(device, officer, north) -> None:
    path = f"/reports/weekly?factory_id={north.id}&{WEEK}"
    for form, kind, begin in (
        ("json", "application/json", b'{"schema_version":1,'),
        ("pdf", "application/pdf", b"%PDF-1.7"),
        ("csv", "text/csv; charset=utf-8", b"\xef\xbb\xbfsection,"),
    ):
        response = await officer.get(f"{path}&format={form}")
        assert (response.status_code, response.content_type) == (200, kind)
        assert (await response.get_data()).startswith(begin)
        assert response.headers["Content-Disposition"] == (
            f'attachment; filename="carbonseed-north-weekly-2026-W47.{form}"'
        )
    last = await officer.get(f"/reports/weekly?factory_id={north.id}")
    assert (await last.get_json())["period"]["name"] == "2026-W47"


async def test_what_makes_no_sense_is_refused_in_words(officer, north, south) -> None:
    for query, status, said in (
        (f"factory_id={north.id}&period=2026-W60", 422, "Write a week as 2026-W47"),
        (f"factory_id={north.id}&period=2026-W52", 422, "has not begun"),
        (f"factory_id={north.id}&period={'9' * 41}", 400, "length"),
        (f"factory_id={north.id}&format=xls", 400, "xls"),
        ("", 400, "factory_id"),
        (f"factory_id={south.id}", 404, "no such factory"),
        ("factory_id=999", 404, "no such factory"),
    ):
        response = await officer.get(f"/reports/weekly?{query}")
        assert response.status_code == status, query
        assert said in (await response.get_json())["detail"]


async def test_a_signed_report_proves_itself_and_its_place(device, officer, asked, context) -> None:
    first = await officer.post("/reports/signed", json=await asked(officer, meaning="reviewed"))
    assert first.status_code == 201
    second = await officer.post("/reports/signed", json=await asked(officer))
    listed = await (await officer.get("/reports/signed")).get_json()
    assert [one["position"] for one in listed["signed"]] == [2, 1]
    assert listed["signed"][0] == await second.get_json()
    assert listed["signed"][0]["previous"] == listed["signed"][1]["hash"]
    for one in listed["signed"]:
        response = await officer.get(f"/reports/signed/{one['id']}")
        assert response.content_type == "application/zip"
        data = await response.get_data()
        proved = bundle.verify(data, listed["key"]["fingerprint"])
        assert proved.hash.hex() == one["hash"]
        assert len(data) == one["bytes"]
        assert (proved.statement.signer, proved.statement.meaning) == ("Compliance", one["meaning"])
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            told = json.loads(opened.read("report.json"))
        assert told["inputs"]["data_sha256"] == one["data_sha256"]
    key = context.settings.secrets_dir / "reports.key"
    assert key.stat().st_mode & 0o777 == 0o600


async def test_late_data_shows_and_the_next_signature_cites_the_data_before(
    device, officer, asked, clock, plant
) -> None:
    signed = await (await officer.post("/reports/signed", json=await asked(officer))).get_json()
    assert not signed["revised"]
    clock.forward(minutes=5)
    now_ms = int(clock().timestamp() * 1000)
    late = LAST_WEEK_MS + 60_000
    await plant.send(device, [late], {"temperature": [21.0]}, received_ms=now_ms)
    [listed] = (await (await officer.get("/reports/signed")).get_json())["signed"]
    assert listed == {**signed, "revised": True}
    again = await officer.post("/reports/signed", json=await asked(officer))
    new = await again.get_json()
    assert new["replaces"] == signed["data_sha256"] != new["data_sha256"]
    listed = (await (await officer.get("/reports/signed")).get_json())["signed"]
    assert [one["revised"] for one in listed] == [False, True]


async def test_nobody_signs_what_they_have_not_read(device, officer, asked, plant) -> None:
    read = await asked(officer)
    await plant.send(device, [LAST_WEEK_MS + 60_000], {"temperature": [21.0]})
    response = await officer.post("/reports/signed", json=read)
    assert response.status_code == 409
    assert "changed since you read it" in (await response.get_json())["detail"]
    assert (await (await officer.get("/reports/signed")).get_json())["signed"] == []


async def test_nobody_signs_with_a_wrong_password_or_a_period_not_over(
    device, officer, asked
) -> None:
    wrong = await officer.post("/reports/signed", json=await asked(officer, password="guess"))
    assert wrong.status_code == 403
    early = await officer.post("/reports/signed", json=await asked(officer, period="2026-W48"))
    assert early.status_code == 422
    assert "not over" in (await early.get_json())["detail"]
    for _ in range(5):
        await officer.post("/reports/signed", json=await asked(officer, password="guess"))
    slowed = await officer.post("/reports/signed", json=await asked(officer))
    assert slowed.status_code == 429


async def test_a_signed_compliance_report_is_not_for_operators(
    device, officer, asked, sign_in, north
) -> None:
    report = await officer.get(f"/reports/compliance?factory_id={north.id}&{WEEK}")
    read = await asked(officer, kind="compliance", sha256=report.headers["Report-SHA256"])
    signed = await (await officer.post("/reports/signed", json=read)).get_json()
    operator = await sign_in(Role.OPERATOR)
    assert (await (await operator.get("/reports/signed")).get_json())["signed"] == []
    assert (await operator.get(f"/reports/signed/{signed['id']}")).status_code == 404
    assert (await operator.get(f"/reports/compliance?factory_id={north.id}")).status_code == 403
    manager = await sign_in(Role.MANAGER)
    assert (await manager.get(f"/reports/signed/{signed['id']}")).status_code == 200


async def test_signed_reports_cannot_be_changed_in_the_database(
    device, officer, asked, context
) -> None:
    await officer.post("/reports/signed", json=await asked(officer))
    for statement in (
        "update report_signatures set signer = 'x'",
        "delete from report_signatures",
        "truncate report_signatures",
    ):
        with pytest.raises(Exception, match="append-only"):
            await context.db.execute(statement)


async def test_reports_are_made_one_at_a_time_and_too_many_are_sent_away() -> None:
    turns = Turns()
    taken = [turns.take() for _ in range(MOST_WAITING)]
    await taken[0].__aenter__()
    waiting = [asyncio.ensure_future(turn.__aenter__()) for turn in taken[1:]]
    await asyncio.sleep(0)
    assert not any(turn.done() for turn in waiting)
    with pytest.raises(Unavailable):
        await turns.take().__aenter__()
    for turn in taken:
        await turn.__aexit__(None, None, None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    async with turns.take():
        pass
