"""``python -m training fit|validate --config FILE`` trains; ``python -m training evaluate`` scores exported models."""

from __future__ import annotations

import os
import sys

from depth_perception.errors import DepthPerceptionError


def main() -> None:
    """Runs the command line; a known error is one line and exit status 1."""
    # Read when torch loads: threads that wait for each other sleep, so that other programs can be busy beside us.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        if sys.argv[1:2] == ["evaluate"]:
            from training.evaluate import main as evaluate

            evaluate(sys.argv[2:])
        else:
            from training.command_line import main as train

            train()
    except DepthPerceptionError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
