"""The one base of every error that this package raises on purpose, and how what came from outside is shown."""

LONGEST = 1000
"""Characters of one line."""


class DepthPerceptionError(Exception):
    """Something a user can mend: the message names the input, what was expected and what to do.

    Each room subclasses it once. The command line prints such an error as one line; anything else is a bug and keeps
    its traceback.
    """


def one_line(text: str) -> str:
    """The text on one line, without control characters, and cut in the middle if it is long: texts quote inputs."""
    if len(text) > LONGEST:
        half = LONGEST // 2 - 20
        text = f"{text[:half]} [{len(text) - 2 * half} characters] {text[-half:]}"
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "surrogatepass").decode() for letter in text
    )
