"""The node's configuration: one JSON file, over it what the appliance sent; checked as a whole.

A node has this module in memory only while it is at work (`compat.Lent`).
"""

import json

from . import board, compat
from .settings import Settings

REMOTE = "remote.json"  # what the appliance sent, and rows were delivered with
NEXT = "remote.next"  # what it sent since: so many starts with it, then the same
BAD = "remote.bad"  # what cannot be used: the node does not take it again
TRIES = 3  # starts without a delivery after which something new is given up

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
_SENDING = {"interval_ms": 10000, "batch_rows": 100, "body_bytes": 8192}
_SPOOL = {
    "folder": "spool",
    "max_bytes": 1048576,
    "segment_bytes": 8192,
    "flush_rows": 10,
    "flush_ms": 10000,
    "memory_rows": 60,
}
_BOARD = {"wifi": None, "led_pin": None, "watchdog_ms": 120000, "made_ms": 0}
_FIRMWARE = {"modulus": ""}
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
    "firmware",
)
_LEAST_BODY = 2048
_MOST_BODY = 32768


class ConfigError(ValueError):
    """The configuration cannot be used; the message says where and why."""


def checked(data, path, key=None):
    """The settings in `data`, which is that of the file at `path`. Raises ConfigError."""
    if not isinstance(data, dict):
        raise ConfigError("the configuration is not an object")
    _known(data, _TOP, "the configuration")
    root = _root(path)
    made = Settings(path, root)
    made.server = _section(data, "server", _SERVER)
    made.sampling = _section(data, "sampling", _SAMPLING)
    made.sending = _section(data, "sending", _SENDING)
    made.spool = _section(data, "spool", _SPOOL)
    made.board = _section(data, "board", _BOARD)
    made.firmware = _section(data, "firmware", _FIRMWARE)
    made.sensors = data.get("sensors")
    made.simulation = data.get("simulation")
    _check(made)
    made.spool["folder"] = _join(root, made.spool["folder"])
    if "-----BEGIN" not in made.server["ca"]:
        made.server["ca"] = _read(_join(root, made.server["ca"]))
    made.key = key or data.get("key")
    if not made.key:
        made.key = _read(_key_file(data, root)).strip()
    return made


def _check(made):
    for name in ("host", "name", "ca"):
        if not isinstance(made.server[name], str) or not made.server[name]:
            raise ConfigError("server.%s is missing" % name)
    for name, section in (
        ("sampling", made.sampling),
        ("sending", made.sending),
        ("spool", made.spool),
    ):
        for key, value in section.items():
            if key != "folder" and (not isinstance(value, int) or value < 1):
                raise ConfigError("%s.%s is not a whole number above 0" % (name, key))
    if not _LEAST_BODY <= made.sending["body_bytes"] <= _MOST_BODY:
        raise ConfigError("sending.body_bytes is not %d to %d" % (_LEAST_BODY, _MOST_BODY))
    if made.spool["max_bytes"] < 8 * made.spool["segment_bytes"]:
        raise ConfigError("spool.max_bytes is less than eight segments")
    if made.spool["memory_rows"] < 2 * made.spool["flush_rows"]:
        raise ConfigError("spool.memory_rows is less than twice flush_rows")
    modulus = made.firmware["modulus"]
    if not isinstance(modulus, str) or modulus.strip("0123456789abcdef"):
        raise ConfigError("firmware.modulus is not hexadecimal")
    _check_sensors(made.sensors)


