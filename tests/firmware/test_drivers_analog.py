"""Analog, pulse and contact drivers: what they measure, and what they refuse to."""

import unittest

import drivers
from drivers import pins
from drivers.sensor import Fault
from hardware import WRAP, Board, Tape
from node.board import onewire


def sensor(board, driver, metric, **options):
    spec = {"driver": driver, "metric": metric, "unit": "", "digits": 4}
    spec.update(options)
    context = {"hardware": board, "pins": pins.CHIPS["ESP32"]}
    return drivers.create([spec], context)[0]


def near(case, value, wanted, part=0.001):
    case.assertLess(abs(value - wanted), part * max(1, abs(wanted)))


def converter(code, channel=0, busy=0):
    """What an ADS1115 says when one channel is converted once at ±4.096 V."""
    high = (0xC3, 0xD3, 0xE3, 0xF3)[channel]
    traffic = [(bytes([1, high, 0x83]), None)]
    traffic += [(None, bytes([high & 0x7F]))] * busy
    traffic += [(None, bytes([high])), (b"\0", None), (None, bytes([code >> 8, code & 255]))]
    return Tape(*traffic)


LOOP = {"input": "4-20mA", "channel": 0, "low": 0, "high": 10}
VOLTS = {"input": "0-10V", "channel": 3, "low": -40, "high": 60}


class Ads1115(unittest.TestCase):
    def loop(self, milliampere, **options):
        board = Board()
        board.i2c[0x48] = converter(int(milliampere * 0.1 / 4.096 * 32768 + 0.5), busy=1)
        given = dict(LOOP)
        given.update(options)
        return sensor(board, "ads1115", "pressure", **given)

    def volts(self, code, **options):
        board = Board()
        board.i2c[0x4A] = converter(code & 0xFFFF, 3)
        given = dict(VOLTS, address=0x4A)
        given.update(options)
        return sensor(board, "ads1115", "temperature", **given)

    def test_a_current_loop_is_scaled_between_its_ends(self):
        for current, bar in ((4, 0), (12, 5), (20, 10), (3.8, -0.125), (20.5, 10.3125)):
            near(self, self.loop(current).read(), bar)

    def test_a_broken_wire_and_a_failing_transmitter_are_no_measurement(self):
        for current, words in ((0, "broken"), (3.55, "broken"), (21.1, "failure"), (25, "failure")):
            with self.assertRaises(Fault) as caught:
                self.loop(current).read()
            self.assertIn(words, str(caught.exception))
        near(self, self.loop(3.62).read(), -0.2375)

    def test_ten_volts_come_through_a_divider(self):
        # Codes of the data sheet for ±4.096 V: 0x7FFF is the upper end, 0x0001 one step of 125 µV
        near(self, self.volts(20000).read(), 60)
        near(self, self.volts(10000).read(), 10)
        near(self, self.volts(0x0001).read(), -40 + 0.005, 1e-6)
        near(self, self.volts(0xFFFF).read(), -40 - 0.005, 1e-6)

    def test_a_voltage_that_cannot_be_is_no_measurement(self):
        for code, words in ((0x8000, "swapped"), (0x7FFF, "11.0 V")):
            with self.assertRaises(Fault) as caught:
                self.volts(code).read()
            self.assertIn(words, str(caught.exception))

    def test_a_converter_that_never_ends_is_told(self):
        board = Board()
        board.i2c[0x48] = Tape((b"\x01\xc3\x83", None), *[(None, b"\x43")] * 5)
        with self.assertRaises(Fault) as caught:
            sensor(board, "ads1115", "pressure", **LOOP).read()
        self.assertIn("converter", str(caught.exception))

    def test_a_wrong_configuration_is_named(self):
        for change, words in (
            ({"channel": 4}, "channel"),
            ({"channel": True}, "channel"),
            ({"channel": None}, "channel: nothing"),
            ({"input": "0-5V"}, "0-10V"),
            ({"shunt_ohm": 250}, "shunt_ohm"),
            ({"divider": 4}, "shunt goes with"),
            ({"high": 0}, "same as low"),
            ({"low": "0"}, "low: 0 is not a number"),
            ({"address": 72.5}, "address"),
            ({"gain": 2}, "gain: there is no such option"),
        ):
            with self.assertRaises(ValueError) as caught:
                self.loop(4, **change)
            self.assertIn(words, str(caught.exception))


MQ7 = {"cell": "mq", "r0_ohm": 2000, "load_ohm": 10000, "curve": [99.042, -1.518], "divider": 2}
CO = {"cell": "electrochemical", "zero_v": 0.4, "volt_per_ppm": 0.002}


