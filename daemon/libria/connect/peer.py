"""Whose process is at the other end of a Unix socket, by the kernel's word."""

import os
import socket
import struct
import sys

SOL_LOCAL = 0
LOCAL_PEERCRED = 1
LOCAL_PEERPID = 2
XUCRED_VERSION = 0


def same_user(connection: socket.socket) -> bool:
    """Whether it is this user's. False where the kernel does not tell: nobody gets in by that."""
    return uid_of(connection) == os.geteuid()


def uid_of(connection: socket.socket) -> int | None:
    """The effective user of the other end: of who connected, when it did; of who listens, when it began to."""
    try:
        if sys.platform == "linux":  # struct ucred; https://man7.org/linux/man-pages/man7/unix.7.html
            uid: int = struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
            return uid
        if sys.platform == "darwin":  # struct xucred; xnu, bsd/sys/ucred.h
            said = connection.getsockopt(SOL_LOCAL, LOCAL_PEERCRED, 76)
            version, uid = struct.unpack_from("II", said)
            return uid if version == XUCRED_VERSION else None
        return _getpeereid(connection.fileno())
    except (OSError, struct.error, AttributeError):
        return None


def pid_of(connection: socket.socket) -> int | None:
    """The process at the other end, None where the kernel does not tell."""
    try:
        if sys.platform == "linux":
            said: int = struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
            return said or None
        if sys.platform == "darwin":
            return int(connection.getsockopt(SOL_LOCAL, LOCAL_PEERPID)) or None
    except (OSError, struct.error):
        pass
    return None


def _getpeereid(descriptor: int) -> int | None:
    """The BSDs have a function for it. https://man.openbsd.org/getpeereid.3"""
    import ctypes  # 1.5 MB, which Linux and macOS do not pay

    uid, gid = ctypes.c_uint32(), ctypes.c_uint32()
    failed = ctypes.CDLL(None).getpeereid(descriptor, ctypes.byref(uid), ctypes.byref(gid))
    return None if failed else uid.value
