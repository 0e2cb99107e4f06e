"""Reports of a real database: figures by hand, and by SQL that knows nothing of our code."""

import json

import msgspec
import numpy as np
import pytest

from appliance.errors import NotFound, Unprocessable
from appliance.identity import rules
from appliance.identity.rules import ModeChange
from appliance.model.audit import Actor
from appliance.model.report import Judgement, ReportKind
from appliance.model.rule import NewRule, RuleChange, RuleMode, Threshold
from appliance.model.scope import Scope
from appliance.reports import build
from appliance.reports.build import Asked
from tests.appliance.plant import DAY_MS, at
from tests.appliance.reports.conftest import HOUR_MS, MONDAY_MS
from tests.appliance.sealing import seal

MINUTE_MS = 60_000
ACTOR = Actor("ayse@north.example", "192.0.2.7")


def minutes(begin: int, number: int) -> list[int]:
    """One time a minute, from so many minutes after Monday's midnight on."""
    return [MONDAY_MS + (begin + n) * MINUTE_MS for n in range(number)]


async def test_completeness_by_hand(plant, make) -> None:
    """A reading a minute on Monday; an hour is missing, 14 rows are late, five came twice."""
    device = await plant.device("a", interval_ms=MINUTE_MS, machine="Furnace 1")
    for hour in [n for n in range(24) if n != 10]:
        times = minutes(hour * 60, 60)
        received_ms = times[4] + 5 * MINUTE_MS if hour == 3 else times[0]
        if hour == 11:  # ten rows that come an hour after they were taken
            late, times = times[:10], times[10:]
            received_ms = times[0]
            twenty = {"temperature": [20.0] * 10}
            came_ms = late[-1] + HOUR_MS
            await plant.send(device, late, twenty, received_ms=came_ms, first_row=660)
        values = {"temperature": [20.0] * len(times)}
        row = (times[0] - MONDAY_MS) // MINUTE_MS
        await plant.send(device, times, values, received_ms=received_ms, first_row=row)
    rest = minutes(1430, 10)
    await plant.send(device, rest[-5:], {"temperature": [20.0] * 5}, first_row=1435)
    [told] = (await make()).report.completeness
    assert (told.received, told.expected, told.missing) == (1380, 7 * 1440, 7 * 1440 - 1380)
    assert (told.late, told.duplicate, told.quarantined) == (14, 5, 0)
    assert told.share == round(1380 / 10_080, 6)
    assert [day.received for day in told.days] == [1380, 0, 0, 0, 0, 0, 0]
    assert [day.share for day in told.days] == [round(1380 / 1440, 6)] + [0.0] * 6
    assert told.gaps == 2
    assert told.longest_gap.begin == at(rest[-1])
    assert told.longest_gap.seconds == (MONDAY_MS + 7 * DAY_MS - rest[-1]) / 1000


async def test_figures_are_those_of_an_independent_query(plant, make, pool) -> None:
    device = await plant.device("a", interval_ms=MINUTE_MS)
    times = minutes(-30, 3000)
    values = np.round(np.sin(np.arange(3000)) * 50 + 70, 2)
    await plant.send(device, times, {"temperature": values.tolist()}, received_ms=times[-1])
    [level] = (await make()).report.temperatures
    row = await pool.fetchrow(
        """
        select count(*) as number, min(value), max(value), avg(value) as mean
          from sensor_readings
         where time >= '2026-11-16 00:00+03' and time < '2026-11-23 00:00+03'
        """
    )
    assert level.readings == row["number"] == 2970
    assert (level.min, level.max) == (row["min"], row["max"])
    # The last one holds for three minutes, all others for one.
    assert level.mean == pytest.approx((row["mean"] * 2970 + 2 * values[-1]) / 2972, abs=1e-6)
    assert level.coverage == round(2972 / 10_080, 6)
    assert level.judgement is Judgement.NO_LIMITS or level.judgement is Judgement.INSUFFICIENT


async def test_time_beyond_each_limit_by_hand(plant, make) -> None:
    device = await plant.device("a", interval_ms=MINUTE_MS, machine="Furnace 1")
    await plant.rule(device, limit=100.0)
    await plant.rule(device, "low", limit=20.0)
    await plant.rule(device, limit=500.0, mode="draft")
    values = [50.0] * 100 + [120.0] * 7 + [50.0] * 20 + [101.0] * 3 + [100.0] * 50 + [19.0] * 2
    await plant.send(device, minutes(0, 182), {"temperature": values})
    report = (await make()).report
    [level] = report.temperatures
    high, low = level.beyond
    assert (high.limit, high.seconds, high.spells) == (100.0, 600.0, 2)
    assert (high.longest_seconds, high.longest_begin) == (420.0, at(minutes(100, 1)[0]))
    assert (low.limit, low.seconds, low.spells) == (20.0, 240.0, 1)
    assert high.share == round(10 / 184, 6)
    assert level.judgement is Judgement.BEYOND
    assert [day.beyond_seconds for day in level.days] == [840.0] + [0.0] * 6
    assert "Furnace 1, temperature (a): 10 min above 100.0 °C, 120.0 at the worst." in [
        finding.text for finding in report.summary.limits
    ]


