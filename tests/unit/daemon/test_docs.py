"""What is written from code is as the code is."""

from pathlib import Path

import pytest

from libria.rpc import docs


@pytest.mark.parametrize("file", list(docs.FILES), ids=lambda file: file.name)
def test_what_is_written_from_the_method_table_is_fresh(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == docs.FILES[file](), "run python -m libria.rpc.docs"
