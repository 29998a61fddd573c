"""TCP on this machine alone, where there are no Unix sockets: whoever can read a file of the user's is the user.

The kernel does not tell whose process is at the other end. So the daemon writes two secrets into a file that only
its user can read: the client says the one before anything else, and says nothing else until it has heard the other.
A port that somebody took over from a daemon that has ended learns a word that opens nothing any more, and no key.
"""

import os
import socket
import stat
from pathlib import Path

from libria import paths

HOST = "127.0.0.1"

SECONDS = 5.0
"""For the daemon to accept and to answer."""

FIRST = "libria/token"
"""The method, and the id, of the first message of each connection."""

MAX_ANSWER = 1024


class Secrets:
    """What each side says to the other; 256 bits, as hexadecimal digits."""

    __slots__ = ("proof", "token")

    def __init__(self, token: str, proof: str) -> None:
        self.token = token
        self.proof = proof


def listen() -> tuple[socket.socket, Secrets]:
    """A listener at a port that nobody chose, and new secrets for it."""
    from secrets import token_hex  # the kernel's random numbers

    listener = socket.socket(socket.AF_INET)
    listener.bind((HOST, 0))
    listener.listen(512)
    listener.setblocking(False)
    return listener, Secrets(token_hex(32), token_hex(32))


def publish(listener: socket.socket, secrets: Secrets) -> None:
    """Clients come here from now on."""
    import json

    file = paths.ensure_private_dir(paths.runtime_dir()) / paths.PORT_NAME
    said = {"port": listener.getsockname()[1], "token": secrets.token, "proof": secrets.proof, "pid": os.getpid()}
    _write(file, json.dumps(said).encode())


def connected() -> socket.socket | None:
    """A connection to the daemon that wrote the file, both sides known to each other; None where nobody listens.
    Raises PermissionError with a sentence where the file is not only ours."""
    import json
    from hmac import compare_digest

    said = _read(paths.port_file())
    if said is None:
        return None
    try:
        found = json.loads(said)
        port, token, proof = int(found["port"]), str(found["token"]), str(found["proof"])
    except (ValueError, KeyError, TypeError):
        return None  # of a version that we do not know, or nobody's
    body = json.dumps({"jsonrpc": "2.0", "id": FIRST, "method": FIRST, "params": {"token": token}}).encode()
    connection = socket.socket(socket.AF_INET)
    try:
        connection.settimeout(SECONDS)
        connection.connect((HOST, port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        if compare_digest(_answer(connection), proof):
            connection.settimeout(None)
            return connection
    except (OSError, ValueError):
        pass
    connection.close()
    return None


def published(secrets: Secrets) -> bool:
    """Whether clients come to who has these."""
    try:
        return secrets.token.encode() in (_read(paths.port_file()) or b"")
    except OSError:
        return False


def _answer(connection: socket.socket) -> str:
    """The proof, of the one frame that is to come. Raises ValueError for anything else."""
    import json

    said = b""
    while not said.endswith(b"}}") and len(said) < MAX_ANSWER:
        piece = connection.recv(MAX_ANSWER - len(said))
        if not piece:
            break
        said += piece
    found = json.loads(said.partition(b"\r\n\r\n")[2])
    try:
        proof = str(found["result"]["proof"])
    except (KeyError, TypeError):
        raise ValueError("no proof") from None
    return proof if proof.isascii() else ""


def _write(file: Path, content: bytes) -> None:
    """Nobody sees half of it, and nobody else sees any."""
    new = file.with_name(f"{file.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
    new.replace(file)


def _read(file: Path) -> bytes | None:
    """Its content; None where there is none. Raises PermissionError."""
    if not paths.check_private_dir(file.parent):
        return None
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as opened:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return None
        if hasattr(os, "geteuid") and (found.st_uid != os.geteuid() or found.st_mode & 0o077):
            raise PermissionError(f"{file} is not this user's alone; remove it and run: libria stop")
        return opened.read(4096)
