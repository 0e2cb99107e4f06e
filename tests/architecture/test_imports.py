"""What a light program loads: import-linter sees the written imports, this sees the real ones."""

import json
import subprocess
import sys

import pytest

HEAVY = {"quart", "hypercorn", "uvicorn", "asyncpg", "numba", "numpy", "cryptography"}


def loaded_by(statement: str) -> set[str]:
    probe = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    out = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    ).stdout
    return {name.partition(".")[0] for name in json.loads(out.splitlines()[-1])}


@pytest.mark.parametrize(
    "statement",
    [
        "import appliance.cli",
        "import appliance.model.device, appliance.model.alert, appliance.model.live",
        "import appliance.model.reading, appliance.model.rule, appliance.model.kpi",
        "import appliance.errors",
        "import tui.app",
    ],
)
def test_a_light_program_loads_nothing_heavy(statement: str) -> None:
    assert not loaded_by(statement) & HEAVY
