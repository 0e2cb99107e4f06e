"""The appliance's settings: one struct, read once from the environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from appliance.errors import CarbonseedError

PREFIX = "CARBONSEED_"


class SettingsError(CarbonseedError):
    """A setting is wrong."""

    code = "settings"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting with its default; the variable of `people_port` is CARBONSEED_PEOPLE_PORT."""

    data_dir: Path = Path("/var/lib/carbonseed")
    """Everything the appliance keeps: database, certificates, secrets."""
    database_url: str | None = None
    """A PostgreSQL server to use; none: the appliance runs its own."""
    database_password_file: Path | None = None
    """Holds the password for database_url, so that it stands in no environment."""
    pg_bin: Path | None = None
    """Folder of PostgreSQL programs for the appliance's own server."""
    host: str = "0.0.0.0"  # noqa: S104  nodes and browsers come from the plant's network
    """Address the listeners bind to."""
    people_port: int = 8443
    device_port: int = 8444
    http_port: int = 8080
    """Plain HTTP: sends browsers to HTTPS and refuses everything else. 0: off."""
    names: list[str] = []
    """More host names and addresses for the certificate, comma-separated."""
    api_pool_size: int = 8
    writer_queue_batches: int = 2000
    """Batches that may wait for the writer; more are answered 503."""
    device_requests_per_minute: int = 600
    """Posts a device may make before it is answered 429."""
    public_state_line: bool = False
    """Show on the public home page how many devices report."""


def from_env(environ: Mapping[str, str]) -> Settings:
    """Read the settings; a name or value that makes no sense is an error that names it."""
    fields: dict[str, Any] = {}
    known = set(Settings.__struct_fields__)
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in known:
            raise SettingsError(f"There is no setting {variable}. Known: {_listed(known)}.")
        fields[name] = [part.strip() for part in text.split(",")] if name == "names" else text
    try:
        return msgspec.convert(fields, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingsError(f"A setting is wrong: {error}") from error


def _path(expected: type, text: str) -> Path:
    if expected is Path:
        return Path(text)
    raise TypeError(expected)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(PREFIX + name.upper() for name in names))
