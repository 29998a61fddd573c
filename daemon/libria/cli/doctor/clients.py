"""Tools that were started without the shell's variables, as from a desktop icon: they lack keys that are here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from libria.cli.doctor.providers import Setup


@dataclass(frozen=True, slots=True)
class Lacking:
    """`variables` are set here, and their keys reach the client in no way."""

    session: str
    name: str
    variables: tuple[str, ...]

    @property
    def sentence(self) -> str:
        who = self.name or f"a client without a name ({self.session})"
        return f"{who} has no {' and no '.join(self.variables)}, which this shell has"


ADVICE = (
    "Started from a desktop icon, a tool has no shell's variables. Start it from a shell, or put the keys into a file "
    'that only you can read and name it in the config: [defaults] api_key_env_file = "~/.config/keys.env"; '
    "or use api_key_command or api_key_keyring."
)


def lacking(setups: Iterable[Setup], keys: Mapping[str, Any]) -> list[Lacking]:
    """`keys` is the daemon's answer to `libria/keys`."""
    here = [setup for setup in setups if setup.key == "found" and setup.key_from == "environment"]
    found: list[Lacking] = []
    for client in keys.get("clients") or ():
        theirs = set(client["variables"])
        missing = [setup.key_source for setup in here if not setup.everywhere and not theirs & set(setup.variables)]
        if missing:
            found.append(Lacking(client["session"], client["name"], tuple(dict.fromkeys(missing))))
    return found
