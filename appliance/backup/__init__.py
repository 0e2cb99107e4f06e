"""Backups: one file with everything the appliance keeps, proved, and put back."""

from appliance.errors import CarbonseedError, Conflict


class BackupDamaged(CarbonseedError):
    """The file is not a whole backup."""

    code = "backup-damaged"


class BackupTooNew(Conflict):
    """A newer Carbonseed has made the backup."""

    code = "backup-too-new"


class NoSpace(CarbonseedError):
    """The disk has no room for it."""

    code = "no-space"
