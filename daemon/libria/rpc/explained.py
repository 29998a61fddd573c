"""An explanation, shown as well as the client can: a short one as a message, a long one as a document."""

from libria.paths import ensure_private_dir, runtime_dir
from libria.rpc.wishes import INFO, Wishes, says

SHORT_LINES = 3
SHORT = 400
"""What a message box or a line at the bottom can hold."""

KEPT = 8
"""Files, written over in turn."""


async def show(wishes: Wishes, text: str, number: int | None) -> None:
    """`number` counts what was shown; None where the client shows no documents."""
    short = len(text) <= SHORT and text.count("\n") < SHORT_LINES
    if not short and number is not None and await _as_document(wishes, text, number):
        return
    wishes.show(INFO, text)


async def _as_document(wishes: Wishes, text: str, number: int) -> bool:
    file = runtime_dir() / "explained" / f"explanation-{number % KEPT + 1}.md"
    try:
        ensure_private_dir(file.parent)
        file.write_text(text + "\n", encoding="utf-8", errors="replace")
    except OSError:
        return False
    answer = await wishes.ask("window/showDocument", {"uri": file.as_uri(), "takeFocus": True})
    return says(answer, "success") is True
