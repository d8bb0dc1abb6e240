"""Processes are watched while they run and gone at the end, whatever happens and however stubborn they are."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.graph import DEADLINE

from depth_perception.rig.errors import RigError
from depth_perception.rig.processes import Processes

ROOT = Path(__file__).resolve().parents[2]

SLEEPER = "import time; print('here', flush=True); time.sleep(600)"
STUBBORN = "import signal; [signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM)]\n" + SLEEPER
FAILING = "print('loading'); raise SystemExit('the disk is full')"
FATAL = "import time; print('[FATAL] [1.0] [node]: no model', flush=True); time.sleep(600)"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Makes a module of a text, that ``python -m`` finds."""
    monkeypatch.setattr(
        Processes, "_PATIENCE", ((signal.SIGINT, 0.5), (signal.SIGTERM, 0.5), (signal.SIGKILL, DEADLINE))
    )

    def make(text: str) -> str:
        (tmp_path / "the_process.py").write_text(text)
        return "the_process"

    return make


def processes(folder: Path) -> Processes:
    return Processes(folder / "logs", {"PYTHONPATH": str(folder)})


def wait_until(condition) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("text", [SLEEPER, STUBBORN], ids=["obedient", "stubborn"])
def test_the_end_ends_them_all(tmp_path, module, text):
    with processes(tmp_path) as running:
        process = running.start("sleeper", module(text), [])
        wait_until(lambda: "here" in (tmp_path / "logs" / "sleeper.log").read_text())
        running.check()
    assert not process.alive


def test_an_exception_ends_them_too(tmp_path, module):
    with pytest.raises(ValueError, match="mine"), processes(tmp_path) as running:  # noqa: PT012
        process = running.start("sleeper", module(SLEEPER), [])
        raise ValueError("mine")
    assert not process.alive


def test_one_that_fails_is_named_with_its_last_words(tmp_path, module):
    with processes(tmp_path) as running:
        process = running.start("depth_node", module(FAILING), [])
        process.wait(DEADLINE)
        with pytest.raises(RigError, match=r"depth_node ended with exit code 1: loading \| the disk is full") as caught:
            running.check()
        assert "\n" not in str(caught.value)
        assert "depth_node.log" in str(caught.value)


def test_one_that_lives_but_cannot_go_on_is_noticed(tmp_path, module):
    with processes(tmp_path) as running:
        running.start("depth_node", module(FATAL), [])
        wait_until(lambda: "FATAL" in (tmp_path / "logs" / "depth_node.log").read_text())
        with pytest.raises(RigError, match=r"depth_node cannot run: .*no model"):
            running.check()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_termination_is_an_interrupt(number):
    script = (
        "import os, signal, time\nfrom depth_perception.rig.processes import TerminationInterrupts\ntry:\n"
        f" with TerminationInterrupts():\n  os.kill(os.getpid(), {int(number)}); time.sleep({DEADLINE})\n"
        f"except KeyboardInterrupt:\n print('interrupted', signal.getsignal({int(number)}) == signal.SIG_DFL)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE)
    assert done.stdout == "interrupted True\n", done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="children follow their parent's death on Linux alone")
def test_they_follow_a_parent_that_was_killed(tmp_path, module):
    module(SLEEPER)
    script = (
        "import sys, time; from pathlib import Path; from depth_perception.rig.processes import Processes;"
        f"running = Processes(Path({str(tmp_path)!r}) / 'logs', {{'PYTHONPATH': {str(tmp_path)!r}}});"
        "print(running.start('sleeper', 'the_process', []).pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    wait_until(lambda: "here" in (tmp_path / "logs" / "sleeper.log").read_text())
    assert is_alive(child)
    parent.kill()
    parent.wait(DEADLINE)
    parent.stdout.close()
    wait_until(lambda: not is_alive(child))
