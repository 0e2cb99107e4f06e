"""The node's other calls, on a real connection to a server that keeps what it is told."""

import asyncio
import binascii
import json
import os
import unittest

import workbench
from node import config, errands, journal, net, slots, spool, uplink

LIMITS = {"send_ms": 1, "batch_rows": 100, "body_bytes": 4096}
LOCAL = {
    "sampling": {"interval_ms": 1000},
    "sensors": [{"metric": "gas", "driver": "simulated"}],
    "key_file": "device.key",
}


class NoClock:
    def learn(self, now):
        pass


class Light:
    located = 0

    def locate(self, seconds):
        self.located = seconds


class Node:
    """A start of a node that samples once each turn."""

    def __init__(self, root):
        self.server = workbench.server()
        path = root + "/config.json"
        data = dict(LOCAL, firmware={"modulus": self.server["modulus"]})
        data["server"] = {"host": "x", "name": "y", "ca": self.server["folder"] + "/ca.pem"}
        with open(path, "w") as file:
            json.dump(data, file)
        if "device.key" not in os.listdir(root):
            with open(root + "/device.key", "w") as file:
                file.write(self.server["key"])
        self.settings = config.load(path)
        self.uptime = workbench.Clock()
        self.light = Light()
        self.epoch = binascii.hexlify(os.urandom(8)).decode()
        self.ring = spool.Spool(root + "/spool", self.epoch, ["gas"], [1], workbench.LIMITS)
        self.boot = self.ring.boot
        self.ended = False
        self.row = 0
        self.slots = slots.Slots(root, "a")

    async def live(self, turns):
        """Samples, sends and does its errands, until it wants to be started anew."""
        server = self.server
        pem = workbench.read(server["folder"] + "/ca.pem")
        self.client = net.Client(
            "127.0.0.1", server["ports"]["good"], server["name"], pem, self.settings.key
        )
        self.journal = journal.Journal(self.uptime)
        self.sender = uplink.Sender(
            self.ring, NoClock(), self.uptime, lambda: 0, list, LIMITS, self.journal.note
        )
        self.errands = errands.Errands(
            self.client, self.sender, self.journal, self.slots, self.settings, self
        )
        for _ in range(turns):
            self.uptime.ms += 1000
            self.ring.add(self.row, (self.uptime.ms, 7))
            self.row += 1
            while not self.sender.wait_ms():
                await uplink.exchange(self.client, self.sender)
            while await self.errands.step():
                pass
            if self.ended:
                break
        await self.client.close()

    def restart(self):
        self.ended = True


