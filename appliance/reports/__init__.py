"""Weekly, monthly and compliance reports: what they say, how they look, who has signed them."""

from appliance.errors import CarbonseedError


class NotProved(CarbonseedError):
    """This is not as it was signed."""

    code = "not-proved"
