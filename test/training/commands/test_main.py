"""The one parser of the workshop: it lists all commands, and loads none of them to do so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from training.__main__ import COMMANDS, TRAINER

ROOT = Path(__file__).parents[3]
LISTING = """
import runpy, sys
sys.argv = ["training", "--help"]
try:
    runpy.run_module("training", run_name="__main__")
finally:
    print(*sorted({name.split(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)))
"""


def test_help_loads_nothing_that_takes_time():
    done = subprocess.run([sys.executable, "-c", LISTING], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    *listing, loaded = done.stdout.splitlines()
    assert {line.split()[0] for line in listing if line.startswith("    ")} >= set(COMMANDS)
    heavy = {"torch", "lightning", "numpy", "cv2", "onnx", "scipy", "matplotlib", "moderngl", "jsonargparse", "yaml"}
    assert "training" in loaded.split()
    assert not heavy & set(loaded.split())


def test_every_command_is_a_file():
    files = {path.stem for path in (ROOT / "training/commands").glob("*.py")} - {"__init__"}
    assert set(COMMANDS) - set(TRAINER) | {"fit", "smoke"} == files
