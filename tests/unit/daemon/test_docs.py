"""What is written from code is as the code is."""

from pathlib import Path

from libria.rpc import docs


def test_the_protocol_document_is_fresh() -> None:
    file = Path(__file__).parents[3] / "daemon" / "PROTOCOL.md"
    assert file.read_text(encoding="utf-8") == docs.render(), "run python -m libria.rpc.docs"
