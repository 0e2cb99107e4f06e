"""Starts the node: by itself on a board, on a desktop with `micropython main.py --config FILE`."""

import sys
import time


def start(arguments):
    """The node's exit code; 1 where the application is broken."""
    try:
        from node import app

        return app.main(arguments)
    except Exception as error:  # an update may be broken in any way: boot.py counts its starts
        if not hasattr(sys, "print_exception"):
            raise
        sys.print_exception(error)
        return 1


def again():
    """Starts a board anew; a desktop is left to whoever started this."""
    try:
        from machine import reset
    except ImportError:
        return
    time.sleep(2)  # for whoever reads the console
    reset()


if __name__ == "__main__":
    code = start(sys.argv[1:])
    if code:
        again()
    sys.exit(code)
