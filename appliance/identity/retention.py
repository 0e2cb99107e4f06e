"""How long readings are kept: set by administrators, with a record of who did it."""

from datetime import datetime

from appliance.errors import NotFound
from appliance.identity import audit
from appliance.model.audit import Actor, AuditEntry
from appliance.model.retention import RetentionChange, RetentionRule
from appliance.model.scope import Scope
from appliance.store import retention
from appliance.store.pool import Connection, Pool


async def change(
    db: Pool, scope: Scope, actor: Actor, asked: RetentionChange, now: datetime
) -> list[RetentionRule]:
    """Set or take away a rule; the rules that stand in its factory then."""
    factory = Scope((asked.factory_id,))
    async with db.acquire() as connection, connection.transaction():
        old = await _keep_days(connection, factory, asked)
        if asked.keep_days is None:
            await retention.delete_retention_rule(connection, scope, asked)
        elif not await retention.upsert_retention_rule(connection, scope, asked, now):
            raise NotFound("There is no such factory or metric.")
        if asked.factory_id in scope.factory_ids and old != asked.keep_days:
            entry = AuditEntry(
                at=now,
                actor=actor,
                action="retention.change",
                object=f"{asked.kind} of {asked.metric}, factory {asked.factory_id}",
                factory_ids=[asked.factory_id],
                old={"keep_days": old},
                new={"keep_days": asked.keep_days},
            )
            await audit.record(connection, entry)
    return await retention.select_retention_rules(db, scope)


async def _keep_days(db: Connection, factory: Scope, asked: RetentionChange) -> int | None:
    rules = await retention.select_retention_rules(db, factory)
    return next(
        (
            rule.keep_days
            for rule in rules
            if (rule.metric, rule.kind) == (asked.metric, asked.kind)
        ),
        None,
    )
