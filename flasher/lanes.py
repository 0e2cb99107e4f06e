"""Makes the boards of a line, a thread for each port: the next begins when it is plugged in."""

import threading
from collections.abc import Callable, Iterable

from appliance.errors import CarbonseedError
from flasher.console import redacted
from flasher.events import Tell
from flasher.flow import Made
from flasher.line import Failed, Happening, Passed, Plugged, Unplugged

LOOK_SECONDS = 0.5
GONE_LOOKS = 5
"""A chip with USB of its own leaves for a moment when it restarts; that is no new board."""

Report = Callable[[str, Happening], None]
"""Told of everything that happens on a port, from any thread."""


class Lanes:
    """`with Lanes(…)`: watches the ports and works on their boards until the block is left."""

    def __init__(
        self,
        ports: Callable[[], Iterable[str]],
        make: Callable[[str, Tell], Made],
        report: Report,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._ports = ports
        self._make = make
        self._report = report
        self._look_seconds = look_seconds
        self._missed: dict[str, int] = {}
        self._work: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="ports")

    def __enter__(self) -> "Lanes":
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take no further board, and finish those that are begun."""
        self._over.set()
        self._watcher.join()
        for thread in list(self._work.values()):
            thread.join()

    def look(self) -> None:
        """See which boards have come and gone."""
        there = set(self._ports())
        for port in there:
            if port not in self._missed:
                self.again(port)
            self._missed[port] = 0
        for port in set(self._missed) - there:
            self._missed[port] += 1
            if self._missed[port] >= GONE_LOOKS and not self._busy(port):
                del self._missed[port]
                self._report(port, Unplugged())

    def again(self, port: str) -> None:
        """Make the board on this port, unless somebody is at it."""
        with self._lock:
            if self._busy(port) or self._over.is_set():
                return
            self._report(port, Plugged())
            self._work[port] = threading.Thread(target=self._one, args=(port,), name=port)
            self._work[port].start()

    def _busy(self, port: str) -> bool:
        thread = self._work.get(port)
        return thread is not None and thread.is_alive()

    def _watch(self) -> None:
        while not self._over.is_set():
            self.look()
            self._over.wait(self._look_seconds)

    def _one(self, port: str) -> None:
        try:
            made = self._make(port, lambda event: self._report(port, event))
            told = ", ".join(f"{name} {value:g}" for name, value in made.readings.items())
            self._report(port, Passed(made.device_id, made.device, told or "It has started."))
        except CarbonseedError as error:
            self._report(port, Failed(redacted(str(error))))
        except Exception as error:  # noqa: BLE001  the edge: the other lanes go on
            told = redacted(f"{type(error).__name__}: {error}")
            self._report(port, Failed(f"Something went wrong inside: {told}. Try it again."))
