"""Writes rosbag2 recordings (mcap) without ROS, complete or absent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from depth_perception.files import OutputError, new_folder
from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.storage import RecordedMessage

_FOREVER = QosTime(2147483647, 4294967295)
LATCHED = "tf_static"
"""What the names of topics contain whose messages stay for whoever comes late."""


class BagWriter:
    """An open recording; see `new_bag`."""

    def __init__(self, path: Path, writer: Writer) -> None:
        self._path = path
        self._writer = writer
        self._types = get_typestore(Stores.ROS2_JAZZY)
        self._connections: dict[str, Connection] = {}

    def new(self, kind: str, **fields: Any) -> Any:
        """A message of a type such as ``sensor_msgs/msg/Image``."""
        return self._types.types[kind](**fields)

    def header(self, stamp: int, frame: str) -> Any:
        """A header with a stamp in nanoseconds."""
        seconds, nanoseconds = divmod(stamp, 1_000_000_000)
        time = self.new("builtin_interfaces/msg/Time", sec=seconds, nanosec=nanoseconds)
        return self.new("std_msgs/msg/Header", stamp=time, frame_id=frame)

    def write(self, topic: str, message: Any, log_time: int) -> None:
        """Adds a message, recorded at a time in nanoseconds.

        Raises: `OutputError` if there is no room for it.
        """
        kind = message.__msgtype__
        self.copy(RecordedMessage(topic, kind, log_time, bytes(self._types.serialize_cdr(message, kind))))

    def copy(self, message: RecordedMessage) -> None:
        """Adds a message as it lies in another recording; raises as `write`."""
        try:
            if message.topic not in self._connections:
                self._connections[message.topic] = self._writer.add_connection(
                    message.topic,
                    message.type_name,
                    typestore=self._types,
                    offered_qos_profiles=[_qos(LATCHED in message.topic)],
                )
            self._writer.write(self._connections[message.topic], message.log_time, message.data)
        except OSError as error:
            raise OutputError(self._path, error) from None


@contextmanager
def new_bag(path: Path, *, compressed: bool = False) -> Iterator[BagWriter]:
    """A recording that becomes the folder `path` at the end of the `with`, unless that is left by an error.

    Args:
        compressed: Its chunks, by zstd, which every reader of mcap knows.

    Raises: `RecordingError` if there is something at `path`; `OutputError` if it cannot be written.
    """
    if path.exists():
        raise RecordingError(f"{path}: is there already: delete it or name another place")
    with new_folder(path) as folder:
        inner = folder / path.name  # rosbags makes it itself
        writer = Writer(inner, version=Writer.VERSION_LATEST, storage_plugin=StoragePlugin.MCAP)
        if compressed:
            writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        try:
            with writer:
                yield BagWriter(path, writer)
            for item in inner.iterdir():
                item.rename(folder / item.name)
            inner.rmdir()
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(path, error) from None


def _qos(latched: bool) -> Qos:
    return Qos(
        QosHistory.KEEP_LAST,
        1 if latched else 10,
        QosReliability.RELIABLE,
        QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
        _FOREVER,
        _FOREVER,
        QosLiveliness.AUTOMATIC,
        _FOREVER,
        False,
    )
