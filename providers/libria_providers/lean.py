"""httpx and httpcore, loaded without what is not used of them: 60 ms of every start.

httpx 0.28 loads its command line (click, rich, pygments) where these are installed, httpcore 1.0 loads h2. Both ask for
them by "try: import"; they are told once that there are none. HTTP/2 is found when a connection speaks it: httpcore
looks again then."""

import sys
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def _without(*names: str) -> Generator[None]:
    """None in sys.modules is Python's own word for "do not look": https://docs.python.org/3/reference/import.html"""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # what it stands for is not in typeshed
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _without("httpx._main", "h2"):
    import httpcore as httpcore
    import httpx as httpx
