"""Two real users: nobody but the user who runs it gets into a daemon, and no tool speaks to another's.

Runs as root, who can be two: the other is nobody, by its number."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_client import WITHIN
from e2e_home import Home

NOBODY = 65534

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="needs root, to be two users; CI's containers are"
)

VISIT = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
try:
    s.connect(sys.argv[1])
except PermissionError:
    sys.exit(print("closed"))
body = b'{"jsonrpc":"2.0","id":1,"method":"libria/status","params":{}}'
try:
    s.sendall(b"Content-Length: %d\\r\\n\\r\\n%b" % (len(body), body))
    print(len(s.recv(65536)))
except OSError:
    print(0)
"""

FAKE = """
import os, socket, sys
os.umask(0)
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(5)
print("ready", flush=True)
while True:
    c, _ = s.accept()
    c.settimeout(10)
    try:
        print(len(c.recv(65536)), flush=True)
    except OSError:
        print("?", flush=True)
    c.close()
"""


def python() -> str:
    """One that nobody may run: this one may be in root's home."""
    return "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable


def as_nobody(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [python(), "-I", "-c", code, *arguments], user=NOBODY, group=NOBODY, extra_groups=[], cwd="/",
        capture_output=True, text=True, timeout=WITHIN, check=False,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    return done.stdout


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[tuple[Path, "subprocess.Popen[str]"]]:
    """A socket of nobody's, that says how much it hears of each who comes."""
    place = tmp_path / "nobodys"
    place.mkdir()
    os.chown(place, NOBODY, NOBODY)
    for folder in (place, *list(place.parents)[:4]):
        if folder.stat().st_uid == 0 and folder not in (Path("/"), Path("/tmp")):
            folder.chmod(folder.stat().st_mode | 0o011)
    path = place / "s"
    with subprocess.Popen(
        [python(), "-I", "-c", FAKE, str(path)], user=NOBODY, group=NOBODY, extra_groups=[], cwd="/",
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield path, process
        process.kill()


def open_up(home: Home) -> None:
    """Let everybody come as far as the socket: what protects it then is the peer's user alone."""
    home.socket_file.chmod(0o777)
    for folder in (home.socket_file.parent, home.path, *home.path.parents):
        if folder not in (Path("/"), Path("/tmp")):
            folder.chmod(folder.stat().st_mode | 0o055)


async def test_another_user_who_reaches_the_socket_is_hung_up_on_before_a_word(own_home: Home) -> None:
    client = await own_home.join()
    async with client:
        before = await client.request("libria/status", {})
        heard: list[str] = []
        while len(heard) < 3:
            open_up(own_home)  # the daemon closes its folder again when it looks at it
            said = (await asyncio.to_thread(as_nobody, VISIT, str(own_home.socket_file))).strip()
            heard += [said] if said != "closed" else []
        assert heard == ["0"] * 3
        after = await client.request("libria/status", {})
        assert after["pid"] == before["pid"]
        assert len(after["clients"]) == len(before["clients"])
    log = own_home.log.read_text()
    assert "turned a client away (foreign), 1 times" in log
    assert "turned a client away (foreign), 2 times" in log


async def test_no_tool_says_a_word_to_another_users_socket(
    own_home: Home, fake: tuple[Path, "subprocess.Popen[str]"]
) -> None:
    """Moved into the place of the daemon's own, in a folder that is all right."""
    path, process = fake
    own_home.socket_file.parent.mkdir(mode=0o700)
    path.rename(own_home.socket_file)
    assert own_home.socket_file.lstat().st_uid == NOBODY
    for command in (["status"], ["ask", "-m", "simulate/fast:2", "hello"], ["socket"], ["stop"]):
        code, out, err = await own_home.command(*command, env={"OPENAI_API_KEY": "fake-openai-key-of-the-tests"})
        assert code == 1, (command, out)
        assert re.search(r"belongs to another user", err), (command, err)
    stdio = await own_home.stdio(env={"OPENAI_API_KEY": "fake-openai-key-of-the-tests"})
    error = await stdio.start("initialize", {"capabilities": {}, "processId": None, "rootUri": None}).error()
    assert "another user" in error.message
    await stdio.close()
    process.kill()
    assert process.stdout is not None
    heard = process.stdout.read().split()
    assert heard
    assert set(heard) == {"0"}, "a fake daemon was told something"


PLANTED = {
    "run": "the folder itself",
    "": "the home",
    "above": "a folder above the home",
}


@pytest.mark.parametrize("level", PLANTED)
@pytest.mark.parametrize("how", ["folder", "open folder", "link"])
def test_what_another_user_planted_is_not_used(tmp_path_factory: pytest.TempPathFactory, level: str, how: str) -> None:
    base = tmp_path_factory.mktemp("planted")
    home = Home(base / "above" / "home")
    planted = {"run": home.path / "run", "": home.path, "above": home.path.parent}[level]
    planted.parent.mkdir(parents=True, exist_ok=True)
    real = base / "real"
    real.mkdir()
    if how == "link":
        planted.symlink_to(real)
        os.chown(planted, NOBODY, NOBODY, follow_symlinks=False)
    else:
        planted.mkdir()
        if how == "open folder":
            planted.chmod(0o777)  # of our own, that others may fill
        else:
            os.chown(planted, NOBODY, NOBODY)
    for command in ("status", "socket", "serve"):
        done = home.run(command)
        said = done.stderr + done.stdout
        if command == "status" and level != "run":
            continue  # nothing is there yet: nobody runs, and it says so
        assert done.returncode == 1, (command, said)
        assert re.search(r"another user|Other users|symbolic link", said), (command, said)
        assert re.search(r"LIBRIA_HOME|chmod", said), (command, said)
    assert home.processes() == []
    assert not list(base.rglob("*.sock"))
    assert not list(real.rglob("*.log"))


def test_a_link_of_ones_own_is_followed_where_it_is_not_the_folder_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    home = Home(tmp_path / "link")
    done = home.run("socket")
    assert done.returncode == 0, done.stderr
    home.end()
    home = Home(tmp_path / "real")
    (tmp_path / "real" / "run").rename(tmp_path / "moved")
    (tmp_path / "real" / "run").symlink_to(tmp_path / "moved")
    done = home.run("socket")
    assert done.returncode == 1
    assert "symbolic link" in done.stderr


async def test_modes_whatever_the_mask(own_home: Home) -> None:
    mask = os.umask(0)
    try:
        client = await own_home.stdio()
        async with client:
            await client.initialize()
    finally:
        os.umask(mask)
    modes = {file: file.lstat().st_mode & 0o777 for file in (own_home.path / "run", own_home.path / "state")}
    assert set(modes.values()) == {0o700}, modes
    files = [one for one in own_home.path.rglob("*") if not one.is_dir() and one.suffix != ".err"]
    assert own_home.socket_file in files
    wide = {str(file): oct(file.lstat().st_mode) for file in files if file.lstat().st_mode & 0o077}
    assert not wide, "readable by others"
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(own_home.socket_file))
