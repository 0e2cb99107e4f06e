# ruff: noqa: INP001 - an example to be copied, no package
"""A model server: learns what windows of a signal usually look like, and scores new ones.

Start it beside the appliance and name its address in a rule of kind `model`:

    pip install scikit-learn
    python server.py --port 9000        # http://127.0.0.1:9000/

It answers {"score": s, "note": ...}: 0 for a window like those before it, towards 1 for one that
sticks out. Of each signal it keeps the last windows in memory, and nothing else.
"""

import argparse
import json
import sys
from collections import defaultdict, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

import numpy as np
from sklearn.ensemble import IsolationForest

LEARN_FROM, REMEMBER = 20, 500
MOST_BYTES = 4_000_000

windows = defaultdict(lambda: deque(maxlen=REMEMBER))
forests = {}
lock = Lock()


def features(times, values):
    """What a window looks like, in seven numbers."""
    row = np.array(values, float)
    hours = (np.array(times, float) - times[0]) / 3_600_000
    slope = np.polyfit(hours, row, 1)[0] if hours[-1] > 0 else 0.0
    steps = np.abs(np.diff(row)).mean() if row.size > 1 else 0.0
    return [row.mean(), row.std(), row.min(), row.max(), np.median(row), slope, steps]


def score(signal, window):
    """How much a window sticks out of those before it, 0 to 1, and why nothing is said yet."""
    with lock:
        known = windows[signal]
        seen = len(known)
        if seen < LEARN_FROM:
            known.append(window)
            return 0.0, f"learning, {seen + 1} of {LEARN_FROM} windows"
        if signal not in forests or seen >= 1.2 * forests[signal][0]:
            forest = IsolationForest(random_state=0).fit(np.array(known))
            usual = -forest.score_samples(np.array(known))
            forests[signal] = seen, forest, float(np.median(usual)), float(usual.max())
        _, forest, middle, top = forests[signal]
        raw = -float(forest.score_samples([window])[0])
        # 0.5: as odd as the oddest window so far
        found = min(1.0, max(0.0, (raw - middle) / max(2 * (top - middle), 1e-9)))
        if found < 0.6:  # what sticks out is not learnt as usual
            known.append(window)
        return found, ""


class Handler(BaseHTTPRequestHandler):
    """One window a post."""

    timeout = 30

    def do_POST(self):
        try:
            asked = json.loads(self.body())
            window = features(asked["times"], asked["values"])
            found, note = score((asked["device"], asked["metric"]), window)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            self.answer(400, {"error": str(error)})
        else:
            self.answer(200, {"score": found, "note": note})

    def body(self):
        length = int(self.headers.get("Content-Length", 0))
        if not 0 < length <= MOST_BYTES:
            raise ValueError("the body is empty or too long")
        return self.rfile.read(length)

    def answer(self, status, told):
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *told):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="who may ask; by default this machine")
    parser.add_argument("--port", type=int, default=9000)
    given = parser.parse_args()
    server = ThreadingHTTPServer((given.host, given.port), Handler)
    sys.stdout.write(f"http://{given.host}:{server.server_port}/\n")
    sys.stdout.flush()
    server.serve_forever()
