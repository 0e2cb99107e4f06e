"""The archive's second home: a bucket of an S3-compatible store that holds each sealed file too."""

import hashlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec
from pyarrow import fs

from appliance.archive.layout import MANIFEST, generation_of
from appliance.archive.sweep import LEFT
from appliance.errors import CarbonseedError
from appliance.model.sealed import ManifestFile

PIECE_BYTES = 8 * 2**20
CONNECT_SECONDS, REQUEST_SECONDS = 5.0, 60.0
TRIES = 3


class MirrorAway(CarbonseedError):
    """The archive's bucket cannot be reached."""

    code = "mirror-away"


class NotMirrored(CarbonseedError):
    """A file in the bucket is not what was sealed."""

    code = "not-mirrored"


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bucket is. endpoint: a URL; prefix: a folder in it, "": none."""

    endpoint: str
    name: str
    prefix: str
    region: str
    access_key: str
    secret_key: str


class Mirror:
    """Copies of sealed files in a bucket. Its methods are for threads, and raise MirrorAway."""

    def __init__(self, bucket: Bucket) -> None:
        scheme, _, host = bucket.endpoint.rpartition("://")
        self._folder = PurePosixPath(bucket.name, bucket.prefix.strip("/"))
        self._where = f"{bucket.endpoint}/{self._folder}"
        self._store = fs.S3FileSystem(
            access_key=bucket.access_key,
            secret_key=bucket.secret_key,
            endpoint_override=host.rstrip("/"),
            scheme=scheme or "https",
            region=bucket.region,
            connect_timeout=CONNECT_SECONDS,
            request_timeout=REQUEST_SECONDS,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=TRIES),
        )

    def put(self, root: Path, file: ManifestFile) -> None:
        """Copy a file to the bucket and read it back; NotMirrored if it is not what was sealed."""
        try:
            with (root / file.path).open("rb") as local:
                self._copy(local, file.path)
            if self._sha256(file.path) != file.sha256:
                self._store.delete_file(self._key(file.path))
                raise NotMirrored(
                    f"{file.path}, copied to {self._where}, is not what was sealed: it is copied "
                    "again soon. If this comes back, look at the disk and at the store."
                )
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._away(error) from error

    def put_manifest(self, root: Path) -> None:
        """Copy manifest.json, so that the bucket can be read and verified by itself."""
        try:
            with (root / MANIFEST).open("rb") as local:
                self._copy(local, MANIFEST)
        except OSError as error:
            raise self._away(error) from error

    def fetch(self, file: ManifestFile, place: IO[bytes]) -> bool:
        """Write the bucket's copy of a file to a place; False: there is none as it was sealed."""
        found = hashlib.sha256()
        try:
            with self._store.open_input_stream(self._key(file.path)) as remote:
                while piece := remote.read(PIECE_BYTES):
                    found.update(piece)
                    place.write(piece)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._away(error) from error
        return found.digest() == file.sha256

    def sweep(self, known: Collection[str], last_generation: int, now: datetime) -> int:
        """Remove copies that no manifest row knows, as `sweep` does on the disk; how many."""
        removed = 0
        try:
            selector = fs.FileSelector(str(self._folder), allow_not_found=True, recursive=True)
            for there in self._store.get_file_info(selector):
                path = str(PurePosixPath(there.path).relative_to(self._folder))
                generation = generation_of(path)
                if path in known or generation is None or generation > last_generation:
                    continue
                if there.mtime is not None and there.mtime < now - LEFT:
                    self._store.delete_file(there.path)
                    removed += 1
        except OSError as error:
            raise self._away(error) from error
        return removed

    def _copy(self, local: IO[bytes], path: str) -> None:
        with self._store.open_output_stream(self._key(path)) as remote:
            while piece := local.read(PIECE_BYTES):
                remote.write(piece)

    def _sha256(self, path: str) -> bytes:
        found = hashlib.sha256()
        with self._store.open_input_stream(self._key(path)) as remote:
            while piece := remote.read(PIECE_BYTES):
                found.update(piece)
        return found.digest()

    def _key(self, path: str) -> str:
        return str(self._folder / path)

    def _away(self, error: OSError) -> MirrorAway:
        return MirrorAway(
            f"{self._where} cannot be used ({error}). Sealed files stay on this disk and are "
            "copied once it answers; check the endpoint, the bucket and the keys."
        )
