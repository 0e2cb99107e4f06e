"""How the appliance writes its log: one line an event, plain, on stderr."""

import logging
import re
import traceback
from types import TracebackType
from typing import TypeAlias

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
QUIET = ("hypercorn", "uvicorn", "quart", "httpx", "asyncio")
"""Libraries that tell of every connection; their warnings are enough."""

_Trace: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class OneLine(logging.Formatter):
    """Whatever a message holds, it stays on its line: nobody forges a second one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return CONTROL.sub(" ", super().format(record))

    def formatException(self, ei: _Trace) -> str:  # noqa: N802  logging's name
        """An error in short: what, and the way to it, innermost last."""
        frames = traceback.extract_tb(ei[2])[-6:]
        way = " > ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
        return f"[{type(ei[1]).__name__}: {ei[1]}] at {way}"


def configure(level: int = logging.INFO) -> None:
    """Write everything of `level` and above to stderr; of the libraries warnings alone."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
