"""Messages out of bytes as they come, and a forwarder that fails: the client's transport by itself."""

import sys
from pathlib import Path
from typing import Any

import pytest
from nvim_kit import Nvim

pytestmark = pytest.mark.each

TAKE = """
local inbox, found = require("libria.transport").inbox(), {}
for _, chunk in ipairs(...) do
  inbox:add(chunk)
  local bodies = {}
  for body in function() return inbox:next() end do
    bodies[#bodies + 1] = body
  end
  found[#found + 1] = bodies
end
return vim.tbl_map(function(bodies) return table.concat(bodies, "|") end, found)
"""
HUGE = "x" * 3_000_000


def frame(body: str, head: str = "Content-Length") -> str:
    return f"{head}: {len(body.encode())}\r\n\r\n{body}"


ONE, TWO = frame('{"a":1}'), frame('{"b":"ö"}')


@pytest.mark.parametrize(
    ("chunks", "bodies"),
    [
        ([ONE], ['{"a":1}']),
        ([ONE + TWO], ['{"a":1}|{"b":"ö"}']),
        ([ONE[:5], ONE[5:18], ONE[18:24], ONE[24:]], ["", "", "", '{"a":1}']),
        ([ONE + TWO[:9], TWO[9:] + ONE], ['{"a":1}', '{"b":"ö"}|{"a":1}']),
        (list(ONE), [*[""] * (len(ONE) - 1), '{"a":1}']),
        ([frame("{}", "content-length")], ["{}"]),
        (["Content-Type: x\r\n" + frame("{}")], ["{}"]),
        ([frame("")], [""]),
    ],
    ids=["whole", "two in one read", "in pieces", "across", "byte by byte", "small letters", "more heads", "empty"],
)
def test_frames(nvim: Nvim, chunks: list[str], bodies: list[str]) -> None:
    assert nvim.lua(TAKE, chunks) == bodies


def test_a_huge_frame_is_put_together_once(nvim: Nvim) -> None:
    """Not anew with each piece, which would hold the keys up."""
    text = frame(HUGE) + ONE
    pieces = [text[at : at + 65_536] for at in range(0, len(text), 65_536)]
    looked = nvim.lua(
        """
        local inbox, joins, concat = require("libria.transport").inbox(), 0, table.concat
        local sizes = {}
        table.concat = function(...) joins = joins + 1 return concat(...) end
        for _, chunk in ipairs(...) do
          inbox:add(chunk)
          for body in function() return inbox:next() end do sizes[#sizes + 1] = #body end
        end
        table.concat = concat
        return { joins = joins, sizes = sizes }
        """,
        pieces,
    )
    assert looked["sizes"] == [len(HUGE), 7]
    assert looked["joins"] <= 3


START = """
_G.seen = { errors = {}, notes = {} }
_G.server = require("libria.transport").of(...)({
  notification = function(method) table.insert(seen.notes, method) end,
  server_request = function(method)
    if method == "fails" then error("no") end
    return { got = method }
  end,
  on_error = function(code, fault) table.insert(seen.errors, { code, tostring(fault) }) end,
  on_exit = function(code, signal) seen.ended = { code, signal } end,
})
"""


def script(tmp_path: Path, body: str) -> list[str]:
    """A server in Python: `say(text)` is a frame out, `hear()` the next one in."""
    file = tmp_path / "server.py"
    file.write_text(
        "import json, sys\n"
        "def say(text):\n"
        "    data = text.encode()\n"
        "    sys.stdout.buffer.write(b'Content-Length: %d\\r\\n\\r\\n' % len(data) + data)\n"
        "    sys.stdout.buffer.flush()\n"
        "def hear():\n"
        "    size = 0\n"
        "    while (line := sys.stdin.buffer.readline()) not in (b'\\r\\n', b''):\n"
        "        size = int(line.split(b':')[1])\n"
        "    return json.loads(sys.stdin.buffer.read(size) or 'null')\n" + body
    )
    return [sys.executable, str(file)]


def started(nvim: Nvim, tmp_path: Path, body: str) -> None:
    nvim.lua(START, script(tmp_path, body))


def seen(nvim: Nvim) -> Any:
    return nvim.lua("return seen")


def test_a_process_that_dies_is_told_once_all_it_said_was_read(nvim: Nvim, tmp_path: Path) -> None:
    """Half a message at the end is none."""
    said = """say('{"jsonrpc":"2.0","method":"one"}')\n""" * 300
    started(nvim, tmp_path, said + "sys.stdout.write('Content-Length: 99\\r\\n\\r\\n{')\nsys.exit(3)\n")
    nvim.until("seen.ended ~= nil")
    assert seen(nvim)["ended"] == [3, 0]
    assert len(seen(nvim)["notes"]) == 300
    assert not seen(nvim)["errors"]
    assert nvim.lua("return { server.is_closing(), server.notify('x', {}), (server.request('x', {}, print)) }") == [
        True, False, False,
    ]  # fmt: skip


def test_its_input_is_closed_when_neovim_ends_it(nvim: Nvim, tmp_path: Path) -> None:
    """And a process that closes its own input is no error: what is written to it goes nowhere."""
    started(
        nvim, tmp_path, 'sys.stdin.close()\nsay(\'{"jsonrpc":"2.0","method":"deaf"}\')\nimport time\ntime.sleep(600)\n'
    )
    nvim.until("#seen.notes == 1")
    nvim.lua("for _ = 1, 20 do server.notify('x', { text = ('x'):rep(10000) }) end")
    nvim.lua("server.terminate()")
    nvim.until("seen.ended ~= nil")
    assert seen(nvim)["ended"][1] == 15


def test_what_is_no_message_ends_it(nvim: Nvim, tmp_path: Path) -> None:
    started(nvim, tmp_path, "sys.stdout.write('hello\\r\\n\\r\\n')\nsys.stdout.flush()\nhear()\n")
    nvim.until("seen.ended ~= nil")
    [[code, fault]] = seen(nvim)["errors"]
    assert code == nvim.lua("return vim.lsp.rpc.client_errors.INVALID_SERVER_MESSAGE")
    assert "a message without its length" in fault


def test_requests_both_ways(nvim: Nvim, tmp_path: Path) -> None:
    """Also one of a method whose handler raises, which is answered and said."""
    started(
        nvim,
        tmp_path,
        "say(json.dumps({'jsonrpc': '2.0', 'id': 7, 'method': 'ask'}))\n"
        "answer = hear()\n"
        "say(json.dumps({'jsonrpc': '2.0', 'id': 8, 'method': 'fails'}))\n"
        "error = hear()\n"
        "one, two = hear(), hear()\n"
        "say(json.dumps({'jsonrpc': '2.0', 'id': two['id'], 'error': {'code': -32800, 'message': 'cancelled'}}))\n"
        "say(json.dumps({'jsonrpc': '2.0', 'id': one['id'], 'result': [answer, error]}))\n"
        "hear()\n",
    )
    nvim.until("#seen.errors == 1")
    nvim.lua("""
      seen.heard = {}
      local function heard(id) table.insert(seen.heard, id) end
      server.request("one", {}, function(_, result) seen.result = result end, heard)
      server.request("two", {}, function() seen.told = true end, heard)
    """)
    nvim.until("seen.result ~= nil")
    answer, error = seen(nvim)["result"]
    assert answer == {"jsonrpc": "2.0", "id": 7, "result": {"got": "ask"}}
    assert (error["id"], error["error"]["code"]) == (8, -32603)
    assert seen(nvim)["heard"] == [2, 1]
    assert "told" not in seen(nvim)  # a cancel is nobody's answer
    nvim.lua("server.terminate()")
