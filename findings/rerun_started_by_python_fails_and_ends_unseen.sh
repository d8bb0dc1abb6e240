#!/usr/bin/env bash
# rerun-sdk 0.41.0: `python -m rerun_cli` starts the viewer's program and waits for it. It exits with 0 whatever the
# program exits with, so a file that `rrd verify` refuses has passed for a script that looks at the status. Ended by
# SIGTERM, as service managers, subprocess.Popen.terminate() and CI end what they started, it leaves the program
# running, with its port. The program itself (rerun_cli/rerun in the package) does both right. Exits with 1 if that has
# changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.2.6 rerun-sdk==0.41.0
cd "$folder"
export HOME="$folder" # where it keeps its settings
"$folder/venv/bin/python" - <<'PYTHON'
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import rerun
import rerun_cli

program = [str(Path(rerun_cli.__file__).with_name("rerun"))]
module = [sys.executable, "-m", "rerun_cli"]
Path("notes.rrd").write_text("no recording")


def status(start):
    return subprocess.run([*start, "rrd", "verify", "notes.rrd"], capture_output=True).returncode


def answers(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def answers_after_its_end(start):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = [*start, "--serve-web", "--bind", "127.0.0.1", "--port", str(port), "--web-viewer-port", "0"]
    started = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while not answers(port):
            assert time.monotonic() < deadline, "it never answered"
            time.sleep(0.1)
        started.terminate()
        started.wait(timeout=30)
        time.sleep(2.0)
        return answers(port)
    finally:
        try:
            os.killpg(started.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


refused = status(program), status(module)
left = answers_after_its_end(program), answers_after_its_end(module)
print(f"rerun-sdk {rerun.__version__}")
print(f"a file that is refused: the program exits with {refused[0]}, python -m rerun_cli with {refused[1]}")
print(f"ended by SIGTERM, its port still answers: the program's {left[0]}, that of python -m rerun_cli {left[1]}")
sys.exit(0 if refused[0] != 0 and refused[1] == 0 and left == (False, True) else 1)
PYTHON
