"""`carbonseed verify`: proves what was taken from an appliance, offline and with it stopped."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import rich_click as click

from appliance.cli import exits, options
from appliance.errors import BadRequest

if TYPE_CHECKING:
    from appliance.reports.bundle import Proved


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--key",
    help="Fingerprint of the appliance's key, as its Reports page shows it: refuse any other.",
)
@options.as_json
def verify(*, path: Path, key: str | None, as_json: bool) -> int:
    """Prove a signed report, or an archive of sealed history: that no byte was changed since.

    Needs nothing but PATH, a report's file or the folder of an archive. Exit code 8 if something
    is not as it was signed or sealed.
    """
    if not path.is_dir():
        _tell_report(path, key, as_json=as_json)
        return 0
    if not (path / "manifest.json").is_file():
        raise BadRequest(
            f"{path} is no archive, it has no manifest.json. Name a signed report, a file that "
            "ends in .zip, or the folder of an archive."
        )
    return _tell_archive(path, as_json=as_json)


def _tell_archive(folder: Path, *, as_json: bool) -> int:
    from appliance.archive.manifest import ManifestUnreadable  # noqa: PLC0415
    from appliance.archive.verify import verify as verify_archive  # noqa: PLC0415

    try:
        found = verify_archive(folder)
    except ManifestUnreadable as error:
        click.echo(str(error), err=True)
        return exits.VERIFICATION_FAILED
    if as_json:
        told = {"schema_version": 1, "whole": not found.faults, **msgspec.structs.asdict(found)}
        click.echo(msgspec.json.encode(told))
    else:
        for fault in found.faults:
            click.echo(f"{fault.fault:8}  {fault.path}: {fault.said}")
        click.echo(
            f"{folder}: {found.files:,} files, {found.readings:,} readings, {found.bytes:,} bytes: "
            + (f"faults: {len(found.faults):,}" if found.faults else "all as sealed.")
        )
    return exits.VERIFICATION_FAILED if found.faults else 0


def _tell_report(file: Path, key: str | None, *, as_json: bool) -> None:
    from appliance.reports import bundle  # noqa: PLC0415  help needs none of it

    proved = bundle.verify(file.read_bytes(), key and key.strip().lower())
    if as_json:
        told = {"schema_version": 1, "hash": proved.hash.hex(), "statement": proved.statement}
        click.echo(msgspec.json.encode(told))
        return
    click.echo(_words(file, proved, trusted=key is not None))


def _words(file: Path, proved: "Proved", *, trusted: bool) -> str:
    told = proved.statement
    lines = [
        f"{file} is as it was signed.",
        f"  Report      {told.kind}, {told.factory.name}, {told.period}",
        f"  {told.meaning.title():10}  by {told.signer} ({told.signer_role}, {told.signer_email})",
        f"  At          {told.signed_at:%Y-%m-%d %H:%M:%S}Z",
        f"  Place       {told.position} in the chain of signatures",
        f"  Hash        {proved.hash.hex()}",
        f"  Before it   {told.previous}",
        f"  Data        {told.data_sha256}",
        f"  Key         {told.key}",
    ]
    if told.replaces:
        lines.append(f"  Replaces    {told.replaces}, the data that was signed before")
    if not trusted:
        lines.append(
            "Compare the key with the one on the appliance's Reports page, or give it with --key: "
            "with a key of their own, anybody can sign anything."
        )
    return "\n".join(lines)
