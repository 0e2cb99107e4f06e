"""The installer's files by themselves: what needs no engine to be seen."""

import re
import shutil
import subprocess

import pytest

from tests.installer.engine import ROOT

SCRIPTS = [
    *sorted((ROOT / "installer").glob("*.sh")),
    ROOT / "installer/carbonseed",
    ROOT / "tests/installer/postgres/entrypoint.sh",
    ROOT / "tests/system_parts.sh",
]


def test_the_scripts_are_clean_to_shellcheck() -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("*** There is no shellcheck here; tests/system_parts.sh installs it.")
    told = subprocess.run(
        ["shellcheck", "--external-sources", *SCRIPTS], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout


def test_every_option_the_code_knows_is_in_the_help() -> None:
    text = (ROOT / "installer/install.sh").read_text()
    known = set(
        re.findall(r"--[a-z-]+(?=[ )|])", text[text.index("read_options") :].split("esac")[0])
    )
    usage = subprocess.run(
        [ROOT / "installer/install.sh", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert known == set(re.findall(r"--[a-z-]+", usage)) | {"--help"}
    operations = (ROOT / "docs/operations.md").read_text()
    assert {option for option in known if option not in operations} == set()


def test_images_are_pinned_and_the_base_is_the_same_everywhere() -> None:
    dockerfile = (ROOT / "installer/Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    own = re.findall(r"^FROM .* AS (\S+)", dockerfile, re.MULTILINE)
    assert set(bases) - set(own) == {"python:3.13-slim"}
    assert not re.search(r":latest|image: \w+$", (ROOT / "compose.yaml").read_text(), re.MULTILINE)


def test_nothing_but_sources_goes_into_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [line[1:] for line in ignored if line.startswith("!")]
    assert ignored.index("*") < ignored.index(f"!{allowed[0]}")
    assert all((ROOT / name).exists() for name in allowed)
