"""Command lines, run on a box whose database is this test's own."""

import pytest

from appliance.cli import run


@pytest.fixture
def command(database_url, monkeypatch, tmp_path, capsys):
    """Run a command line; return its exit code, stdout and stderr."""
    monkeypatch.setenv("CARBONSEED_DATABASE_URL", database_url)
    monkeypatch.setenv("CARBONSEED_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SUDO_USER", "ayse")

    def do(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return do
