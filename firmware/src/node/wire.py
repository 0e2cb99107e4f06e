"""The native batch as bytes, and the appliance's answer read back."""

import json

# A value travels and is kept as value x 10^digits in 32 bits; this pattern stands for null.
NULL = -0x80000000
_LIMIT = 0x7FFFFFFF


class Batch:
    """Rows of one epoch with consecutive numbers from `first`; each is (uptime, scaled values ...).

    `rows` can be counted and gone through, no more: it may be made as it is asked for.
    """

    def __init__(self, epoch, boot, first, rows, metrics, digits):
        self.epoch = epoch
        self.boot = boot
        self.first = first
        self.rows = rows
        self.metrics = metrics
        self.digits = digits
        self.living = False  # rows of the running epoch
        self.newest = False  # nothing waits behind it
        self.source = None  # the file its rows lie in
        self.again = False  # refused before the last start
        self.base = None
        self.dropped = 0


class Answer:
    """What a 200 says: the acknowledged ranges, the appliance's clock, and what waits.

    config: the version that holds, firmware: the one that is offered, commands: how many wait.
    """

    def __init__(self, ack, now, config=None, firmware=None, commands=None):
        self.ack = ack
        self.now = now
        self.config = config
        self.firmware = firmware
        self.commands = commands


def scale(value, digits):
    """`value` as a whole number of its last digit, halves away from zero; NULL for no number."""
    if value is None:
        return NULL
    value = value * 10**digits
    if not -_LIMIT < value < _LIMIT:  # false for NaN too
        return NULL
    return int(value + 0.5) if value >= 0 else -int(0.5 - value)


def encode(batch, sent_up, health, buffer):
    """Writes the body into `buffer`; returns its length and how many rows it holds: as many as fit.

    `sent_up` is the uptime at sending; rows of an earlier epoch go without it.
    `health` is a list of (name, value), because MicroPython's dict keeps no order.
    The buffer is the caller's and used again: a small heap is cut to pieces by a new one each time.
    """
    head = '{"v":1,"epoch":"%s",%s"first":%d,"sent_up":%s,"base":%s,"metrics":%s,"rows":[' % (
        batch.epoch,
        "" if batch.boot is None else '"boot":%d,' % batch.boot,
        batch.first,
        sent_up if batch.living else "null",
        "null" if batch.base is None else batch.base,
        "[" + ",".join([json.dumps(name) for name in batch.metrics]) + "]",
    )
    tail = '],"dropped":%d,"health":{%s}}' % (
        batch.dropped,
        ",".join(["%s:%s" % (json.dumps(name), json.dumps(value)) for name, value in health]),
    )
    length = _put(buffer, 0, head)
    count = 0
    scales = [(10**digits, "%%d.%%0%dd" % digits) for digits in batch.digits]
    for row in batch.rows:
        text = _row(row, scales)
        if length + len(text) + len(tail) >= len(buffer):
            break
        length = _put(buffer, length, "," + text if count else text)
        count += 1
    return _put(buffer, length, tail), count


def _put(buffer, start, text):
    """Writes ASCII text and returns where it ends."""
    end = start + len(text)
    buffer[start:end] = text.encode()
    return end


def _row(row, scales):
    text = "[%d" % row[0]
    for i, (power, form) in enumerate(scales):
        value = row[i + 1]
        if value == NULL:
            text += ",null"
        elif power == 1:
            text += ",%d" % value
        elif value < 0:
            text += ",-" + form % divmod(-value, power)
        else:
            text += "," + form % divmod(value, power)
    return text + "]"


def parse_answer(body):
    """The body of a 200. Raises ValueError where it is not what the appliance says."""
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("the answer is not an object")
    ack = message.get("ack")
    if not isinstance(ack, list):
        raise ValueError("the answer has no ack")
    for item in ack:
        if (
            not isinstance(item, list)
            or len(item) != 3
            or not isinstance(item[1], int)
            or not isinstance(item[2], int)
        ):
            raise ValueError("the answer's ack is not a list of ranges")
    now = message.get("now")
    return Answer(
        ack,
        now if isinstance(now, int) else None,
        message.get("config"),
        message.get("firmware"),
        message.get("commands"),
    )


def acknowledged(ack, epoch, first, count):
    """How many of the `count` rows from `first` are covered by `ack` without a hole."""
    reached = first
    for _, low, high in sorted(
        [item for item in ack if item[0] == epoch], key=lambda item: item[1]
    ):
        if low > reached:
            break
        if high >= reached:
            reached = high + 1
    return min(reached - first, count)
