"""Vibration: the spectrum against known sines, and both chips from their FIFO to mm/s."""

import math
import unittest

import drivers
from drivers import pins
from drivers.sensor import Fault
from drivers.spectrum import Spectrum
from hardware import Board

G = 9.80665
TURN = 2 * math.pi


def near(case, value, wanted, part):
    case.assertLess(abs(value - wanted), part * max(0.05, wanted))


def velocity(acceleration, rate=3200, samples=4096, low=10):
    """mm/s of acceleration(seconds) in g."""
    made = Spectrum(samples)
    for i in range(samples // 2):
        made.even[i] = acceleration(2 * i / rate)
        made.odd[i] = acceleration((2 * i + 1) / rate)
    return made.velocity(rate, low, 1000, G)


def tone(g, hertz):
    return lambda at: g * math.sin(TURN * hertz * at + 0.3)


class Velocity(unittest.TestCase):
    # v = 1000 a g / (2 pi f sqrt 2), as computed independently to four digits
    GOLDEN = ((0.1, 50, 2.2073), (0.1, 25, 4.4145), (0.5, 159.155, 3.4672), (1, 500, 2.2073))

    def test_tones_of_known_acceleration(self):
        for g, hertz, wanted in self.GOLDEN:
            near(self, velocity(tone(g, hertz)), wanted, 0.0005)

    def test_tones_add_up_whatever_gravity_and_drift_are(self):
        low, high = tone(0.1, 50), tone(0.05, 120)
        near(self, velocity(lambda at: low(at) + high(at)), 2.2547, 0.0005)
        near(self, velocity(lambda at: low(at) + high(at) + 1 + 0.02 * at), 2.2547, 0.0005)

    def test_what_is_outside_the_band_does_not_count(self):
        self.assertLess(velocity(tone(0.2, 9), samples=16384), 0.05)
        self.assertLess(velocity(tone(1, 1100)), 0.001)
        near(self, velocity(tone(0.01, 4), samples=8192, low=2), 2.7592, 0.006)

    def test_nothing_is_nothing(self):
        self.assertEqual(velocity(lambda at: 1), 0)


class Chip:
    """What both accelerometers have: registers, and a FIFO that fills as time passes."""

    def __init__(self, board, shake, rate):
        self.board = board
        self.wave, self.share = shake
        self.rate = rate
        self.registers = bytearray(64)
        self.first = None  # sample at the head of the FIFO, None while it is bypassed
        self.sleeps = False
        self.steals_us = 2000  # what the board does beside it, at each look

    def exchange(self, out):
        address, data = out[0] & 0x3F, out[1:]
        if not out[0] & 0x80:
            self.registers[address] = data[0]
            if address == self.SETTING:
                self.first = self.now() if data[0] & 0xC0 == 0x80 else None
            return bytes(len(out))
        return b"\0" + self.answer(address, len(data))

    def now(self):
        return self.board.time.us * self.rate // 1000000

    def waiting(self):
        if self.first is None or self.sleeps:
            return 0
        self.board.time.us += self.steals_us
        return self.now() - self.first

    def sample(self, number, unit):
        """Three axes in units of the chip; gravity is on the third."""
        wave = self.wave(number / self.rate) / unit
        x, y, z = self.share
        return round(wave * x), round(wave * y), round(wave * z + 1 / unit)


class Adxl345(Chip):
    SETTING, NAME = 0x38, "adxl345"

    def answer(self, address, count):
        if address == 0x39:
            return bytes([min(32, self.waiting())])
        if address != 0x32:
            return b"\xe5" if address == 0 else bytes(self.registers[address : address + count])
        self.first += 1
        x, y, z = [
            max(-4096, min(4094, value)) & 0xFFFE for value in self.sample(self.first, 0.0039)
        ]
        return bytes([x & 255, x >> 8, y & 255, y >> 8, z & 255, z >> 8])


class Lis3dh(Chip):
    SETTING, NAME = 0x2E, "lis3dh"

    def answer(self, address, count):
        if address == 0x2F:
            waiting = self.waiting()
            return bytes([0x20 if not waiting else 0x40 | 0x1F if waiting > 31 else waiting])
        if address != 0x28:
            return b"\x33" if address == 0x0F else bytes(self.registers[address : address + count])
        unit = (0.016, 0.032, 0.064, 0.192)[self.registers[0x23] >> 4]
        data = []
        for _ in range(count // 6):
            for value in self.sample(self.first, unit):
                data += [0, max(-128, min(127, value)) & 255]
            self.first += 1
        return bytes(data)


def shaken(kind, shake, rate=None, **options):
    """A sensor on a chip of this kind that is shaken so, and the chip."""
    board = Board()
    chip = board.spi[27] = kind(board, shake, rate or {"adxl345": 3200}.get(kind.NAME, 5376))
    spec = {"driver": kind.NAME, "metric": "vibration", "unit": "mm/s", "digits": 2, "axis": "z"}
    spec.update(options)
    context = {"hardware": board, "pins": pins.CHIPS["ESP32"]}
    return drivers.create([spec], context)[0], chip


def upright(g, hertz, share=(0, 0, 1)):
    """A machine that shakes in these directions."""
    return tone(g, hertz), share


class Chips(unittest.TestCase):
    def refusal(self, made):
        with self.assertRaises(Fault) as caught:
            made.read()
        return str(caught.exception)

    def test_a_shaken_adxl345_gives_the_golden_velocities(self):
        for g, hertz, wanted in ((0.1, 50, 2.2073), (0.5, 159.155, 3.4672)):
            made, chip = shaken(Adxl345, upright(g, hertz))
            near(self, made.read(), wanted, 0.01)
        self.assertEqual(chip.registers[0x2C], 0x0F)
        self.assertEqual(chip.registers[0x31], 0x0B)
        self.assertEqual(chip.registers[0x2D], 0x08)
        self.assertEqual(made.about, "rms 10-1000 Hz, 3200 samples a second, axis z")

    def test_a_shaken_lis3dh_gives_the_golden_velocities(self):
        made, chip = shaken(Lis3dh, upright(0.5, 159.155), range_g=2)
        near(self, made.read(), 3.4672, 0.01)
        self.assertEqual(chip.registers[0x20], 0x9F)
        self.assertEqual(chip.registers[0x24], 0x40)
        self.assertIn("5376 samples a second", made.about)

    def test_the_largest_of_three_directions_is_given_and_one_where_one_is_asked_for(self):
        shake = upright(0.2, 50, (0.25, 1, 0.5))
        near(self, shaken(Adxl345, shake, axis="largest")[0].read(), 4.4145, 0.01)
        near(self, shaken(Adxl345, shake, axis="x")[0].read(), 1.1036, 0.02)

    def test_slow_machines_have_a_band_from_two_hertz(self):
        made, _ = shaken(Adxl345, upright(0.05, 4), low_hz=2)
        near(self, made.read(), 1000 * 0.05 * G / (TURN * 4 * 2**0.5), 0.02)
        self.assertIn("2-1000 Hz", made.about)
        with self.assertRaises(ValueError) as caught:
            shaken(Lis3dh, upright(0, 1), low_hz=2)
        self.assertIn("ADXL345", str(caught.exception))

    def test_the_pace_is_measured_and_not_believed(self):
        made, _ = shaken(Adxl345, upright(0.1, 50), rate=3040)  # 5 % slow
        near(self, made.read(), 2.2073, 0.01)
        made, _ = shaken(Adxl345, upright(0.1, 50), rate=1600)
        self.assertIn("where 3200 should be", self.refusal(made))

    def test_lost_samples_are_no_measurement(self):
        for kind in (Adxl345, Lis3dh):
            made, chip = shaken(kind, upright(0.1, 50))
            chip.steals_us = 20000
            self.assertIn("lost", self.refusal(made))
            chip.steals_us = 100
            near(self, made.read(), 2.2073, 0.1)
            self.assertIsNone(made.fault)

    def test_a_chip_that_sleeps_or_is_not_there_or_is_overdriven_is_told(self):
        for kind, far in ((Adxl345, 40), (Lis3dh, 9)):
            made, chip = shaken(kind, upright(0.1, 50))
            chip.sleeps = True
            self.assertIn("no samples", self.refusal(made))
            made, chip = shaken(kind, upright(far, 50))
            self.assertIn("range", self.refusal(made))
            chip.answer = lambda address, count: b"\xff" * count
            self.assertIn("answers", self.refusal(made))

    def test_a_measurement_leaves_no_memory_behind(self):
        made, _ = shaken(Adxl345, upright(0.1, 50))
        before = id(made._spectrum.even), id(made._spectrum.odd), id(made._values)
        made.read()
        after = id(made._spectrum.even), id(made._spectrum.odd), id(made._values)
        self.assertEqual(before, after)

    def test_a_wrong_configuration_is_named(self):
        for change, words in (
            ({"axis": "w"}, "axis: w is not one of x, y, z, largest"),
            ({"axis": None}, "axis: nothing"),
            ({"low_hz": 5}, "low_hz"),
            ({"range_g": 2}, "range_g: there is no such option"),
        ):
            with self.assertRaises(ValueError) as caught:
                shaken(Adxl345, upright(0, 1), **change)
            self.assertIn(words, str(caught.exception))
