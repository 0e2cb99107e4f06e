"""The spool on a board's file system, with the power cut in the middle of writing and erasing."""

import unittest

import workbench
from node import compat, spool

if compat.MICROPYTHON:
    import os

    import vfs

BLOCK = 4096
BLOCKS = 48
LIMITS = dict(workbench.LIMITS)
LIMITS.update({"max_bytes": 98304, "segment_bytes": 8192})
FLASH = bytearray(BLOCK * BLOCKS if compat.MICROPYTHON else 0)


class Flash:
    """NOR flash in memory that takes nothing after so many operations, the last one half done."""

    def __init__(self, operations=None):
        self.left = operations
        self.cut = False

    def readblocks(self, number, buffer, offset=0):
        start = number * BLOCK + offset
        buffer[:] = memoryview(FLASH)[start : start + len(buffer)]
        return 0

    def writeblocks(self, number, buffer, offset=0):
        start = number * BLOCK + offset
        whole = self._goes_through()
        count = len(buffer) if whole else len(buffer) // 3
        if not self.cut or not whole:
            FLASH[start : start + count] = memoryview(buffer)[:count]
        self.cut = self.cut or not whole
        return -5 if self.cut else 0

    def ioctl(self, operation, argument):
        if operation == 4:
            return BLOCKS
        if operation == 5:
            return BLOCK
        if operation == 6:  # erase a block
            if self._goes_through() and not self.cut:
                FLASH[argument * BLOCK : (argument + 1) * BLOCK] = b"\xff" * BLOCK
            else:
                self.cut = True
                return -5
        return 0

    def _goes_through(self):
        if self.left is None:
            return True
        self.left -= 1
        return self.left != 0


class PowerCuts(unittest.TestCase):
    def setUp(self):
        if not compat.MICROPYTHON:
            self.skipTest("littlefs comes with MicroPython; test_micropython runs this there")
        vfs.VfsLfs2.mkfs(Flash())

    def mounted(self, flash):
        vfs.mount(vfs.VfsLfs2(flash), "/flash")
        return flash

    def test_nothing_that_was_flushed_is_lost_in_any_of_300_cuts(self):
        kept = []  # (epoch, row number, row), flushed and not acknowledged
        lost_unflushed = 0
        for trial in range(300):
            flash = self.mounted(Flash(20 + trial * 7 % 131))
            epoch = "%016x" % trial
            memory = []
            try:
                ring = spool.Spool("/flash", epoch, ["gas"], [1], LIMITS)
                for number in range(200):
                    ring.add(number, (number, trial))
                    memory.append((epoch, number, (number, trial)))
                    if number % 10 == 9:
                        ring.flush(0)
                        if flash.cut:
                            break
                        kept += memory
                        memory = []
                self.assertEqual(ring.living.dropped, 0)
            except OSError:
                self.assertTrue(flash.cut)
            lost_unflushed += len(memory)
            try:
                vfs.umount("/flash")
            except OSError:
                pass
            self.mounted(Flash())
            ring = spool.Spool("/flash", "f" * 16, ["gas"], [1], LIMITS)
            found = []
            while True:
                batch = ring.next_batch(64)
                if batch is None:
                    break
                found += [(batch.epoch, batch.first + i, row) for i, row in enumerate(batch.rows)]
                ring.forget(batch, len(batch.rows))
            self.assertEqual([item for item in kept if item not in found], [], trial)
            kept = []
            self.assertEqual(
                len([name for name in os.listdir("/flash") if name.endswith(".seg")]), 0
            )
            vfs.umount("/flash")
        self.assertLess(0, lost_unflushed)  # the cuts did happen in the middle of the work

    def test_a_full_flash_drops_the_oldest_and_goes_on(self):
        limits = dict(LIMITS)
        limits["max_bytes"] = 10 * BLOCK * BLOCKS  # the ring believes there is more than there is
        self.mounted(Flash())
        try:
            ring = spool.Spool("/flash", "a" * 16, ["gas"], [1], limits)
            for number in range(20000):
                ring.add(number, (number, 7))
                if number % 10 == 9:
                    ring.flush(0)
            self.assertLess(0, ring.living.dropped)
            self.assertEqual(ring.living.dropped + ring.waiting(), 20000)
            numbers = []
            while ring.waiting():
                batch = ring.next_batch(100)
                numbers += range(batch.first, batch.first + len(batch.rows))
                ring.forget(batch, len(batch.rows))
            self.assertEqual(numbers, list(range(20000 - len(numbers), 20000)))
        finally:
            vfs.umount("/flash")
