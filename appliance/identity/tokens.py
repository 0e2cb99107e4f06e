"""Access tokens: signed statements of a few minutes that a session exists (JWT, RFC 7519, 9068)."""

import secrets
from datetime import datetime, timedelta
from typing import Annotated

import jwt
import msgspec

from appliance.identity.keys import Keys
from appliance.model.ids import SessionId, UserId

ACCESS_LIFETIME = timedelta(minutes=10)
"""How long a stolen token could be of use if sessions were not looked up; renewed meanwhile."""
LEEWAY_SECONDS = 60
"""How far the clock may have been set back or forth without signing everybody out."""
MAX_CHARACTERS = 2048

_ALGORITHM = "HS256"
_TYPE = "at+jwt"
_ISSUER = "carbonseed"
_AUDIENCE = "carbonseed-api"
_Seconds = Annotated[int, msgspec.Meta(ge=0, le=2**40)]


class Claims(msgspec.Struct, frozen=True):
    """What an access token must say, every claim of it."""

    iss: str
    aud: str
    sub: Annotated[str, msgspec.Meta(pattern=r"\A[1-9][0-9]{0,8}\Z")]
    sid: Annotated[
        str,
        msgspec.Meta(pattern=r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"),
    ]
    jti: Annotated[str, msgspec.Meta(min_length=16)]
    iat: _Seconds
    exp: _Seconds


def sign(keys: Keys, user_id: UserId, session_id: SessionId, now: datetime) -> str:
    """An access token for the session."""
    claims = Claims(
        iss=_ISSUER,
        aud=_AUDIENCE,
        sub=str(user_id),
        sid=session_id,
        jti=secrets.token_hex(16),
        iat=int(now.timestamp()),
        exp=int((now + ACCESS_LIFETIME).timestamp()),
    )
    return jwt.encode(msgspec.to_builtins(claims), keys.signing, _ALGORITHM, headers={"typ": _TYPE})


def verify(keys: Keys, token: str, now: datetime) -> tuple[UserId, SessionId] | None:
    """Whose token this is, None if it is not one of ours or its time is over."""
    if len(token) > MAX_CHARACTERS:
        return None
    try:
        # Times are compared below, with the caller's clock.
        read = jwt.decode_complete(
            token,
            keys.signing,
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            issuer=_ISSUER,
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        claims = msgspec.convert(read["payload"], Claims)
    except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError):
        return None
    seconds = now.timestamp()
    in_time = claims.iat - LEEWAY_SECONDS <= seconds < claims.exp + LEEWAY_SECONDS
    if read["header"].get("typ") != _TYPE or not in_time:
        return None
    return UserId(int(claims.sub)), SessionId(claims.sid)
