"""Where the appliance of this box answers people, and which authority signs for it."""

from pathlib import Path

from appliance.errors import Unavailable
from appliance.running import read_running
from appliance.settings import Settings

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  compared, not bound


def own_url(settings: Settings) -> str:
    """The address of the appliance that runs on these settings' data; Unavailable: none does."""
    running = read_running(settings.running_file)
    if running is None:
        raise Unavailable(
            f"No appliance runs on {settings.data_dir}. Start one with `carbonseed up`, or name "
            "another with --url."
        )
    host = _ANYWHERE.get(running.host, running.host)
    return f"https://{host}:{running.people_port}"


def own_ca(settings: Settings) -> Path | None:
    """The plant's own authority; None if the appliance shows a certificate it was given."""
    from appliance.identity import certificates  # noqa: PLC0415  help needs none of it

    if settings.certificate_file:
        return None
    found = certificates.locate(settings.certificates_dir).authority
    return found if found.exists() else None
