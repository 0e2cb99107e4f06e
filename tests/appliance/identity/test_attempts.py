"""Guessing made slow."""

from datetime import timedelta

import pytest

from appliance.errors import TooMany
from appliance.identity import attempts

JANE, HERE = "jane@north.example", "192.0.2.1"


@pytest.fixture
def take(pool, clock):
    async def do(email: str = JANE, address: str = HERE) -> int:
        """The seconds to wait; 0 if the attempt is granted."""
        try:
            await attempts.take(pool, email, address, clock())
        except TooMany as error:
            return error.retry_after_seconds or -1
        return 0

    return do


async def test_the_wait_doubles_up_to_a_quarter_of_an_hour(take, clock) -> None:
    waits = []
    for _ in range(14):
        wait = await take()
        waits.append(wait)
        if wait:
            clock.forward(seconds=wait - 1)
            assert await take() == 1, "a refused attempt makes the wait no longer"
            clock.forward(seconds=1)
            assert await take() == 0
    assert waits == [0, 0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 900, 900, 900]


async def test_what_was_right_in_the_end_is_forgiven(pool, take) -> None:
    for _ in range(5):
        await take()
    assert await take()
    await attempts.forgive(pool, JANE, HERE)
    assert await take() == 0


async def test_one_persons_mistakes_are_not_anothers(take) -> None:
    for _ in range(6):
        await take()
    assert await take("joe@north.example") == 0
    assert await take(address="192.0.2.2") == 0


async def test_a_clock_set_back_locks_nobody_out(take, clock) -> None:
    for _ in range(6):
        await take()
    clock.forward(days=-300)
    assert await take() == 15


async def test_old_attempts_are_not_kept(pool, take, clock) -> None:
    await take()
    clock.now += attempts.REMEMBERED + timedelta(seconds=1)
    await take("joe@north.example")
    assert [row["email"] for row in await pool.fetch("select email from login_failures")] == [
        "joe@north.example"
    ]
