"""Temperature and humidity drivers on recorded bus traffic, and what they make of faults."""

import unittest

import drivers
from drivers import ds18b20, pins, sht3x
from drivers.sensor import Fault
from hardware import Board, Tape, WireSearch, WireTape
from node import sampling, wire


def sensor(board, driver, metric="temperature", **options):
    spec = {"driver": driver, "metric": metric, "unit": "Cel", "digits": 4}
    spec.update(options)
    context = {"hardware": board, "pins": pins.CHIPS["ESP32"]}
    return drivers.create([spec], context)[0]


def fault(case, made):
    with case.assertRaises(Fault) as caught:
        made.read()
    case.assertEqual(made.fault, str(caught.exception))
    return made.fault


def word31855(thermocouple, junction=0x190, faults=0):
    """The 32 bits of the data sheet's memory map; 0x190: a cold junction of 25 °C."""
    word = thermocouple << 18 | (1 << 16 if faults else 0) | junction << 4 | faults
    return bytes([word >> 24, word >> 16 & 255, word >> 8 & 255, word & 255])


class Max31855(unittest.TestCase):
    # MAX31855 data sheet, "Thermocouple Temperature Data Format"
    TABLE = (
        (0b01100100000000, 1600.0),
        (0b00111110100000, 1000.0),
        (0b00000110010011, 100.75),
        (0b00000001100100, 25.0),
        (0b00000000000000, 0.0),
        (0b11111111111111, -0.25),
        (0b11111111111100, -1.0),
        (0b11110000011000, -250.0),
    )

    def read(self, word):
        board = Board()
        board.spi[27] = Tape((b"\0\0\0\0", word))
        made = sensor(board, "max31855")
        self.board = board
        return made

    def test_every_line_of_the_data_sheets_table(self):
        for steps, degrees in self.TABLE:
            made = self.read(word31855(steps))
            self.assertEqual(made.read(), degrees)
            self.assertEqual(self.board.modes, [0])

    def test_each_fault_bit_has_its_words(self):
        for bit, words in ((1, "open"), (2, "ground"), (4, "supply")):
            self.assertIn(words, fault(self, self.read(word31855(100, faults=bit))))
        self.assertIn("not name", fault(self, self.read(b"\x01\x91\x19\x00")))

    def test_a_line_that_is_stuck_is_no_temperature(self):
        for word in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
            self.assertIn("no chip", fault(self, self.read(word)))

    def test_the_row_has_null_and_the_fault_is_told_once_and_its_end(self):
        board, told, rows = Board(), [], []
        board.spi[27] = Tape(
            (b"\0\0\0\0", word31855(100)),
            (b"\0\0\0\0", word31855(100, faults=1)),
            (b"\0\0\0\0", word31855(100, faults=1)),
            (b"\0\0\0\0", word31855(104)),
        )
        made = sensor(board, "max31855", digits=1)
        made._say = told.append
        sampler = sampling.Sampler(lambda: 0, [made], 1, lambda number, row: rows.append(row[1]))
        for _ in range(4):
            sampler.take()
        self.assertEqual(rows, [250, wire.NULL, wire.NULL, 260])
        self.assertEqual(sampler.read_errors, 2)
        self.assertEqual(told, ["the thermocouple is open", "is back"])


