"""The node's configuration: one JSON file, checked as a whole before anything starts."""

import json

from . import board, compat

# metric: its canonical unit. The appliance knows more; a node measures these.
UNITS = {
    "temperature": "Cel",
    "gas": "[ppm]",
    "vibration": "mm/s",
    "running": "1",
    "power": "kW",
    "pressure": "bar",
    "current": "A",
    "humidity": "%",
}

_SERVER = {"host": None, "port": 8444, "name": None, "ca": "ca.pem", "timeout_s": 20}
_SAMPLING = {"interval_ms": 10000}
_SENDING = {"interval_ms": 10000, "batch_rows": 100, "body_bytes": 16384}
_SPOOL = {
    "folder": "spool",
    "max_bytes": 1048576,
    "segment_bytes": 8192,
    "flush_rows": 10,
    "flush_ms": 10000,
    "memory_rows": 60,
}
_BOARD = {"wifi": None, "led_pin": None, "watchdog_ms": 0, "made_ms": 0}
_TOP = (
    "server",
    "key",
    "key_file",
    "sampling",
    "sending",
    "spool",
    "board",
    "sensors",
    "simulation",
)
_LEAST_BODY = 2048
_MOST_BODY = 32768


class ConfigError(Exception):
    """The configuration cannot be used; the message says where and why."""


class Config:
    """The sections as dicts with every default filled in; `server["ca"]` and `key` as text."""

    def __init__(self, data, folder, key=None):
        if not isinstance(data, dict):
            raise ConfigError("the configuration is not an object")
        _known(data, _TOP, "the configuration")
        self.server = _section(data, "server", _SERVER)
        self.sampling = _section(data, "sampling", _SAMPLING)
        self.sending = _section(data, "sending", _SENDING)
        self.spool = _section(data, "spool", _SPOOL)
        self.board = _section(data, "board", _BOARD)
        self.sensors = data.get("sensors")
        self.simulation = data.get("simulation")
        self._check()
        self.spool["folder"] = _join(folder, self.spool["folder"])
        if "-----BEGIN" not in self.server["ca"]:
            self.server["ca"] = _read(_join(folder, self.server["ca"]))
        self.key = key or data.get("key")
        if not self.key:
            self.key = _read(_join(folder, data.get("key_file", "device.key"))).strip()

    def _check(self):
        for name in ("host", "name", "ca"):
            if not isinstance(self.server[name], str) or not self.server[name]:
                raise ConfigError("server.%s is missing" % name)
        for name, section in (
            ("sampling", self.sampling),
            ("sending", self.sending),
            ("spool", self.spool),
        ):
            for key, value in section.items():
                if key != "folder" and (not isinstance(value, int) or value < 1):
                    raise ConfigError("%s.%s is not a whole number above 0" % (name, key))
        if not _LEAST_BODY <= self.sending["body_bytes"] <= _MOST_BODY:
            raise ConfigError("sending.body_bytes is not %d to %d" % (_LEAST_BODY, _MOST_BODY))
        if self.spool["max_bytes"] < 8 * self.spool["segment_bytes"]:
            raise ConfigError("spool.max_bytes is less than eight segments")
        if self.spool["memory_rows"] < 2 * self.spool["flush_rows"]:
            raise ConfigError("spool.memory_rows is less than twice flush_rows")
        self._check_sensors()

    def _check_sensors(self):
        if not isinstance(self.sensors, list) or not self.sensors:
            raise ConfigError("sensors is not a list of at least one sensor")
        seen = []
        for i, spec in enumerate(self.sensors):
            metric = spec.get("metric") if isinstance(spec, dict) else None
            if metric not in UNITS:
                raise ConfigError("sensors[%d].metric: %s is not known" % (i, metric))
            if metric in seen:
                raise ConfigError("sensors[%d].metric: %s is there twice" % (i, metric))
            seen.append(metric)
            if spec.get("unit", UNITS[metric]) != UNITS[metric]:
                raise ConfigError("sensors[%d].unit: %s is in %s" % (i, metric, UNITS[metric]))
            spec["unit"] = UNITS[metric]
            if spec.setdefault("digits", 1) not in (0, 1, 2, 3, 4):
                raise ConfigError("sensors[%d].digits is not 0 to 4" % i)
            if not isinstance(spec.get("driver"), str):
                raise ConfigError("sensors[%d].driver is missing" % i)


def load(path):
    """Reads and checks what was put into this board, else the file at `path`.

    Paths in it are relative to that file's folder.
    """
    text = board.provisioned("config") or _read(path)
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ConfigError("%s is not JSON: %s" % (path, error))
    return Config(data, path[: path.rfind("/") + 1], board.provisioned("key"))


def _section(data, name, defaults):
    given = data.get(name) or {}
    if not isinstance(given, dict):
        raise ConfigError("%s is not an object" % name)
    _known(given, defaults, name)
    filled = dict(defaults)
    filled.update(given)
    return filled


def _known(data, names, place):
    for name in data:
        if name not in names:
            raise ConfigError("%s has an unknown member %s" % (place, name))


def _join(folder, path):
    return path if path.startswith("/") else folder + path


def _read(path):
    if not compat.exists(path):
        raise ConfigError("there is no file %s" % path)
    with open(path) as file:
        return file.read()
