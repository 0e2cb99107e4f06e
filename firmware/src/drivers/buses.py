"""The ways to sensors: SPI, I2C, 1-Wire, analog and digital inputs, on hardware it is given."""

from node import board

from . import pins
from .sensor import Fault

_I2C_HZ = 400000
_ADC_READINGS = 16


def of(context):
    """The buses that all sensors of a node share; ValueError where there is no hardware."""
    if "buses" not in context:
        hardware = context.get("hardware", board)
        if hardware.machine is None:
            raise ValueError("sensors: only the simulated driver works without a board")
        context["buses"] = Buses(hardware, context.get("pins") or pins.of_this_chip())
    return context["buses"]


class Buses:
    """Hands out pins, each for one purpose. `hardware` has MicroPython's machine, onewire, time."""

    def __init__(self, hardware, chip):
        self._machine = hardware.machine
        self._onewire = hardware.onewire
        self.time = hardware.time
        self.chip = chip
        self._taken = {}
        self._made = {}

    def pin(self, options, name, usual=None, writes=False, analog=False, shared=False):
        """The number of the pin that `options` names, or of the usual one; ValueError says why
        it cannot be."""
        purpose = usual or name
        number = options.whole(name, 0, 48, self.chip.usual[purpose])
        why = self.chip.check(number, writes, analog)
        if why:
            options.refuse(name, why)
        before = self._taken.get(number)
        if before is not None and not (shared and before == purpose):
            options.refuse(name, "pin %d is in use already, as %s" % (number, before))
        self._taken[number] = purpose
        return number

    def spi(self, options, baud, mode):
        """A device of its own chip select on an SPI bus, in mode 0 to 3."""
        clock = self.pin(options, "sck", writes=True, shared=True)
        inward = self.pin(options, "miso", shared=True)
        outward = self.pin(options, "mosi", writes=True, shared=True)
        select = self._output(self.pin(options, "cs", writes=True))
        line = (clock, outward, inward)
        if line not in self._made:
            if any(len(other) == 3 for other in self._made):
                options.refuse("sck", "all sensors on SPI share one bus: give them the same pins")
            made, pin = self._machine.SPI, self._machine.Pin
            self._made[line] = made(1, sck=pin(clock), mosi=pin(outward), miso=pin(inward))
        return Spi(self._made[line], select, baud, mode)

    def i2c(self, options, address):
        """The device at `address` of an I2C bus."""
        line = (
            self.pin(options, "scl", writes=True, shared=True),
            self.pin(options, "sda", writes=True, shared=True),
        )
        if line not in self._made:
            if any(len(other) == 2 for other in self._made):
                options.refuse("sda", "all sensors on I2C share one bus: give them the same pins")
            made, pin = self._machine.I2C, self._machine.Pin
            self._made[line] = made(0, scl=pin(line[0]), sda=pin(line[1]), freq=_I2C_HZ)
        return I2c(self._made[line], address)

    def one_wire(self, options):
        """The 1-Wire bus on the pin of `options`, shared by all its sensors."""
        if self._onewire is None:
            options.refuse("pin", "this MicroPython has no 1-Wire")
        number = self.pin(options, "pin", "one_wire", writes=True, shared=True)
        if (number,) not in self._made:
            kind = self._machine.Pin
            line = kind(number, kind.OPEN_DRAIN, kind.PULL_UP)
            self._made[(number,)] = OneWire(self._onewire, line)
        return self._made[(number,)]

    def analog(self, options):
        """A function that gives the volts at the analog pin of `options`."""
        kind = self._machine.ADC
        pin = self._machine.Pin(self.pin(options, "pin", "analog", analog=True))
        adc = kind(pin, atten=kind.ATTN_11DB)

        def volts():
            total = 0
            for _ in range(_ADC_READINGS):
                total += adc.read_uv()
            return total / _ADC_READINGS / 1000000

        return volts

    def digital(self, options, usual):
        """The input at the pin of `options`, with the pull it asks for."""
        number = self.pin(options, "pin", usual)
        pull = options.choice("pull", ("up", "down", "none"), "up")
        if pull != "none" and number in self.chip.inputs:
            options.refuse(
                "pull", "pin %d has none of its own: fit a resistor and say none" % number
            )
        kind = self._machine.Pin
        return kind(number, kind.IN, {"up": kind.PULL_UP, "down": kind.PULL_DOWN}.get(pull))

    def on_edge(self, pin, call):
        """Calls `call(pin)` whenever the input falls or rises."""
        kind = self._machine.Pin
        pin.irq(call, kind.IRQ_FALLING | kind.IRQ_RISING)

    def _output(self, number):
        kind = self._machine.Pin
        return kind(number, kind.OUT, value=1)


class Spi:
    """One device on the bus. Modes differ from device to device, so it is set before each word."""

    def __init__(self, bus, select, baud, mode):
        self._bus = bus
        self._select = select
        self._baud = baud
        self._mode = mode

    def begin(self):
        """Sets the bus for this device; `transfer` relies on it until another device begins."""
        self._bus.init(baudrate=self._baud, polarity=self._mode >> 1, phase=self._mode & 1)

    def transfer(self, out, into):
        """Sends `out` while as many bytes come in; allocates nothing."""
        self._select(0)
        self._bus.write_readinto(out, into)
        self._select(1)

    def ask(self, out):
        """Sends `out` and returns as many bytes."""
        self.begin()
        into = bytearray(len(out))
        self.transfer(out, into)
        return into


class I2c:
    """One device on the bus; OSError where it does not answer."""

    def __init__(self, bus, address):
        self._bus = bus
        self._address = address

    def write(self, data):
        self._bus.writeto(self._address, data)

    def read(self, count):
        return self._bus.readfrom(self._address, count)


class OneWire:
    """A 1-Wire bus: bits and bytes, least significant first."""

    def __init__(self, calls, pin):
        self._calls = calls
        self._pin = pin

    def reset(self):
        """Fault where no device says that it is there."""
        if not self._calls.reset(self._pin):
            raise Fault("no device answers on the 1-Wire bus")

    def read_bit(self):
        return self._calls.readbit(self._pin)

    def write_bit(self, bit):
        self._calls.writebit(self._pin, bit)

    def read(self, count):
        return bytes([self._calls.readbyte(self._pin) for _ in range(count)])

    def write(self, data):
        for byte in data:
            self._calls.writebyte(self._pin, byte)