async def test_limits_are_those_that_were_in_force_and_later_changes_change_nothing(
    plant, pool, make, clock
) -> None:
    device = await plant.device("a", interval_ms=MINUTE_MS)
    asked = NewRule(
        device_id=device, look=Threshold(h=100.0), priority=2, message="Hot", metric="temperature"
    )
    rule = await rules.create(pool, plant.scope, ACTOR, asked, at(MONDAY_MS - DAY_MS))
    live = ModeChange(mode=RuleMode.LIVE, override="There is no history yet.")
    await rules.put(pool, plant.scope, ACTOR, rule.id, live, at(MONDAY_MS - DAY_MS))
    raised = RuleChange(look=Threshold(h=110.0), override="The works council agreed.")
    await rules.change(pool, plant.scope, ACTOR, rule.id, raised, at(MONDAY_MS + HOUR_MS))
    await plant.send(device, minutes(0, 120), {"temperature": [105.0] * 120})
    before = await make()
    first, second = before.report.limits
    assert (first.limit, first.set_at, first.in_force_until) == (
        100.0, at(MONDAY_MS - DAY_MS), at(MONDAY_MS + HOUR_MS),
    )  # fmt: skip
    assert (second.limit, second.set_by) == (110.0, "ayse@north.example")
    assert [limit.seconds for limit in before.report.temperatures[0].beyond] == [3600.0, 0.0]
    await rules.change(
        pool,
        plant.scope,
        ACTOR,
        rule.id,
        RuleChange(look=Threshold(h=50.0), override="The works council agreed."),
        clock(),
    )
    await rules.create(pool, plant.scope, ACTOR, asked, clock())
    assert (await make()).json == before.json


async def test_gas_is_never_called_fine_on_too_little_data(plant, make) -> None:
    """Shifts from 6:00, 14:00 and 22:00: one is measured for 7 h of 8, one for an hour less."""
    device = await plant.device("a", interval_ms=MINUTE_MS)
    await plant.rule(device, metric="gas", limit=30.0)
    await plant.send(device, minutes(6 * 60, 418), {"gas": [10.0] * 418})
    await plant.send(device, minutes(14 * 60, 358), {"gas": [20.0] * 358})
    report = (await make()).report
    [exposure], [level] = report.exposures, report.gases
    assert level.judgement is Judgement.INSUFFICIENT
    assert (exposure.shifts, exposure.shifts_insufficient) == (21, 20)
    assert (exposure.worst.mean, exposure.worst.coverage) == (10.0, 0.875)
    assert exposure.worst.begin == at(MONDAY_MS + 6 * HOUR_MS)
    assert [shift.mean for shift in exposure.means[:3]] == [None, 10.0, None]
    assert exposure.short_mean == 20.0
    told = msgspec.json.encode(report).decode()
    assert "insufficient data" in told
    assert "compliant" not in told.lower()


async def test_a_machine_ran_for_so_much_of_what_is_known(plant, make) -> None:
    device = await plant.device("a", interval_ms=MINUTE_MS, machine="Press")
    await plant.send(device, minutes(0, 100), {"running": [1.0] * 60 + [0.0] * 40})
    [running] = (await make()).report.running
    assert (running.running_seconds, running.standing_seconds) == (3600.0, 42 * 60.0)
    assert running.ratio == round(60 / 102, 6)
    assert running.days == [round(60 / 102, 6)] + [None] * 6


async def test_a_period_without_data_says_so_and_never_zero(plant, make) -> None:
    device = await plant.device("a", interval_ms=MINUTE_MS)
    never = await plant.device("never")
    await plant.pool.execute("update devices set created_at = '2026-11-01' where id = $1", never)
    await plant.device("added later")
    await plant.send(device, minutes(-100, 10), {"temperature": [1.0] * 10, "running": [1.0] * 10})
    report = (await make()).report
    [level], [running] = report.temperatures, report.running
    assert level.judgement is Judgement.NO_DATA
    assert (level.min, level.mean, level.max) == (None, None, None)
    assert (running.ratio, running.running_seconds) == (None, None)
    silent, never = report.completeness
    assert (silent.received, silent.share) == (0, 0.0)
    assert (never.expected, never.share) == (0, None)
    said = [finding.text for finding in (*report.summary.complete, *report.summary.limits)]
    assert "No data was expected of never: nothing has ever come before." in said
    assert "No data in this period for temperature of a." in said


async def test_a_factory_without_devices_is_told_what_to_do(make) -> None:
    report = (await make()).report
    assert [finding.text for finding in report.summary.complete] == [
        "There was no device in this period. Add one under Devices."
    ]
    assert report.completeness_share is None


async def test_the_same_report_is_the_same_bytes_until_late_data_comes(plant, make, clock) -> None:
    device = await plant.device("a", interval_ms=MINUTE_MS)
    await plant.send(device, minutes(0, 60), {"temperature": [1.0] * 60})
    first = await make()
    assert first.report.generated_at == clock()
    clock.forward(hours=5)
    again = await make()
    assert again.json == first.json
    await plant.send(device, minutes(70, 1), {"temperature": [1.0]}, received_ms=MONDAY_MS + 9**10)
    revised = await make()
    assert revised.report.inputs.data_sha256 != first.report.inputs.data_sha256
    assert revised.report.generated_at == clock()
    clock.forward(hours=5)
    assert (await make()).json == revised.json


