"""The example in the README runs as it stands."""

import asyncio
import os
import re
import sys
from pathlib import Path

from libria_providers.simulator import Simulator

README = Path(__file__).parents[3] / "providers" / "README.md"


async def test_the_script_of_the_readme() -> None:
    examples = re.findall(r"```python\n(import .*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) == 1
    async with Simulator(aliases={"claude-haiku-4-5": "fast:3"}) as sim:
        env = {**os.environ, "ANTHROPIC_BASE_URL": sim.url, "ANTHROPIC_API_KEY": "k"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", examples[0], env=env, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        lines = output.decode().splitlines()
        assert lines[0] != ""
        assert not lines[0].startswith("Delta(")
        assert lines[-1].startswith("Finish(")
        assert [call.state for call in sim.calls] == ["done", "done"]
