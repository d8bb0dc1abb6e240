"""What is installed is what was pinned, bit for bit, and under licences that were looked at."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"^([\w.-]+)(?:\[\w+\])?==([\w.+]+)", re.MULTILINE)


def pins(name: str) -> set[tuple[str, str]]:
    return {(name.lower().replace("_", "-"), version) for name, version in PIN.findall((ROOT / name).read_text())}


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("requirements*.txt")))
def test_every_pin_has_a_hash(name: str) -> None:
    text = re.sub(r"^#.*\n", "", (ROOT / name).read_text(), flags=re.MULTILINE).replace("\\\n", "")
    assert text.splitlines()
    for line in text.splitlines():
        assert re.match(r"[\w.-]+==[\w.+]+ (;[^\\]+ )?\s*(--hash=sha256:[0-9a-f]{64}\s*)+$", line), line[:80]


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_what_was_asked_for_is_what_is_pinned(name: str) -> None:
    assert pins(f"{name}.in")
    assert pins(f"{name}.in") <= pins(f"{name}.txt"), "make lock"


def test_what_the_robot_has_the_workshop_has() -> None:
    assert pins("requirements.txt") <= pins("requirements-dev.txt"), "make lock"


def test_a_licence_that_is_not_allowed_fails(tmp_path: Path) -> None:
    for name, metadata in (
        ("expression", "License-Expression: Apache-2.0 AND GPL-3.0-only"),
        ("classifier", "Classifier: License :: OSI Approved :: GNU Affero General Public License v3"),
        ("unknown", "License: UNKNOWN"),
        ("sound", "License-Expression: MIT"),
    ):
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{metadata}\n")
    command = [sys.executable, str(ROOT / ".ci" / "licences.py")]
    found = subprocess.run(command, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, timeout=60)
    assert found.returncode == 1
    lines = found.stderr.splitlines()
    assert [line.split(":")[1].strip() for line in lines] == ["classifier", "expression", "unknown"]
    assert "GPL-3.0-only" in lines[1]
