"""One mcap file, with an index or without, whole or cut short, of any writer."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Collection, Iterator
from functools import lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import lz4.frame
import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.reader import SeekingReader
from mcap.records import Channel, Chunk, Message, Schema
from mcap.stream_reader import breakup_chunk
from mcap.summary import Summary

from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.storage import Part, RecordedMessage, StoredTopic, merged

MAGIC = b"\x89MCAP0\r\n"
_RECORD = struct.Struct("<BQ")
"""Before every record: its kind and its length."""
_MESSAGE = struct.Struct("<HIQQ")
"""Before a message's data: channel, sequence, log time, time of publishing."""
_KEPT = 3
"""Chunks that are kept unpacked: true depth is looked up beside the images."""


class _Place(NamedTuple):
    """Where messages lie: one chunk of them, or a message outside of any."""

    start: int
    end: int
    offset: int
    """Of the record in the file."""
    is_chunk: bool
    channels: frozenset[int] | None
    """Of its messages; None if that is not known."""


class McapFile:
    """See `Storage`.

    A summary that tells everything is believed; without one the file is read through once, as far as it goes.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises: `RecordingError` if it is no mcap file; `OSError` if it cannot be read at all.
        """
        self._path = path
        self._file = path.open("rb")
        self.damage = ""
        self._channels: dict[int, Channel] = {}
        self._schemas: dict[int, Schema] = {}
        self._counts: Counter[int] = Counter()
        self._places: list[_Place] = []
        self._chunk = lru_cache(_KEPT)(self._read_chunk)
        try:
            if self._file.read(len(MAGIC)) != MAGIC:
                raise RecordingError(f"{path}: is no mcap file, or its beginning is lost: copy it again")
            if not self._take_summary():
                self._walk()
        except BaseException:
            self._file.close()
            raise
        counts: Counter[tuple[str, str]] = Counter()
        for channel in self._channels.values():
            counts[channel.topic, self._type_name(channel)] += self._counts[channel.id]
        self.topics = tuple(StoredTopic(*key, count) for key, count in counts.items())
        self.start = min((place.start for place in self._places), default=0)
        self.end = max((place.end for place in self._places), default=0)

    def messages(self, topics: Collection[str], start: int | None, stop: int | None) -> Iterator[RecordedMessage]:
        """See `Storage`."""
        wanted = {number for number, channel in self._channels.items() if channel.topic in topics}
        return merged(
            Part(place.start, self._messages_at(place, wanted, start, stop))
            for place in self._places
            if (start is None or place.end >= start)
            and (stop is None or place.start < stop)
            and (place.channels is None or place.channels & wanted)
        )

    def close(self) -> None:
        """See `Storage`."""
        self._chunk.cache_clear()
        self._file.close()

    def _messages_at(
        self, place: _Place, wanted: set[int], start: int | None, stop: int | None
    ) -> Iterator[RecordedMessage]:
        for message in self._chunk(place.offset) if place.is_chunk else self._read_message(place.offset):
            if message.channel_id not in wanted:
                continue
            if (start is None or message.log_time >= start) and (stop is None or message.log_time < stop):
                channel = self._channels[message.channel_id]
                yield RecordedMessage(channel.topic, self._type_name(channel), message.log_time, message.data)

    def _type_name(self, channel: Channel) -> str:
        schema = self._schemas.get(channel.schema_id)
        name = "" if schema is None else schema.name
        if channel.message_encoding != "cdr":
            return f"{name or 'messages'} ({channel.message_encoding or 'unknown serialisation'})"
        package, _, kind = name.partition("/")
        return name if "/" in kind or not kind else f"{package}/msg/{kind}"

    # The index.

    def _take_summary(self) -> bool:
        """Whether the file's own summary tells where all its messages are."""
        try:
            summary = SeekingReader(self._file).get_summary()
        except (McapError, ValueError, struct.error, KeyError, MemoryError, OverflowError):
            return False
        if summary is None or not _tells_all(summary):
            return False
        assert summary.statistics is not None
        self._channels, self._schemas = dict(summary.channels), dict(summary.schemas)
        self._counts.update(summary.statistics.channel_message_counts)
        for chunk in summary.chunk_indexes:
            channels = frozenset(chunk.message_index_offsets) or None
            self._places.append(
                _Place(chunk.message_start_time, chunk.message_end_time, chunk.chunk_start_offset, True, channels)
            )
        return True

    def _walk(self) -> None:
        """Goes from record to record, to the end or to where the file is cut."""
        size = self._file.seek(0, 2)
        offset = len(MAGIC)
        while offset + _RECORD.size <= size:
            self._file.seek(offset)
            kind, length = _RECORD.unpack(self._file.read(_RECORD.size))
            if kind in (Opcode.DATA_END, Opcode.FOOTER):
                return
            is_whole = offset + _RECORD.size + length <= size
            if kind == Opcode.CHUNK:
                self._take_chunk(offset)
            elif kind == Opcode.MESSAGE and is_whole:
                number, _, log_time, _ = _MESSAGE.unpack(self._file.read(_MESSAGE.size))
                self._counts[number] += 1
                self._places.append(_Place(log_time, log_time, offset, False, frozenset({number})))
            elif kind in (Opcode.SCHEMA, Opcode.CHANNEL) and is_whole:
                self._take_definition(kind, self._file.read(length))
            elif not 0 < kind <= Opcode.DATA_END and kind < 0x80:  # from there on kinds are whoever's
                self.damage = f"nothing can be read from byte {offset} on of {size}"
                return
            offset += _RECORD.size + length
        self.damage = f"it is cut short after {size} bytes: what lies before the cut is read"

    def _take_chunk(self, offset: int) -> None:
        messages = self._chunk(offset)
        if messages:
            times = [message.log_time for message in messages]
            channels = Counter(message.channel_id for message in messages)
            self._counts.update(channels)
            self._places.append(_Place(min(times), max(times), offset, True, frozenset(channels)))

    def _take_definition(self, kind: int, content: bytes) -> None:
        stream = ReadDataStream(BytesIO(content))
        if kind == Opcode.SCHEMA:
            schema = Schema.read(stream)
            self._schemas[schema.id] = schema
        else:
            channel = Channel.read(stream)
            self._channels[channel.id] = channel

    # The content.

    def _read_message(self, offset: int) -> list[Message]:
        self._file.seek(offset)
        _, length = _RECORD.unpack(self._file.read(_RECORD.size))
        return [Message.read(ReadDataStream(BytesIO(self._file.read(length))), length)]

    def _read_chunk(self, offset: int) -> list[Message]:
        """The messages of a chunk in order of log time; of a damaged one those before the damage."""
        self._file.seek(offset)
        _, length = _RECORD.unpack(self._file.read(_RECORD.size))
        content = self._file.read(length)
        try:
            chunk = Chunk.read(ReadDataStream(BytesIO(content)))
        except (McapError, struct.error, UnicodeDecodeError):
            return []  # cut within its first bytes
        records: list[Any]
        try:
            if len(content) < length:
                raise McapError(f"{len(content)} of {length} bytes are there")
            records = breakup_chunk(chunk, validate_crc=True)
        except Exception as error:  # whatever zstd, lz4, struct or the check of the sum make of it
            self.damage = self.damage or f"a chunk at byte {offset} is damaged ({_reason(error)}): what can be is read"
            records = list(_records_in(_unpacked(chunk)))
        messages = []
        for record in records:
            if isinstance(record, Schema):
                self._schemas.setdefault(record.id, record)
            elif isinstance(record, Channel):
                self._channels.setdefault(record.id, record)
            elif isinstance(record, Message):
                messages.append(record)
        return sorted(messages, key=lambda message: message.log_time)


