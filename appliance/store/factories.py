"""Factories."""

import asyncpg

from appliance.errors import Conflict
from appliance.model.factory import Factory
from appliance.model.ids import FactoryId
from appliance.model.scope import Scope
from appliance.store.pool import Db


async def select_factories(db: Db, scope: Scope) -> list[Factory]:
    """The factories in scope, by name."""
    rows = await db.fetch(
        "select id, name, time_zone from factories where id = any ($1::int[]) order by name",
        scope.factory_ids,
    )
    return [Factory(**row) for row in rows]


async def select_all_factories(db: Db) -> list[Factory]:
    """Every factory, by name: for the console on the box itself and for workers."""
    rows = await db.fetch("select id, name, time_zone from factories order by name")
    return [Factory(**row) for row in rows]


async def insert_factory(db: Db, name: str, time_zone: str) -> Factory:
    """Add a factory; a name that is taken is a Conflict."""
    try:
        made: FactoryId = await db.fetchval(
            "insert into factories (name, time_zone) values ($1, $2) returning id", name, time_zone
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"There is a factory {name} already.") from error
    return Factory(made, name, time_zone)
