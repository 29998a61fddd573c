"""What holds for every test: no real key, no real address, none of the user's own Libria."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the plugin beside this file

pytest_plugins = ["recordings_table"]

SECRET_SUFFIXES = ("_API_KEY", "_API_TOKEN", "_AUTH_TOKEN", "_BASE_URL", "_API_BASE", "_ENDPOINT")
OTHERS = ("OLLAMA_HOST", "HF_TOKEN", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(scope="session", autouse=True)
def _nobodys_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A test that wants one of these variables sets it; a real one is never used by accident."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if (
                name.endswith(SECRET_SUFFIXES)
                or name in OTHERS
                or name.upper().endswith("_PROXY")
                or (name.startswith("LIBRIA_") and not name.startswith("LIBRIA_TEST_") and name != "LIBRIA_SHARED")
            ):
                patch.delenv(name)
        patch.setenv("LIBRIA_HOME", str(tmp_path_factory.mktemp("nobody")))
        yield
