"""The demo's people: one of each role, all with one password made at the first start."""

import secrets
from datetime import datetime

from appliance.demo import plant
from appliance.http.context import Context
from appliance.identity import first_administrator, passwords, users
from appliance.identity.first_administrator import FirstAdministrator
from appliance.identity.passwords import Reset
from appliance.identity.users import NewUser
from appliance.model.audit import Actor
from appliance.model.ids import FactoryId
from appliance.model.session import Client
from appliance.model.user import Role
from appliance.store.users import select_user_id

ADMINISTRATOR = ("anna@werk-nord.example", "Anna Adler")
OTHERS = (
    ("timo@werk-nord.example", "Timo Berg", Role.TECHNICIAN),
    ("olga@werk-nord.example", "Olga Kern", Role.OPERATOR),
    ("max@werk-nord.example", "Max Lorenz", Role.MANAGER),
    ("clara@werk-nord.example", "Clara Vogt", Role.COMPLIANCE),
)
EVERYBODY = (
    (ADMINISTRATOR[0], Role.ADMINISTRATOR),
    *((email, role) for email, _, role in OTHERS),
)
OPERATOR = OTHERS[1][0]
ACTOR = Actor("demo", "console")
CLIENT = Client("console", "carbonseed up --demo")


def make_password() -> str:
    """64 random bits, grouped so that they can be read off a terminal and typed."""
    return "-".join(secrets.token_hex(2) for _ in range(4))


async def add_administrator(c: Context, code: str, password: str, now: datetime) -> None:
    """Add the first administrator, and with her the factory, by the code of the first start."""
    email, name = ADMINISTRATOR
    asked = FirstAdministrator(code, email, name, password, plant.FACTORY, plant.TIME_ZONE)
    await first_administrator.create(c.db, c.keys, c.blocking, asked, CLIENT, now)


async def add_others(c: Context, factory_id: FactoryId, password: str, now: datetime) -> None:
    """Add one person of every other role to the factory."""
    for email, name, role in OTHERS:
        if await select_user_id(c.db, email) is None:
            asked = NewUser(email, name, role, [factory_id])
            invitation = await users.create(c.db, ACTOR, asked, now)
            chosen = Reset(invitation.code, password)
            await passwords.reset(c.db, c.keys, c.blocking, chosen, CLIENT, now)
