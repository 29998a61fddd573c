"""One run of suites in a real VS Code, and what each of their tests came to."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vscode_pieces as pieces
from e2e_home import Home, wait_gone
from vscode_control import Control

SETTINGS: Mapping[str, Any] = {
    "workbench.startupEditor": "none",
    "telemetry.telemetryLevel": "off",
    "files.hotExit": "off",
    "extensions.autoCheckUpdates": False,
    "extensions.autoUpdate": False,
    "chat.byokUtilityModelDefault": "mainAgent",
}
SECONDS = 480  # until a run that hangs is given up


@dataclass(frozen=True)
class Outcome:
    suite: str
    title: str
    error: str | None


@dataclass(frozen=True)
class Host:
    """`env` is what VS Code was started with; the libria of this Python is first on its PATH."""

    name: str
    home: Home
    control: Control
    extension: Path
    shots: Path
    env: Mapping[str, str]
    trust: bool = False
    vsix: Path | None = None

    def run(self, suites: Sequence[str]) -> "Ran":
        """Of `dist/test/SUITE.test.js`."""
        place = self.home.path / f"vscode-{self.name}"
        workspace = place / "workspace"
        workspace.mkdir(parents=True)
        self.shots.mkdir(parents=True, exist_ok=True)
        results = place / "results.jsonl"
        results.touch()
        job = {
            "name": self.name, "place": str(place), "workspace": str(workspace), "shots": str(self.shots),
            "vscode": str(pieces.vscode()), "chromium": str(pieces.chromium()), "packages": str(pieces.packages()),
            "extension": str(self.extension if self.vsix is None else _empty_extension(place)),
            "tests": str(self.extension / "dist" / "test" / "index.js"),
            "settings": SETTINGS, "machineSettings": {}, "trust": self.trust, "seconds": SECONDS,
            "vsix": str(self.vsix) if self.vsix else None,
            "env": {
                **self.home.env(self.env),
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "LIBRIA_TEST_CONTROL": self.control.url,
                "LIBRIA_TEST_RESULTS": str(results),
                "LIBRIA_TEST_SUITES": ",".join(suites),
            },
        }  # fmt: skip
        file = place / "job.json"
        file.write_text(json.dumps(job))
        command = [str(pieces.node() / "node"), str(Path(__file__).with_name("host.mjs")), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 60, check=False)
        for pid in set(self.home.processes()) - set(self.home.processes("serve")):
            wait_gone(pid)
        lines = results.read_text().splitlines()
        return Ran([Outcome(**json.loads(line)) for line in lines], done.stdout + done.stderr + self.home.report())


@dataclass(frozen=True)
class Ran:
    outcomes: Sequence[Outcome]
    output: str

    def check(self, suites: Sequence[str]) -> None:
        """Raises with each failure; a suite without an end did not get so far."""
        failed = [f"{each.suite}: {each.title}\n{each.error}" for each in self.outcomes if each.error is not None]
        ended = {each.suite for each in self.outcomes if each.title == "(all)"}
        failed += [f"{suite} did not come to its end" for suite in suites if suite not in ended]
        assert not failed, "\n\n".join(failed) + f"\n\n{self.output}"


def _empty_extension(place: Path) -> Path:
    """VS Code runs tests only beside an extension that is being developed."""
    folder = place / "nothing"
    folder.mkdir()
    manifest = {"name": "nothing", "publisher": "test", "version": "0.0.1", "engines": {"vscode": "*"}}
    folder.joinpath("package.json").write_text(json.dumps(manifest))
    return folder
