"""For all tests."""

import signal

# What runs in a shell's background or under nohup ignores these, and so would all that tests start, and end that way.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
