"""Settings as tables: parameters of nodes, options of commands and the parameter file are all made of these."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from depth_perception.errors import DepthPerceptionError

Self = TypeVar("Self", bound="Settings")


class SettingError(DepthPerceptionError):
    """A setting with an impossible value, or settings that cannot go together."""


@dataclass(frozen=True)
class Setting:
    """One thing that a user may set.

    Attributes:
        default: Its value unless it is given one; None for an array without a default.
        minimum, maximum: Limits of a number, both included.
        choices: All values that a string may have.
        length: Number of elements an array must have.
        live: True if it may change while a node runs; others may while the node is unconfigured.
    """

    name: str
    default: Any
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    length: int | None = None
    live: bool = False

    @property
    def values(self) -> str:
        """Which ones it may have, in words; empty if any."""
        if self.choices:
            return f"one of: {', '.join(self.choices)}"
        if self.length is not None:
            return f"{self.length} numbers"
        return f"{self.minimum} to {self.maximum}" if self.minimum is not None else ""

    def objection(self, value: Any) -> str | None:
        """Why it cannot have this value of the right type, or None if it can."""
        if self.choices and value not in self.choices:
            return f"{self.name} is '{value}', expected {self.values}"
        if self.length is not None and value is not None and len(value) != self.length:
            return f"{self.name} has {len(value)} elements, expected {self.length}: {self.description}"
        if self.length is not None and value is not None and not all(map(math.isfinite, value)):
            return f"{self.name} is {list(value)}, expected finite numbers: {self.description}"
        if self.minimum is not None and self.maximum is not None and not self.minimum <= value <= self.maximum:
            return f"{self.name} is {value}, expected {self.values}: {self.description}"
        return None


def setting(default: Any, description: str, **what: Any) -> Any:
    """A field of `Settings`; `what` is as `Setting` has it."""
    return field(default=default, metadata={"description": description, **what})


@dataclass(frozen=True)
class Settings:
    """Base of frozen dataclasses whose fields are made by `setting`.

    Raises: `SettingError` for a value that a field cannot have.
    """

    def __post_init__(self) -> None:
        for item in self.table():
            if objection := item.objection(getattr(self, item.name)):
                raise SettingError(objection)

    @classmethod
    def table(cls) -> tuple[Setting, ...]:
        """Its fields, in their order."""
        return tuple(Setting(item.name, item.default, **item.metadata) for item in fields(cls))

    def changed(self) -> dict[str, Any]:
        """The values that are not the defaults, by the names of the fields."""
        values = {item.name: (getattr(self, item.name), item.default) for item in fields(self)}
        return {name: value for name, (value, default) in values.items() if value != default}

    @classmethod
    def of(cls: type[Self], values: Mapping[str, Any]) -> Self:
        """With its own among these values, by the names of its fields."""
        return cls(**{item.name: values[item.name] for item in fields(cls)})
