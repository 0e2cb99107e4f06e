"""The simulated machine: believable, and always the same value for the same moment."""

import unittest

import drivers
from drivers import simulated_machine
from node import wire

HOUR = 3600000
DAY = 24 * HOUR
MONDAY = 1763942400000  # 2025-11-24 00:00 UTC

SIMULATION = {
    "seed": 3,
    "utc_offset_min": 60,
    "shifts": [["12345", "06:00", "22:00"]],
    "stops": [1800, 0.3, 60, 400],
}
SENSORS = [
    {"metric": "running", "unit": "1", "digits": 0},
    {
        "metric": "temperature",
        "unit": "Cel",
        "digits": 1,
        "signal": {
            "level": 62,
            "idle": 24,
            "lag_s": 2400,
            "daily": 1.5,
            "wander": [5400, 1.0],
            "noise": 0.3,
        },
    },
    {
        "metric": "vibration",
        "unit": "mm/s",
        "digits": 2,
        "signal": {"level": 1.8, "idle": 0.05, "wander": [3600, 0.2], "noise": 0.08, "min": 0},
    },
    {
        "metric": "gas",
        "unit": "[ppm]",
        "digits": 1,
        "signal": {
            "level": 8,
            "idle": 5,
            "wander": [3600, 2],
            "spikes": [7200, 12, 300],
            "noise": 0.3,
            "min": 0,
        },
    },
    {
        "metric": "pressure",
        "unit": "bar",
        "digits": 2,
        "signal": {"level": 7.0, "idle": 5.0, "cycle": [90, 0.8], "noise": 0.01},
    },
]


class Plant:
    """The sensors of one machine at a time the test sets."""

    def __init__(self, start=MONDAY, faults=(), **changes):
        self.utc = start
        simulation = dict(SIMULATION)
        simulation["faults"] = list(faults)
        simulation.update(changes)
        context = {"utc_ms": lambda: self.utc, "simulation": simulation}
        specs = [dict(spec, driver="simulated") for spec in SENSORS]
        self.sensors = drivers.create(specs, context)
        self.machine = context["machine"]

    def at(self, utc):
        """The values as they go on the wire."""
        self.utc = utc
        return [wire.scale(sensor.read(), sensor.digits) for sensor in self.sensors]

    def one(self, metric, utc):
        self.utc = utc
        return [sensor for sensor in self.sensors if sensor.metric == metric][0].read()


