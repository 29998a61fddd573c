"""Whose process is at the other end; where that cannot be known, nobody's."""

import os
import socket
from pathlib import Path

import pytest

from libria.connect import peer


def test_both_ends_of_a_pair_are_ours() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert [peer.uid_of(end) for end in (one, other)] == [os.geteuid()] * 2
        assert peer.same_user(one)


def test_so_is_who_listens_and_who_connected(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        client.connect(str(tmp_path / "s"))
        accepted, _ = listener.accept()
        with accepted:
            assert peer.same_user(client)
            assert peer.same_user(accepted)


def test_another_user_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = socket.socketpair()
    with one, other:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        assert not peer.same_user(one)


def test_what_is_not_connected_or_not_a_unix_socket_is_nobodys() -> None:
    with socket.socket(socket.AF_UNIX) as alone, socket.socket(socket.AF_INET) as internet:
        assert not peer.same_user(alone)
        assert not peer.same_user(internet)
    assert not peer.same_user(alone)  # closed


def test_a_platform_that_does_not_tell_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = socket.socketpair()
    with one, other:
        monkeypatch.setattr(peer.sys, "platform", "somewhere")
        assert peer.uid_of(one) is None  # this libc has no getpeereid
        assert not peer.same_user(one)
