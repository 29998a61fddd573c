"""What is published of tasks is as the code is, and a schema each."""

import jsonschema
import msgspec

from libria.rpc.task_docs import FOLDER, files
from libria.tasks.messages import Completion, File, Output, Validation, escalation, schemas


def test_the_schemas_are_fresh() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {file.name for file in files()}
    for file, render in files().items():
        assert file.read_text(encoding="utf-8") == render(), "run python -m libria.rpc.docs"
        jsonschema.Draft202012Validator.check_schema(msgspec.json.decode(file.read_bytes()))


def test_what_is_missing_is_a_fault() -> None:
    message = Completion(
        task_id="t",
        output=Output(files=[File(path="a", content="b")]),
        validation=Validation(),
        model="p/m",
    )
    said = msgspec.to_builtins(message)
    validator = jsonschema.Draft202012Validator(dict(schemas()["TASK_COMPLETION"]))
    assert list(validator.iter_errors(said)) == []
    for name in said:
        assert list(validator.iter_errors({key: value for key, value in said.items() if key != name}))


def test_a_kind_that_nobody_published_is_our_fault() -> None:
    found = escalation("t", "strange", "It went wrong")
    assert (found.blocker_type, found.description) == ("internal", "It went wrong.")
    assert "partial_text" not in msgspec.to_builtins(found)
