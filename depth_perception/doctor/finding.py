"""What the doctor says: checks, each with what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

Severity = Literal["error", "warning", "note"]
"""An error keeps depth from coming or makes it wrong, a warning makes it worse, a note is good to know."""

T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        what: What was found, with its figures.
        action: What to do about it.
    """

    severity: Severity
    what: str
    action: str


@dataclass(frozen=True)
class Check:
    """A check that was made.

    Attributes:
        name: Of its function.
        looks_for: What it would find.
    """

    name: str
    looks_for: str
    findings: tuple[Finding, ...]


def examined(subject: T, checks: Sequence[Callable[[T], Iterator[Finding]]]) -> list[Check]:
    """All `checks` of a subject; the name and the docstring of their functions are theirs."""
    return [Check(check.__name__, (check.__doc__ or "").split("\n")[0], tuple(check(subject))) for check in checks]


def is_healthy(checks: Iterable[Check]) -> bool:
    """Whether there is nothing but notes."""
    return all(finding.severity == "note" for check in checks for finding in check.findings)


def as_json(checks: Iterable[Check]) -> dict[str, Any]:
    """For whoever reads it by program."""
    checks = list(checks)
    return {"healthy": is_healthy(checks), "checks": [asdict(check) for check in checks]}
