"""For all tests."""

import atexit
import gc
import os
import shutil
import signal
import tempfile

from hypothesis import HealthCheck, settings

# What runs in a shell's background or under nohup ignores these, and so would all that tests start, and end that way.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# What was built and measured on this machine before must not decide what a test gets to see.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="depth_perception_test_cache_")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)


def pytest_collection_finish():
    """What was imported stays: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


# Tests that try inputs at random: the same ones at every run, except at night (HYPOTHESIS_PROFILE=nightly).
settings.register_profile(
    "quick",
    max_examples=100,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("nightly", settings.get_profile("quick"), max_examples=10_000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