class Errands(unittest.TestCase):
    def setUp(self):
        self.root = workbench.folder()
        self.ask("/forget")

    def tearDown(self):
        self.ask("/forget")

    def ask(self, path, body=None):
        server = workbench.server()
        pem = workbench.read(server["folder"] + "/ca.pem")

        async def talk():
            port = server["ports"]["good"]
            client = net.Client("127.0.0.1", port, server["name"], pem, server["key"])
            try:
                return await client.request("POST", path, lambda: json.dumps(body).encode())
            finally:
                await client.close()

        return json.loads(asyncio.run(talk())[2])

    def life(self, turns=6):
        node = Node(self.root)
        asyncio.run(node.live(turns))
        return node

    def told(self):
        return self.ask("/told")

    def events(self):
        return [(e["what"], e["detail"]) for log in self.told() for e in log["events"]]

    def test_what_runs_is_told_once_after_the_first_delivery(self):
        self.life()
        (log,) = self.told()
        seen = {name: log[name] for name in ("v", "boot", "version", "slot", "config", "rollback")}
        self.assertEqual(
            seen,
            {"v": 1, "boot": 1, "version": "0.0", "slot": "a", "config": 0, "rollback": None},
        )

    def test_nothing_is_told_where_nothing_is_delivered(self):
        self.ask("/script", ["503"] * 100)
        self.life()
        self.assertEqual(self.told(), [])

    def test_events_are_kept_until_they_are_told(self):
        self.ask("/offer", {"log_status": 503})
        node = self.life()
        self.assertEqual(self.told(), [])
        node.journal.note("sensor", "gas: no answer")
        self.ask("/offer", {})
        node.uptime.ms += errands._LONGEST_WAIT_MS
        asyncio.run(self.once_more(node))
        self.assertIn(("sensor", "gas: no answer"), self.events())

    async def once_more(self, node):
        node.ring.add(node.row, (node.uptime.ms, 7))
        await uplink.exchange(node.client, node.sender)
        while await node.errands.step():
            pass
        await node.client.close()

    def test_a_log_that_is_refused_is_not_told_for_ever(self):
        self.ask("/offer", {"log_status": 422})
        node = self.life()
        self.assertEqual(node.journal.waits(), 0)

    def test_commands_are_done_and_told_so(self):
        waiting = [
            {"id": 5, "do": "locate", "seconds": 60},
            {"id": 6, "do": "dance"},
            {"id": 7, "do": "restart"},
        ]
        self.ask("/offer", {"commands": waiting})
        node = self.life()
        self.assertEqual(node.light.located, 60)
        self.assertTrue(node.ended)
        self.assertEqual([log["done"] for log in self.told()], [[], [5, 7]])
        self.assertIn(("command", "dance is not known here"), self.events())

    def test_a_newer_configuration_is_tried_and_stays_once_rows_were_delivered(self):
        newer = {"v": 1, "version": 7, "sampling": {"interval_ms": 250}, "later": "unknown"}
        self.ask("/offer", {"config": newer})
        first = self.life()
        self.assertTrue(first.ended)
        self.assertEqual(first.settings.version, 0)
        second = self.life()
        self.assertFalse(second.ended)
        self.assertEqual(second.settings.sampling["interval_ms"], 250)
        self.assertEqual(second.settings.sensors[0]["metric"], "gas")
        self.assertIn(("config-used", "7"), self.events())
        self.assertEqual([log["config"] for log in self.told()], [0, 7])
        self.assertTrue(config.REMOTE in os.listdir(self.root))
        self.assertFalse(config.NEXT in os.listdir(self.root))

    def test_a_configuration_that_cannot_be_used_is_refused_once(self):
        worse = {"v": 1, "version": 8, "sampling": {"interval_ms": 0}}
        self.ask("/offer", {"config": worse})
        for _ in range(2):
            node = self.life()
            self.assertFalse(node.ended)
            self.assertEqual(node.settings.bad, 8)
        found = [detail for what, detail in self.events() if what == "config-refused"]
        self.assertEqual(len(found), 1)
        self.assertIn("8: sampling.interval_ms", found[0])

    def test_a_configuration_is_read_again_on_command(self):
        self.ask("/offer", {"commands": [{"id": 9, "do": "read-config"}]})
        self.life()
        self.assertEqual(self.told()[-1]["done"], [9])
        self.assertIn(("command", "read-config: status 404"), self.events())

    def test_what_makes_no_sense_stops_neither_readings_nor_the_node(self):
        for commands in ([{"id": 1}], [7], "restart", [{"id": 2, "do": "locate"}]):
            self.ask("/offer", {"commands": commands})
            node = self.life()
            self.assertFalse(node.ended)
            self.assertEqual(node.sender.delivered, 6)
            self.ask("/forget")

    def test_a_new_key_is_kept_before_it_is_used(self):
        self.ask("/offer", {"commands": [{"id": 3, "do": "rotate-key"}]})
        self.life()
        server = workbench.server()
        self.assertEqual(workbench.read(self.root + "/device.key"), server["new_key"])
        self.assertIn(("command", "rotate-key"), self.events())
        again = self.life()
        self.assertEqual(again.settings.key, server["new_key"])
        self.assertLess(0, again.sender.delivered)

    def test_a_signed_application_is_brought_into_the_other_slot(self):
        self.ask("/offer", {"firmware": "1.1.0"})
        node = self.life()
        self.assertTrue(node.ended)
        self.assertIn(("update-started", "1.1.0"), self.events())
        self.assertEqual(workbench.read(self.root + "/slot"), "b0")
        self.assertEqual(workbench.read(self.root + "/b/version"), "1.1.0")
        self.assertEqual(os.stat(self.root + "/b/node/app.mpy")[6], 5002)

    def test_an_application_of_another_key_is_refused_once(self):
        self.ask("/offer", {"firmware": "1.1.0"})
        node = Node(self.root)
        own = node.settings.firmware["modulus"]
        node.settings.firmware["modulus"] = ("9" if own[0] != "9" else "8") + own[1:]
        asyncio.run(node.live(6))
        self.assertFalse(node.ended)
        refused = [detail for what, detail in self.events() if what == "update-refused"]
        self.assertEqual(refused, ["1.1.0: its signature is not of this plant's key"])
        self.assertFalse("slot" in os.listdir(self.root))

    def test_a_node_that_runs_from_its_sources_says_that_it_takes_no_update(self):
        self.ask("/offer", {"firmware": "1.1.0"})
        node = Node(self.root)
        node.slots = slots.running()
        asyncio.run(node.live(6))
        self.assertFalse(node.ended)
        found = [detail for what, detail in self.events() if what == "update-refused"]
        self.assertEqual(len(found), 1)
        self.assertIn("sources", found[0])
