"""DS18B20: temperature on 1-Wire, -55 to 125 °C, several on one pin when each has its ROM."""

import binascii

from . import buses
from .options import Options
from .sensor import Fault, Sensor

METRICS = ("temperature",)
OPTIONS = ("pin", "rom", "bits")

_FAMILY = 0x28
_SEARCH, _MATCH, _CONVERT, _WRITE, _READ = 0xF0, 0x55, 0x44, 0x4E, 0xBE
_CONVERSION_MS = 750  # at 12 bits; half of it for each bit less
_POWER_ON = b"\x50\x05"  # 85 °C: what the chip holds before its first conversion
_COUNT_REMAIN = 0x0C  # and this beside it
_MOST = 16


def create(spec, context):
    options = Options(spec, METRICS, OPTIONS)
    rom = options.text("rom")
    if rom is not None:
        try:
            rom = binascii.unhexlify(rom)
        except ValueError:
            options.refuse("rom", "%s is not hexadecimal" % rom)
        if len(rom) != 8 or rom[0] != _FAMILY or crc8(rom):
            options.refuse("rom", "this is no DS18B20's: 16 digits, 28 first, a CRC last")
    shared = buses.of(context)
    return Ds18b20(options, (shared.one_wire(options), rom), shared.time)


class Ds18b20(Sensor):
    """Starts a conversion, waits for it, reads the scratchpad and checks its CRC."""

    def __init__(self, options, where, time):
        Sensor.__init__(self, options)
        self._wire, self._rom = where
        self._bits = options.whole("bits", 9, 12, 12)
        self._time = time

    def measure(self):
        if self._rom is None:
            self._rom = self._only()
        resolution = (self._bits - 9) << 5 | 0x1F
        held = self._scratchpad()
        if held[4] != resolution:
            self._address()
            self._wire.write(bytes([_WRITE, held[2], held[3], resolution]))
        self._address()
        self._wire.write(bytes([_CONVERT]))
        self._time.sleep_ms(_CONVERSION_MS >> (12 - self._bits))
        held = self._scratchpad()
        if held[:2] == _POWER_ON and held[6] == _COUNT_REMAIN:
            raise Fault("it did not measure: its supply is too weak or broke down")
        if held[4] != resolution:
            raise Fault("it does not take its settings")
        steps = held[1] << 8 | held[0]
        return (steps - 65536 if steps & 0x8000 else steps) / 16

    def _address(self):
        self._wire.reset()
        self._wire.write(bytes([_MATCH]) + self._rom)

    def _scratchpad(self):
        self._address()
        self._wire.write(bytes([_READ]))
        held = self._wire.read(9)
        # The CRC of nothing but zeros is right; the fifth byte of a chip never is zero.
        if crc8(held) or not held[4]:
            raise Fault("what it says was disturbed on the line, or it is not there")
        return held

    def _only(self):
        found = [rom for rom in search(self._wire) if rom[0] == _FAMILY]
        if len(found) != 1:
            listed = ", ".join([binascii.hexlify(rom).decode() for rom in found])
            raise Fault(
                "several on one pin, say which with rom: %s" % listed
                if found
                else "no DS18B20 is on this pin"
            )
        return found[0]


def search(wire):
    """The ROM of every device on the bus, by Maxim's search; Fault where one was disturbed."""
    found = []
    rom = bytearray(8)
    last = 64  # the bit at which the last search took the lower way and the next takes the upper
    while last is not None and len(found) < _MOST:
        last = _next(wire, rom, last)
        if crc8(rom):
            raise Fault("the search of the 1-Wire bus was disturbed")
        found.append(bytes(rom))
    return found


def _next(wire, rom, last):
    """Finds the next ROM in place; returns the bit for the search after it, None if that is all."""
    wire.reset()
    wire.write(bytes([_SEARCH]))
    turn = None
    for i in range(64):
        bit, other = wire.read_bit(), wire.read_bit()
        if bit and other:
            raise Fault("a device left the 1-Wire bus during the search")
        if not bit and not other:  # devices with either
            bit = rom[i >> 3] >> (i & 7) & 1 if i < last else int(i == last)
            if not bit:
                turn = i
        wire.write_bit(bit)
        if bit:
            rom[i >> 3] |= 1 << (i & 7)
        else:
            rom[i >> 3] &= ~(1 << (i & 7))
    return turn


def crc8(data):
    """Maxim's CRC (x^8 + x^5 + x^4 + 1, least bit first): 0 over bytes that end with theirs."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc
