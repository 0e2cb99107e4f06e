"""Keys that have signed something and are gone: told plainly, for a new one proves nothing old."""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

from appliance.identity import firmware_key
from appliance.reports import signing
from appliance.store.firmware import select_release_keys
from appliance.store.pool import Db
from appliance.store.signatures import select_signature_keys

CONSEQUENCES = {
    signing.SECRET_FILE: "reports signed before cannot be proved to be of this appliance",
    firmware_key.KEY_FILE: "boards flashed before refuse every update that is signed from now on",
}


async def find(db: Db, secrets_dir: Path) -> list[str]:
    """A sentence for each key that something was signed with and that is not in the folder.

    Makes no key: where nothing was signed yet, none is missing.
    """
    reports, releases = await select_signature_keys(db), await select_release_keys(db)
    return [
        *await asyncio.to_thread(
            _lost,
            secrets_dir / signing.SECRET_FILE,
            reports,
            lambda: signing.public_key(secrets_dir).fingerprint,
        ),
        *await asyncio.to_thread(
            _lost,
            secrets_dir / firmware_key.KEY_FILE,
            releases,
            lambda: firmware_key.public(firmware_key.load_or_make(secrets_dir)).fingerprint,
        ),
    ]


def _lost(file: Path, known: Collection[str], ours: Callable[[], str]) -> list[str]:
    if not known or (file.exists() and ours() in known and len(known) == 1):
        return []
    how = "is another one than before" if file.exists() else "is missing"
    return [
        f"The key {file} {how}: {CONSEQUENCES[file.name]}. Put it back from a backup and restart."
    ]
