"""What the suites in the extension host ask of the test that runs them: the simulator, the daemon, the config."""

import json
import os
import signal
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from e2e_home import Home, wait_gone
from nvim_kit import Provider

from libria_providers.simulator import Simulator

Json = Any  # whatever the suites say in JSON


class Control:
    """A server on loopback; `url` goes to the suites. POST /NAME with a JSON list: the arguments."""

    def __init__(self, home: Home, provider: Provider) -> None:
        self._home, self._provider = home, provider
        control = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                try:
                    status, value = 200, control.answer(self.path.strip("/"), body)
                except Exception as error:  # noqa: BLE001 - the suite is told
                    status, value = 500, f"{type(error).__name__}: {error}"
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def answer(self, name: str, arguments: list[Json]) -> Json:
        known: dict[str, Callable[..., Json]] = {
            "calls": self._calls,
            "clear": lambda: self._provider.look(_clear),
            "script": self._script,
            "waitFor": self._wait_for,
            "killDaemon": self._kill_daemon,
            "stopDaemon": self._stop_daemon,
            "libria": self._libria,
            "writeConfig": self._home.write_config,
        }
        return known[name](*arguments)

    def _script(self, played: list[str]) -> None:
        self._provider.look(lambda sim: sim.script(played))

    def _calls(self) -> Json:
        return self._provider.look(lambda sim: [_told(call) for call in sim.calls])

    def _wait_for(self, where: dict[str, Json], count: int = 1) -> Json:
        """The call whose fields are so: {"state": "hung up", "model": …}."""

        def is_it(call: Json) -> bool:
            return all(getattr(call, field) == value for field, value in where.items())

        async def waited(sim: Simulator) -> Json:
            return _told(await sim.wait_for(is_it, count=count, within=60))

        return self._provider.run(waited(self._provider.sim))

    def _kill_daemon(self) -> int:
        """How many there were."""
        found = self._home.processes("serve")
        for pid in found:
            os.kill(pid, signal.SIGKILL)
            wait_gone(pid)
        return len(found)

    def _stop_daemon(self) -> None:
        for pid in self._home.processes("serve"):
            os.kill(pid, signal.SIGTERM)
            wait_gone(pid)

    def _libria(self, *arguments: str) -> Json:
        done = self._home.run(*arguments)
        return {"code": done.returncode, "out": done.stdout, "err": done.stderr}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def _clear(sim: Simulator) -> None:
    """Of what a test before has not played, nothing is left."""
    sim.calls.clear()
    sim.unscript()


def _told(call: Json) -> Json:
    return {
        "time": call.time, "path": call.path, "model": call.model, "played": call.played, "status": call.status,
        "state": call.state, "ended": call.ended, "events": call.events, "body": call.body, "key": call.key,
    }  # fmt: skip
