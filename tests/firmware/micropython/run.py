"""micropython run.py test_wire ...: runs tests of the folder above, exits 1 unless all pass."""

import sys

HERE = __file__.rsplit("/", 1)[0]
sys.path[:0] = [HERE, HERE + "/..", HERE + "/../../../firmware/src"]

import unittest

broken = False
for name in sys.argv[1:]:
    passed, failed = unittest.run(__import__(name))
    print("%s: %d passed, %d failed" % (name, passed, len(failed)))
    broken = broken or failed or not passed
sys.exit(1 if broken else 0)