async def test_sealing_the_days_changes_no_byte(plant, make, source) -> None:
    device = await plant.device("a", interval_ms=MINUTE_MS)
    await plant.rule(device, limit=10.0)
    values = [float(n % 13) for n in range(2880)]
    late = minutes(0, 2880)
    await plant.send(device, late, {"temperature": values}, received_ms=late[-1])
    hot = await make()
    assert hot.report.completeness[0].late == 2874
    await seal(plant, source, [device], MONDAY_MS, days=3)
    assert await plant.pool.fetchval("select count(*) from batches") == 0
    assert (await make()).json == hot.json
    sealed = await make(ReportKind.COMPLIANCE, "2026-11-16..2026-11-21")
    assert sealed.report.completeness[0].late == 2874
    assert sealed.report.temperatures[0].beyond[0].seconds == (
        hot.report.temperatures[0].beyond[0].seconds
    )


async def test_what_is_sent_again_later_changes_no_byte(plant, make) -> None:
    device = await plant.device("a", interval_ms=MINUTE_MS)
    await plant.send(device, minutes(0, 60), {"temperature": [1.0] * 60})
    first = await make()
    again = [MONDAY_MS + 8 * DAY_MS]
    await plant.send(device, again, {"temperature": [1.0]}, epoch=2)
    await plant.send(device, again, {"temperature": [1.0]}, epoch=2, first_row=0)
    assert (await make()).json == first.json


async def test_a_period_that_is_not_over_looks_up_to_now(plant, make, clock) -> None:
    device = await plant.device("a", interval_ms=MINUTE_MS)
    now_ms = int(clock().timestamp() * 1000)
    times = [now_ms - n * MINUTE_MS for n in range(60, 0, -1)]
    await plant.send(device, times, {"temperature": [1.0] * 60})
    report = (await make(period="2026-W48")).report
    assert not report.period.over
    assert report.period.until == clock()
    [told] = report.completeness
    assert (told.received, told.expected) == (60, 60)
    assert told.days[1].share is None


async def test_a_week_with_an_hour_more_expects_an_hour_more(pool, make, plant) -> None:
    await pool.execute("update factories set time_zone = 'Europe/Berlin'")
    device = await plant.device("a", interval_ms=MINUTE_MS)
    begin = 1_792_360_800_000  # 2026-10-19 00:00 in Berlin
    await plant.send(device, [begin], {"temperature": [1.0]})
    [told] = (await make(period="2026-W43")).report.completeness
    assert told.expected == 169 * 60
    assert [day.expected for day in told.days] == [1440] * 6 + [1500]


async def test_the_compliance_report_says_who_changed_what(plant, pool, make) -> None:
    device = await plant.device("a")
    asked = NewRule(
        device_id=device, look=Threshold(h=100.0), priority=2, message="Hot", metric="temperature"
    )
    rule = await rules.create(pool, plant.scope, ACTOR, asked, at(MONDAY_MS + HOUR_MS))
    change = RuleChange(look=Threshold(h=110.0))
    await rules.change(pool, plant.scope, ACTOR, rule.id, change, at(MONDAY_MS + 2 * HOUR_MS))
    await rules.change(
        pool, plant.scope, ACTOR, rule.id, RuleChange(look=Threshold(h=9)), at(MONDAY_MS - 1)
    )
    deeds = (await make(ReportKind.COMPLIANCE)).report.deeds
    assert [(deed.actor, deed.action) for deed in deeds.rows] == [
        ("ayse@north.example", "rule.create"), ("ayse@north.example", "rule.change"),
    ]  # fmt: skip
    assert deeds.rows[1].changes == ["look.h: 100.0 → 110.0", "version: 1 → 2"]
    assert deeds.first_broken_row is None
    assert (await make()).report.deeds is None


async def test_another_factory_and_another_plants_devices_are_not_there(
    source, south, plant, make, clock
) -> None:
    with pytest.raises(NotFound):
        await build.make(source, plant.scope, Asked(ReportKind.WEEKLY, south.id), clock())
    await plant.device("ours")
    theirs = await build.make(
        source, Scope((south.id,)), Asked(ReportKind.WEEKLY, south.id), clock()
    )
    assert theirs.report.completeness == []
    with pytest.raises(Unprocessable):
        await make(period="2026-W60")


async def test_json_says_what_the_struct_says(plant, make) -> None:
    device = await plant.device("a")
    await plant.send(device, minutes(0, 5), {"vibration": [1.0] * 5})
    made = await make()
    assert msgspec.json.decode(made.json, type=type(made.report)) == made.report
    told = json.loads(made.json)
    assert told["period"] == {
        "name": "2026-W47",
        "begin": "2026-11-15T21:00:00Z",
        "end": "2026-11-22T21:00:00Z",
        "until": "2026-11-22T21:00:00Z",
        "over": True,
    }
