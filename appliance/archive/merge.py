"""Reads what is sealed already, to be sealed again together with what came since."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from appliance.archive.prove import sha256_of
from appliance.archive.read import Archive, Unreadable
from appliance.model.ids import DeviceId
from appliance.model.sealed import (
    FileState,
    Located,
    ManifestFile,
    Readings,
    SealedGroup,
)


class Damaged(Unreadable):
    """A live file is not what it was when it was sealed."""

    code = "damaged"

    def __init__(self, file: ManifestFile, reason: str) -> None:
        super().__init__(f"{file.path} {reason}")
        self.file, self.reason = file, reason


def check(root: Path, file: ManifestFile) -> None:
    """Raise Damaged unless a file is what it was when it was sealed."""
    try:
        if (root / file.path).stat().st_size != file.size_bytes:
            raise Damaged(file, "does not have its length any more")
        if sha256_of(root / file.path) != file.sha256:
            raise Damaged(file, "has changed since it was sealed")
    except FileNotFoundError as error:
        raise Damaged(file, "is missing") from error
    except OSError as error:
        raise Damaged(file, f"cannot be read: {error.strerror}") from error


class Sources:
    """Files of readings of one metric of one factory, none of which overlaps another."""

    def __init__(
        self, archive: Archive, files: Mapping[ManifestFile, Sequence[SealedGroup]]
    ) -> None:
        self._archive = archive
        self._located: dict[DeviceId, list[Located]] = {}
        self.rows = sum(file.rows for file in files)
        for file, groups in files.items():
            for group in groups:
                self._located.setdefault(group.device_id, []).append(
                    Located(
                        path=file.path,
                        scale=file.scale,
                        state=FileState.LIVE,
                        reason="",
                        group=group,
                    )
                )
        self._last: tuple[Located, Readings] | None = None

    @property
    def device_ids(self) -> set[DeviceId]:
        """The devices that have readings."""
        return set(self._located)

    def read(self, device_id: DeviceId, from_ms: int, to_ms: int) -> list[Readings]:
        """A device's readings with from_ms <= time < to_ms, in parts, each in order."""
        return [
            self._part(located, from_ms, to_ms)
            for located in self._located.get(device_id, ())
            if located.group.first_ms < to_ms and located.group.last_ms >= from_ms
        ]

    def _part(self, located: Located, from_ms: int, to_ms: int) -> Readings:
        if self._last is None or self._last[0] is not located:
            self._last = (located, self._archive.readings(located))
        readings = self._last[1]
        start, stop = readings.times_ms.searchsorted((from_ms, to_ms))
        return Readings._make(column[start:stop] for column in readings)
