"""The call that is asked for several: its deadline is the latest of theirs, and moves as they come and go."""

from dataclasses import dataclass, fields
from types import MemberDescriptorType

from libria_providers.types import Call, Json, Trace


@dataclass(slots=True)
class SharedTrace(Trace):
    """What can change of a shared call stands here: a Call is frozen, and copied from layer to layer."""

    deadline: float = float("inf")


_slot: MemberDescriptorType = vars(Call)["deadline"]  # where Call itself keeps it


class _SharedCall(Call):
    __slots__ = ()

    @property
    def deadline(self) -> float:
        moving = self.trace
        return moving.deadline if isinstance(moving, SharedTrace) else float(_slot.__get__(self))

    @deadline.setter
    def deadline(self, value: float) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]  # on purpose
        _slot.__set__(self, value)


def shared(call: Call, trace: SharedTrace) -> Call:
    given: dict[str, Json] = {field.name: getattr(call, field.name) for field in fields(call)}
    given["trace"] = trace
    return _SharedCall(**given)
