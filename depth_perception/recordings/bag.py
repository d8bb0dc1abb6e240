"""A rosbag2 recording as it lies on disk: a folder or one file, mcap or sqlite3, compressed or not, without ROS."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml
import zstandard
from rosbags.typesys import Stores, get_typestore

from depth_perception.recordings.errors import RecordingError, SeveralRecordingsError
from depth_perception.recordings.mcap_file import McapFile
from depth_perception.recordings.sqlite_file import SqliteFile
from depth_perception.recordings.storage import Part, RecordedMessage, Storage, StoredTopic, merged

KINDS: dict[str, Callable[[Path], Storage]] = {".mcap": McapFile, ".db3": SqliteFile}
VIDEOS = (".mp4", ".avi", ".mkv", ".mov", ".webm")
PACKED = ".zstd"
"""What rosbag2 appends to the name of a file that it has compressed as a whole."""
BETWEEN = (-100_000_000, 60_000_000_000)
"""Nanoseconds from the last message of a file to the first of the next, at least and at most, if a recorder has split
them: it goes on in the next with whatever comes."""
_ZSTD = b"\x28\xb5\x2f\xfd"
"""How a message begins that rosbag2 has compressed by itself; CDR begins with a zero."""


class Bag:
    """An open recording: its topics and messages. Close it, or use it in a `with`.

    Attributes:
        topics: What it holds, counted in the files themselves.
    """

    def __init__(self, path: str | Path) -> None:
        """Opens a rosbag2 folder or one bare file of it.

        What lies before a cut is read, and `remarks` say so.

        Raises: `RecordingError` if it is missing, is none, or nothing of it can be read; `SeveralRecordingsError` for a
        folder without ``metadata.yaml`` whose files are not parts of one, as their names and times tell.
        """
        self.path = Path(path)
        self._types = get_typestore(Stores.ROS2_JAZZY)
        self._storages: list[tuple[Path, Storage]] = []
        self._unpacked: tempfile.TemporaryDirectory[str] | None = None
        self._remarks: list[str] = []
        self._unreadable: dict[str, tuple[int, str]] = {}
        try:
            metadata = self._open()
        except BaseException:
            self.close()
            raise
        counts: Counter[tuple[str, str]] = Counter()
        for _, storage in self._storages:
            for topic in storage.topics:
                counts[topic.name, topic.type_name] += topic.count
        self.topics = tuple(StoredTopic(*key, count) for key, count in counts.items())
        if metadata is not None:
            self._compare(metadata)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is not as it should be, a sentence each; may grow while messages are read."""
        damaged = (f"{path.name}: {storage.damage}" for path, storage in self._storages if storage.damage)
        unreadable = (
            f"{count} messages on {topic} cannot be read, and are left out (the first: {error})"
            for topic, (count, error) in self._unreadable.items()
        )
        return (*self._remarks, *damaged, *unreadable)

    def messages(
        self, topics: Iterable[str], start: int | None = None, stop: int | None = None
    ) -> Iterator[RecordedMessage]:
        """Messages of some topics in order of the time they were recorded at.

        Args:
            start, stop: Nanoseconds; only those recorded from `start` on and before `stop`.
        """
        wanted = frozenset(topics)
        parts = [
            Part(storage.start, storage.messages(wanted, start, stop))
            for _, storage in self._storages
            if any(topic.name in wanted for topic in storage.topics)
        ]
        for message in merged(parts):
            yield message if message.data[:4] != _ZSTD else message._replace(data=self._decompressed(message))

    def deserialise(self, message: RecordedMessage) -> Any:
        """The message with its fields.

        Raises: `RecordingError` if its bytes are not those of its type.
        """
        try:
            return self._types.deserialize_cdr(message.data, message.type_name)
        except Exception as error:  # whatever struct, numpy or a missing type make of it
            raise RecordingError(
                f"{self.path}: a message on {message.topic} of {len(message.data)} bytes is no {message.type_name}"
                f" ({type(error).__name__}): it is damaged, or was recorded with another definition"
            ) from None

    def readable(self, topics: Iterable[str]) -> Iterator[Any]:
        """The messages of some topics with their fields, in order of time; `remarks` count those that have none."""
        counts: Counter[str] = Counter()
        for message in self.messages(topics):
            try:
                yield self.deserialise(message)
            except RecordingError as error:
                counts[message.topic] += 1
                before = self._unreadable.get(message.topic, (0, _without(self.path, error)))
                self._unreadable[message.topic] = (max(before[0], counts[message.topic]), before[1])

    def frame_of(self, topic: str) -> str:
        """The frame of the first message of a topic with headers; empty if it does not say."""
        for message in self.messages([topic]):
            try:
                return str(self.deserialise(message).header.frame_id)
            except RecordingError:
                continue
        return ""

    def close(self) -> None:
        for _, storage in self._storages:
            storage.close()
        if self._unpacked is not None:
            self._unpacked.cleanup()
            self._unpacked = None

    def __enter__(self) -> Bag:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> _Metadata | None:
        path = self.path
        if not path.exists():
            raise RecordingError(f"{path}: there is no such recording, expected a rosbag2 folder")
        if path.suffix == ".bag" and path.is_file():
            raise RecordingError(f"{path}: is a ROS 1 bag: convert it with rosbags-convert --src {path} --dst FOLDER")
        if path.is_file():
            if path.suffix.lower() in VIDEOS:
                raise RecordingError(
                    f"{path}: is a video, which does not say how it was taken: depth-perception predict takes it with a"
                    " calibration, and so does a training; expected a rosbag2 folder or a file of it, .mcap or .db3"
                )
            if _kind(path) is None:
                raise RecordingError(
                    f"{path}: cannot be read as a recording, expected a rosbag2 folder or a file of it, .mcap or .db3"
                )
            self._add(path)
            return None
        there = sorted((item for item in path.iterdir() if _kind(item)), key=lambda item: _natural(item.name))
        metadata = self._read_metadata()
        named = there if metadata is None else [path / Path(name).name for name in metadata.files]
        for missing in (item for item in named if not item.exists()):
            self._remarks.append(f"metadata.yaml names {missing.name}, which is not there")
        files = [item for item in named if item.exists()]
        files = without_twins(files or there)
        says_so = (path / "metadata.yaml").exists()
        if not says_so and not _are_called_parts(files):
            raise self._several(files)
        if not files:
            raise RecordingError(
                f"{path}: is not a rosbag2 folder: it has neither metadata.yaml nor .mcap or .db3 files"
                if metadata is None
                else f"{path}: the files that metadata.yaml names are not there: {', '.join(metadata.files)}"
            )
        errors = []
        for item in files:
            try:
                self._add(item)
            except RecordingError as error:
                errors.append(error)
                self._remarks.append(str(error))
        if not self._storages:
            raise errors[0]
        if not says_so and not _follow([storage for _, storage in self._storages]):
            raise self._several(files)
        others = [item.name for item in sorted(path.iterdir()) if item.is_dir() and any(map(_kind, item.iterdir()))]
        if others and not says_so:
            self._remarks.append(f"the recordings in its folders ({', '.join(others)}) are no parts of it")
        return metadata

    def _several(self, files: list[Path]) -> SeveralRecordingsError:
        names = ", ".join(item.name for item in files)
        return SeveralRecordingsError(
            f"{self.path}: has no metadata.yaml, and its files are no parts of one recording by their names (NAME_0,"
            f" NAME_1, ...) and times: give one of {names}"
        )

    def _add(self, path: Path) -> None:
        kind = _kind(path)
        assert kind is not None
        source = path
        if path.suffix == PACKED:
            if self._unpacked is None:
                self._unpacked = tempfile.TemporaryDirectory(prefix="depth_perception-")
            source = Path(self._unpacked.name) / path.stem
            try:
                with path.open("rb") as packed, source.open("wb") as unpacked:
                    zstandard.ZstdDecompressor().copy_stream(packed, unpacked)
            except zstandard.ZstdError as error:
                self._remarks.append(f"{path.name}: is damaged ({error}): what lies before the damage is read")
            except OSError as error:
                raise RecordingError(f"{path}: cannot be unpacked to {source} ({error.strerror})") from None
        try:
            storage = KINDS[kind](source)
        except OSError as error:
            raise RecordingError(f"{path}: cannot be read ({error.strerror})") from None
        if storage.damage and not any(topic.count for topic in storage.topics):
            storage.close()
            raise RecordingError(f"{path}: nothing of it can be read, {storage.damage}: copy it again")
        self._storages.append((path, storage))

    def _read_metadata(self) -> _Metadata | None:
        path = self.path / "metadata.yaml"
        if not path.exists():
            self._remarks.append("there is no metadata.yaml: the recording was not closed")
            return None
        try:
            information = yaml.safe_load(path.read_text())["rosbag2_bagfile_information"]
            counts: Counter[str] = Counter()
            for topic in information.get("topics_with_message_count") or ():
                counts[str(topic["topic_metadata"]["name"])] += int(topic["message_count"])
            return _Metadata([str(name) for name in information["relative_file_paths"]], counts)
        except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
            self._remarks.append(f"metadata.yaml cannot be read ({type(error).__name__}): all files beside it are")
            return None

    def _compare(self, metadata: _Metadata) -> None:
        """Counts of nothing are of recorders that were killed before they had counted."""
        found: Counter[str] = Counter()
        for topic in self.topics:
            found[topic.name] += topic.count
        for name, count in metadata.counts.items():
            if count and count != found[name]:
                self._remarks.append(f"metadata.yaml counts {count} messages on {name}, {found[name]} are there")

    def _decompressed(self, message: RecordedMessage) -> bytes:
        try:
            return zstandard.ZstdDecompressor().decompress(message.data, max_output_size=1 << 30)
        except zstandard.ZstdError:
            return message.data  # of no type, as whoever deserialises it will say


