"""Guessing made slow without locking anybody out: attempts are counted by where they come from.

Failures count for an e-mail address from one network address, and for that network address
as a whole. Whoever guesses waits longer and longer; the person guessed at still gets in from
elsewhere. The counts are kept in the database, so a restart gives no fresh start.
"""

import math
from datetime import datetime, timedelta

from appliance.errors import TooMany
from appliance.store import login_failures
from appliance.store.pool import Db, Pool

FREE_PER_PERSON = 5
"""Attempts that cost nothing: people mistype."""
FREE_PER_ADDRESS = 30
"""More of them, and remembered for less long, where a whole plant may share one address."""
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=15)
REMEMBERED = timedelta(hours=24)
REMEMBERED_OF_ADDRESS = timedelta(minutes=15)


async def take(db: Pool, email: str, address: str, now: datetime) -> None:
    """Count an attempt before it is known whether it succeeds, or refuse it with TooMany.

    Counting first keeps a hundred attempts at once from all being the first one.
    """
    await _refuse_too_many(db, email, address, now)  # without a lock: a flood ends here
    async with db.acquire() as connection, connection.transaction():
        await login_failures.lock_login_failures(connection, address)
        await _refuse_too_many(connection, email, address, now)
        await login_failures.delete_old_login_failures(connection, now - REMEMBERED)
        await login_failures.insert_login_failure(connection, email, address, now)


async def forgive(db: Pool, email: str, address: str) -> None:
    """Forget an e-mail address's attempts from an address: the last one was right."""
    await login_failures.delete_login_failures(db, email, address)


async def _refuse_too_many(db: Db, email: str, address: str, now: datetime) -> None:
    failed = await login_failures.select_login_failures(
        db, email, address, now - REMEMBERED, now - REMEMBERED_OF_ADDRESS
    )
    wait = max(
        _wait(failed.count - FREE_PER_PERSON, failed.last_at, now),
        _wait(failed.all_count - FREE_PER_ADDRESS, failed.all_last_at, now),
    )
    if wait > timedelta(0):
        seconds = math.ceil(wait.total_seconds())
        raise TooMany(
            f"Too many attempts from here. Try again in {seconds} s.", retry_after_seconds=seconds
        )


def _wait(beyond: int, last_at: datetime | None, now: datetime) -> timedelta:
    """How long the next attempt must wait: twice as long with each failure past the free ones."""
    if last_at is None or beyond < 0:
        return timedelta(0)
    since = min(last_at, now)  # a clock set back locks nobody out
    return since + min(FIRST_WAIT * (1 << min(beyond, 10)), LONGEST_WAIT) - now
