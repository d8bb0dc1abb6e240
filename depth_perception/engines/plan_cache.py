"""Plans that were built already: by what they were made of, each with a file beside it that says so."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from depth_perception.files import cache_folder, locked, require_own, write_atomically

_CAPABILITY = re.compile(r"\d+\.\d+")


@dataclass(frozen=True)
class PlanKey:
    """What a plan depends on: with any of it changed it is another plan.

    Attributes:
        graph: SHA-256 of the ONNX graph.
        library, version: what builds it.
        built_for: the GPU, with its compute capability, or the compute capabilities asked for.
        types: of the graph, such as ``f32`` or ``f16``.
        shapes: of the inputs, by their names.
        flags: of the build.
    """

    graph: str
    library: str
    version: str
    built_for: tuple[str, ...]
    types: str
    shapes: dict[str, tuple[int, ...]]
    flags: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Plan:
    """A plan, and what is known of it.

    Attributes:
        content: what the library runs.
        key: what it was made of.
        parity: how far its answers were found to be from the reference's, in words; None if nobody looked yet.
        note: what a user should know of how it came about: that it was rebuilt, or could not be stored.
    """

    content: bytes
    key: PlanKey
    parity: str | None = None
    note: str = ""


class PlanCache:
    """Plans in a folder that no other user can write to.

    Raises: `CacheError` if the folder cannot be made or trusted.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = cache_folder("plans") if folder is None else folder
        require_own(self.folder)

    def path(self, key: PlanKey) -> Path:
        """Of the plan; the file that describes it has the suffix ``.json``."""
        return self.folder / f"{key.digest}.plan"

    def find(self, key: PlanKey) -> Plan | None:
        """The plan of a key; None if there is none that is whole."""
        path = self.path(key)
        try:
            said: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
            content = path.read_bytes()
        except (OSError, ValueError):
            return None
        if said.get("sha256") != hashlib.sha256(content).hexdigest():
            return None
        return Plan(content, key, said.get("parity"))

    def find_for(self, key: PlanKey, capability: str) -> Plan | None:
        """The plan of a key, or one that was built for compute capabilities, this one among them. A plan that was built
        on a GPU is for that alone: it was timed there.
        """
        found = self.find(key)
        for file in sorted(self.folder.glob("*.json")) if found is None else ():
            with suppress(OSError, ValueError, KeyError, TypeError):
                said = json.loads(file.read_text())
                other = replace(key, built_for=tuple(said["built_for"]))
                is_of_many = all(_CAPABILITY.fullmatch(target) for target in other.built_for)
                is_what_it_says = file == self.path(other).with_suffix(".json")
                if is_what_it_says and is_of_many and capability in other.built_for:
                    found = self.find(other)
            if found is not None:
                break
        return found

    def get(self, key: PlanKey, build: Callable[[], bytes]) -> Plan:
        """The plan of a key, built unless it is there. Of two processes that want the same one, one builds it."""
        with locked(self.path(key).with_suffix(".lock")):
            found = self.find(key)
            if found is not None:
                return found
            was_there = self.path(key).exists()
            plan = Plan(build(), key, note="the cached plan was damaged: built again" if was_there else "")
            return self.store(plan)

    def store(self, plan: Plan) -> Plan:
        """Writes the plan and what is known of it; without room for it, it says so and is built again next time."""
        path = self.path(plan.key)
        said = asdict(plan.key) | {
            "sha256": hashlib.sha256(plan.content).hexdigest(),
            "bytes": len(plan.content),
            "parity": plan.parity,
        }
        try:
            write_atomically(path, plan.content, 0o600)
            write_atomically(path.with_suffix(".json"), json.dumps(said, indent=2).encode(), 0o600)
        except OSError as error:
            return replace(plan, note=f"the plan could not be stored in {self.folder} ({error.strerror})")
        return plan

    def drop(self, key: PlanKey) -> None:
        """Forgets the plan of a key."""
        for suffix in (".json", ".plan"):
            self.path(key).with_suffix(suffix).unlink(missing_ok=True)