class Gas(unittest.TestCase):
    def at(self, volts, options, **more):
        board = Board()
        board.volts[34] = volts
        given = dict(options)
        given.update(more)
        return sensor(board, "gas", "gas", **given)

    def test_a_metal_oxide_cell_follows_its_power_law(self):
        # At 2.5 V of 5 V the cell has its load's resistance: 5 R0, and 5^-1.518 = 0.08690.
        near(self, self.at(1.25, MQ7).read(), 99.042 * 0.08690)
        # At R0 the law gives its first number: 5 V * 10 / (10 + 2) = 4.1667 V.
        near(self, self.at(4.16667 / 2, MQ7).read(), 99.042)

    def test_a_leak_beyond_the_cells_range_is_a_large_number_and_no_gap(self):
        self.assertLess(1000, self.at(4.8 / 2, MQ7).read())

    def test_an_electrochemical_cell_has_zero_and_span(self):
        near(self, self.at(0.5, CO).read(), 50)
        near(self, self.at(0.39, CO).read(), -5)

    def test_a_cell_that_is_not_there_is_no_clean_air(self):
        for options in (MQ7, CO):
            with self.assertRaises(Fault) as caught:
                self.at(0.001, options).read()
            self.assertIn("no signal", str(caught.exception))
        with self.assertRaises(Fault) as caught:
            self.at(2.49, MQ7).read()
        self.assertIn("short circuit", str(caught.exception))

    def test_the_cell_may_be_behind_a_finer_converter(self):
        board = Board()
        board.i2c[0x48] = converter(4000, 2)
        near(self, sensor(board, "gas", "gas", channel=2, **CO).read(), 50)

    def test_a_wrong_configuration_is_named(self):
        for change, words in (
            ({"cell": "nose"}, "cell"),
            ({"r0_ohm": None}, "r0_ohm"),
            ({"curve": [99]}, "curve"),
            ({"curve": [-1, -1]}, "curve"),
            ({"zero_v": 0.4}, "other kind"),
            ({"pin": 25}, "pin 25 of an ESP32 is not analog"),
            ({"pin": 34, "channel": 1}, "either"),
        ):
            with self.assertRaises(ValueError) as caught:
                self.at(1, MQ7, **change)
            self.assertIn(words, str(caught.exception))


class Pulse(unittest.TestCase):
    def setUp(self):
        self.board = Board()
        self.board.time.us = (WRAP - 20000) * 1000  # the ticks wrap after twenty seconds
        self.meter = sensor(self.board, "pulse", "power", pulse_kwh=0.001, debounce_ms=20)

    def after(self, seconds, pulse=True):
        """A pulse of 30 ms that begins after so many seconds of silence since the last began."""
        self.board.time.us += int(seconds * 1000000)
        if pulse:
            self.board.edge(25, 0)
            self.board.time.us += 30000
            self.board.edge(25, 1)
            self.board.time.us -= 30000

    def test_the_power_is_by_the_time_between_pulses_over_the_wrap(self):
        self.after(3)
        self.assertIsNone(self.meter.read())
        for _ in range(30):
            self.after(1.8)  # 1000 pulses are a kWh: 2 kW
            near(self, self.meter.read(), 2)

    def test_many_pulses_between_two_readings_are_one_mean(self):
        self.after(3)
        self.meter.read()
        for _ in range(500):
            self.after(0.0625)
        near(self, self.meter.read(), 57.6)

    def test_a_bouncing_contact_is_one_pulse(self):
        self.after(3)
        self.meter.read()
        for _ in range(10):
            self.board.time.us += 3500000
            for level, ms in ((0, 1), (1, 2), (0, 60), (1, 1), (0, 2), (1, 1), (0, 1), (1, 32)):
                self.board.edge(25, level)
                self.board.time.us += ms * 1000
        near(self, self.meter.read(), 1, 0.01)

    def test_the_count_may_wrap(self):
        self.meter._count = WRAP - 2
        self.after(3)
        self.meter.read()
        for _ in range(5):
            self.after(3.6)
        near(self, self.meter.read(), 1)

    def test_without_pulses_the_power_falls_and_ends_at_zero(self):
        self.after(3)
        self.meter.read()
        self.after(1.8)
        near(self, self.meter.read(), 2)
        self.after(36, pulse=False)
        near(self, self.meter.read(), 0.1)
        self.after(600, pulse=False)
        self.assertEqual(self.meter.read(), 0)

    def test_nothing_is_claimed_before_anything_is_known(self):
        self.assertIsNone(self.meter.read())
        self.after(601, pulse=False)
        self.assertEqual(self.meter.read(), 0)
        self.after(1)
        self.assertIsNone(self.meter.read())


