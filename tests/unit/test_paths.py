"""Where files go, and the folder that only the user may enter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from libria import paths


@pytest.fixture(autouse=True)
def no_libria_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIBRIA_HOME", "LIBRIA_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_libria_home_holds_all_four_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBRIA_HOME", "/opt/home")
    places = [paths.config_dir(), paths.cache_dir(), paths.state_dir(), paths.runtime_dir()]
    assert places == [Path("/opt/home") / name for name in ("config", "cache", "state", "run")]
    assert paths.config_file() == Path("/opt/home/config/config.toml")
    assert paths.log_file().parent == Path("/opt/home/state")
    assert paths.socket_path() == Path("/opt/home/run/libria.sock")


def test_a_relative_home_is_fixed_when_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIBRIA_HOME", "here")
    assert paths.config_dir() == tmp_path / "here" / "config"


def test_without_it_platformdirs_decides_and_says_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert paths.config_dir() == tmp_path / "c" / "libria"
    assert paths.state_dir() == tmp_path / "s" / "libria"
    assert paths.runtime_dir().name == "libria"
    assert not recwarn.list


def test_libria_config_names_another_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    monkeypatch.setenv("LIBRIA_CONFIG", "~/own.toml")
    monkeypatch.setenv("HOME", "/somewhere")
    assert paths.config_file() == Path("/somewhere/own.toml")
    monkeypatch.setenv("LIBRIA_CONFIG", "")
    assert paths.config_file() == tmp_path / "config" / "config.toml"


def test_a_long_home_gets_a_short_socket_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found: set[Path] = set()
    for letter in "ab":
        monkeypatch.setenv("LIBRIA_HOME", f"/home/{letter * 120}")
        path = paths.socket_path()
        assert path == paths.socket_path()
        assert len(os.fsencode(path)) <= paths.MAX_SOCKET_PATH
        assert str(os.getuid()) in path.parent.name
        found.add(path)
    assert len(found) == 2


@pytest.mark.parametrize(("extra", "short"), [(0, True), (1, False)])
def test_the_limit_counts_bytes(monkeypatch: pytest.MonkeyPatch, extra: int, short: bool) -> None:
    room = paths.MAX_SOCKET_PATH - len("/h//run/libria.sock")
    monkeypatch.setenv("LIBRIA_HOME", "/h/" + "é" * (room // 2) + "x" * (room % 2 + extra))
    assert (paths.socket_path().parent.name == "run") is short


def test_private_dir_is_made_with_its_parents(tmp_path: Path) -> None:
    made = paths.ensure_private_dir(tmp_path / "a" / "b")
    assert made.stat().st_mode & 0o777 == 0o700
    assert paths.ensure_private_dir(made) == made


def test_private_dir_closes_what_others_may_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert paths.ensure_private_dir(tmp_path).stat().st_mode & 0o777 == 0o700


def test_private_dir_refuses_what_others_may_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(PermissionError, match="chmod 700"):
        paths.ensure_private_dir(tmp_path)


def test_private_dir_refuses_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(PermissionError, match="symbolic link"):
        paths.ensure_private_dir(tmp_path / "link")


def test_private_dir_refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="not a folder"):
        paths.ensure_private_dir(tmp_path / "file")
    with pytest.raises(OSError, match="cannot be made"):
        paths.ensure_private_dir(tmp_path / "file" / "below")


def test_private_dir_refuses_another_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(PermissionError, match="another user"):
        paths.ensure_private_dir(tmp_path)


def test_importing_it_costs_no_platformdirs() -> None:
    code = "import sys, libria.paths; libria.paths.socket_path(); print('platformdirs' in sys.modules)"
    env = {**os.environ, "LIBRIA_HOME": "/h", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_folders_on_the_way_are_made_for_this_user_alone_whatever_the_mask(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        made = paths.ensure_private_dir(tmp_path / "a" / "b" / "c")
    finally:
        os.umask(mask)
    assert [folder.stat().st_mode & 0o777 for folder in (made, made.parent, made.parent.parent)] == [0o700] * 3


def test_a_check_makes_nothing(tmp_path: Path) -> None:
    assert paths.check_private_dir(tmp_path / "a" / "b") is False
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("mode", "safe"), [(0o755, True), (0o777, False), (0o1777, True), (0o757, False)])
def test_a_folder_above_that_others_may_change_is_refused(tmp_path: Path, mode: int, safe: bool) -> None:
    made = paths.ensure_private_dir(tmp_path / "above" / "run")
    made.parent.chmod(mode)
    if safe:
        assert paths.check_private_dir(made)
        return
    with pytest.raises(PermissionError, match=r"could put another folder.*chmod go-w"):
        paths.check_private_dir(made)


def test_a_group_of_one_is_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = paths.ensure_private_dir(tmp_path / "above" / "run")
    made.parent.chmod(0o775)
    for alone in (True, False):
        monkeypatch.setattr(paths, "_own_group", lambda _group, alone=alone: alone)
        if alone:
            assert paths.check_private_dir(made)
        else:
            with pytest.raises(PermissionError, match="could put another folder"):
                paths.check_private_dir(made)


def test_where_links_lead_is_looked_at_too(tmp_path: Path) -> None:
    real = tmp_path / "open" / "real"
    paths.ensure_private_dir(real / "run")
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "first").symlink_to("second")
    (tmp_path / "second").symlink_to(real)
    with pytest.raises(PermissionError, match="could put another folder"):
        paths.check_private_dir(tmp_path / "first" / "run")
    (tmp_path / "open").chmod(0o755)
    assert paths.check_private_dir(tmp_path / "first" / "run")
