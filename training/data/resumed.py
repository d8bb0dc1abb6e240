"""Whether a run that goes on still learns from what it began with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any

PLACES = frozenset({"path", "cache", "name", "licence"})
"""Settings that say where data lies and what it is called: it stays the same elsewhere."""
KIND = ".class"


def plain(value: Any, name: str, kind: bool = True) -> dict[str, Any]:
    """Settings as words and numbers by their names, such as ``data.street.seeds``, which a checkpoint can hold.

    Args:
        value: dataclasses, mappings and sequences of them, or a plain value.
        name: of it.
        kind: whether the class of a dataclass is told too: of those that are not part of another one.
    """
    if is_dataclass(value):
        told = {f"{name}{KIND}": type(value).__name__} if kind else {}
        parts = {key: part for key, part in vars(value).items() if key not in PLACES}
        return told | {key: item for part in parts for key, item in plain(parts[part], f"{name}.{part}", False).items()}
    if isinstance(value, Sequence) and any(is_dataclass(item) for item in value):
        value = dict(enumerate(value))
    if isinstance(value, Mapping):
        return {key: item for part in value for key, item in plain(value[part], f"{name}.{part}").items()}
    return {name: list(value) if isinstance(value, tuple) else value}


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What two `plain` settings tell differently, each in a few words.

    A setting that only one of them knows is none: it came with a version of the program. A whole source is.
    """
    common = [name for name in before if name in now and before[name] != now[name]]
    found = [f"{name} was {before[name]} and is {now[name]}" for name in common]
    found += [f"{name} {before[name]} is gone" for name in before if name not in now and name.endswith(KIND)]
    return found + [f"{name} {now[name]} is new" for name in now if name not in before and name.endswith(KIND)]