class Max31856(unittest.TestCase):
    # MAX31856 data sheet, "Linearized Thermocouple Data Format"
    TABLE = (
        (b"\x64\x00\x00", 1600.0),
        (b"\x3e\x80\x00", 1000.0),
        (b"\x06\x4f\x00", 100.9375),
        (b"\x01\x90\x00", 25.0),
        (b"\x00\x01\x00", 0.0625),
        (b"\x00\x00\x00", 0.0),
        (b"\xff\xff\x00", -0.0625),
        (b"\xff\xf0\x00", -1.0),
        (b"\xf0\x60\x00", -250.0),
    )
    AS_SET = (b"\0\0\0", b"\0\x91\x03")  # converts, finds open circuits, 50 Hz; type K

    def read(self, *traffic, **options):
        self.board = Board()
        self.board.spi[27] = Tape(*traffic)
        return sensor(self.board, "max31856", **options)

    def test_every_line_of_the_data_sheets_table(self):
        for steps, degrees in self.TABLE:
            answer = b"\0" + steps + b"\0"
            made = self.read(self.AS_SET, (b"\x0c\0\0\0\0", answer))
            self.assertEqual(made.read(), degrees)
            self.assertEqual(self.board.modes, [1, 1])

    def test_a_chip_as_after_power_on_is_set_up_and_given_time(self):
        made = self.read(
            (b"\0\0\0", b"\0\x00\x03"),
            (b"\x80\x10\x27", b"\0\0\0"),
            (b"\x80\x90", b"\0\0"),
            (b"\0\0\0", b"\0\x90\x27"),
            (b"\x0c\0\0\0\0", b"\0\x01\x90\x00\x00"),
            type="T",
            mains_hz=60,
            average=4,
        )
        self.assertEqual(made.read(), 25.0)
        self.assertLess(250000, self.board.time.us)

    def test_each_fault_bit_has_its_words(self):
        for bit, words in ((1, "open"), (2, "voltage"), (64, "range of its type"), (128, "cold")):
            made = self.read(self.AS_SET, (b"\x0c\0\0\0\0", b"\0\x01\x90\x00" + bytes([bit])))
            self.assertIn(words, fault(self, made))

    def test_without_a_chip_there_is_no_temperature(self):
        for byte in (b"\0", b"\xff"):
            made = self.read(
                (b"\0\0\0", byte * 3),
                (b"\x80\x11\x03", byte * 3),
                (b"\x80\x91", byte * 2),
                (b"\0\0\0", byte * 3),
            )
            self.assertIn("no chip", fault(self, made))


ROM = b"\x28\x00\x00\x02\xe2\x9c\x51"
ROM += bytes([ds18b20.crc8(ROM)])
OTHER = b"\x28\xff\x64\x1e\x0f\x81\x4c"
OTHER += bytes([ds18b20.crc8(OTHER)])
IBUTTON = b"\x02\x1c\xb8\x01\x00\x00\x00\xa2"


def held(low, high, settings=0x7F, remain=0x0C):
    """A scratchpad: temperature, two alarm bytes, settings, three reserved, CRC."""
    data = bytes([low, high, 0x4B, 0x46, settings, 0xFF, remain, 0x10])
    return data + bytes([ds18b20.crc8(data)])


