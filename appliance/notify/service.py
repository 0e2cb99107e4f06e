"""Sends a message through Apprise, which knows chats, text messages and much else by their URLs."""

import logging

import apprise

from appliance.model.notification import Message
from appliance.notify.failure import NotSent

LOCAL = frozenset({"dbus", "qt", "kde", "glib", "gnome", "macosx", "windows", "syslog"})
"""Kinds that would speak to this machine itself."""


def kind(url: str) -> str | None:
    """What a URL's service is called, without anything secret, or None if Apprise knows none."""
    _silence()
    scheme = url.partition("://")[0].lower()
    if scheme in LOCAL or apprise.Apprise.instantiate(url, suppress_exceptions=True) is None:
        return None
    return f"{scheme}://…"


def send(url: str, message: Message) -> None:
    """Hand a message to the service; blocks. NotSent, without the URL, if it did not take it."""
    _silence()
    asset = apprise.AppriseAsset(app_id="Carbonseed", app_desc="Carbonseed", async_mode=False)
    service = apprise.Apprise(asset=asset)
    if not service.add(url):
        raise NotSent("The address is not one that Apprise knows.", lasting=True)
    try:
        taken = service.notify(title=message.subject, body=message.text)
    except Exception as error:  # noqa: BLE001 - an edge: a hundred plug-ins of others
        name = type(error).__name__  # its text and its trace may hold the address
        raise NotSent(f"The service's plug-in failed: {name}.") from None
    if not taken:
        raise NotSent("The service refused it or could not be reached.")


def _silence() -> None:
    """Its own log may tell addresses with their secrets."""
    logging.getLogger("apprise").disabled = True
