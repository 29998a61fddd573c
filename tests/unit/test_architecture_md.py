"""Every room of the code has its line in ARCHITECTURE.md."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "daemon" / "ARCHITECTURE.md").read_text(encoding="utf-8")
MAP = TEXT.partition("## Where to find what")[2].partition("\n## ")[0]
NAMES = re.findall(r"`([\w.*]+)`", MAP)
PACKAGES = {"libria": ROOT / "daemon" / "libria", "libria_providers": ROOT / "providers" / "libria_providers"}


def named() -> set[str]:
    """Modules in full: a row that begins with a dot goes on in the package of the row before it."""
    found: set[str] = set()
    base = room = ""
    for line in MAP.splitlines():
        first, _, _ = line.strip("| ").partition(" | ")
        below = first.startswith("·")
        for name in re.findall(r"`([\w.*]+)`", first):
            if name.startswith(("libria.", "libria_providers.")):
                room, base = name, name.rpartition(".")[0]
                found.add(name)
            elif name.startswith("."):
                found.add(f"{base}{name}")
            elif below:
                found.add(f"{room}.{name}")
    return found


def is_named(module: str, names: set[str]) -> bool:
    """Itself, the package it lies in, or all of one beginning (`fill_*`)."""
    packages = [module.rsplit(".", depth)[0] for depth in range(module.count(".") + 1)]
    starred = [name.removesuffix("*") for name in names if name.endswith("*")]
    return any(one in names for one in packages) or any(module.startswith(one) for one in starred)


def test_every_module_is_named_or_lies_in_a_room_that_is() -> None:
    names = named()
    modules = {
        ".".join((package, *file.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__")
        for package, folder in PACKAGES.items()
        for file in folder.rglob("*.py")
    } - {*PACKAGES, *(f"{package}.__main__" for package in PACKAGES)}
    assert len(modules) > 200
    assert sorted(module for module in modules if not is_named(module, names)) == []


def test_what_is_named_exists() -> None:
    missing = [name for name in sorted(named()) if not _exists(name)]
    assert missing == []


def _exists(name: str) -> bool:
    package, _, rest = name.partition(".")
    path = PACKAGES[package].joinpath(*rest.split("."))
    return any(path.parent.glob(f"{path.name}.py")) or path.is_dir()
