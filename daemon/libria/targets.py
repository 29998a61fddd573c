"""From names to providers: what the config and a client's environment make of `provider/model`."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from libria.config import Config
from libria.config.meaning import kind_of
from libria_providers.errors import CredentialMissing, Disconnected, ModelNotFound
from libria_providers.http import Pools
from libria_providers.provider import Credential, Provider
from libria_providers.registry import ROWS, address, headers, key, near
from libria_providers.row import Row
from libria_providers.rows.own import COMPATIBLE, DIALECTS
from libria_providers.websocket.transport import Sockets
from libria_providers.wiring import wiring

COMMAND_SECONDS = 15.0
"""For a key's command: a password manager may ask its user."""

Env = Mapping[str, str]


class Targets:
    """`simulator` gives the address of the built-in simulator."""

    def __init__(self, config: Config, pools: Pools, sockets: Sockets, simulator: Callable[[], str]) -> None:
        self._config = config
        self._pools = pools
        self._sockets = sockets
        self._simulator = simulator
        self._commands: dict[tuple[str, ...], asyncio.Task[str]] = {}

    def names(self) -> list[str]:
        return list(dict.fromkeys([*self._config.providers, *ROWS]))

    def listed(self) -> list[str]:
        """The names, each provider once: those of the config, and the built-in ones."""
        return [name for name in self.names() if name in self._config.providers or not ROWS[name].variant]

    def row(self, name: str) -> Row:
        """The row of `name` as the config has it. Raises ModelNotFound that lists what is near."""
        own = self._config.providers.get(name)
        if own is None:
            if name not in ROWS:
                raise self.unknown(f"{name}/")
            return ROWS[name]
        kind = self.kind(name)
        row = replace(COMPATIBLE, title=name) if kind == COMPATIBLE.name else ROWS[kind]
        if own.dialect is not None:
            row = replace(row, dialect=DIALECTS[own.dialect], routes=())
        keys = (own.api_key_env,) if own.api_key_env else () if own.api_key_command else row.key_env
        needs_key = bool(own.api_key_env or own.api_key_command)
        # What the environment says for OpenAI (its organization) is not for another's server.
        env_headers = row.env_headers if kind == name else ()
        return replace(
            row, name=name, key_env=keys, env_headers=env_headers, local=row.local and not needs_key,
            websocket=row.websocket or own.websocket,
        )  # fmt: skip

    def kind(self, name: str) -> str:
        """The built-in provider that `name` is like, or "openai-compatible"."""
        return kind_of(name, self._config.providers.get(name))

    def local(self, target: str) -> bool:
        """Whether `target` is asked on this machine, for nothing."""
        kind = self.kind(target.partition("/")[0])
        return kind == COMPATIBLE.name or kind not in ROWS or ROWS[kind].local

    async def provider(self, name: str, env: Env) -> Provider:
        """Raises ModelNotFound for an unknown name, CredentialMissing when a key's command fails."""
        row = self.row(name)
        own = self._config.providers.get(name)
        override = self._simulator() if name == "simulate" else own.base_url if own else None
        try:
            where = address(row, override, env)
        except ValueError:
            names = " or ".join(row.base_url_env) or "base_url"
            raise Disconnected(f"The address of {row.title} is no valid URL; correct {names}.") from None
        found = await self._key(row, env)
        pool = self._pools.open(wiring(name, where, env, http2=bool(own and own.http2)))
        return Provider(
            row,
            address=where,
            credential=Credential(*found) if found else None,
            pool=self._sockets.open(pool) if row.websocket else pool,
            headers={**headers(row, env, found), **_lowered(own.headers if own else {})},
            rejected=lambda: self._forget(row.name),
        )

    def unknown(self, target: str) -> ModelNotFound:
        """The error for a name that no provider answers to."""
        name, slash, _ = target.partition("/")
        if not slash and name in self.names():
            return ModelNotFound(
                f"“{name}” is a provider: name a model of it, as in {name}/MODEL (libria models {name} lists them)."
            )
        known = [*self.names(), *self._config.aliases]
        alike = near(name, known)
        hint = f"Near: {', '.join(alike)}." if alike else f"There are: {', '.join(known)}."
        what = f"no provider “{name}”" if slash else f"no alias or provider “{name}”; a model is named provider/model"
        return ModelNotFound(f"There is {what}. {hint}")

    async def _key(self, row: Row, env: Env) -> tuple[str, str] | None:
        """Where the key is from, and the key."""
        own = self._config.providers.get(row.name)
        if own is not None and own.api_key_command:
            return "api_key_command", await self._run(row, tuple(own.api_key_command))
        return key(row, env)

    def _forget(self, name: str) -> None:
        """The provider refused the key: a command's may have expired, and is asked for anew."""
        own = self._config.providers.get(name)
        if own is not None and own.api_key_command:
            self._commands.pop(tuple(own.api_key_command), None)

    async def _run(self, row: Row, command: tuple[str, ...]) -> str:
        """The key that `command` prints; it runs once, and again only after a failure or a refusal."""
        task = self._commands.get(command)
        if task is None or (task.done() and task.exception() is not None):
            task = self._commands[command] = asyncio.create_task(_output(command))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, if nobody waits
        try:
            return await asyncio.shield(task)
        except (OSError, ValueError, TimeoutError) as error:
            raise CredentialMissing(
                f"The command for the key of {row.name} ({command[0]}) failed ({error}); "
                "correct api_key_command in the config.",
                provider=row.name,
            ) from None


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Names in lower case, as ours are: the config's win over them in whichever case."""
    return {name.lower(): value for name, value in headers.items()}


async def _output(command: tuple[str, ...]) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        raise TimeoutError(f"no answer in {COMMAND_SECONDS:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ValueError(f"exit code {process.returncode}")
    lines = output.decode("utf-8", "replace").strip().splitlines()
    if not lines:
        raise ValueError("it printed nothing")
    return lines[0].strip()
