"""The built web assets, held in memory under their hashed names."""

import json
import mimetypes
from importlib.resources import files

import msgspec

from appliance.errors import CarbonseedError

mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("text/javascript", ".js")


class AssetsMissing(CarbonseedError):
    """The web assets are not built. Run `python webui/build.py` once; it fetches what it needs."""

    code = "assets-missing"


class Asset(msgspec.Struct, frozen=True):
    """One file as browsers get it, and packed for those that take gzip."""

    content_type: str
    data: bytes
    gzip: bytes | None


class Assets:
    """All built files; names change with their content, so browsers may keep them for ever."""

    def __init__(self) -> None:
        folder = files("webui") / "static" / "dist"
        if not (folder / "manifest.json").is_file():
            raise AssetsMissing
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self._names: dict[str, str] = manifest["names"]
        self._loads: dict[str, list[str]] = manifest["loads"]
        self._files = {path.name: path.read_bytes() for path in folder.iterdir()}

    def url(self, name: str) -> str:
        """The address of the asset that was built from the source `name`."""
        return f"/assets/{self._names[name]}"

    def loaded_by(self, name: str) -> list[str]:
        """The addresses of what the script `name` imports: to be asked for along with it."""
        return [f"/assets/{built}" for built in self._loads[name]]

    def find(self, built: str) -> Asset | None:
        """The asset with this built name."""
        if built not in self._names.values():
            return None
        kind = mimetypes.guess_type(built)[0] or "application/octet-stream"
        text = kind.startswith("text/") or kind == "image/svg+xml"
        content_type = f"{kind}; charset=utf-8" if text else kind
        return Asset(content_type, self._files[built], self._files.get(f"{built}.gz"))
