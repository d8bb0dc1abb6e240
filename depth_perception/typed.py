"""Whether values that come from a file have the types that a dataclass says its fields have."""

from __future__ import annotations

import math
import types
from dataclasses import is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def misfit(cls: type, values: dict[str, Any]) -> str | None:
    """What is wrong with the first of the values, by the names of the fields, that has another type; None if all fit.

    A whole number is a ``float``, as JSON writes it, a truth value is no number, and numbers are finite.
    """
    hints = get_type_hints(cls)
    for name, value in values.items():
        for item in value if isinstance(value, tuple) else (value,):
            if is_dataclass(item) and (wrong := misfit(type(item), vars(item))):
                return f"{wrong}, in {name}"
        if not _fits(value, hints[name]):
            return f"its {name} is {value!r:.80}, expected {_named(hints[name])}"
    return None


def _fits(value: Any, kind: Any) -> bool:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return any(value == choice and type(value) is type(choice) for choice in arguments)
    if origin in (Union, types.UnionType):
        return any(_fits(value, choice) for choice in arguments)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if arguments[1:] == (Ellipsis,):
            return all(_fits(item, arguments[0]) for item in value)
        return len(value) == len(arguments) and all(map(_fits, value, arguments))
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


def _named(kind: Any) -> str:
    """In words."""
    arguments = get_args(kind)
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, arguments))
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(map(_named, arguments))
    if get_origin(kind) is tuple:
        count = "" if arguments[1:] == (Ellipsis,) else f"{len(arguments)} times "
        return f"a list of {count}{_named(arguments[0])}"
    names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}
    return names.get(kind) or f"a {kind.__name__}"
