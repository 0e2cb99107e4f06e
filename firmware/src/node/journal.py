"""What the node tells of itself: events until they are told, and the message that tells them."""

import json

from . import compat

MOST_BYTES = 3800  # of a message; the appliance takes 4 KiB
_MOST_EVENTS = 24
_LONGEST_DETAIL = 120


class Journal:
    """The newest events of this start, in memory; the oldest go first."""

    def __init__(self, uptime):
        self._uptime = uptime
        self._events = []
        self._told = 0  # events from the first that are in the message

    def note(self, what, detail=""):
        """Something happened; said on the console too. The same again right after is not kept."""
        detail = _plain(str(detail))
        compat.say("node: %s %s" % (what, detail))
        if self._events and self._events[-1][1:] == (what, detail):
            return
        self._events.append((self._uptime(), what, detail))
        if len(self._events) > _MOST_EVENTS:
            self._events.pop(0)
            self._told = max(0, self._told - 1)

    def waits(self):
        """How many events were not told yet."""
        return len(self._events)

    def body(self, head):
        """The message; `head` are its other members, as a list of (name, value)."""
        text = "{" + ",".join(["%s:%s" % (json.dumps(k), json.dumps(v)) for k, v in head])
        text += ',"events":['
        self._told = 0
        for up, what, detail in self._events:
            event = '{"up":%d,"what":"%s","detail":%s}' % (up, what, json.dumps(detail))
            if len(text) + len(event) > MOST_BYTES:
                break
            text += "," + event if self._told else event
            self._told += 1
        return (text + "]}").encode()

    def forget(self):
        """What was in the message has been told."""
        self._events = self._events[self._told :]
        self._told = 0


def _plain(text):
    """Printable ASCII, and not too much of it."""
    return "".join([c if " " <= c <= "~" else "?" for c in text[:_LONGEST_DETAIL]])
