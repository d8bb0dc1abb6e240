"""``python -m depth_perception.cli`` is the ``depth-perception`` command."""

import sys

from depth_perception.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
