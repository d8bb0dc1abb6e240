"""What the doctor says, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from depth_perception.doctor.finding import Check
from depth_perception.evaluation.table import table


def shown(checks: Sequence[Check]) -> str:
    """A row a check, then what was found with what to do about it."""
    rows = [("check", "", "looks for")]
    lines = []
    for check in checks:
        found = ", ".join(dict.fromkeys(finding.severity for finding in check.findings)) or "ok"
        rows.append((check.name, found, check.looks_for))
        for finding in check.findings:
            lines += ["", f"{finding.severity}: {check.name}"]
            lines.append(fill(finding.what, 118, initial_indent="  ", subsequent_indent="  "))
            lines.append(fill(f"-> {finding.action}", 118, initial_indent="  ", subsequent_indent="     "))
    return "\n".join([table(rows), *lines])
