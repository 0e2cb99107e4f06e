"""An update on a board's file system, with the power cut at every operation of the flash."""

import asyncio
import binascii
import hashlib
import json
import os
import unittest

import boot
import test_littlefs
import workbench
from node import compat, config, slots, update

if compat.MICROPYTHON:
    import vfs

OLD = {"node/app.mpy": b"M\x06" + b"old" * 900, "node/gone.mpy": b"M\x06" + b"gone" * 9}
SHARED = {"server": {"host": "x", "name": "y", "ca": "-----BEGIN"}, "key": "csk_old"}


class Bundle:
    """The signed bundle of the test server, given in pieces."""

    def __init__(self):
        server = workbench.server()
        self.data = workbench.read(server["folder"] + "/bundle", "rb")
        self.modulus = server["modulus"]
        self.asked = []
        self.begin = self.data.find(b"{")
        self.end = self.begin + int(self.data[6 : self.begin - 1])
        self.signed = self.data[self.begin : self.end]
        self.manifest = json.loads(self.signed)
        self.body = self.end + 384
        self.signature = self.data[self.end : self.body]

    async def fetch(self, begin, count):
        self.asked.append((begin, count))
        return self.data[begin : begin + count]

    def bring(self, root, version="1.1.0"):
        now = slots.Slots(root, boot.choose(root))
        asyncio.run(update.bring(self.fetch, now, self.modulus, version))

    def changed(self, place, to):
        self.data = self.data[:place] + to + self.data[place + len(to) :]


def put(root, files, version):
    """Lays an application into the first slot, as the flasher does."""
    for path, data in files.items():
        compat.make_folder(root + "/a/" + path[: path.rfind("/")])
        with open(root + "/a/" + path, "wb") as file:
            file.write(data)
    with open(root + "/a/version", "w") as file:
        file.write(version)


def digest(path):
    return binascii.hexlify(hashlib.sha256(workbench.read(path, "rb")).digest()).decode()


class Bringing(unittest.TestCase):
    def setUp(self):
        self.root = workbench.folder()
        put(self.root, OLD, "1.0.0")
        self.bundle = Bundle()

    def refused(self, *words):
        with self.assertRaises(slots.Refused) as caught:
            self.bundle.bring(self.root)
        for word in words:
            self.assertIn(word, str(caught.exception))
        self.assertFalse("slot" in os.listdir(self.root))

    def test_every_file_is_there_as_signed_and_the_next_start_tries_it(self):
        self.bundle.bring(self.root)
        for path, _, sha256 in self.bundle.manifest["files"]:
            self.assertEqual(digest(self.root + "/b/" + path), sha256)
        self.assertEqual(boot.choose(self.root), "b")
        self.assertEqual(slots.Slots(self.root, "b").version, "1.1.0")
        self.assertLessEqual(max([count for _, count in self.bundle.asked]), update.PIECE)

    def test_files_of_the_application_before_are_gone(self):
        compat.make_folder(self.root + "/b/node")
        with open(self.root + "/b/node/gone.mpy", "w") as file:
            file.write("of an older one")
        self.bundle.bring(self.root)
        self.assertFalse("gone.mpy" in os.listdir(self.root + "/b/node"))

    def test_what_is_there_already_is_not_fetched_again(self):
        self.bundle.bring(self.root)
        os.remove(self.root + "/slot")
        self.bundle.asked = []
        self.bundle.bring(self.root)
        self.assertTrue(all(begin < self.bundle.body for begin, _ in self.bundle.asked))

    def test_a_changed_manifest_signature_or_file_is_refused(self):
        whole = self.bundle.data
        self.bundle.changed(self.bundle.begin + 12, b"9")
        self.refused("signature")
        self.bundle.data = whole
        self.bundle.changed(self.bundle.body - 10, b"xx")
        self.refused("signature")
        self.bundle.data = whole
        self.bundle.changed(self.bundle.body + 10, b"xx")
        self.refused("is not what was signed")

    def test_what_is_no_bundle_is_refused(self):
        self.bundle.data = b"<html>"
        self.refused("no bundle")
        self.bundle.data = b"CSFW1\n99999\n{}"
        self.refused("99999 bytes")

    def test_a_bundle_that_ends_early_is_refused(self):
        self.bundle.data = self.bundle.data[:-100]
        self.refused("ends too early")

    def test_another_version_than_was_offered_waits_for_the_next_offer(self):
        with self.assertRaises(OSError):
            self.bundle.bring(self.root, "1.2.0")

    def test_a_path_out_of_the_slot_is_refused(self):
        for path in ("app.mpy", "../boot.py", "/boot.py", "node/../../boot.py", "node//x", "./x"):
            self.assertFalse(update._is_inside(path), path)
        self.assertTrue(update._is_inside("node/app.mpy"))

    def test_a_signature_is_of_the_whole_number_alone(self):
        signed, signature = self.bundle.signed, self.bundle.signature
        n = int(self.bundle.modulus, 16)
        self.assertTrue(update.is_genuine(signed, signature, self.bundle.modulus))
        beyond = int.from_bytes(signature, "big") + n
        try:
            same = beyond.to_bytes(384, "big")
        except OverflowError:
            same = b"\xff" * 384
        self.assertFalse(update.is_genuine(signed, same, self.bundle.modulus))
        self.assertFalse(update.is_genuine(signed, b"\0" * 384, self.bundle.modulus))
        self.assertFalse(update.is_genuine(signed, signature, self.bundle.modulus[2:]))
        self.assertFalse(update.is_genuine(signed, signature, ""))


