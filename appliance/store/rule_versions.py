"""Each version of each rule, whole."""

from datetime import datetime

import msgspec

from appliance.model.ids import RuleId
from appliance.model.rule import Rule, RuleVersion
from appliance.store.pool import Db


async def upsert_rule_version(db: Db, rule: Rule, changed_by: str, changed_at: datetime) -> None:
    """Keep a version; other words for the same version take its place."""
    await db.execute(
        """
        insert into rule_versions (rule_id, version, changed_at, changed_by, rule)
        values ($1, $2, $3, $4, $5)
        on conflict (rule_id, version) do update set rule = excluded.rule
        """,
        rule.id,
        rule.version,
        changed_at,
        changed_by,
        msgspec.to_builtins(rule),
    )


async def select_rule_versions(db: Db, rule_id: RuleId) -> list[RuleVersion]:
    """The versions of a rule, the newest first."""
    rows = await db.fetch(
        """
        select version, changed_at as at, changed_by as by, rule from rule_versions
         where rule_id = $1 order by version desc
        """,
        rule_id,
    )
    return [msgspec.convert(dict(row), RuleVersion) for row in rows]
