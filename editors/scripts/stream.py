"""Stream an answer from Libria's daemon: python stream.py MODEL PROMPT, standard library only.

python stream.py simulate/story "Why share one daemon?"
"""

import json
import os
import socket
import subprocess
import sys
from typing import Any, BinaryIO


def write(stream: BinaryIO, message: dict[str, Any]) -> None:
    """A frame is a header with the length of its body in bytes, an empty line, and the body."""
    body = json.dumps(message).encode()
    stream.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    stream.flush()


def read(stream: BinaryIO) -> dict[str, Any]:
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if not length:
        raise SystemExit("The daemon ended before it answered.")
    message: dict[str, Any] = json.loads(stream.read(length))
    return message


def main(model: str, prompt: str) -> int:
    path = subprocess.check_output(["libria", "socket"], text=True).strip()  # starts the daemon if it must
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        stream = connection.makefile("rwb")
        # This script's own keys and addresses count; without this, those of the daemon's environment.
        env = {name: value for name, value in os.environ.items() if name.endswith(("_API_KEY", "_BASE_URL"))}
        options = {"libria": {"env": env}}
        hello = {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": options}
        write(stream, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})
        chat = {"model": model, "messages": [{"role": "user", "content": prompt}], "partialResultToken": "answer"}
        write(stream, {"jsonrpc": "2.0", "id": 2, "method": "libria/chat", "params": chat})
        while (message := read(stream)).get("id") != 2:
            value = message.get("params", {}).get("value", {})
            if value.get("kind") == "delta":
                print(value["text"], end="", flush=True)
            elif value.get("kind") == "reset":
                print(f"\n[starts again: {value['reason']}]", flush=True)
        print()
        if "error" in message:
            print(message["error"]["message"], file=sys.stderr)
        return 1 if "error" in message else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(print(__doc__, file=sys.stderr) or 2)
    raise SystemExit(main(*sys.argv[1:]))
