"""The findings for a person, and for a program."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from libria import __version__
from libria.cli.describe import size
from libria.cli.doctor import told
from libria.cli.doctor.advice import faults, notes
from libria.cli.doctor.daemon import DaemonState
from libria.cli.doctor.findings import ConfigState, Findings, KeysFile
from libria.cli.doctor.network import without_password
from libria.cli.doctor.providers import SIMULATE, Setup
from libria.cli.doctor.reach import Reach
from libria.cli.output import columns, table

KEY = {
    "found": "{}",
    "missing": "set {}",
    "noProgram": "no program {}",
    "noKeyring": "no package for the keyring",
    "notNeeded": "none needed",
}

PLACE = {"file": "file", "command": "program", "keyring": "keyring"}  # without a word it is the environment

TRY = "To try without any: libria ask -m simulate/story Hello"


def as_json(findings: Findings) -> dict[str, Any]:
    return {
        "usable": list(findings.usable),
        "offline": findings.offline,
        "providers": [_provider(setup, findings.reached.get(setup.name)) for setup in findings.providers],
        "network": {"proxies": dict(findings.proxies), "certificates": dict(findings.certificates)},
        "config": asdict(findings.config),
        "daemon": _daemon_json(findings.daemon),
        "versions": dict(findings.versions),
        "keysFiles": [
            {"path": file.path, "variables": file.variables, "problem": file.problem, "unread": list(file.unread_lines)}
            for file in findings.keys_files
        ],
        "clients": [
            {"session": client.session, "name": client.name, "lacks": list(client.variables)}
            for client in findings.lacking
        ],
        "places": [asdict(place) for place in findings.places],
        "disk": [asdict(room) for room in findings.rooms],
        "clock": {"behindSeconds": findings.clock_behind, "fault": findings.clock_fault},
        "limits": {
            "configured": {name: dict(limit) for name, limit in findings.limits.items()},
            "targets": findings.daemon.status.get("targets") or [],
        },
        "cache": dict(findings.daemon.cache) or None,
        "redis": asdict(findings.redis) if findings.redis else None,
        "ledger": findings.daemon.status.get("ledger"),
        "budgets": findings.daemon.status.get("budgets") or [],
        "faults": faults(findings),
        "notes": notes(findings),
    }


def as_text(findings: Findings) -> str:
    return "\n".join(_lines(findings))


def _provider(setup: Setup, reach: Reach | None) -> dict[str, Any]:
    return {
        "name": setup.name,
        "title": setup.title,
        "key": {"state": setup.key, "source": setup.key_source or None, "from": setup.key_from},
        "address": {"url": without_password(setup.address) or None, "source": setup.address_source},
        "local": setup.local,
        "configured": setup.configured,
        "fault": setup.fault or None,
        "reach": asdict(reach) if reach else None,
    }


def _lines(findings: Findings) -> Iterator[str]:
    yield "Providers"
    set_up = [setup for setup in findings.providers if _is_set_up(setup, findings)]
    if set_up:
        rows = [("NAME", "KEY", "ADDRESS", "ANSWERS"), *(_row(setup, findings) for setup in set_up)]
        yield from (f"  {line}" for line in table(rows).splitlines())
    yield from _silent(findings)
    yield from _not_set_up([setup for setup in findings.providers if setup not in set_up])
    yield ""
    yield "Network"
    for name, value in findings.proxies.items():
        yield f"  {name}: {value}"
    if not findings.proxies:
        yield "  proxy: none (HTTPS_PROXY is not set)"
    for name, value in findings.certificates.items():
        yield f"  {name}: {value}"
    if not findings.certificates:
        yield "  certificates: the system's own (SSL_CERT_FILE is not set)"
    yield ""
    yield from _config(findings.config)
    for file in findings.keys_files:
        yield _keys_file(file)
    yield from _daemon(findings.daemon)
    yield from _machine(findings)
    yield from told.limits(findings)
    yield from told.cache(findings)
    yield from told.redis(findings)
    yield from told.ledger(findings)
    yield "Versions: " + ", ".join(f"{name} {value}" for name, value in findings.versions.items())
    yield ""
    for title, sentences in (("Must be mended", faults(findings)), ("Worth knowing", notes(findings))):
        if sentences:
            yield title
            yield from (f"  {sentence[:1].upper()}{sentence[1:].rstrip('.')}." for sentence in sentences)
            yield ""
    yield _verdict(findings)


def _is_set_up(setup: Setup, findings: Findings) -> bool:
    """It has a key, stands in the config, runs here, or somebody began to set it up."""
    reach = findings.reached.get(setup.name)
    answers = reach is not None and reach.answers
    begun = (
        setup.key in ("found", "noProgram", "noKeyring")
        or setup.configured
        or setup.address_source not in ("built in", "")
    )
    return begun or answers or setup.name == SIMULATE


def _not_set_up(setups: list[Setup]) -> Iterator[str]:
    """The others in few lines: whoever looks for one wants to know what to set."""
    asleep = [setup.name for setup in setups if setup.local]
    if asleep:
        yield f"  Not running on this machine: {', '.join(asleep)}."
    wanting = [f"{setup.name} {setup.key_source.partition(' or ')[0]}" for setup in setups if not setup.local]
    if wanting:
        yield "  Without a key, and the variable that it would be in:"
        yield from (f"    {line}" for line in columns(wanting))


def _row(setup: Setup, findings: Findings) -> tuple[str, str, str, str]:
    key = KEY[setup.key].format(setup.key_source)
    if setup.key == "found" and setup.key_from in PLACE:
        key += f" ({PLACE[setup.key_from]})"
    source = "" if setup.address_source == "built in" else f" ({setup.address_source})"
    where = f"{without_password(setup.address)}{source}" if setup.address else (setup.fault or "started when asked for")
    return setup.name, key, where, _answers(setup, findings.reached.get(setup.name))


def _answers(setup: Setup, reach: Reach | None) -> str:
    if reach is None:
        return "" if setup.worth_asking or not setup.address else "not asked"
    if reach.answers:
        return f"yes, {reach.milliseconds:.0f} ms"
    return "not running" if setup.local else "no"


def _silent(findings: Findings) -> Iterator[str]:
    """Why an address does not answer; a local server that does not run is no fault."""
    if findings.offline:
        yield "  No address beyond this machine answers: check the network, HTTPS_PROXY and NO_PROXY."
    for setup in findings.providers:
        reach = findings.reached.get(setup.name)
        if reach and not reach.answers and not setup.local:
            yield f"  {setup.name}: {reach.detail}"


def _config(state: ConfigState) -> Iterator[str]:
    if state.faults:
        yield f"Config: {state.file} cannot be used; the defaults are in force"
    else:
        yield f"Config: {state.file}" + ("" if state.exists else " (no such file; the defaults are in force)")
    yield from (f"  {line}" for line in (*state.faults, *state.warnings))


def _keys_file(file: KeysFile) -> str:
    held = f"{file.variables} variable" + ("" if file.variables == 1 else "s")
    return f"Keys file: {file.path} ({'cannot be used, see below' if file.problem else held})"


def _machine(findings: Findings) -> Iterator[str]:
    wrong = [place for place in findings.places if place.fault]
    yield "Folders: " + (f"{len(wrong)} with a fault, see below" if wrong else "this user's alone")
    free = {room.free: room.path for room in findings.rooms}
    yield "Disk: " + ", ".join(f"{size(number)} free at {path}" for number, path in free.items())
    if findings.clock_behind is not None or findings.clock_fault:
        behind = findings.clock_behind
        yield "Clock: " + ("right, as the servers say" if not findings.clock_fault else f"{behind or 0:.0f} s off")


def _daemon_json(state: DaemonState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in ("running", "socket", "version", "pid", "fault")}


def _daemon(state: DaemonState) -> Iterator[str]:
    if state.fault:
        yield f"Daemon: {state.fault}"
    elif state.running:
        yield f"Daemon: running, version {state.version or 'unknown'}, pid {state.pid or 'unknown'}"
    else:
        yield "Daemon: not running; it is started when it is needed"
    if state.version and state.version != __version__:
        yield f"  This is version {__version__}: run `libria stop` so that the next start is of it too."
    yield f"Socket: {state.socket}"


def _verdict(findings: Findings) -> str:
    if findings.usable:
        return f"Ready to use: {', '.join(findings.usable)}."
    if findings.offline:
        return f"Nothing can be used: no provider with a key can be reached. {TRY}"
    return f"Nothing can be used: set the key of one provider, or start a local server. {TRY}"
