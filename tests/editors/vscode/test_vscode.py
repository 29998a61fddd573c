"""The extension's suites (`editors/vscode/test`), inside the extension host of a real VS Code,
which is started once for each kind."""

import re
from collections import defaultdict
from collections.abc import Callable

import pytest
import vscode_pieces as pieces
from vscode_kit import Ran

SUITES: dict[str, list[str]] = defaultdict(list)
"""By kind: `trust.untrusted` runs in a host that trusts nothing, one without a kind in the main one."""
for file in sorted((pieces.EXTENSION / "test").glob("*.test.ts")):
    suite = file.name.removesuffix(".test.ts")
    SUITES[suite.partition(".")[2] or "main"].append(suite)


@pytest.mark.timeout(1200)  # the first one may have to fetch VS Code
@pytest.mark.parametrize("kind", [pytest.param(kind, id=f"{kind}: {' '.join(SUITES[kind])}") for kind in SUITES])
def test_suites(kind: str, run_of: Callable[[str, list[str]], Ran], request: pytest.FixtureRequest) -> None:
    """With `-k NAME` those of that name alone."""
    chosen: str = request.config.option.keyword
    words = set(re.findall(r"\w+", chosen)) - {"and", "or", "not"}
    named = [suite for suite in SUITES[kind] if any(word in suite for word in words)]
    run_of(kind, named or SUITES[kind]).check(named or SUITES[kind])