class PowerCuts(unittest.TestCase):
    """Everything that is changed in place, the power cut at each operation, in turn."""

    def setUp(self):
        if not compat.MICROPYTHON:
            self.skipTest("littlefs comes with MicroPython; test_micropython runs this there")
        self.disk()
        put("/flash", OLD, "1.0.0")
        with open("/flash/config.json", "w") as file:
            json.dump(dict(SHARED, sensors=[{"metric": "gas", "driver": "simulated"}]), file)
        vfs.umount("/flash")
        self.begin = bytes(test_littlefs.FLASH)

    def disk(self):
        vfs.VfsLfs2.mkfs(test_littlefs.Flash())
        self.on()

    def on(self, cut=None):
        flash = test_littlefs.Flash(cut)
        vfs.mount(vfs.VfsLfs2(flash), "/flash")
        return flash

    def off(self):
        try:
            vfs.umount("/flash")
        except OSError:
            pass

    def at_each(self, work, look):
        """Runs `work` with each of its operations cut off, then `look` with the power on again."""
        cut = 0
        while True:
            cut += 1
            test_littlefs.FLASH[:] = self.begin
            flash = self.on(cut)
            try:
                work()
            except OSError:
                self.assertTrue(flash.cut)
            whole = not flash.cut
            self.off()
            self.on()
            look()
            self.off()
            if whole:
                return cut - 1

    def runs(self):
        """What the board starts is one of the two applications, as it was made."""
        slot = boot.choose("/flash")
        version = slots.Slots("/flash", slot).version
        if version == "1.0.0":
            for path, data in OLD.items():
                self.assertEqual(workbench.read("/flash/a/" + path, "rb"), data)
        else:
            self.assertEqual(version, "1.1.0")
            for path, _, sha256 in self.bundle.manifest["files"]:
                self.assertEqual(digest("/flash/%s/%s" % (slot, path)), sha256)
        return slot

    def look(self):
        slot = self.runs()
        if slot == "a":
            self.bundle.bring("/flash")
            slot = self.runs()
        self.assertEqual(slot, "b")
        slots.Slots("/flash", "b").keep()
        self.assertEqual(self.runs(), "b")

    def test_an_update_cut_off_anywhere_leaves_a_working_application_and_can_be_finished(self):
        self.bundle = Bundle()
        cuts = self.at_each(lambda: self.bundle.bring("/flash"), self.look)
        self.assertLess(20, cuts)

    def test_a_trial_cut_off_anywhere_leaves_a_working_application(self):
        self.bundle = Bundle()
        self.on()
        self.bundle.bring("/flash")
        self.off()
        self.begin = bytes(test_littlefs.FLASH)

        def starts():
            slots.Slots("/flash", boot.choose("/flash")).keep()

        self.assertLess(2, self.at_each(starts, self.runs))

        def broken_starts():
            for _ in range(4):
                boot.choose("/flash")

        self.assertLess(4, self.at_each(broken_starts, self.runs))

    def test_a_configuration_cut_off_anywhere_is_the_old_or_the_new(self):
        new = {"v": 1, "version": 7, "sampling": {"interval_ms": 250}}

        def work():
            config.load("/flash/config.json")
            config.accept("/flash", json.dumps(new))
            config.load("/flash/config.json")
            config.prove("/flash")

        def look():
            found = config.load("/flash/config.json")
            self.assertIn((found.version, found.sampling["interval_ms"]), ((0, 10000), (7, 250)))
            self.assertIsNone(found.refused)

        self.assertLess(4, self.at_each(work, look))

    def test_a_bad_configuration_cut_off_anywhere_leaves_the_one_before(self):
        worse = {"v": 1, "version": 8, "sampling": {"interval_ms": 0}}

        def work():
            config.accept("/flash", json.dumps(worse))
            config.load("/flash/config.json")

        def look():
            found = config.load("/flash/config.json")
            self.assertEqual((found.version, found.sampling["interval_ms"]), (0, 10000))
            self.assertIn(found.bad, (0, 8))

        self.assertLess(2, self.at_each(work, look))

    def test_a_new_key_cut_off_anywhere_leaves_one_of_the_two(self):
        def work():
            config.keep_key("/flash/config.json", "csk_new")

        def look():
            self.assertIn(config.load("/flash/config.json").key, ("csk_old", "csk_new"))

        self.assertLess(2, self.at_each(work, look))
