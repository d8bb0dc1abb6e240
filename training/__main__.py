"""``python -m training fit|validate --config FILE`` trains; ``evaluate`` scores models; ``inspect`` tells what networks
cost, ``benchmark`` how fast they train, ``study_sharing`` what depth and classes gain from each other."""

from __future__ import annotations

import importlib
import os
import sys

from depth_perception.errors import DepthPerceptionError

COMMANDS = {
    "benchmark": "training.benchmark",
    "evaluate": "training.evaluate",
    "inspect": "training.inspect",
    "study_sharing": "training.sharing_study",
}
"""What is not Lightning's, and the module that does it."""

SMOKE = "--smoke"
"""Of ``fit``: tries a configuration out in small."""


def main() -> None:
    """Runs the command line; a known error is one line and exit status 1."""
    # Read when torch loads: threads that wait for each other sleep, so that other programs can be busy beside us.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        command = "".join(sys.argv[1:2])
        if command in COMMANDS:
            importlib.import_module(COMMANDS[command]).main(sys.argv[2:])
        elif command == "fit" and SMOKE in sys.argv:
            importlib.import_module("training.smoke").main([item for item in sys.argv[2:] if item != SMOKE])
        else:
            from training.command_line import main as train

            train()
    except DepthPerceptionError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
