"""micropython power_on.py FLASH: starts a board from the bytes of its flash.

NVS at 0x9000 and the file system from 0x200000 are the board's own; nothing of this machine's disk
is left to it, and what it writes is in FLASH at once. Its clock begins in 2000, as a real one's
does. The network is this machine's. A reset ends it with RESET: power it on again.
"""

import os
import sys
import time as machines_time

import vfs

HERE = __file__[: __file__.rindex("/")]
BLOCK = 4096
FROM_2000 = 946684800
RESET = 77

sys.path.insert(0, HERE)
import esp32  # noqa: E402 - the one beside this file

medium = open(sys.argv[1], "r+b")  # noqa: PTH123, SIM115  as long as the board has power
flash = bytearray(medium.read())
esp32.partition = bytes(flash[0x9000:0xF000])


def keep(offset, data):
    medium.seek(offset)
    medium.write(data)
    medium.flush()


esp32.changed = lambda partition: keep(0x9000, partition)


class Flash:
    """The file system's part of the flash: a byte once written needs erasing."""

    def __init__(self, offset):
        self.offset = offset
        self.flash = memoryview(flash)[offset:]

    def readblocks(self, block, buffer, offset=0):
        start = block * BLOCK + offset
        buffer[:] = self.flash[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        start = block * BLOCK + offset
        for i in range(len(buffer)):
            if self.flash[start + i] & buffer[i] != buffer[i]:
                raise OSError(5)
        self.flash[start : start + len(buffer)] = buffer
        keep(self.offset + start, buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.flash) // BLOCK
        if operation == 5:
            return BLOCK
        if operation == 6:
            start = argument * BLOCK
            self.flash[start : start + BLOCK] = b"\xff" * BLOCK
            keep(self.offset + start, b"\xff" * BLOCK)
        return 0


class Module:
    """A module made of what it is given."""

    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)


class Time:
    """MicroPython's clock as a board has it: counts from 2000, and stands there until it is set."""

    behind = machines_time.time()

    def time(self):
        return int(machines_time.time() - self.behind)

    def time_ns(self):
        return machines_time.time_ns() - int(self.behind) * 1000000000

    def gmtime(self, seconds):
        return machines_time.gmtime(seconds + FROM_2000)[:8]

    def __getattr__(self, name):
        return getattr(machines_time, name)


class RTC:
    def datetime(self, moment):
        year, month, day, weekday, hour, minute, second, _ = moment
        seconds = machines_time.mktime((year, month, day, hour, minute, second, weekday, 0))
        Time.behind = machines_time.time() - seconds + FROM_2000
        print(f"rtc: {year}-{month}-{day}")


class WLAN:
    def __init__(self, _):
        self.joined = False

    def active(self, _):
        pass

    def isconnected(self):
        return self.joined

    def connect(self, ssid, password):
        print(f"wlan: {ssid}, a password of {len(password)}")
        self.joined = True

    def disconnect(self):
        self.joined = False

    def status(self, _):
        return -61


class WDT:
    def __init__(self, timeout):
        print("wdt:", timeout)

    def feed(self):
        pass


class Timer:
    ONE_SHOT = 0

    def __init__(self, number):
        self.number = number

    def init(self, period, mode, callback):
        print("timer:", self.number, period, mode)


def reset():
    sys.exit(RESET)


sys.modules["time"] = Time()
sys.modules["machine"] = Module(
    reset_cause=lambda: 1, PWRON_RESET=1, RTC=RTC, WDT=WDT, Timer=Timer, reset=reset
)
sys.modules["network"] = Module(STA_IF=0, WLAN=WLAN)

vfs.umount("/")
vfs.mount(vfs.VfsLfs2(Flash(0x200000), progsize=32, readsize=32, lookahead=32), "/")
os.chdir("/")
sys.path[:] = ["", ".frozen", "/lib"]
sys.argv[:] = []
for name in ("boot.py", "main.py"):
    with open(name) as source:  # noqa: PTH123  MicroPython has no pathlib
        exec(source.read(), {"__name__": "__main__"})
