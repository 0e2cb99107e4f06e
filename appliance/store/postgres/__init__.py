"""The appliance's own PostgreSQL: found, set up, run, watched and stopped here."""

from appliance.errors import CarbonseedError


class ClusterError(CarbonseedError):
    """The appliance's own PostgreSQL cannot run."""

    code = "cluster"
