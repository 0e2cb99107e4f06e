"""The node's other calls: log, commands, configuration, key, firmware; one at a time.

Asked for by what the appliance answered last, between two messages of readings.
"""

import gc
import json

from . import compat
from .net import Stale
from .slots import Refused
from .uplink import exchange

_FIRST_WAIT_MS = 5000
_LONGEST_WAIT_MS = 600000
_ASK_AGAIN_MS = 30000  # commands that still wait are asked for again after that


class Errands:
    """What else there is to do. `restart()` is called when the node is to start anew."""

    def __init__(self, client, sender, journal, slots, settings, node):
        self._client = client
        self._sender = sender
        self._journal = journal
        self._slots = slots
        self._settings = settings
        self._node = node  # uptime, light, epoch, boot and restart()
        self._not_before = 0
        self._failures = 0
        self._proved = False
        self._told = False  # what runs here
        self._done = []  # commands, not told yet
        self._reread = None  # the command to read the configuration again
        self._rotate = False
        self._restart = False
        self._commands = (0, 0)  # how many waited when they were fetched, and when that was
        self._unknown = []
        self._refused = None  # the version that was
        self._tag = None

    async def step(self):
        """Does one thing, if there is one to do and rows were delivered; whether there was."""
        if not self._sender.delivered or self._node.uptime() < self._not_before:
            return False
        try:
            if not self._proved:
                self._prove()
            did = await self._next(self._sender.offered)
            self._failures = 0
            return did
        except Stale:
            return True
        except Exception as error:  # whatever the appliance says here, readings go on
            gc.collect()
            wait = min(_FIRST_WAIT_MS << min(self._failures, 10), _LONGEST_WAIT_MS)
            self._failures += 1
            self._not_before = self._node.uptime() + wait
            compat.say("node: goes on in %d s: %s" % (wait // 1000, repr(error)))
            return False

    def _prove(self):
        """Rows were delivered: what is on trial is good."""
        if self._slots.on_trial:
            self._slots.keep()
            self._journal.note("update-done", self._slots.version)
        if self._settings.on_trial:
            with compat.Lent("config") as config:
                config.prove(self._settings.root)
            self._settings.on_trial = False
            self._journal.note("config-used", self._settings.version)
        self._proved = True

    async def _next(self, answer):
        if not self._told or self._done or self._journal.waits():
            await self._tell()
        elif self._restart:
            self._node.restart()
            return False
        elif self._asks(answer):
            await self._ask(answer)
        elif self._reread or self._offers_config(answer):
            await self._fetch_config()
        elif self._rotate:
            await self._change_key()
        elif answer.firmware and answer.firmware not in (self._slots.version, self._refused):
            await self._update(answer.firmware)
        else:
            return False
        return True

    async def _tell(self):
        done = self._done[:50]
        head = [
            ("v", 1),
            ("epoch", self._node.epoch),
            ("boot", self._node.boot),
            ("version", self._slots.version),
            ("slot", self._slots.slot),
            ("config", self._settings.version),
            ("rollback", self._slots.back),
            ("done", done),
        ]
        status, _, body = await self._client.request(
            "POST", "/node/log", lambda: self._journal.body(head)
        )
        if status in (400, 413, 422):
            compat.say("node: its log is refused: %s" % repr(bytes(body[:160])))
        elif status != 200:
            raise OSError("the log: status %d" % status)
        elif self._slots.back:
            self._slots.keep()
        self._journal.forget()
        self._done = self._done[len(done) :]
        self._told = True
        # What was offered before it knew this may no longer be.
        self._sender.offered.firmware = None

    # Commands

    def _asks(self, answer):
        if not answer.commands:
            self._commands = (0, 0)
            return False
        count, since = self._commands
        return answer.commands != count or self._node.uptime() - since > _ASK_AGAIN_MS

    async def _ask(self, answer):
        self._commands = (answer.commands, self._node.uptime())
        for command in (await self._get("commands"))["commands"]:
            self._obey(command["id"], command["do"], command.get("seconds"))

    def _obey(self, number, do, seconds):
        if do == "locate":
            self._node.light.locate(seconds)
            self._journal.note("command", "locate, %d s" % seconds)
            self._done.append(number)
        elif do == "restart":
            self._restart = True
            self._journal.note("command", do)
            self._done.append(number)
        elif do == "read-config":
            self._reread = number
        elif do == "rotate-key":
            self._rotate = True
        elif number not in self._unknown:
            self._unknown.append(number)
            self._journal.note("command", "%s is not known here" % do)

    # Configuration and key

    def _offers_config(self, answer):
        return answer.config and answer.config not in (self._settings.version, self._settings.bad)

    async def _fetch_config(self):
        settings = self._settings
        status, _, body = await self._client.request(
            "GET", "/node/config", _nothing, 'If-None-Match: "%d"\r\n' % settings.version
        )
        if status == 200:
            with compat.Lent("config") as config:
                self._take_config(config, bytes(body).decode())
        elif status not in (304, 404):
            raise OSError("the configuration: status %d" % status)
        if self._reread:
            self._journal.note("command", "read-config: status %d" % status)
            self._done.append(self._reread)
            self._reread = None
        elif status != 200:  # the answer that offered it is out of date
            self._sender.offered.config = None

    def _take_config(self, config, text):
        settings, version = self._settings, config.version_of(text)
        try:
            config.merged(settings.path, text)
        except config.ConfigError as error:
            config.set_aside(settings.root, version, str(error))
            settings.bad = version or self._sender.offered.config
            self._journal.note("config-refused", "%d: %s" % (version, error))
            return
        config.accept(settings.root, text)
        self._restart = True

    async def _change_key(self):
        status, _, body = await self._client.request("POST", "/node/key", lambda: b"{}")
        if status == 409:  # meanwhile it is done, or nobody wants it any more
            self._rotate = False
            return
        if status != 200:
            raise OSError("a new key: status %d" % status)
        key = json.loads(body)["key"]
        with compat.Lent("config") as config:  # first: a power cut now starts with the new one
            config.keep_key(self._settings.path, key)
        self._client.use(key)
        self._rotate = False
        self._journal.note("command", "rotate-key")

    # Firmware

    async def _update(self, version):
        try:
            if self._slots.slot is None:
                raise Refused("this node runs from its sources: update those")
            if not self._settings.firmware["modulus"]:
                raise Refused("this board was flashed without the key of signed firmware")
            self._journal.note("update-started", version)
            await self._tell()
            modulus = self._settings.firmware["modulus"]
            with compat.Lent("update") as update:
                await update.bring(self._piece, self._slots, modulus, version)
        except Refused as error:
            self._refused = version
            self._journal.note("update-refused", "%s: %s" % (version, error))
            return
        self._restart = True

    async def _piece(self, begin, count):
        """So many bytes of the bundle; readings that are due go first."""
        gc.collect()
        while not self._sender.wait_ms():
            await exchange(self._client, self._sender)
        wanted = "Range: bytes=%d-%d\r\n" % (begin, begin + count - 1)
        try:
            answer = await self._client.request("GET", "/node/firmware", _nothing, wanted)
        except Stale:
            answer = await self._client.request("GET", "/node/firmware", _nothing, wanted)
        status, headers, body = answer
        if status != 206:
            raise OSError("the firmware: status %d" % status)
        tag = headers.get("etag")
        if not begin:
            self._tag = tag
        elif tag != self._tag:
            raise OSError("another firmware is offered now")
        return body

    async def _get(self, what):
        status, _, body = await self._client.request("GET", "/node/" + what, _nothing)
        if status != 200:
            raise OSError("%s: status %d" % (what, status))
        return json.loads(body)


def _nothing():
    return b""
