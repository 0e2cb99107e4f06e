"""Access tokens, and all the ways to forge one."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from appliance.identity import tokens
from appliance.identity.hasher import Hasher
from appliance.identity.keys import Keys
from appliance.model.ids import SessionId, UserId

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEYS = Keys(b"s" * 32, Hasher(b"p" * 32, cost=4))
SESSION = SessionId("6f1f9a58-3c4f-4f5e-9a6d-2b6f7a1c0d3e")


def claims(**changes: Any) -> dict[str, Any]:
    good = jwt.decode(
        tokens.sign(KEYS, UserId(7), SESSION, NOW), options={"verify_signature": False}
    )
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def forged(key: bytes = KEYS.signing, algorithm: str = "HS256", **changes: Any) -> str:
    headers = {"typ": "at+jwt"} | changes.pop("headers", {})
    return jwt.encode(claims(**changes), key, algorithm, headers=headers)


def verified(token: str, now: datetime = NOW) -> object:
    return tokens.verify(KEYS, token, now)


def test_a_token_names_its_user_and_session() -> None:
    assert verified(tokens.sign(KEYS, UserId(7), SESSION, NOW)) == (7, SESSION)
    assert verified(forged()) == (7, SESSION)


@pytest.mark.parametrize("claim", ["exp", "iat", "iss", "aud", "sub", "jti", "sid"])
def test_every_claim_is_required(claim: str) -> None:
    assert verified(forged(**{claim: None})) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody else"},
        {"aud": "another api"},
        {"sub": "0"},
        {"sub": "7; drop table users"},
        {"sub": "99999999999"},
        {"sid": "not a session"},
        {"exp": "never"},
        {"exp": 1e300},
        {"iat": -1},
        {"jti": ""},
    ],
)
def test_a_claim_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    assert verified(forged(**changes)) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
    ],
)
def test_a_token_of_another_kind_is_refused(headers: dict[str, Any]) -> None:
    assert verified(forged(headers=headers)) is None


def test_keys_named_by_the_token_itself_are_not_used() -> None:
    jwk = {"kty": "oct", "k": base64.urlsafe_b64encode(b"a" * 32).decode()}
    for headers in ({"jwk": jwk}, {"jku": "https://evil.example/keys"}, {"x5u": "https://evil"}):
        assert verified(forged(key=b"a" * 32, headers=headers)) is None


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused(algorithm: str) -> None:
    assert verified(forged(key=KEYS.signing * 2, algorithm=algorithm)) is None


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_an_unsigned_token_is_refused(algorithm: str) -> None:
    header = json.dumps({"alg": algorithm, "typ": "at+jwt"}).encode()
    body = json.dumps(claims()).encode()
    parts = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (header, body)]
    assert verified(".".join([*parts, ""])) is None


def test_a_token_of_another_appliance_is_refused() -> None:
    assert verified(forged(key=b"t" * 32)) is None


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_changed_token_is_refused(place: int) -> None:
    parts = forged().split(".")
    parts[place] = parts[place][:-2] + ("A" if parts[place][-2] != "A" else "B") + parts[place][-1]
    assert verified(".".join(parts)) is None


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "\0", "é.é.é", "x" * 100_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert verified(token) is None


def test_a_token_ends_after_ten_minutes_and_a_minute_of_leeway() -> None:
    token = tokens.sign(KEYS, UserId(7), SESSION, NOW)
    assert verified(token, NOW + timedelta(minutes=10, seconds=59))
    assert verified(token, NOW + timedelta(minutes=11)) is None


def test_a_clock_set_back_a_little_signs_nobody_out() -> None:
    token = tokens.sign(KEYS, UserId(7), SESSION, NOW)
    assert verified(token, NOW - timedelta(seconds=60))
    assert verified(token, NOW - timedelta(seconds=61)) is None
