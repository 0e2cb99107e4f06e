"""What models answered about windows of signals, and how it goes with each model."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.model.ids import FactoryId, RuleId
from appliance.model.insight import ModelState
from appliance.model.look import Model
from appliance.model.rule import Rule
from appliance.store.pool import Connection, Db
from appliance.store.rules import rule_of

_LOCK = 0x_30D_E15
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A rule whose model is to be asked, and how it went so far."""

    rule: Rule
    device: str
    unit: str
    asked_at: datetime | None
    failures: int
    open_until: datetime | None


async def try_lock_models(db: Connection) -> bool:
    """Be the one who asks models, until this connection is given back; False: another is."""
    locked: bool = await db.fetchval("select pg_try_advisory_lock($1)", _LOCK)
    return locked


async def select_models(db: Db) -> list[Asked]:
    """The rules with a model that are in shadow or live, of all factories."""
    rows = await db.fetch(
        """
        select r.*, d.name as device, m.unit, s.asked_at, s.open_until,
               coalesce(s.failures, 0) as failures
          from whole_rules r
          join devices d on d.id = r.device_id
          join metrics m on m.name = r.metric
          left join model_states s on s.rule_id = r.id
         where r.kind = 'model' and r.mode in ('shadow', 'live')
         order by r.id
        """
    )
    return [
        Asked(
            rule=rule_of(row),
            device=row["device"],
            unit=row["unit"],
            asked_at=row["asked_at"],
            failures=row["failures"],
            open_until=row["open_until"],
        )
        for row in rows
    ]


class Breaker(NamedTuple):
    """A model that is left alone until a moment, for it failed so often in a row."""

    failures: int
    open_until: datetime
    error: str


async def select_breaker(db: Db, rule_id: RuleId, now: datetime) -> Breaker | None:
    """The open breaker of a rule's model; None if it may be asked."""
    row = await db.fetchrow(
        """
        select failures, open_until, error from model_states
         where rule_id = $1 and open_until > $2
        """,
        rule_id,
        now,
    )
    return None if row is None else Breaker(*row)


async def insert_model_score(
    db: Db, rule_id: RuleId, at: datetime, score: float, note: str, now: datetime
) -> None:
    """Keep an answer; the model works."""
    await db.execute(
        """
        with kept as (
            insert into model_scores (rule_id, at, score, note)
            select id, $2, $3, $4 from rules where id = $1
            on conflict (rule_id, at) do update set score = excluded.score, note = excluded.note
        )
        insert into model_states (rule_id, asked_at, answered_at)
        select id, $5, $5 from rules where id = $1
        on conflict (rule_id) do update
           set asked_at = $5, answered_at = $5, failures = 0, open_until = null, error = ''
        """,
        rule_id,
        at,
        score,
        note,
        now,
    )


async def update_model_failed(
    db: Db, rule_id: RuleId, now: datetime, error: str, open_until: datetime | None
) -> None:
    """Note that a model did not answer, and until when it is left alone."""
    await db.execute(
        """
        insert into model_states as s (rule_id, asked_at, failures, open_until, error)
        select id, $2, 1, $3, $4 from rules where id = $1
        on conflict (rule_id) do update
           set asked_at = $2, failures = s.failures + 1, open_until = $3, error = $4
        """,
        rule_id,
        now,
        open_until,
        error,
    )


async def model_series(
    db: Db, rule_id: RuleId, from_ms: int, to_ms: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """What a rule's model answered for windows that end in from_ms <= time < to_ms, in order."""
    rows = await db.fetch(
        """
        select (extract(epoch from at) * 1000)::int8 as time_ms, score from model_scores
         where rule_id = $1 and at >= $2 and at < $3 order by at
        """,
        rule_id,
        _EPOCH + timedelta(milliseconds=from_ms),
        _EPOCH + timedelta(milliseconds=to_ms),
    )
    times_ms = np.array([row["time_ms"] for row in rows], np.int64)
    return times_ms, np.array([row["score"] for row in rows], np.float64)


async def select_model_states(
    db: Db, factory_ids: Sequence[FactoryId], now: datetime
) -> list[ModelState]:
    """How it goes with each model of these factories, by device."""
    rows = await db.fetch(
        """
        select r.id as rule_id, r.device_id, d.name as device, r.metric, r.message, r.mode, r.look,
               s.asked_at, s.answered_at, coalesce(s.failures, 0) as failures, s.open_until,
               coalesce(s.error, '') as error, n.score, n.at as score_at,
               coalesce(n.note, '') as note
          from whole_rules r
          join devices d on d.id = r.device_id
          left join model_states s on s.rule_id = r.id
          left join lateral (
               select * from model_scores where rule_id = r.id order by at desc limit 1
          ) as n on true
         where r.kind = 'model' and r.mode in ('shadow', 'live')
           and r.factory_id = any($1::int[])
         order by d.name, r.id
        """,
        factory_ids,
    )
    return [_state(row, now) for row in rows]


async def delete_old_scores(db: Db, before: datetime) -> None:
    """Forget answers from before a moment."""
    await db.execute("delete from model_scores where at < $1", before)


def _state(row: Any, now: datetime) -> ModelState:
    look = msgspec.convert(row["look"], Model)
    told = {name: value for name, value in row.items() if name != "look"}
    is_open = row["open_until"] is not None and row["open_until"] > now
    state = "open" if is_open else "failing" if row["failures"] else "ok"
    if row["asked_at"] is None:
        state = "waiting"
    return msgspec.convert(
        {**told, "url": look.url, "above": look.above, "state": state}, ModelState
    )
