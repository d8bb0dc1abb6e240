"""The one base of every error that this package raises on purpose."""


class DepthPerceptionError(Exception):
    """Something a user can mend: the message names the input, what was expected and what to do.

    Each room subclasses it once. The command line prints such an error as one line; anything else is a bug and keeps
    its traceback.
    """
