"""The configuration is checked as a whole, and what is wrong is named."""

import json
import os
import unittest

import workbench
from node import config

GOOD = {
    "server": {"host": "192.0.2.7", "name": "plant.carbonseed.internal"},
    "sensors": [{"metric": "temperature", "driver": "simulated"}],
}


class Folder(unittest.TestCase):
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


class Loading(Folder):
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


class Sent(Folder):
    """What the appliance sent lies over what was flashed."""

    def sent(self, **members):
        return json.dumps(dict({"v": 1, "version": 7}, **members))

    def start(self):
        return self.load(GOOD)

    def test_what_is_on_trial_is_given_up_after_three_starts(self):
        config.accept(self.folder, self.sent(sampling={"interval_ms": 50}))
        for _ in range(3):
            settings = self.start()
            self.assertEqual((settings.version, settings.sampling["interval_ms"]), (7, 50))
            self.assertTrue(settings.on_trial)
        settings = self.start()
        self.assertEqual((settings.version, settings.sampling["interval_ms"]), (0, 10000))
        self.assertEqual((settings.bad, settings.on_trial), (7, False))
        self.assertIn("3 starts", settings.refused)
        self.assertIsNone(self.start().refused)
        self.assertEqual(self.start().bad, 7)

    def test_what_was_proved_holds_while_another_is_tried_and_after(self):
        config.accept(self.folder, self.sent(sampling={"interval_ms": 50}))
        self.start()
        config.prove(self.folder)
        config.accept(self.folder, self.sent(version=8, sampling={"interval_ms": 0}))
        settings = self.start()
        self.assertEqual((settings.version, settings.bad), (7, 8))
        self.assertIn("sampling.interval_ms", settings.refused)
        config.accept(self.folder, self.sent(version=9))
        self.start()
        config.prove(self.folder)
        self.assertEqual((self.start().version, self.start().bad), (9, 0))

    def test_what_was_proved_and_is_not_known_any_more_leaves_what_was_flashed(self):
        config.accept(self.folder, self.sent())
        config.prove(self.folder)
        later = [{"metric": "of a later application", "driver": "x"}]
        self.write(config.REMOTE, self.sent(sensors=later))
        settings = self.start()
        self.assertEqual((settings.version, settings.sensors[0]["metric"]), (0, "temperature"))
        self.assertIn("of a later application", settings.refused)

    def test_what_is_no_configuration_of_the_appliance_is_refused(self):
        for text in ("", "[]", "{}", '{"v":2,"version":7}', '{"v":1,"version":"7"}', "\x00"):
            config.accept(self.folder, text)
            settings = self.start()
            self.assertEqual((settings.version, settings.on_trial), (0, False), text)
            self.assertTrue(settings.refused, text)

    def test_a_file_that_was_cut_is_given_up(self):
        self.write(config.NEXT, "")
        settings = self.start()
        self.assertEqual((settings.version, settings.on_trial), (0, False))
        self.assertTrue(settings.refused)
        self.assertIsNone(self.start().refused)

    def test_a_new_key_takes_the_place_of_the_old_one(self):
        self.start()
        config.keep_key(self.folder + "/config.json", "csk_new")
        self.assertEqual(self.start().key, "csk_new")
        self.write("config.json", json.dumps(self.changed(key="csk_inside")))
        config.keep_key(self.folder + "/config.json", "csk_newer")
        self.assertEqual(config.load(self.folder + "/config.json").key, "csk_newer")

    def test_a_new_key_can_be_read_by_nobody_else_either(self):
        if not hasattr(os, "chmod"):
            self.skipTest("MicroPython knows no owners of files")
        os.chmod(self.folder + "/device.key", 0o600)
        self.start()
        config.keep_key(self.folder + "/config.json", "csk_new")
        self.assertEqual(os.stat(self.folder + "/device.key")[0] & 0o777, 0o600)
