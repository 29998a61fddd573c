"""`libria/keys`: which clients have keys in which variables, never what is in them; for the doctor."""

from collections.abc import Iterable

from libria.keys import key_variables
from libria.rpc.results import Result
from libria.session import Session


class ClientKeysResult(Result, frozen=True):
    """`variables` are those for keys that are set for the client, whatever they hold."""

    session: str
    name: str
    variables: list[str]


class KeysResult(Result, frozen=True):
    clients: list[ClientKeysResult]


def keys(sessions: Iterable[Session], asking: Session) -> KeysResult:
    """Of all but the one that asks."""
    others = [session for session in sessions if session is not asking]
    if not others:
        return KeysResult(clients=[])
    names = sorted(key_variables(asking.engine.config))
    return KeysResult(
        clients=[
            ClientKeysResult(
                session=session.id,
                name=session.client,
                variables=[name for name in names if session.env.get(name, "").strip()],
            )
            for session in others
        ]
    )
