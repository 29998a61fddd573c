"""What is the matter with a daemon that does not answer, in a sentence."""

from pathlib import Path
from time import monotonic
from typing import Any

from libria import watch
from libria.cli.describe import duration

Json = Any


def silent(pid: int | None, since: float) -> dict[str, Json]:
    """Of process `pid`, silent `since` a monotonic time: `state` is "busy" (its loop turns, late), "stuck", "stopped"
    or "silent", `message` what to do."""
    said = watch.ask()
    if said is None:
        return _without_watch(pid)
    late = round(float(said.get("seconds") or 0.0), 3)
    if not said.get("turned"):
        late = max(late, round(monotonic() - since, 3))
    seconds = duration(max(round(late, 1), 0.1))  # never "0 s late"
    place = _place(list(said.get("where") or ()))
    found = {"pid": said.get("pid"), "version": said.get("version"), "seconds": late}
    found["where"] = said.get("where") or []
    if said.get("turned"):
        message = f"The daemon is busy: it was {seconds} late{place}."
        return {"state": "busy", "message": message, **found}
    doing = "computes" if said.get("busy") else "hangs"
    message = f"The daemon is stuck: it {doing} for at least {seconds}{place}; end it with: libria stop"
    return {"state": "stuck", "message": message, **found}


def _without_watch(pid: int | None) -> dict[str, Json]:
    process = f" (process {pid})" if pid else ""
    state = "stopped" if pid and _is_stopped(pid) else "silent"
    message = f"The daemon{process} does not answer at all (stopped?); end it with: libria stop"
    if state == "stopped":
        message = f"The daemon{process} is stopped; let it go on with: kill -CONT {pid}, or end it with: libria stop"
    return {"state": state, "message": message, "pid": pid}


def _place(where: list[str]) -> str:
    """Where it is, and which of our own functions has brought it there."""
    if not where:
        return ""
    ours = next((place for place in where if "libria" in place), where[0])
    return f" in {where[0]}" + (f", from {ours}" if ours != where[0] else "")


def _is_stopped(pid: int) -> bool:
    """By a signal or a debugger. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html"""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] in ("T", "t")
    except (OSError, IndexError):
        return False
