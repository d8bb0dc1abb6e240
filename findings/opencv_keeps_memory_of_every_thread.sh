#!/usr/bin/env bash
# opencv-python-headless 4.12.0.88: every thread that ever called OpenCV
# leaves about 900 bytes behind when it ends. A program that starts a thread for each job grows for as long as it runs;
# one whose threads stay does not.
# Exits with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.2.6 opencv-python-headless==4.12.0.88
"$folder/venv/bin/python" - <<'PYTHON'
import ctypes
import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

COUNT = 3000
FIELDS = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")


class Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in FIELDS]


libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Mallinfo2


def in_use():
    """Bytes that the C library has handed out."""
    gc.collect()
    said = libc.mallinfo2()
    return said.uordblks + said.hblkhd


def growth(run):
    """Bytes a run."""
    for _ in range(300):  # what grows once
        run()
    before = in_use()
    for _ in range(COUNT):
        run()
    return (in_use() - before) / COUNT


def in_a_new_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


image = np.zeros((64, 128, 3), np.uint8)
resize = lambda: cv2.resize(image, (32, 32))
with ThreadPoolExecutor(1) as pool:
    one = growth(lambda: pool.submit(resize).result())
nothing = growth(lambda: in_a_new_thread(lambda: None))
new = growth(lambda: in_a_new_thread(resize))
print(f"OpenCV {cv2.__version__}, bytes left of each call: in one thread {one:.1f}, in a new thread {new:.0f}")
print(f"of a new thread that calls nothing: {nothing:.1f}")
sys.exit(not (new > 500 and one < 50 and nothing < 50))
PYTHON
echo "as described"
