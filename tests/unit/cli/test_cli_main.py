"""Which command runs, what help says, and how each way to fail ends."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from libria import __version__, cli
from libria.cli import COMMANDS, main
from libria.cli.guard import guarded
from libria.client.errors import CallFailed


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"], ["help"]])
def test_help_names_every_command(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert {*COMMANDS, "stdio"} <= {words[0] for words in lines}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert main([command, "--help"]) == 0
    said = capsys.readouterr()
    assert f"usage: libria {command}" in said.out
    assert not said.err
    assert main(["help", command]) == 0
    assert capsys.readouterr().out == said.out


@pytest.mark.parametrize("argument", ["--version", "-V", "version"])
def test_version(capsys: pytest.CaptureFixture[str], argument: str) -> None:
    assert main([argument]) == 0
    assert capsys.readouterr().out == f"libria {__version__}\n"


WRONG = {
    "aks": "libria: There is no command 'aks'. Did you mean ask? `libria --help` lists them all.\n",
    "simulat": "libria: There is no command 'simulat'. Did you mean simulate? `libria --help` lists them all.\n",
    "zzz": "libria: There is no command 'zzz'. `libria --help` lists them all.\n",
    "--nope": "libria: There is no option '--nope'. `libria --help` lists them all.\n",
}


@pytest.mark.parametrize(("argument", "sentence"), WRONG.items())
def test_a_name_that_is_none(capsys: pytest.CaptureFixture[str], argument: str, sentence: str) -> None:
    assert main([argument]) == 2
    assert capsys.readouterr() == ("", sentence)


@pytest.mark.parametrize("command", ["ask", "models", "status", "config", "doctor", "stop", "socket"])
def test_an_unknown_option_is_wrong_usage(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert main([command, "--nope"]) == 2
    assert "usage: " in capsys.readouterr().err


def test_stdio_goes_straight_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    import libria.connect

    given: list[list[str]] = []

    def fake(argv: list[str]) -> int:
        given.append(argv)
        return 5

    monkeypatch.setattr(libria.connect, "main", fake)
    assert main(["stdio", "--what"]) == 5
    assert given == [["--what"]]


FAILURES = {
    "the call": (CallFailed(-32803, "Set GROQ_API_KEY."), 1, "libria: Set GROQ_API_KEY.\n"),
    "our own sentence": (OSError("The daemon was not ready."), 1, "libria: The daemon was not ready.\n"),
    "the system": (FileNotFoundError(2, "No such file", "/x"), 1, "libria: /x: No such file.\n"),
    "Ctrl-C": (KeyboardInterrupt(), 130, ""),
    "wrong usage": (SystemExit(2), 2, ""),
    "a bug": (
        ZeroDivisionError("the prompt text"),
        1,
        "libria: Something unforeseen went wrong (ZeroDivisionError); run it again with LIBRIA_DEBUG=1 to see where.\n",
    ),
}


@pytest.mark.parametrize(("failure", "code", "said"), FAILURES.values(), ids=FAILURES)
def test_every_failure_is_a_sentence_and_a_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, failure: BaseException, code: int, said: str
) -> None:
    monkeypatch.delenv("LIBRIA_DEBUG", raising=False)

    def run(_: list[str]) -> int:
        raise failure

    assert guarded(run, []) == code
    assert capsys.readouterr() == ("", said)


def test_ctrl_c_while_the_command_is_still_loading_has_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "libria.cli.guard":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "libria.cli.guard")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    assert main(["usage"]) == 130


def test_debugging_keeps_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBRIA_DEBUG", "1")

    def run(_: list[str]) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        guarded(run, [])


def test_socket_prints_the_path(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import libria.connect

    monkeypatch.setattr(libria.connect, "ensure_daemon", lambda: "/run/x/libria.sock")
    assert main(["socket"]) == 0
    assert capsys.readouterr().out == "/run/x/libria.sock\n"


def test_stop_without_a_daemon(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    assert main(["stop"]) == 0
    assert capsys.readouterr().out == "No daemon is running.\n"


def test_stop_waits_until_the_daemon_hangs_up(capsys: pytest.CaptureFixture[str], daemon: Any) -> None:
    def stop(fake: Any, message: dict[str, Any]) -> None:
        fake.send({"id": message["id"], "result": None})
        fake.hang_up()

    daemon.on("libria/stop", stop)
    assert main(["stop"]) == 0
    assert capsys.readouterr().out == "The daemon has ended.\n"


def test_stop_says_when_calls_hold_the_daemon(capsys: pytest.CaptureFixture[str], daemon: Any) -> None:
    daemon.answers("libria/stop", None)
    assert main(["stop", "--wait", "0.05"]) == 1
    assert "has not ended within 0.05 s" in capsys.readouterr().err


def _modules_after(start: Callable[..., "subprocess.Popen[bytes]"], *arguments: str) -> set[str]:
    process = start(*arguments, then="print(*sys.modules, sep='\\n', file=sys.stderr)")
    _, modules = process.communicate(timeout=20)
    assert process.returncode == 0
    return set(modules.decode().split())


HEAVY = {"asyncio", "httpx", "msgspec", "platformdirs", "pydantic", "pygls", "ssl", "libria.config", "dataclasses"}


def test_ask_imports_no_more_than_it_needs(start: Callable[..., "subprocess.Popen[bytes]"], daemon: Any) -> None:
    daemon.answers("libria/chat", {"content": "Hi"}, {"kind": "delta", "text": "Hi"})
    modules = _modules_after(start, "ask", "-m", "simulate/story", "Hello")
    assert not modules & HEAVY
    assert not {name for name in modules if name.startswith("libria_providers")}
    ours = {name for name in modules if name.split(".")[0] == "libria"} - {"libria.connect"}
    assert ours == {
        "libria", "libria.cli", "libria.cli.ask", "libria.cli.ask_options", "libria.cli.guard", "libria.cli.output",
        "libria.cli.screen", "libria.cli.showing", "libria.client", "libria.client.channel", "libria.client.errors",
        "libria.client.wire",
    }  # fmt: skip


def test_the_client_imports_only_the_standard_library() -> None:
    code = "import sys; import libria.client.channel; print(*sys.modules, sep='\\n')"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-S", "-c", code], env=env, capture_output=True, text=True, check=True)
    roots = {name.split(".")[0] for name in done.stdout.split()}
    assert roots - sys.stdlib_module_names - {"__main__", "libria"} <= {"sitecustomize", "usercustomize"}
    assert not roots & HEAVY


def test_stdio_imports_nothing_before_connect() -> None:
    code = (
        "import sys, types; before = set(sys.modules); connect = types.ModuleType('libria.connect'); "
        "connect.main = lambda argv: 0; sys.modules['libria.connect'] = connect; import libria; "
        "libria.connect = connect; from libria.cli import main; main(['stdio']); "
        "print(*(set(sys.modules) - before))"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"libria", "libria.cli", "libria.connect"}


def test_every_command_is_a_file() -> None:
    folder = Path(cli.__file__).parent
    for module in COMMANDS.values():
        name = module.rpartition(".")[2]
        assert (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()
