"""Sampling keeps its own time, numbers its rows and survives its sensors."""

import unittest

import workbench
from node import compat, sampling, wire


class Sensor:
    metric = "gas"

    digits = 1

    def __init__(self, *values):
        self.values = list(values)

    def read(self):
        value = self.values.pop(0) if len(self.values) > 1 else self.values[0]
        if isinstance(value, Exception):
            raise value
        return value


class Sampling(unittest.TestCase):
    def setUp(self):
        self.clock = workbench.Clock(500)
        self.rows = []

    def sampler(self, *sensors, interval=1000):
        return sampling.Sampler(
            self.clock, sensors, interval, lambda number, row: self.rows.append((number, row))
        )

    def test_the_first_row_is_due_at_once_and_the_next_after_the_interval(self):
        sampler = self.sampler(Sensor(20.5))
        self.assertEqual(sampler.wait_ms(), 0)
        sampler.take()
        self.assertEqual(self.rows, [(0, (500, 205))])
        self.assertEqual(sampler.wait_ms(), 1000)

    def test_rows_that_are_late_do_not_move_the_ones_after_them(self):
        sampler = self.sampler(Sensor(1))
        for i in range(2000):
            self.clock.ms = sampler.due + i * 37 % 400  # always a little late
            sampler.take()
        self.assertEqual(sampler.due, 500 + 2000 * 1000)
        self.assertEqual([number for number, _ in self.rows], list(range(2000)))
        for i, (_, row) in enumerate(self.rows):
            self.assertLess(row[0] - (500 + i * 1000), 400)

    def test_missed_slots_take_no_number(self):
        sampler = self.sampler(Sensor(1))
        sampler.take()
        self.clock.ms = 500 + 3700
        sampler.take()
        self.assertEqual([(number, row[0]) for number, row in self.rows], [(0, 500), (1, 4200)])
        self.assertEqual(sampler.due, 500 + 4000)

    def test_a_broken_sensor_gives_null_and_takes_no_other_along(self):
        sampler = self.sampler(
            Sensor(OSError("no answer"), ValueError("crc"), 3.0),
            Sensor(None),
            Sensor(2),
            Sensor("hot"),
            Sensor(float("nan")),
        )
        for _ in range(3):
            self.clock.ms = sampler.due
            sampler.take()
        null = wire.NULL
        self.assertEqual(
            [row[1:] for _, row in self.rows],
            [
                (null, null, 20, null, null),
                (null, null, 20, null, null),
                (30, null, 20, null, null),
            ],
        )
        self.assertEqual(sampler.read_errors, 5)  # two of the first sensor, three of the text


class Uptime(unittest.TestCase):
    def test_it_runs_on_when_the_ticks_wrap(self):
        period = 1 << 30
        ticks = workbench.Clock(period - 1000)

        def diff(later, earlier):  # as MicroPython counts: half the period back, half ahead
            return ((later - earlier + period // 2) & (period - 1)) - period // 2

        uptime = compat.Uptime(ticks, diff)
        before = 0
        for i in range(1, 101):
            ticks.ms = (period - 1000 + i * 400000000) % period  # 4.6 days a step
            now = uptime()
            self.assertEqual(now - before, 400000000)
            before = now
        self.assertEqual(before, 40000000000)

    def test_the_real_one_moves_forward(self):
        uptime = compat.Uptime()
        first = uptime()
        self.assertLessEqual(first, uptime())
