"""What those who look after the archive work with."""

from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from appliance.archive.mirror import Bucket, Mirror
from appliance.settings import Settings, SettingsError


class Archiving(msgspec.Struct, frozen=True):
    """Where the archive is, and how long after its end a day is sealed; at once if short().

    backups, mirror: where a file is looked for, should it be damaged.
    """

    root: Path
    grace: timedelta
    blocking: Executor
    clock: Callable[[], datetime]
    backups: Path
    short: Callable[[], bool] = lambda: False
    mirror: Mirror | None = None


def open_mirror(settings: Settings) -> Mirror | None:
    """The bucket of the settings; None: there is none. SettingsError: they do not fit together."""
    keys = settings.archive_s3_access_key_file, settings.archive_s3_secret_key_file
    endpoint, bucket = settings.archive_s3_endpoint, settings.archive_s3_bucket
    if not (endpoint or bucket or any(keys)):
        return None
    if not (endpoint and bucket and keys[0] and keys[1]):
        raise SettingsError(
            "To copy the archive to a bucket all of CARBONSEED_ARCHIVE_S3_ENDPOINT, _BUCKET, "
            "_ACCESS_KEY_FILE and _SECRET_KEY_FILE are needed."
        )
    try:
        access_key, secret_key = (key.read_text().strip() for key in keys if key)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"A key of the archive's bucket cannot be read: {error}.") from error
    return Mirror(
        Bucket(
            endpoint=endpoint,
            name=bucket,
            prefix=settings.archive_s3_prefix,
            region=settings.archive_s3_region,
            access_key=access_key,
            secret_key=secret_key,
        )
    )
