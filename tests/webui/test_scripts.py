"""The scripts' types, and their pure parts run on Node."""

import subprocess
from pathlib import Path

import pytest

from webui import build

SCRIPTS = Path(__file__).with_name("scripts") / "scripts.test.ts"

pytestmark = pytest.mark.usefixtures("assets")


@pytest.fixture(scope="module")
def node() -> tuple[str, ...]:
    tools = build.find_tools()
    build.install(tools)
    return tools.node


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=build.HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_scripts_types_hold(node) -> None:
    run(*node, "node_modules/typescript/bin/tsc", "-p", "tsconfig.json")


def test_the_pure_parts_do_what_they_say(node, tmp_path) -> None:
    bundle = tmp_path / "scripts.mjs"
    run(
        *node,
        "node_modules/esbuild/bin/esbuild",
        str(SCRIPTS),
        "--bundle",
        "--platform=node",
        "--format=esm",
        f"--outfile={bundle}",
        "--log-level=warning",
    )
    run(*node, "--test", str(bundle))
