"""What the node's tests use of CPython's unittest, for MicroPython, which has none."""

import sys


class SkipTest(Exception):
    """A test that does not apply here."""


class _Raises:
    def __init__(self, kind):
        self._kind = kind
        self.exception = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        if kind is None:
            raise AssertionError("%s was not raised" % self._kind.__name__)
        self.exception = error
        return issubclass(kind, self._kind)


class TestCase:
    """Assertions with CPython's names."""

    def setUp(self):
        pass

    def tearDown(self):
        pass

    def fail(self, why):
        raise AssertionError(why)

    def assertEqual(self, left, right, why=""):
        if left != right:
            self.fail("%r is not %r %s" % (left, right, why))

    def assertTrue(self, value, why=""):
        if not value:
            self.fail(why or "%r is not true" % (value,))

    def assertFalse(self, value, why=""):
        if value:
            self.fail(why or "%r is not false" % (value,))

    def assertIsNone(self, value):
        self.assertTrue(value is None, "%r is not None" % (value,))

    def assertIn(self, part, whole, why=""):
        self.assertTrue(part in whole, "%r is not in %r %s" % (part, whole, why))

    def assertLess(self, left, right):
        self.assertTrue(left < right, "%r is not below %r" % (left, right))

    def assertLessEqual(self, left, right, why=""):
        self.assertTrue(left <= right, "%r is above %r %s" % (left, right, why))

    def assertRaises(self, kind):
        return _Raises(kind)

    def skipTest(self, why):
        raise SkipTest(why)


def run(module):
    """Runs a module's tests; returns how many passed and the names of those that failed."""
    passed = 0
    failed = []
    for kind in [getattr(module, name) for name in dir(module)]:
        if not (isinstance(kind, type) and issubclass(kind, TestCase) and kind is not TestCase):
            continue
        for name in sorted([name for name in dir(kind) if name.startswith("test")]):
            case = kind()
            try:
                case.setUp()
                try:
                    getattr(case, name)()
                finally:
                    case.tearDown()
                passed += 1
            except SkipTest as skipped:
                print("skipped", name, skipped)
            except Exception as error:  # noqa: BLE001 - a runner reports whatever a test raises
                failed.append(name)
                sys.print_exception(error)
                print("FAILED", name)
    return passed, failed
