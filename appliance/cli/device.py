"""`carbonseed device`: devices and their keys, from the box itself and straight in its database."""

import asyncio
from pathlib import Path
from shlex import quote

import msgspec
import rich_click as click

from appliance.cli import local, options
from appliance.cli.box import box
from appliance.errors import BadRequest, Conflict, NotFound
from appliance.identity import devices
from appliance.identity.devices import IssuedKey, NewDevice, Registered
from appliance.model.device import Device, DeviceKey
from appliance.model.ids import FactoryId, KeyId, MachineId
from appliance.model.scope import Scope
from appliance.settings import Settings
from appliance.store.device_keys import select_device_keys
from appliance.store.devices import select_devices
from appliance.store.factories import select_all_factories
from appliance.store.machines import select_machines
from appliance.store.pool import Db


@click.group()
def device() -> None:
    """Add and list devices, give and revoke their keys.

    Works on the box itself, whether the appliance runs or not. Every change is recorded.
    DEVICE is a device's number or its name.
    """


@device.command("add")
@click.argument("name")
@click.option("--factory", "factory", help="By name; not needed where there is only one.")
@click.option("--machine", help="What it is fixed to, by name.")
@click.option(
    "--interval-ms",
    type=click.IntRange(100, 24 * 3600 * 1000),
    default=10_000,
    show_default=True,
    help="How often it sends.",
)
@options.data_dir
def add(
    *,
    name: str,
    factory: str | None,
    machine: str | None,
    interval_ms: int,
    data_dir: Path | None,
) -> None:
    """Register a device. Prints its key."""
    given = {"name": name, "expected_interval_ms": interval_ms}
    settings = options.settings(data_dir=data_dir)
    made = asyncio.run(_add(settings, given, factory, machine))
    click.echo(
        f"Device {made.device.id} is {made.device.name}. Its key, shown this once:", err=True
    )
    click.echo(made.key)


@device.command("list")
@options.as_json
@options.data_dir
def list_(*, as_json: bool, data_dir: Path | None) -> None:
    """List the devices with the numbers of their live keys."""
    click.echo(asyncio.run(_list(options.settings(data_dir=data_dir), as_json=as_json)))


@device.command("rotate-key")
@click.argument("device")
@options.data_dir
def rotate_key(*, device: str, data_dir: Path | None) -> None:
    """Give a device a second key. Prints it; the old one works until it is revoked."""
    issued, old = asyncio.run(_rotate(options.settings(data_dir=data_dir), device))
    for key in old:
        click.echo(
            f"Once the device uses the new key: revoke-key {quote(device)} {key.id}", err=True
        )
    click.echo("The new key, shown this once:", err=True)
    click.echo(issued.key)


@device.command("revoke-key")
@click.argument("device")
@click.argument("key_id")
@options.data_dir
def revoke_key(*, device: str, key_id: str, data_dir: Path | None) -> None:
    """Make a key useless at once, by its id as `list` shows it."""
    asyncio.run(_revoke(options.settings(data_dir=data_dir), device, KeyId(key_id)))
    click.echo(f"The key {key_id} is revoked.", err=True)


async def _add(
    settings: Settings, given: dict[str, object], factory: str | None, machine: str | None
) -> Registered:
    async with box(settings) as db:
        (where,) = await local.factories(db, [factory] if factory else [])
        scope = Scope((where.id,))
        machine_id = None if machine is None else await _machine(db, scope, machine)
        try:
            asked = msgspec.convert(
                {**given, "factory_id": where.id, "machine_id": machine_id}, NewDevice
            )
        except msgspec.ValidationError as error:
            raise BadRequest(f"This device cannot be added: {error}") from error
        return await devices.register(db, scope, local.actor(), asked, local.now())


async def _list(settings: Settings, *, as_json: bool) -> str:
    async with box(settings) as db:
        scope = await _everywhere(db)
        there = await select_devices(db, scope)
        keys = {one.id: await _live_keys(db, scope, one) for one in there}
        names = {factory.id: factory.name for factory in await select_all_factories(db)}
    if as_json:
        told = [{**msgspec.to_builtins(one), "keys": keys[one.id]} for one in there]
        return msgspec.json.encode({"schema_version": 1, "devices": told}).decode()
    rows = [
        (
            str(one.id),
            one.name,
            names[one.factory_id],
            one.machine or "-",
            ", ".join(f"{key.id} (used {local.moment(key.last_used_at)})" for key in keys[one.id]),
        )
        for one in there
    ]
    return local.columns([("ID", "NAME", "FACTORY", "MACHINE", "LIVE KEYS"), *rows])


async def _rotate(settings: Settings, name: str) -> tuple[IssuedKey, list[DeviceKey]]:
    async with box(settings) as db:
        scope = await _everywhere(db)
        one = await _device(db, scope, name)
        old = await _live_keys(db, scope, one)
        return await devices.issue_key(db, scope, local.actor(), one.id, local.now()), old


async def _revoke(settings: Settings, name: str, key_id: KeyId) -> None:
    async with box(settings) as db:
        scope = await _everywhere(db)
        one = await _device(db, scope, name)
        await devices.revoke_key(db, scope, local.actor(), one.id, key_id, local.now())


async def _everywhere(db: Db) -> Scope:
    return Scope(tuple(FactoryId(factory.id) for factory in await select_all_factories(db)))


async def _live_keys(db: Db, scope: Scope, one: Device) -> list[DeviceKey]:
    keys = await select_device_keys(db, scope, one.id)
    return [key for key in keys if key.revoked_at is None]


async def _device(db: Db, scope: Scope, given: str) -> Device:
    there = await select_devices(db, scope)
    found = [one for one in there if str(one.id) == given] or [
        one for one in there if one.name == given
    ]
    if not found:
        raise NotFound(f"There is no device {given}. See: carbonseed device list")
    if len(found) > 1:
        numbers = ", ".join(str(one.id) for one in found)
        raise Conflict(f"Several devices are called {given}. Say which by its number: {numbers}.")
    return found[0]


async def _machine(db: Db, scope: Scope, name: str) -> MachineId:
    there = await select_machines(db, scope)
    for machine in there:
        if machine.name == name:
            return machine.id
    known = ", ".join(machine.name for machine in there) or "none yet"
    raise NotFound(f"There is no machine {name} in this factory. There are: {known}.")
