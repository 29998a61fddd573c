"""Where Libria keeps its files: config, cache, state, run, and the names in them.

Every function reads the environment when called. Nothing but the checks of private folders touches the disk.
"""

import os
import stat
from pathlib import Path
from typing import Literal

SOCKET_NAME = "libria.sock"
PORT_NAME = "libria.port"

MAX_SOCKET_PATH = 100
"""Bytes. The kernel's limit (`sun_path`) is 108 on Linux and 104 on macOS, the final zero included."""

Place = Literal["config", "cache", "state", "run"]


def config_dir() -> Path:
    return _place("config")


def cache_dir() -> Path:
    return _place("cache")


def state_dir() -> Path:
    return _place("state")


def runtime_dir() -> Path:
    """Holds what is gone with the daemon: its socket and its lock."""
    return _place("run")


def config_file() -> Path:
    """The file that LIBRIA_CONFIG names, else `config.toml` in the config folder."""
    named = os.environ.get("LIBRIA_CONFIG")
    return _absolute(named) if named else config_dir() / "config.toml"


def log_file() -> Path:
    return state_dir() / "libria.log"


def ledger_file() -> Path:
    return state_dir() / "ledger.db"


def socket_path() -> Path:
    """The daemon's socket. Where the path would be too long for the kernel, a short one that is
    the same for everyone with this home; its folder then needs `ensure_private_dir` as well."""
    path = runtime_dir() / SOCKET_NAME
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    return _short_dir(path.parent) / SOCKET_NAME


def port_file() -> Path:
    """Where the daemon listens, and what it wants to hear, on a system without Unix sockets."""
    return runtime_dir() / PORT_NAME


def ensure_private_dir(path: Path) -> Path:
    """Make `path` a folder that only this user can enter, and return it.

    A folder of ours that others may read is closed to them; one that others may change is refused,
    since what is in it may not be ours. Raises OSError with a sentence that says what to do."""
    try:
        _make(path)
    except FileExistsError:
        raise NotADirectoryError(f"{path} is not a folder; move it away or set LIBRIA_HOME.") from None
    except OSError as error:
        raise _cannot_make(path, error) from None
    check_private_dir(path)
    return path


def check_private_dir(path: Path) -> bool:
    """Whether `path` is there. Raises as `ensure_private_dir` does, which makes it where it is not.

    Whoever may change a folder above it can put another in its place: those are checked as well, as
    sshd does before it believes a file (`StrictModes`, https://man.openbsd.org/sshd_config)."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    if stat.S_ISLNK(found.st_mode):
        raise PermissionError(f"{path} is a symbolic link, which is not safe here; remove it or set LIBRIA_HOME.")
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{path} is not a folder; move it away or set LIBRIA_HOME.")
    if not hasattr(os, "geteuid"):
        return True  # no owners and modes here
    if found.st_uid != os.geteuid():
        raise PermissionError(f"{path} belongs to another user; remove it or set LIBRIA_HOME.")
    if found.st_mode & 0o022:
        raise PermissionError(f'Other users can write to {path}; look what is in it, then run: chmod 700 "{path}"')
    _check_above(path)
    if found.st_mode & 0o077:
        path.chmod(0o700)
    return True


def _make(path: Path) -> None:
    """Those above it too, for this user alone whatever the umask: so the XDG specification has it.
    https://specifications.freedesktop.org/basedir-spec/latest/#referencing"""
    try:
        path.mkdir(mode=0o700)
    except FileNotFoundError:
        _make(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        if not path.is_dir():
            raise


def _check_above(path: Path) -> None:
    """All folders on the way, and on the way to where links lead. Whoever owns / may do everything anyhow: root, or
    who stands for it in a container."""
    trusted = {0, os.geteuid(), os.stat("/").st_uid}
    way, seen = [*path.parents], set[Path]()
    while way:
        folder = way.pop()
        if folder in seen:
            continue
        seen.add(folder)
        found = folder.lstat()
        if found.st_uid not in trusted:
            raise PermissionError(
                f"{folder} belongs to another user, who could put another folder at {path}; set LIBRIA_HOME."
            )
        if stat.S_ISLNK(found.st_mode):
            target = folder.parent / folder.readlink()
            way += [target, *target.parents]
        elif not found.st_mode & stat.S_ISVTX and (  # where that is set, only an owner moves what is there
            found.st_mode & 0o002 or (found.st_mode & 0o020 and not _own_group(found.st_gid))
        ):
            raise PermissionError(
                f"Other users can write to {folder} and so could put another folder at {path}; "
                f'run: chmod go-w "{folder}"'
            )


def _own_group(group: int) -> bool:
    """Whether it is a group that holds only this user, as many systems give each user one."""
    import grp
    import pwd

    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
        found = grp.getgrgid(group)
    except KeyError:
        return False
    return group == 0 or (found.gr_name == user and set(found.gr_mem) <= {user})


def _cannot_make(path: Path, error: OSError) -> OSError:
    reason = (error.strerror or "unknown reason").lower()
    return OSError(f"The folder {path} cannot be made ({reason}); correct that or set LIBRIA_HOME.")


def _place(place: Place) -> Path:
    home = os.environ.get("LIBRIA_HOME")
    return _absolute(home) / place if home else _platform_place(place)


def _platform_place(place: Place) -> Path:
    import warnings  # with platformdirs 15 ms, which nobody with LIBRIA_HOME pays

    import platformdirs

    dirs = platformdirs.PlatformDirs("libria", appauthor=False)
    match place:
        case "config":
            return Path(dirs.user_config_dir)
        case "cache":
            return Path(dirs.user_cache_dir)
        case "state":
            return Path(dirs.user_state_dir)
        case "run":
            with warnings.catch_warnings():
                # It warns where XDG_RUNTIME_DIR is unset, which is no fault in a container.
                warnings.simplefilter("ignore")
                return Path(dirs.user_runtime_dir)


def _absolute(path: str) -> Path:
    """The daemon leaves the folder it was started in, so a relative path is fixed here."""
    return Path(os.path.abspath(os.path.expanduser(path)))


def _short_dir(long: Path) -> Path:
    """Below /tmp rather than TMPDIR: that differs between an editor and a shell of the same user."""
    import hashlib

    home = hashlib.sha256(os.fsencode(long)).hexdigest()[:16]
    user = os.getuid() if hasattr(os, "getuid") else 0
    if os.path.isdir("/tmp"):  # noqa: S108  # the folder below it is checked by ensure_private_dir
        return Path(f"/tmp/libria-{user}-{home}")  # noqa: S108  # the same
    import tempfile

    return Path(tempfile.gettempdir()) / f"libria-{user}-{home}"