@dataclass(frozen=True)
class _Metadata:
    """What ``metadata.yaml`` says, of any version."""

    files: list[str]
    counts: Counter[str]


def _without(path: Path, error: RecordingError) -> str:
    return str(error).removeprefix(f"{path}: ")


def _kind(path: Path) -> str | None:
    name = path.name.removesuffix(PACKED)
    return next((suffix for suffix in KINDS if name.endswith(suffix)), None)


def _are_called_parts(files: list[Path]) -> bool:
    """Whether these are one file, or have the names of the parts of one recording."""
    names = [re.fullmatch(r"(.+)_(?:0|[1-9]\d*)", item.name.removesuffix(PACKED).rpartition(".")[0]) for item in files]
    return len(files) <= 1 or (None not in names and len({name and name[1] for name in names}) == 1)


def _follow(storages: list[Storage]) -> bool:
    """Whether each goes on where the one before ends."""
    filled = [storage for storage in storages if any(topic.count for topic in storage.topics)]
    return all(BETWEEN[0] <= second.start - first.end <= BETWEEN[1] for first, second in pairwise(filled))


def without_twins(files: list[Path]) -> list[Path]:
    """Of a file and itself compressed, the file."""
    names = {item.name for item in files}
    return [item for item in files if item.name.removesuffix(PACKED) == item.name or item.stem not in names]


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
