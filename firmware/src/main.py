"""Starts the node: by itself on a board, on a desktop with `micropython main.py --config FILE`."""

import sys

from node import app

if __name__ == "__main__":
    sys.exit(app.main(sys.argv[1:]))