class Ds18b20(unittest.TestCase):
    # DS18B20 data sheet, "Temperature/Data Relationship"
    TABLE = (
        (0x07D0, 125.0),
        (0x0550, 85.0),
        (0x0191, 25.0625),
        (0x00A2, 10.125),
        (0x0008, 0.5),
        (0x0000, 0.0),
        (0xFFF8, -0.5),
        (0xFF5E, -10.125),
        (0xFE6F, -25.0625),
        (0xFC90, -55.0),
    )
    ROM_TEXT = "28000002e29c51" + "%02x" % ROM[7]

    def one(self, *scratchpads, **options):
        board = self.board = Board()
        traffic = [("w", b"\x55" + ROM), ("w", b"\xbe"), ("r", scratchpads[0])]
        traffic += [("w", b"\x55" + ROM), ("w", b"\x44")]
        if len(scratchpads) > 1:
            traffic += [("w", b"\x55" + ROM), ("w", b"\xbe"), ("r", scratchpads[1])]
        board.wire = WireTape(*traffic)
        return sensor(board, "ds18b20", rom=self.ROM_TEXT, **options)

    def test_every_line_of_the_data_sheets_table(self):
        for steps, degrees in self.TABLE:
            now = held(steps & 255, steps >> 8, remain=0x10 - (steps & 15))
            made = self.one(held(0x50, 5), now)
            self.assertEqual(made.read(), degrees)
            self.assertEqual(self.board.wire.traffic, [])
            self.assertLessEqual(750000, self.board.time.us)

    def test_the_crc_is_maxims(self):
        # Maxim application note 27, "Understanding and Using Cyclic Redundancy Checks"
        self.assertEqual(ds18b20.crc8(b"\x02\x1c\xb8\x01\x00\x00\x00"), 0xA2)
        self.assertEqual(ds18b20.crc8(IBUTTON), 0)

    def test_a_disturbed_answer_and_one_of_nothing_are_no_temperature(self):
        bad = bytearray(held(0x91, 1))
        bad[0] ^= 4
        self.assertIn("disturbed", fault(self, self.one(held(0x50, 5), bytes(bad))))
        for nothing in (bytes(9), b"\xff" * 9):
            self.assertIn("disturbed", fault(self, self.one(nothing)))

    def test_the_value_of_power_on_is_no_temperature(self):
        self.assertIn("did not measure", fault(self, self.one(held(0x50, 5), held(0x50, 5))))

    def test_a_bus_without_a_device_is_told(self):
        board = Board()
        self.assertIn("no device", fault(self, sensor(board, "ds18b20")))

    def test_fewer_bits_are_set_and_take_less_time(self):
        board = Board()
        board.wire = WireTape(
            ("w", b"\x55" + ROM + b"\xbe"),
            ("r", held(0x50, 5)),
            ("w", b"\x55" + ROM + b"\x4e\x4b\x46\x3f"),
            ("w", b"\x55" + ROM + b"\x44"),
            ("w", b"\x55" + ROM + b"\xbe"),
            ("r", held(0xA0, 0, 0x3F, 0x10)),
        )
        self.assertEqual(sensor(board, "ds18b20", rom=self.ROM_TEXT, bits=10).read(), 10.0)
        self.assertLess(board.time.us, 300000)

    def test_the_search_finds_every_device_once(self):
        roms = [ROM, OTHER, IBUTTON]
        for n in range(9):
            serial = bytes([0x28, n * 37 & 255, n * n, 255 - n, n, 0, 0])
            roms.append(serial + bytes([ds18b20.crc8(serial)]))
        board = Board()
        board.wire = WireSearch(*roms)
        found = ds18b20.search(sensor(board, "ds18b20")._wire)
        self.assertEqual(sorted(found), sorted(roms))
        self.assertEqual(board.wire.searches, len(roms))

    def test_of_several_on_a_pin_one_must_be_named(self):
        board = Board()
        board.wire = WireSearch(ROM, OTHER)
        said = fault(self, sensor(board, "ds18b20"))
        self.assertIn(self.ROM_TEXT, said)
        board.wire = WireSearch(IBUTTON)
        self.assertIn("no DS18B20", fault(self, sensor(board, "ds18b20")))

    def test_the_only_one_needs_no_name(self):
        board = Board()
        made = sensor(board, "ds18b20")
        board.wire = WireSearch(ROM)
        self.assertEqual(made._only(), ROM)

    def test_a_rom_that_cannot_be_one_is_refused(self):
        for rom in ("28", "zz", self.ROM_TEXT[:-2] + "00", "021cb801000000a2"):
            with self.assertRaises(ValueError) as caught:
                sensor(Board(), "ds18b20", rom=rom)
            self.assertIn("ds18b20.rom", str(caught.exception))


class Sht3x(unittest.TestCase):
    def read(self, metric, answer):
        board = Board()
        board.i2c[0x44] = Tape((b"\x24\x00", None), (None, answer))
        made = sensor(board, "sht3x", metric=metric)
        self.assertEqual(board.time.us, 0)
        return made

    def test_the_crc_is_the_data_sheets(self):
        self.assertEqual(sht3x.crc8(b"\xbe\xef"), 0x92)

    def word(self, raw):
        data = bytes([raw >> 8, raw & 255])
        return data + bytes([sht3x.crc8(data)])

    def test_both_conversions_of_the_data_sheet(self):
        answer = self.word(0x6667) + self.word(0x8000)
        self.assertLess(abs(self.read("temperature", answer).read() - 25.0), 0.01)
        self.assertLess(abs(self.read("humidity", answer).read() - 50.0), 0.01)
        ends = self.word(0) + self.word(0xFFFF)
        self.assertEqual(self.read("temperature", ends).read(), -45)
        self.assertEqual(self.read("humidity", ends).read(), 100)

    def test_each_reading_is_checked_with_its_own_crc(self):
        answer = self.word(0x6667) + b"\x80\x00\x00"
        self.assertLess(abs(self.read("temperature", answer).read() - 25.0), 0.01)
        self.assertIn("disturbed", fault(self, self.read("humidity", answer)))

    def test_a_chip_that_is_not_there_is_told(self):
        self.assertIn("no answer", fault(self, sensor(Board(), "sht3x", address=0x45)))