def _tells_all(summary: Summary) -> bool:
    """Whether all messages are in chunks that the summary knows, and it knows their channels and types."""
    statistics = summary.statistics
    if statistics is None or statistics.chunk_count != len(summary.chunk_indexes):
        return False
    counted = sum(statistics.channel_message_counts.values())
    if counted != statistics.message_count or not (summary.chunk_indexes and counted):
        return False
    channels = set(statistics.channel_message_counts) | {
        number for chunk in summary.chunk_indexes for number in chunk.message_index_offsets
    }
    return channels <= set(summary.channels) and all(
        channel.schema_id in summary.schemas or not channel.schema_id for channel in summary.channels.values()
    )


def _unpacked(chunk: Chunk) -> bytes:
    """The content of a chunk as far as it can be had."""
    if not chunk.compression:
        return chunk.data
    unpack: Any = (
        zstandard.ZstdDecompressor().decompressobj().decompress
        if chunk.compression == "zstd"
        else partial(lz4.frame.LZ4FrameDecompressor().decompress)
    )
    parts = []
    try:
        for start in range(0, len(chunk.data), 1024):
            parts.append(unpack(chunk.data[start : start + 1024]))
    except Exception:  # the damage
        pass
    return b"".join(parts)


def _records_in(content: bytes) -> Iterator[Any]:
    """The whole records at the beginning of an unpacked chunk."""
    offset = 0
    readers: dict[int, Any] = {Opcode.SCHEMA: Schema.read, Opcode.CHANNEL: Channel.read}
    while offset + _RECORD.size <= len(content):
        kind, length = _RECORD.unpack_from(content, offset)
        offset += _RECORD.size
        record = content[offset : offset + length]
        if len(record) < length:
            return
        stream = ReadDataStream(BytesIO(record))
        try:
            if kind == Opcode.MESSAGE:
                yield Message.read(stream, length)
            elif kind in readers:
                yield readers[kind](stream)
            else:
                return
        except (McapError, struct.error, UnicodeDecodeError):
            return
        offset += length


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
