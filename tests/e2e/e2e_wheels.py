"""Wheels of this tree under other versions, so that two can run side by side."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def installed(version: str, place: Path) -> Path:
    """The folder to put into PYTHONPATH: this tree built as a wheel of `version`, and unpacked as pip does."""
    tree, target = place / f"tree-{version}", place / version
    ignored = shutil.ignore_patterns("__pycache__", "*.md")
    for folder in ("daemon/libria", "providers/libria_providers"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=ignored)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, tree)
    init = tree / "daemon/libria/__init__.py"
    lines = init.read_text().splitlines()
    init.write_text("\n".join(f'__version__ = "{version}"' if "__version__ =" in line else line for line in lines))
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"],
        cwd=tree, env={**os.environ, "PYTHONPATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    [wheel] = (tree / "dist").glob(f"libria-{version}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def changed(installed: Path, place: Path, *, file: str, old: str, new: str) -> Path:
    """A copy of what is installed, with a fault."""
    copy = place / f"changed-{len(list(place.iterdir()))}"
    shutil.copytree(installed, copy, ignore=shutil.ignore_patterns("__pycache__"))
    text = (copy / file).read_text()
    assert text.count(old) == 1, f"{file} holds {text.count(old)} of {old!r}"
    (copy / file).write_text(text.replace(old, new))
    return copy
