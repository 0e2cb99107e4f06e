"""What rules did, in event time: the record that alarms, shadow lists and replays are told from."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from appliance.model.ids import RuleId
from appliance.model.rule import Rule, RuleMode
from appliance.model.shadow import ShadowAlert
from appliance.store.pool import Db

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StepRow(NamedTuple):
    """A step of a rule; step as in appliance.alarms.transition."""

    level: str
    at_ms: int
    step: str
    value: float | None
    forecast_ms: int | None
    late: bool


async def insert_rule_steps(db: Db, rule: Rule, steps: Sequence[StepRow]) -> None:
    """Record what a rule did, in this order."""
    await db.execute(
        """
        insert into rule_steps (rule_id, version, shadow, level, at_ms, step, value, forecast_ms,
                                late)
        select $1, $2, $3, s.*
          from unnest($4::text[], $5::int8[], $6::text[], $7::float8[], $8::int8[], $9::bool[]) as s
        """,
        rule.id,
        rule.version,
        rule.mode is RuleMode.SHADOW,
        *(list(column) for column in zip(*steps, strict=True)),
    )


async def select_rule_steps(
    db: Db, rule_id: RuleId, from_ms: int, version: int | None = None
) -> list[StepRow]:
    """What a rule did from from_ms on, in order."""
    rows = await db.fetch(
        """
        select level, at_ms, step, value, forecast_ms, late from rule_steps
         where rule_id = $1 and at_ms >= $2 and ($3::int is null or version = $3)
         order by at_ms, id
        """,
        rule_id,
        from_ms,
        version,
    )
    return [StepRow(*row) for row in rows]


async def delete_rule_steps(db: Db, rule_id: RuleId, from_ms: int) -> None:
    """Forget what a rule did from from_ms on: it is evaluated anew."""
    await db.execute("delete from rule_steps where rule_id = $1 and at_ms >= $2", rule_id, from_ms)


async def select_shadow_alerts(db: Db, rule: Rule, limit: int) -> list[ShadowAlert]:
    """What a rule would have raised while in shadow, the newest first."""
    rows = await db.fetch(
        """
        select r.version, r.level, r.at_ms, r.value, r.late, r.forecast_ms, c.at_ms as cleared_ms
          from rule_steps r
          left join lateral (
               select at_ms from rule_steps c
                where c.rule_id = r.rule_id and c.level = r.level and c.step = 'cleared'
                  and c.version = r.version and (c.at_ms, c.id) > (r.at_ms, r.id)
                order by at_ms, id limit 1
          ) as c on true
         where r.rule_id = $1 and r.shadow and r.step = 'raised'
         order by r.at_ms desc, r.id desc limit $2
        """,
        rule.id,
        limit,
    )
    return [
        ShadowAlert(
            version=row["version"],
            level=row["level"],
            raised_at=_time(row["at_ms"]),
            cleared_at=None if row["cleared_ms"] is None else _time(row["cleared_ms"]),
            value=row["value"],
            forecast_at=None if row["forecast_ms"] is None else _time(row["forecast_ms"]),
            late=row["late"],
        )
        for row in rows
    ]


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
