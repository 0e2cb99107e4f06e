"""The hardware around the node: Wi-Fi, clock, light, watchdog. On a desktop there is none of it."""

import asyncio
import gc
import time

from . import compat

try:
    import machine
    import network
except ImportError:
    machine = network = None

try:
    import _onewire as onewire
except ImportError:
    onewire = None

try:
    from esp32 import NVS
except ImportError:
    NVS = None

PRESENT = network is not None
_NAMESPACE = "carbonseed"
_LARGEST_BLOB = 4000
_CLOCK = "clock"
_DAY_MS = 86400000
_RESETS = ("PWRON_RESET", "power"), ("HARD_RESET", "pin"), ("WDT_RESET", "watchdog")
_RESETS += ("DEEPSLEEP_RESET", "sleep"), ("SOFT_RESET", "soft")


def reset_cause():
    """Why the node started."""
    if network is not None:
        cause = machine.reset_cause()
        for name, text in _RESETS:
            if getattr(machine, name, None) == cause:
                return text
    return "start"


def provisioned(name):
    """The text that was written into this board's NVS under `name`, None where there is none."""
    if NVS is None:
        return None
    buffer = bytearray(_LARGEST_BLOB)
    try:
        length = NVS(_NAMESPACE).get_blob(name, buffer)
    except OSError:
        return None
    return bytes(memoryview(buffer)[:length]).decode()


def provision(name, text):
    """Writes a text into this board's NVS, all of it or nothing; False where there is no NVS."""
    if NVS is None:
        return False
    store = NVS(_NAMESPACE)
    store.set_blob(name, text.encode())
    store.commit()
    return True


def heap_free():
    """Bytes free on the heap, None where nobody can tell."""
    return gc.mem_free() if hasattr(gc, "mem_free") else None


class Link:
    """The way to the network: Wi-Fi on a board, always there on a desktop.

    `note(what, detail)` is told whenever it was joined.
    """

    def __init__(self, wifi, note=lambda what, detail: None):
        self._wifi = wifi
        self._note = note
        self._station = None
        if network is not None and wifi:
            self._station = network.WLAN(network.STA_IF)
            self._station.active(True)

    def up(self):
        return self._station is None or self._station.isconnected()

    def rssi(self):
        """Signal strength in dBm, None without Wi-Fi."""
        if self._station is None or not self._station.isconnected():
            return None
        return self._station.status("rssi")

    async def keep(self):
        """Joins the Wi-Fi and joins it again whenever it is lost."""
        while self._station is not None:
            if not self._station.isconnected():
                compat.say("wifi: joining")
                try:
                    self._station.disconnect()
                    self._station.connect(self._wifi["ssid"], self._wifi.get("password"))
                except OSError as error:
                    compat.say("wifi: %s" % error)
                for second in range(20):
                    if self._station.isconnected():
                        self._note("wifi", "joined after %d s, %s dBm" % (second, self.rssi()))
                        break
                    await asyncio.sleep(1)
            await asyncio.sleep(2)


class Clock:
    """The board's clock, set from the appliance's.

    A certificate is good for a span of time, so the board must know roughly what time it is before
    it can learn it: the time is kept in flash once a day, and a start continues from there; the
    first start from `made_ms`, when the board was made.
    """

    def __init__(self, folder, made_ms=0):
        self._path = folder + "/" + _CLOCK
        self._kept = made_ms
        if network is None:
            return
        try:
            with open(self._path) as file:
                self._kept = max(made_ms, int(file.read()))
        except (OSError, ValueError):
            pass
        if compat.utc_ms() < self._kept:
            self._set(self._kept)

    def learn(self, now):
        """Takes UTC ms as the appliance has it."""
        if network is None:
            return
        if abs(compat.utc_ms() - now) > 1000:
            self._set(now)
        if not 0 <= now - self._kept < _DAY_MS:
            try:
                compat.replace(self._path, b"%d" % now)
                self._kept = now
            except OSError as error:
                compat.say("clock: the flash refused the time: %s" % error)

    def _set(self, now):
        seconds = (now - compat.utc_ms()) // 1000 + time.time()
        year, month, day, hour, minute, second, weekday = time.gmtime(seconds)[:7]
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))


class Light:
    """Blinks as often as the state's number, then pauses; flickers where it is to be found."""

    def __init__(self, pin):
        self._pin = None
        self._flickers = 0
        if network is not None and pin is not None:
            self._pin = machine.Pin(pin, machine.Pin.OUT)

    def locate(self, seconds):
        """Flickers for a while, beginning after this round."""
        self._flickers = seconds * 10

    async def show(self, state):
        """Shows what `state()` says, for ever."""
        while self._pin is not None:
            while self._flickers:
                self._flickers -= 1
                await self._blink(0.05, 0.05)
            for _ in range(state()):
                await self._blink(0.15, 0.25)
            await asyncio.sleep(1.5)

    async def _blink(self, on, off):
        self._pin.value(1)
        await asyncio.sleep(on)
        self._pin.value(0)
        await asyncio.sleep(off)


def watchdog(timeout_ms):
    """A function that must be called within the time, or the board starts anew."""
    if network is None or not timeout_ms:
        return lambda: None
    return machine.WDT(timeout=timeout_ms).feed
