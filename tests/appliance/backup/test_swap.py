"""The last steps of a restore, ended at each of them by a kill."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.backup import swap
from appliance.errors import Conflict
from tests.appliance.backup.plant import NOON

NEW, OLD = {"archive": "new", "certificates": "new"}, {"certificates": "old", "secrets": "old"}


class Killed(BaseException):
    pass


@contextmanager
def killed_before(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing more happens on the disk from this step on."""
    left = step

    def counted(does):
        def do(*arguments, **options):
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return does(*arguments, **options)

        return do

    with monkeypatch.context() as patch:
        for name in ("rename", "rmdir", "unlink", "mkdir"):
            patch.setattr(os, name, counted(getattr(os, name)))
        yield


def lay(folder: Path, content: dict[str, str]) -> None:
    for name, text in content.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_text(text)


def laid(folder: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in folder.glob("*/file")}


@pytest.mark.parametrize("step", range(12))
def test_a_swap_killed_at_any_step_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    lay(tmp_path, OLD)
    lay(tmp_path / "restore/new", NEW)
    swap.make_ready(tmp_path, "sums")
    with killed_before(step, monkeypatch), pytest.raises(Killed):
        swap.finish(tmp_path, NOON)
        raise Killed  # there are no more steps
    if (tmp_path / "restore").exists():
        with pytest.raises(Conflict, match="carbonseed restore FILE"):
            swap.refuse_unfinished(tmp_path)
        if swap.is_pending(tmp_path):
            assert swap.is_ready(tmp_path, "sums")
            assert not swap.is_ready(tmp_path, "of another backup")
            swap.finish(tmp_path, NOON)
    (aside,) = tmp_path.glob("before-restore-*")
    assert laid(tmp_path) == {**NEW, "secrets": "old"}
    assert laid(aside) == {"certificates": "old"}


def test_what_was_set_aside_a_moment_ago_stays(tmp_path: Path) -> None:
    for _ in range(3):
        lay(tmp_path / "restore/new", {"secrets": "new"})
        swap.make_ready(tmp_path, "sums")
        swap.finish(tmp_path, NOON)
    assert sorted(aside.name for aside in tmp_path.glob("before-*")) == [
        "before-restore-20261123T120000Z",
        "before-restore-20261123T120000Z-2",
    ]
