"""The configuration is checked as a whole, and what is wrong is named."""

import json
import unittest

import workbench
from node import config

GOOD = {
    "server": {"host": "192.0.2.7", "name": "plant.carbonseed.internal"},
    "sensors": [{"metric": "temperature", "driver": "simulated"}],
}


class Loading(unittest.TestCase):
    def setUp(self):
        self.folder = workbench.folder()
        self.write("ca.pem", "a certificate")
        self.write("device.key", "csk_ABCDEFGHIJ_x\n")

    def write(self, name, text):
        with open(self.folder + "/" + name, "w") as file:
            file.write(text)

    def load(self, data):
        self.write("config.json", data if isinstance(data, str) else json.dumps(data))
        return config.load(self.folder + "/config.json")

    def changed(self, **changes):
        data = json.loads(json.dumps(GOOD))
        data.update(changes)
        return data

    def refused(self, data, *words):
        with self.assertRaises(config.ConfigError) as caught:
            self.load(data)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def test_everything_left_out_has_its_default_and_files_are_beside_it(self):
        settings = self.load(GOOD)
        self.assertEqual(settings.server["port"], 8444)
        self.assertEqual(settings.server["ca"], "a certificate")
        self.assertEqual(settings.key, "csk_ABCDEFGHIJ_x")
        self.assertEqual(settings.sampling["interval_ms"], 10000)
        self.assertEqual(settings.spool["flush_rows"], 10)
        self.assertEqual(settings.spool["folder"], self.folder + "/spool")
        self.assertEqual(settings.sensors[0]["unit"], "Cel")

    def test_what_is_given_stands(self):
        settings = self.load(
            self.changed(
                key="csk_other", sampling={"interval_ms": 250}, spool={"folder": "/flash/ring"}
            )
        )
        self.assertEqual(settings.key, "csk_other")
        self.assertEqual(settings.sampling["interval_ms"], 250)
        self.assertEqual(settings.spool["folder"], "/flash/ring")

    def test_what_is_wrong_is_named(self):
        self.refused("{", "config.json", "JSON")
        self.refused("[]", "not an object")
        self.refused(self.changed(sensor=[]), "sensor")
        self.refused(self.changed(server={"host": "x"}), "server.name")
        self.refused(self.changed(server={"hots": "x"}), "server", "hots")
        self.refused(self.changed(server="x"), "server")
        self.refused(self.changed(sampling={"interval_ms": 0}), "sampling.interval_ms")
        self.refused(self.changed(sampling={"interval_ms": "fast"}), "sampling.interval_ms")
        self.refused(self.changed(sending={"body_bytes": 40000}), "sending.body_bytes")
        self.refused(self.changed(spool={"max_bytes": 10000}), "spool.max_bytes")
        self.refused(self.changed(spool={"memory_rows": 10}), "spool.memory_rows")
        self.refused(self.changed(sensors=[]), "sensors")
        self.refused(self.changed(sensors=["x"]), "sensors[0]")
        self.refused(
            self.changed(sensors=[{"metric": "luck", "driver": "x"}]), "sensors[0].metric", "luck"
        )
        self.refused(self.changed(sensors=GOOD["sensors"] * 2), "sensors[1].metric", "twice")
        self.refused(
            self.changed(sensors=[{"metric": "gas", "unit": "%", "driver": "x"}]), "sensors[0].unit"
        )
        self.refused(
            self.changed(sensors=[{"metric": "gas", "digits": 9, "driver": "x"}]),
            "sensors[0].digits",
        )
        self.refused(self.changed(sensors=[{"metric": "gas"}]), "sensors[0].driver")
        self.refused(self.changed(key_file="lost.key"), "lost.key")
        self.refused(self.changed(server={"host": "x", "name": "y", "ca": "lost.pem"}), "lost.pem")

    def test_a_file_that_is_not_there_is_named(self):
        with self.assertRaises(config.ConfigError) as caught:
            config.load(self.folder + "/none.json")
        self.assertIn("none.json", str(caught.exception))