class Run(unittest.TestCase):
    def state(self, levels, **options):
        board = Board()
        board.levels[26] = levels
        return sensor(board, "run", "running", **options)

    def test_the_active_level_is_running(self):
        self.assertEqual(self.state([0]).read(), 1)
        self.assertEqual(self.state([1]).read(), 0)
        self.assertEqual(self.state([1], active="high", pull="down").read(), 1)

    def test_a_contact_that_bounces_is_waited_for(self):
        self.assertEqual(self.state([1, 0, 1, 0, 0, 1, 0]).read(), 1)

    def test_a_contact_that_chatters_on_is_no_state(self):
        with self.assertRaises(Fault) as caught:
            self.state([0, 1] * 40).read()
        self.assertIn("chatters", str(caught.exception))

    def test_a_pin_without_a_pull_says_so(self):
        with self.assertRaises(ValueError) as caught:
            self.state([0], pin=34)
        self.assertIn("fit a resistor", str(caught.exception))
        board = Board()
        board.levels[34] = [0]
        self.assertEqual(sensor(board, "run", "running", pin=34, pull="none").read(), 1)


PROBE = {"driver": "max31855", "metric": "temperature"}


class Pins(unittest.TestCase):
    def made(self, *specs, chip="ESP32", hardware=None):
        context = {"hardware": hardware or Board(), "pins": pins.CHIPS[chip]}
        full = [dict({"unit": "", "digits": 1}, **spec) for spec in specs]
        return drivers.create(full, context)

    def refused(self, words, *specs, **given):
        with self.assertRaises(ValueError) as caught:
            self.made(*specs, **given)
        self.assertIn(words, str(caught.exception))

    def test_pins_that_start_the_chip_or_hold_its_flash_are_refused(self):
        for chip, taken in (
            ("ESP32", (0, 2, 5, 12, 15, 1, 3, 6, 11, 20, 48)),
            ("ESP32S3", (0, 3, 45, 46, 19, 20, 26, 32, 33, 37, 43, 44, 22)),
            ("ESP32C3", (2, 8, 9, 11, 17, 18, 19, 20, 21, 22)),
            ("ESP32C6", (4, 5, 8, 9, 15, 12, 13, 14, 16, 17, 24, 30)),
        ):
            for pin in taken:
                self.refused("pin %d is not free" % pin, dict(PROBE, cs=pin), chip=chip)

    def test_an_input_cannot_select_a_chip(self):
        self.refused("pin 35 of an ESP32 can only be read", dict(PROBE, cs=35))

    def test_what_is_no_pin_is_refused(self):
        for pin in (-1, 49, 2.5, "D5", True, [5]):
            self.refused("max31855.cs", dict(PROBE, cs=pin))

    def test_a_pin_has_one_purpose(self):
        running = {"driver": "run", "metric": "running", "pin": 18}
        self.refused("pin 18 is in use already, as sck", PROBE, running)
        self.refused(
            "pin 27 is in use",
            PROBE,
            {"driver": "adxl345", "metric": "vibration", "axis": "z"},
        )

    def test_a_bus_is_shared_and_there_is_one_of_each(self):
        board = Board()
        climate = {"driver": "sht3x", "metric": "humidity"}
        self.made(
            PROBE,
            {"driver": "adxl345", "metric": "vibration", "cs": 4, "axis": "z"},
            climate,
            dict(climate, metric="temperature"),
            hardware=board,
        )
        elsewhere = {"driver": "adxl345", "metric": "vibration", "cs": 4, "axis": "z", "sck": 14}
        self.refused("share one bus", PROBE, elsewhere)
        self.refused("share one bus", climate, dict(climate, metric="temperature", scl=14))

    def test_without_a_board_only_the_simulated_driver_works(self):
        with self.assertRaises(ValueError) as caught:
            drivers.create([dict(PROBE, unit="Cel", digits=1)], {})
        self.assertIn("simulated", str(caught.exception))
        self.assertIsNone(onewire)

    def test_a_module_that_is_no_driver_is_refused_as_one_that_is_not_there(self):
        for name in ("pins", "sensor", "simulated_machine", "lm75"):
            self.refused("no driver %s" % name, dict(PROBE, driver=name))

    def test_a_metric_that_a_driver_does_not_measure_is_refused(self):
        self.refused("it measures temperature, not gas", dict(PROBE, metric="gas"))
