"""`carbonseed user`: people, from the box itself and straight in its database."""

import asyncio
from pathlib import Path

import msgspec
import rich_click as click

from appliance.cli import local, options
from appliance.cli.box import box
from appliance.errors import BadRequest, NotFound
from appliance.identity import users
from appliance.identity.users import Invitation, NewUser, UserChanges
from appliance.model.ids import UserId
from appliance.model.user import Role
from appliance.settings import Settings
from appliance.store.factories import select_all_factories
from appliance.store.pool import Db
from appliance.store.users import select_user_id, select_users


@click.group()
def user() -> None:
    """Add, list and disable people, or give them a new one-time code.

    Works on the box itself, whether the appliance runs or not. Every change is recorded.
    """


@user.command("add")
@click.argument("email")
@click.option("--name", required=True, help="What the person is called.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--factory", "factory_names", multiple=True, help="By name; may be given again.")
@options.data_dir
def add(
    *, email: str, name: str, role: str, factory_names: tuple[str, ...], data_dir: Path | None
) -> None:
    """Add a person. Prints the one-time code with which they set their password."""
    given = {"email": email, "name": name, "role": role}
    settings = options.settings(data_dir=data_dir)
    _tell(asyncio.run(_add(settings, given, factory_names)))


@user.command("list")
@options.as_json
@options.data_dir
def list_(*, as_json: bool, data_dir: Path | None) -> None:
    """List everybody with their role and factories."""
    click.echo(asyncio.run(_list(options.settings(data_dir=data_dir), as_json=as_json)))


@user.command("reset")
@click.argument("email")
@options.data_dir
def reset(*, email: str, data_dir: Path | None) -> None:
    """Take a person's password away. Prints the one-time code for the next one."""
    _tell(asyncio.run(_reset(options.settings(data_dir=data_dir), email)))


@user.command("disable")
@click.argument("email")
@options.data_dir
def disable(*, email: str, data_dir: Path | None) -> None:
    """Keep a person out from now on; their sessions end at once."""
    asyncio.run(_change(options.settings(data_dir=data_dir), email, UserChanges(disabled=True)))
    click.echo(f"{email} is signed out and cannot sign in.", err=True)


@user.command("enable")
@click.argument("email")
@options.data_dir
def enable(*, email: str, data_dir: Path | None) -> None:
    """Let a person in again, with the password they had."""
    asyncio.run(_change(options.settings(data_dir=data_dir), email, UserChanges(disabled=False)))
    click.echo(f"{email} can sign in again.", err=True)


async def _add(
    settings: Settings, given: dict[str, str], factory_names: tuple[str, ...]
) -> Invitation:
    async with box(settings) as db:
        everywhere = given["role"] == Role.ADMINISTRATOR and not factory_names
        there = [] if everywhere else await local.factories(db, factory_names)
        try:
            asked = msgspec.convert({**given, "factory_ids": [f.id for f in there]}, NewUser)
        except msgspec.ValidationError as error:
            raise BadRequest(f"This person cannot be added: {error}") from error
        return await users.create(db, local.actor(), asked, local.now())


async def _list(settings: Settings, *, as_json: bool) -> str:
    async with box(settings) as db:
        everybody = await select_users(db)
        names = {factory.id: factory.name for factory in await select_all_factories(db)}
    if as_json:
        return msgspec.json.encode({"schema_version": 1, "users": everybody}).decode()
    rows = [
        (
            one.email,
            one.name,
            one.role,
            "all"
            if one.role is Role.ADMINISTRATOR
            else ", ".join(names[factory_id] for factory_id in one.factory_ids),
            "disabled" if one.disabled_at else local.moment(one.last_login_at),
        )
        for one in everybody
    ]
    return local.columns([("E-MAIL", "NAME", "ROLE", "FACTORIES", "LAST SIGN-IN"), *rows])


async def _reset(settings: Settings, email: str) -> Invitation:
    async with box(settings) as db:
        return await users.reset(db, local.actor(), await _id(db, email), local.now())


async def _change(settings: Settings, email: str, changes: UserChanges) -> None:
    async with box(settings) as db:
        await users.change(db, local.actor(), await _id(db, email), changes, local.now())


async def _id(db: Db, email: str) -> UserId:
    found = await select_user_id(db, email.strip().lower())
    if found is None:
        raise NotFound(f"Nobody has the e-mail address {email}. See: carbonseed user list")
    return found


def _tell(invitation: Invitation) -> None:
    """The code alone on stdout, so that a script can take it; the words beside it."""
    person = invitation.user
    click.echo(f"{person.name} ({person.role}) sets a password with this code.", err=True)
    click.echo("It is good once, for 24 hours, and is not shown again:", err=True)
    click.echo(invitation.code)
