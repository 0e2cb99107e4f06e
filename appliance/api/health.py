"""Whether this process lives, and whether it can do its work."""

import asyncio
from collections.abc import Callable

from quart import Blueprint, Response

from appliance.http.access import public
from appliance.http.body import reply
from appliance.store.cursors import exists_leader
from appliance.store.migrate import count_missing
from appliance.store.pool import UNREACHABLE, Pool

ANSWER_SECONDS = 3.0
OK = "ok"


def create_health(pool: Pool, trouble: Callable[[], str | None]) -> Blueprint:
    """The two questions that supervisors ask, answered on these resources.

    trouble: what keeps readings from being stored, if anything does.
    """
    health = Blueprint("health", __name__, url_prefix="/healthz")

    @health.get("/live")
    @public
    async def live() -> Response:
        return reply({"live": True})

    @health.get("/ready")
    @public
    async def ready() -> Response:
        """Everything that must be there for readings and people, "ok" or what is missing."""
        checks = {"writer": trouble() or OK, **await _database(pool)}
        is_ready = all(said == OK for said in checks.values())
        return reply({"ready": is_ready, "checks": checks}, 200 if is_ready else 503)

    return health


async def _database(pool: Pool) -> dict[str, str]:
    try:
        async with asyncio.timeout(ANSWER_SECONDS), pool.acquire() as db:
            missing = await count_missing(db)
            led = await exists_leader(db)
    except UNREACHABLE as error:
        return {"database": f"does not answer: {type(error).__name__}"}
    return {
        "database": OK,
        "migrations": f"{missing} are not applied" if missing else OK,
        "engine": OK if led else "no engine works: alerts are neither raised nor cleared",
    }
