"""The appliance's settings: one struct, read once from the environment."""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from appliance.errors import CarbonseedError

PREFIX = "CARBONSEED_"
SYSTEM_DATA_DIR = Path("/var/lib/carbonseed")
HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class SettingsError(CarbonseedError):
    """A setting is wrong."""

    code = "settings"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting with its default; the variable of `people_port` is CARBONSEED_PEOPLE_PORT."""

    data_dir: Path = SYSTEM_DATA_DIR
    """Everything the appliance keeps: database, certificates, secrets. Read from the environment:
    ~/.local/share/carbonseed for who is not root."""
    database_url: str | None = None
    """A PostgreSQL server to use; none: the appliance runs its own."""
    database_password_file: Path | None = None
    """Holds the password for database_url, so that it stands in no environment."""
    pg_bin: Path | None = None
    """Folder of PostgreSQL programs for the appliance's own server."""
    host: str = "0.0.0.0"  # noqa: S104  nodes and browsers come from the plant's network
    """Address the listeners bind to."""
    people_port: Port = 8443
    device_port: Port = 8444
    http_port: Port = 8080
    """Plain HTTP: sends browsers to HTTPS and refuses everything else. 0: off."""
    names: list[str] = []
    """More names and addresses by which people reach the appliance, with commas between."""
    certificate_file: Path | None = None
    """A certificate of the plant's IT for browsers (PEM, with its chain); none: our own."""
    certificate_key_file: Path | None = None
    """Its private key (PEM, without a passphrase)."""
    api_pool_size: Count = 8
    writer_queue_batches: Count = 2000
    """Batches that may wait for the writer; more are answered 503."""
    device_requests_per_minute: Count = 600
    """Posts a device may make before it is answered 429."""
    command_expiry_hours: Annotated[float, msgspec.Meta(gt=0, le=8760)] = 24.0
    """So long a command waits for its device; then it is taken back."""
    rollout_soak_minutes: Annotated[float, msgspec.Meta(ge=0, le=10_080)] = 10.0
    """So long a stage of a firmware roll-out is watched before the next one begins."""
    rollout_patience_minutes: Annotated[float, msgspec.Meta(gt=0, le=10_080)] = 30.0
    """So long a device may take to come back with the firmware it has fetched."""
    seal_grace_hours: Annotated[float, msgspec.Meta(ge=0, le=8760)] = 2.0
    """So long after its end a day waits for late nodes before it is sealed."""
    archive_s3_endpoint: str | None = None
    """The URL of an S3-compatible store to which sealed files are copied; none: nowhere."""
    archive_s3_bucket: str | None = None
    archive_s3_prefix: str = ""
    """A folder in the bucket."""
    archive_s3_region: str = "us-east-1"
    archive_s3_access_key_file: Path | None = None
    archive_s3_secret_key_file: Path | None = None
    """Hold the keys, so that they stand in no environment."""
    reserve_mb: Count = 512
    """Of the disk: with less free than that no readings are taken (503), with less than twice that
    days are sealed without grace."""
    late_seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 300.0
    """Received so long after it was taken, a reading is called late."""
    smtp_host: str | None = None
    """The plant's mail server; none: no mail is sent."""
    smtp_port: Port = 587
    smtp_from: str = "carbonseed@localhost"
    """The sender's address of every mail."""
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_ca_file: Path | None = None
    """Authorities that may have signed its certificate, beside those that the machine trusts."""
    smtp_user: str | None = None
    smtp_password_file: Path | None = None
    """Holds the password of smtp_user."""
    public_state_line: bool = False
    """Show on the public home page how many devices report."""

    @property
    def certificates_dir(self) -> Path:
        """The plant's certificate authority and the certificates it issued."""
        return self.data_dir / "certificates"

    @property
    def secrets_dir(self) -> Path:
        """What signs sessions and peppers passwords."""
        return self.data_dir / "secrets"

    @property
    def cluster_dir(self) -> Path:
        """The appliance's own PostgreSQL."""
        return self.data_dir / "postgres"

    @property
    def archive_dir(self) -> Path:
        """Sealed history."""
        return self.data_dir / "archive"

    @property
    def backups_dir(self) -> Path:
        """Backups, unless they are told to lie elsewhere."""
        return self.data_dir / "backups"

    @property
    def reserve_bytes(self) -> int:
        """What of the disk stays free."""
        return self.reserve_mb * 2**20

    @property
    def kernels_dir(self) -> Path:
        """Compiled kernels, so that only the first start compiles them."""
        return self.data_dir / "kernels"

    @property
    def running_file(self) -> Path:
        """Says which process runs on this data, and where it listens."""
        return self.data_dir / "running.json"


def from_env(environ: Mapping[str, str], **given: Any) -> Settings:
    """Read the settings; a name or value that makes no sense is an error that names it.

    `given` goes over the environment, except where it is None.
    """
    fields: dict[str, Any] = {"data_dir": _usual_data_dir(environ)}
    known = set(Settings.__struct_fields__)
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in known:
            raise SettingsError(f"There is no setting {variable}. Known: {_listed(known)}.")
        fields[name] = _names(text) if name == "names" else text
    fields |= {name: value for name, value in given.items() if value is not None}
    try:
        settings = msgspec.convert(fields, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        named = re.sub(r"`\$\.(\w+).*`", lambda found: PREFIX + found[1].upper(), str(error))
        raise SettingsError(f"A setting is wrong: {named}.") from error
    ports = [
        port for port in (settings.people_port, settings.device_port, settings.http_port) if port
    ]
    if len(set(ports)) < len(ports):
        raise SettingsError("Two of the ports for people, devices and plain HTTP are the same.")
    return settings


def _names(text: str) -> list[str]:
    """Names and addresses, as a certificate can hold them; nothing at all: none."""
    names = [part.strip() for part in text.split(",")] if text.strip() else []
    for name in names:
        if not (HOST_NAME.fullmatch(name) or _is_address(name)):
            raise SettingsError(
                f"{PREFIX}NAMES holds {name!r}, which is neither a host name nor an address. Give "
                "names alone, with commas between, such as box.plant.example,10.1.2.3."
            )
    return names


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _usual_data_dir(environ: Mapping[str, str]) -> Path:
    if os.geteuid() == 0:
        return SYSTEM_DATA_DIR
    home = Path(environ.get("HOME") or "/")
    return Path(environ.get("XDG_DATA_HOME") or home / ".local/share") / "carbonseed"


def _path(expected: type, text: str) -> Path:
    if expected is Path:
        return Path(text)
    raise TypeError(expected)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(PREFIX + name.upper() for name in names))
