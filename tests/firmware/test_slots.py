"""Which slot a board starts: counted by boot.py, decided by what the application delivers."""

import os
import unittest

import boot
import workbench
from node import slots


class Starting(unittest.TestCase):
    def setUp(self):
        self.root = workbench.folder()
        for slot, version in (("a", "1.0.0"), ("b", "1.1.0")):
            os.mkdir(self.root + "/" + slot)
            with open(self.root + "/" + slot + "/version", "w") as file:
                file.write(version)

    def start(self):
        return slots.Slots(self.root, boot.choose(self.root))

    def state(self):
        return workbench.read(self.root + "/slot")

    def update(self):
        """An update from a to b was brought here."""
        now = self.start()
        now.open()
        now.close("1.1.0")

    def test_a_board_fresh_from_the_flasher_starts_the_first(self):
        now = self.start()
        self.assertEqual((now.slot, now.version, now.back), ("a", "1.0.0", None))
        self.assertFalse(now.on_trial)
        self.assertFalse("slot" in os.listdir(self.root))

    def test_an_update_is_on_trial_until_it_is_kept(self):
        self.update()
        now = self.start()
        self.assertEqual((now.slot, now.version, now.on_trial), ("b", "1.1.0", True))
        now.keep()
        for _ in range(5):
            now = self.start()
            self.assertEqual((now.slot, now.on_trial, now.back), ("b", False, None))

    def test_three_starts_without_a_delivery_return_to_the_slot_before(self):
        self.update()
        self.assertEqual([self.start().slot for _ in range(3)], ["b", "b", "b"])
        for _ in range(2):  # it is news until it was told
            now = self.start()
            self.assertEqual((now.slot, now.back, now.on_trial), ("a", "1.1.0", False))
        now.keep()
        now = self.start()
        self.assertEqual((now.slot, now.back), ("a", None))

    def test_the_next_update_goes_to_the_slot_that_is_idle(self):
        self.update()
        now = self.start()
        now.keep()
        self.assertEqual(now.open(), self.root + "/a")
        now.close("1.2.0")
        now = self.start()
        self.assertEqual((now.slot, now.version, now.on_trial), ("a", "1.2.0", True))

    def test_what_is_being_brought_has_no_version(self):
        self.start().open()
        self.assertFalse("version" in os.listdir(self.root + "/b"))

    def test_starts_that_cannot_be_counted_are_of_the_slot_before(self):
        self.update()
        boot.open = _full
        try:
            now = self.start()
        finally:
            del boot.open
        self.assertEqual((now.slot, now.back), ("a", "1.1.0"))
        self.assertEqual(self.state(), "b0")

    def test_an_application_in_no_slot_has_none(self):
        now = slots.running()
        self.assertEqual((now.slot, now.version, now.back), (None, "0.0+source", None))
        self.assertFalse(now.on_trial)


def _full(path, mode="r"):
    if mode == "w":
        raise OSError(28)
    return open(path, mode)