def _check_sensors(sensors):
    if not isinstance(sensors, list) or not sensors:
        raise ConfigError("sensors is not a list of at least one sensor")
    seen = []
    for i, spec in enumerate(sensors):
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

    Over it goes what the appliance sent, if that can be used. What is new of it is on trial until
    `prove`; after three starts, or if it cannot be used at all, it is set aside.
    """
    root, refused, found = _root(path), None, None
    version, text = _on_trial(root)
    if text is not None:
        try:
            found = merged(path, text)
            found.on_trial = True
        except ConfigError as error:
            refused = str(error)
            set_aside(root, version, refused)
    elif version:
        refused = "%d starts with it, and nothing was delivered" % TRIES
        set_aside(root, version, refused)
    if found is None and compat.exists(_join(root, REMOTE)):
        try:
            found = merged(path, _read(_join(root, REMOTE)))
        except ConfigError as error:  # an older application knows less
            refused = refused or str(error)
    if found is None:
        found = checked(_parsed(_text(path), path), path, board.provisioned("key"))
    found.refused = refused
    found.bad = _bad(root)
    return found


def merged(path, text):
    """The configuration at `path` with what the appliance sent over it; raises ConfigError."""
    data, remote = _parsed(_text(path), path), _parsed(text, "what the appliance sent")
    if not isinstance(remote, dict):
        raise ConfigError("what the appliance sent is not an object")
    if remote.get("v") != 1 or not version_of(text):
        raise ConfigError("what the appliance sent has no version that this node knows")
    for name, defaults in (("sampling", _SAMPLING), ("sending", _SENDING)):
        section = _section(data, name, defaults)
        section.update(_section(remote, name, section))
        data[name] = section
    if "sensors" in remote:
        data["sensors"] = remote["sensors"]
    found = checked(data, path, board.provisioned("key"))
    found.version = remote["version"]
    return found


def version_of(text):
    """The version that the appliance gave this, 0 where it has none."""
    try:
        version = json.loads(text)["version"]
    except (ValueError, KeyError, TypeError):
        return 0
    return version if isinstance(version, int) and version > 0 else 0


def accept(root, text):
    """Writes what the appliance sent; the next start tries it. Raises OSError."""
    compat.replace(_join(root, NEXT), b"0" + text.encode())


def prove(root):
    """Rows were delivered with what is on trial, if anything is: it stays. Raises OSError."""
    file = _join(root, NEXT)
    if compat.exists(file):
        compat.replace(_join(root, REMOTE), _read(file)[1:].encode())
        compat.discard(_join(root, BAD))
        compat.discard(file)


def set_aside(root, version, why):
    """What is on trial cannot be used: what was proved before stays."""
    try:
        compat.replace(_join(root, BAD), json.dumps([version, why]).encode())
    except OSError as error:  # it will be fetched again, and refused again
        compat.say("config: the flash refused a note: %s" % error)
    compat.discard(_join(root, NEXT))


def keep_key(path, key):
    """Writes a new key where the old one is; a power cut leaves one of them. Raises OSError."""
    if board.provision("key", key):
        return
    data = _parsed(_text(path), path)
    if data.get("key"):
        data["key"] = key
        compat.replace(path, json.dumps(data).encode())
    else:
        compat.replace(_key_file(data, _root(path)), key.encode())


def _on_trial(root):
    """(version, text) of what is on trial, counting this start; the text is None after the last."""
    file = _join(root, NEXT)
    if not compat.exists(file):
        return 0, None
    text = _read(file)
    tried, text = text[:1], text[1:]
    version = version_of(text) or -1
    if not tried.isdigit() or int(tried) >= TRIES:
        return version, None
    try:
        compat.replace(file, b"%d" % (int(tried) + 1) + text.encode())
    except OSError as error:  # what cannot be counted is not tried
        compat.say("config: the flash refused a trial: %s" % error)
        return 0, None
    return version, text


def _bad(root):
    try:
        return int(json.loads(_read(_join(root, BAD)))[0])
    except (ConfigError, ValueError, TypeError, IndexError):
        return 0


def _text(path):
    return board.provisioned("config") or _read(path)


def _parsed(text, path):
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigError("%s is not JSON: %s" % (path, error))


def _root(path):
    """The folder of a file; "" stands for the root of all."""
    return path[: path.rfind("/")] if "/" in path else "."


def _key_file(data, root):
    return _join(root, data.get("key_file", "device.key"))


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


def _join(root, path):
    return path if path.startswith("/") else root + "/" + path


def _read(path):
    if not compat.exists(path):
        raise ConfigError("there is no file %s" % path)
    with open(path) as file:
        return file.read()