class Determinism(unittest.TestCase):
    def test_the_same_moment_gives_the_same_values_whatever_the_step_and_the_order(self):
        fine, coarse, backwards = Plant(), Plant(), Plant()
        moments = [MONDAY + i * 61000 for i in range(0, 2000, 10)]
        seen = [coarse.at(moment) for moment in moments]
        for i in range(2000):
            values = fine.at(MONDAY + i * 61000)
            if i % 10 == 0:
                self.assertEqual(values, seen[i // 10])
        for i in range(len(moments) - 1, -1, -1):
            self.assertEqual(backwards.at(moments[i]), seen[i])

    def test_the_start_of_the_node_does_not_matter(self):
        self.assertEqual(Plant().at(MONDAY + 5 * DAY), Plant(MONDAY + 3 * DAY).at(MONDAY + 5 * DAY))

    def test_another_seed_is_another_machine(self):
        moments = [MONDAY + 10 * HOUR + i * 60000 for i in range(50)]
        first, second = Plant(), Plant(seed=4)
        self.assertTrue([first.at(m) for m in moments] != [second.at(m) for m in moments])

    def test_both_interpreters_give_these_values(self):
        plant = Plant()
        self.assertEqual(plant.at(MONDAY + 2 * HOUR), [0, 225, 2, 48, 500])
        self.assertEqual(plant.at(MONDAY + 10 * HOUR), [1, 620, 182, 77, 661])
        self.assertEqual(plant.at(MONDAY + 33 * HOUR + 12345), [1, 627, 197, 82, 715])
        self.assertEqual(plant.at(MONDAY + 6 * DAY), [0, 226, 1, 52, 500])


class Plausibility(unittest.TestCase):
    def test_the_machine_keeps_its_shifts(self):
        plant = Plant(stops=None)
        local = MONDAY - HOUR  # Monday 00:00 in the plant
        for hours, runs in (
            (5.99, 0),
            (6.01, 1),
            (21.99, 1),
            (22.01, 0),
            (96 + 12, 1),  # Friday
            (120 + 12, 0),  # Saturday
            (144 + 12, 0),
            (168 + 12, 1),
        ):
            self.assertEqual(plant.one("running", local + int(hours * HOUR)), runs, hours)

    def test_a_night_shift_runs_past_midnight_and_past_the_week(self):
        plant = Plant(stops=None, utc_offset_min=0, shifts=[["7", "22:00", "06:00"]])
        for hours, runs in ((5, 1), (7, 0), (165.9, 0), (166.1, 1), (173, 1), (175, 0)):
            self.assertEqual(plant.one("running", MONDAY + int(hours * HOUR)), runs, hours)

    def test_short_stops_take_a_small_part_of_the_shift(self):
        plant = Plant()
        runs = [plant.one("running", MONDAY + 6 * HOUR + i * 10000) for i in range(5000)]
        self.assertLess(0.9, sum(runs) / 5000)
        self.assertLess(sum(runs), 4990)

    def test_vibration_is_there_only_while_running(self):
        plant = Plant(stops=None)
        night = [plant.one("vibration", MONDAY + 2 * HOUR + i * 10000) for i in range(500)]
        day = [plant.one("vibration", MONDAY + 10 * HOUR + i * 10000) for i in range(500)]
        self.assertLess(max(night), 0.3)
        self.assertLess(1.2, min(day))
        self.assertLess(max(day), 2.5)

    def test_temperature_follows_with_its_time_constant(self):
        plant = Plant(stops=None)
        start = MONDAY + 5 * HOUR
        cold, later, warm = [plant.one("temperature", start + m * 60000) for m in (0, 40, 300)]
        self.assertLess(abs(cold - 24), 4)
        self.assertLess(abs(later - (24 + 38 * 0.632)), 4)  # one time constant
        self.assertLess(abs(warm - 62), 4)
        step = [plant.one("temperature", start + i * 10000) for i in range(1000)]
        self.assertLess(max([abs(step[i + 1] - step[i]) for i in range(999)]), 2)

    def test_gas_has_spikes_at_work_and_never_goes_below_zero(self):
        plant = Plant()
        values = [plant.one("gas", MONDAY + 5 * HOUR + i * 30000) for i in range(1900)]
        self.assertLess(0, min(values))
        self.assertLess(12, max(values))
        self.assertLess(max(values), 30)
        self.assertLess(sorted(values)[950], 11)

    def test_pressure_saws_while_running(self):
        plant = Plant(stops=None)
        values = [plant.one("pressure", MONDAY + 10 * HOUR + i * 1000) for i in range(900)]
        self.assertLess(abs(min(values) - 6.6), 0.1)
        self.assertLess(abs(max(values) - 7.4), 0.1)


class Faults(unittest.TestCase):
    NOON = MONDAY + 12 * HOUR

    def plant(self, **fault):
        return Plant(self.NOON, [dict({"at": 180, "every": 1800, "for": 600}, **fault)], stops=None)

    def test_a_step_comes_goes_and_comes_again(self):
        plant = self.plant(metric="vibration", shape="step", by=4)
        for second, faulty in (
            (179, 0),
            (180, 1),
            (779, 1),
            (780, 0),
            (1979, 0),
            (1981, 1),
            (2581, 0),
        ):
            value = plant.one("vibration", self.NOON + second * 1000)
            self.assertEqual(value > 4, bool(faulty), second)

    def test_before_the_start_there_is_no_fault(self):
        plant = self.plant(metric="vibration", shape="step", by=4)
        self.assertLess(plant.one("vibration", self.NOON - 1600000), 3)

    def test_a_ramp_rises_stays_and_goes(self):
        plant = self.plant(metric="vibration", shape="ramp", by=10)
        healthy = Plant(self.NOON, stops=None)
        for second, part in ((180, 0), (360, 0.5), (540, 1), (660, 1), (750, 1 / 3), (781, 0)):
            utc = self.NOON + second * 1000
            rise = plant.one("vibration", utc) - healthy.one("vibration", utc)
            self.assertLess(abs(rise - 10 * part), 0.001)

    def test_a_flatline_repeats_its_last_value_exactly(self):
        plant = self.plant(metric="temperature", shape="flatline")
        values = [plant.one("temperature", self.NOON + s * 1000) for s in range(180, 780, 7)]
        self.assertEqual(min(values), max(values))

    def test_no_data_is_null_and_only_for_its_metric(self):
        plant = self.plant(metric="gas", shape="no data")
        values = plant.at(self.NOON + 200000)
        self.assertEqual(
            [value == wire.NULL for value in values], [False, False, False, True, False]
        )

    def test_a_stop_cools_the_machine_and_it_warms_up_again(self):
        plant = self.plant(shape="stop")
        self.assertEqual(plant.one("running", self.NOON + 400000), 0)
        self.assertEqual(plant.one("running", self.NOON + 800000), 1)
        self.assertLess(plant.one("vibration", self.NOON + 400000), 0.3)
        temperatures = [plant.one("temperature", self.NOON + s * 1000) for s in (170, 770, 1900)]
        self.assertLess(temperatures[1], temperatures[0] - 4)
        self.assertLess(temperatures[1], temperatures[2])

    def test_offline_is_of_the_network_and_not_of_the_sensors(self):
        plant = self.plant(shape="offline")
        self.assertTrue(plant.machine.offline(self.NOON + 200000))
        self.assertFalse(plant.machine.offline(self.NOON + 800000))
        self.assertFalse(wire.NULL in plant.at(self.NOON + 200000))

    def test_a_fault_at_a_time_below_zero_was_before_the_start(self):
        plant = self.plant(metric="vibration", shape="step", by=4, at=-3600, every=0)
        self.assertLess(4, plant.one("vibration", self.NOON - HOUR))
        self.assertLess(plant.one("vibration", self.NOON), 3)

    def test_a_disturbance_of_a_machine_shows_only_while_it_works(self):
        plant = Plant(
            self.NOON,
            [{"metric": "vibration", "shape": "step", "by": 4, "at": 0, "for": 86400}],
            stops=None,
        )
        self.assertLess(4, plant.one("vibration", self.NOON + 1000))
        self.assertLess(plant.one("vibration", self.NOON + 12 * HOUR), 1)

    def test_what_is_not_known_is_refused(self):
        with self.assertRaises(ValueError):
            self.plant(shape="explodes")
        with self.assertRaises(ValueError):
            Plant(weather="fine")
        with self.assertRaises(ValueError):
            spec = {"driver": "simulated", "metric": "gas", "unit": "[ppm]", "digits": 1}
            spec["signal"] = {"nois": 1}
            drivers.create([spec], {"utc_ms": lambda: 0})


class Chance(unittest.TestCase):
    def test_it_spreads_evenly(self):
        draws = [simulated_machine.chance(99, i) for i in range(2000)]
        for tenth in range(10):
            count = len([d for d in draws if tenth / 10 <= d < (tenth + 1) / 10])
            self.assertLess(150, count)
            self.assertLess(count, 250)


class Creation(unittest.TestCase):
    def test_a_driver_that_is_not_there_is_refused_by_name(self):
        with self.assertRaises(ValueError) as caught:
            drivers.create(
                [{"driver": "crystal_ball", "metric": "gas", "unit": "[ppm]", "digits": 1}], {}
            )
        self.assertIn("crystal_ball", str(caught.exception))
