"""For all tests."""

import atexit
import os
import shutil
import signal
import tempfile

# What runs in a shell's background or under nohup ignores these, and so would all that tests start, and end that way.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# What was built and measured on this machine before must not decide what a test gets to see.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="depth_perception_test_cache_")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)
