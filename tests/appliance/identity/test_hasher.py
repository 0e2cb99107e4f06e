"""Hashing passwords."""

import asyncio
import time
import unicodedata
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import bcrypt
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import TooMany
from appliance.identity.hasher import MAX_WAITING, Hasher

PEPPER = b"p" * 32
PASSWORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=128)


class AtOnce(Executor):
    """Does the work in the calling thread: for properties, not for counting."""

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        done: Future[object] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def hashed(password: str) -> str:
    return asyncio.run(Hasher(PEPPER, cost=4).hash(AtOnce(), password))


def matches(password: str, stored: str | None) -> bool:
    return asyncio.run(Hasher(PEPPER, cost=4).matches(AtOnce(), password, stored))


@settings(max_examples=60, deadline=None)
@given(PASSWORDS, st.data())
def test_every_character_of_a_password_counts(password: str, data: st.DataObject) -> None:
    stored = hashed(password)
    assert matches(password, stored)
    at = data.draw(st.integers(0, len(password) - 1))
    other = data.draw(st.characters(exclude_categories=["Cs"]))
    changed = password[:at] + other + password[at + 1 :]
    same = unicodedata.normalize("NFC", changed) == unicodedata.normalize("NFC", password)
    assert matches(changed, stored) == same
    assert not matches(password + other, stored) or unicodedata.combining(other)


def test_sixty_four_emoji_are_a_password_to_the_last_one() -> None:
    emoji = "".join(chr(0x1F300 + i) for i in range(64))
    stored = hashed(emoji)
    assert matches(emoji, stored)
    assert not matches(emoji[:-1] + "🚀", stored)
    assert not matches(emoji[:-1], stored)


def test_an_accent_is_the_same_from_every_keyboard() -> None:
    assert matches("Gießerei café", hashed("Gießerei cafe\N{COMBINING ACUTE ACCENT}"))


def test_a_very_long_password_and_a_nul_are_hashed_like_any_other() -> None:
    assert matches("x" * 1024, hashed("x" * 1024))
    assert not matches("before\0after", hashed("before\0other"))


def test_without_a_hash_nothing_matches() -> None:
    assert not matches("anything at all", None)
    assert not matches("!", "!")


def test_without_a_hash_the_answer_takes_as_many_rounds() -> None:
    def cpu_seconds(cost: int) -> float:
        began = time.thread_time()
        asyncio.run(Hasher(PEPPER, cost=cost).matches(AtOnce(), "anything at all", None))
        return time.thread_time() - began

    assert cpu_seconds(10) > 8 * cpu_seconds(4), "64 times as many rounds"


def test_another_pepper_matches_nothing() -> None:
    stored = hashed("seven walrus kettle")
    other = Hasher(b"q" * 32, cost=4)
    assert not asyncio.run(other.matches(AtOnce(), "seven walrus kettle", stored))


def test_the_stored_hash_is_bcrypt_of_the_wanted_cost() -> None:
    assert hashed("seven walrus kettle").startswith("$2b$04$")
    assert Hasher(PEPPER).cost == 12


def test_a_hash_of_fewer_rounds_is_outdated() -> None:
    hasher = Hasher(PEPPER, cost=5)
    assert hasher.is_outdated(hashed("seven walrus kettle"))
    assert not hasher.is_outdated(bcrypt.hashpw(b"x", bcrypt.gensalt(6)).decode())


class Counting(Executor):
    """A pool of many threads that notes how many work at a time."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(16)
        self.working = self.most = 0

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        self.working += 1
        self.most = max(self.most, self.working)
        future = self.pool.submit(fn, *args, **kwargs)
        future.add_done_callback(lambda _: setattr(self, "working", self.working - 1))
        return future


async def test_at_most_two_are_hashed_at_a_time_and_the_queue_ends() -> None:
    hasher, executor = Hasher(PEPPER, cost=6), Counting()
    done = await asyncio.gather(
        *(hasher.hash(executor, f"password {i}") for i in range(MAX_WAITING + 5)),
        return_exceptions=True,
    )
    executor.pool.shutdown()
    assert executor.most == 2
    assert sum(isinstance(result, str) for result in done) == MAX_WAITING
    refused = [result for result in done if isinstance(result, TooMany)]
    assert len(refused) == 5
    assert refused[0].retry_after_seconds
    assert await hasher.hash(AtOnce(), "the queue is empty again")


async def test_the_loop_stays_free_while_a_password_is_hashed() -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    with ThreadPoolExecutor(1) as executor:
        turning = asyncio.create_task(turn())
        await Hasher(PEPPER, cost=9).hash(executor, "seven walrus kettle")
        turning.cancel()
    assert turns > 10
