"""For all tests."""

import signal

# A shell has what runs in its background ignore Ctrl-C, and so would all that tests start, and end that way.
signal.signal(signal.SIGINT, signal.default_int_handler)
