"""Out of the findings: what must be mended, and what is worth knowing."""

from collections.abc import Iterator

from libria.cli.doctor.clients import ADVICE
from libria.cli.doctor.findings import Findings
from libria.cli.doctor.places import NO_ROOM


def faults(findings: Findings) -> list[str]:
    """What keeps calls from working, or keys from being safe; each says what to do. That no provider can be used is
    not among them: the verdict says it."""
    return list(_faults(findings))


def notes(findings: Findings) -> list[str]:
    """What may surprise; nothing fails by it."""
    return list(_notes(findings))


def _faults(findings: Findings) -> Iterator[str]:
    if findings.config.faults:
        yield f"the config cannot be used; correct {findings.config.file}"
    for file in findings.keys_files:
        if file.problem:
            yield file.problem
    if findings.daemon.fault:
        yield f"the daemon: {findings.daemon.fault}"
    for place in findings.places:
        if place.fault:
            yield place.fault
    for room in findings.rooms:
        if room.free < NO_ROOM:
            yield f"the disk of {room.path} is full: there is no room for the {room.what}"


def _notes(findings: Findings) -> Iterator[str]:
    for file in findings.keys_files:
        if file.unread_lines:
            lines = ", ".join(map(str, file.unread_lines[:5]))
            yield f"{file.path}: line {lines} cannot be read as NAME=value"
    for client in findings.lacking:
        yield client.sentence
    if findings.lacking:
        yield ADVICE
    for setup in findings.providers:
        if setup.key == "noKeyring":
            yield f"{setup.name} needs a package for the keyring: pip install 'libria[keyring]'"
    for name in findings.unread:
        yield f"{name} is set and does not count here: set SSL_CERT_FILE to the same file"
    if findings.clock_fault:
        yield findings.clock_fault
    for room in findings.rooms:
        if room.what == "cache" and NO_ROOM <= room.free < findings.cache_bytes:
            most = findings.cache_bytes // 1_000_000
            yield f"the cache may grow to {most} MB, and its disk has less: lower [cache] max_bytes"
    if findings.redis and findings.redis.fault:
        yield f"{findings.redis.fault}; each machine keeps to its share of the limits meanwhile"
    for tier in findings.daemon.cache.get("tiers") or ():
        if tier.get("problem"):
            yield f"the cache's tier {tier['name']}: {tier['problem']}"
    for problem in findings.daemon.status.get("problems") or ():
        if problem not in findings.config.warnings and not findings.config.faults:
            yield problem
