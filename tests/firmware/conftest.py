"""Puts the node's own folder on the path and runs the test server beside the tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "firmware" / "src"

sys.path[:0] = [str(HERE), str(SOURCE)]


@pytest.fixture(scope="session", autouse=True)
def _workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("node")
    certificates = tmp_path_factory.mktemp("server")
    os.environ["NODE_TEST_FOLDER"] = str(folder)
    os.environ["NODE_TEST_SERVER"] = str(certificates)
    command = [sys.executable, str(HERE / "tls_server.py"), str(certificates)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == b"ready\n"
        yield
        child.stdin.close()
        child.wait(timeout=10)
