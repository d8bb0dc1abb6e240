"""What nobody reads on ends as Unix's tools do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from depth_perception.standard_output import until_its_reader_leaves

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("command", "unbuffered"),
    [("depth_perception.cli inspect", ""), ("depth_perception.cli inspect", "1"), ("training --help", "")],
)
def test_a_reader_that_has_left_ends_a_command_without_a_word(command, unbuffered):
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", *command.split()],
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
            timeout=120,
        )
    assert done.stderr == ""
    assert done.returncode == 141


def test_another_pipe_that_is_broken_keeps_its_traceback():
    with pytest.raises(BrokenPipeError), until_its_reader_leaves():
        raise BrokenPipeError
