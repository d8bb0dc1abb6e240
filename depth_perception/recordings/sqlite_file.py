"""One sqlite3 file of a rosbag2 recording, whole or cut short."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import quote

from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.storage import RecordedMessage, StoredTopic


class SqliteFile:
    """See `Storage`."""

    def __init__(self, path: Path) -> None:
        """
        Raises: `RecordingError` if it is no recording, or nothing of it can be read.
        """
        self._path = path
        self.damage = ""
        self._database = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)
        try:
            topics = self._read_topics()
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise RecordingError(
                f"{path}: cannot be read as a recording ({error}): it is damaged or cut short, copy it again"
            ) from None
        self._topics = {
            number: (name, kind if form == "cdr" else f"{kind} ({form})") for number, name, kind, form in topics
        }
        self._rows: list[tuple[int, int, int]] | None = None
        """Time, row and topic of what can be read of a damaged file; None of a whole one."""
        counts: Counter[int] = Counter()
        try:
            counts.update(dict(self._database.execute("SELECT topic_id, COUNT(*) FROM messages GROUP BY topic_id")))
            first, last = self._database.execute("SELECT MIN(timestamp), MAX(timestamp) FROM messages").fetchone()
            self.start, self.end = int(first or 0), int(last or 0)
            self._database.execute("SELECT MAX(timestamp), LENGTH(data) FROM messages").fetchone()
        except sqlite3.DatabaseError as error:
            self._rows = sorted(self._readable())
            counts = Counter(topic for _, _, topic in self._rows)
            self.start, self.end = (self._rows[0][0], self._rows[-1][0]) if self._rows else (0, 0)
            self.damage = f"it is damaged or cut short ({error}): what can be read of it is read"
        both: Counter[tuple[str, str]] = Counter()
        for number, key in self._topics.items():
            both[key] += counts[number]
        self.topics = tuple(StoredTopic(*key, count) for key, count in both.items())

    def messages(self, topics: Collection[str], start: int | None, stop: int | None) -> Iterator[RecordedMessage]:
        """See `Storage`."""
        numbers = [number for number, (name, _) in self._topics.items() if name in topics]
        if self._rows is not None:
            yield from self._readable_messages(set(numbers), start, stop)
            return
        marks = ", ".join("?" * len(numbers))
        query = f"SELECT timestamp, topic_id, data FROM messages WHERE topic_id IN ({marks})"
        query += "" if start is None else f" AND timestamp >= {int(start)}"
        query += "" if stop is None else f" AND timestamp < {int(stop)}"
        rows = self._database.execute(f"{query} ORDER BY timestamp, id", numbers)
        try:
            for log_time, number, data in rows:
                yield RecordedMessage(*self._topics[number], log_time, bytes(data))
        except sqlite3.DatabaseError as error:
            self.damage = f"it is damaged ({error}): what lies before the damage is read"

    def close(self) -> None:
        """See `Storage`."""
        self._database.close()

    def _read_topics(self) -> list[tuple[int, str, str, str]]:
        query = "SELECT id, name, type, serialization_format FROM topics"
        try:
            return self._database.execute(query).fetchall()
        except sqlite3.DatabaseError:
            # sqlite refuses a file that is shorter than it says, unless it is told that it is to be repaired
            self._database.execute("PRAGMA writable_schema = ON")
            return self._database.execute(query).fetchall()

    def _readable(self) -> Iterator[tuple[int, int, int]]:
        """Row by row in the order they were written, to where the file is cut."""
        try:
            for row, number, log_time in self._database.execute(
                "SELECT id, topic_id, timestamp FROM messages NOT INDEXED ORDER BY id"
            ):
                if number in self._topics:
                    yield log_time, row, number
        except sqlite3.DatabaseError:
            return

    def _readable_messages(self, numbers: set[int], start: int | None, stop: int | None) -> Iterator[RecordedMessage]:
        for log_time, row, number in self._rows or ():
            early, late = start is not None and log_time < start, stop is not None and log_time >= stop
            if number not in numbers or early or late:
                continue
            try:
                found = self._database.execute("SELECT data FROM messages WHERE id = ?", (row,)).fetchone()
            except sqlite3.DatabaseError:
                continue
            if found is not None:
                yield RecordedMessage(*self._topics[number], log_time, bytes(found[0]))
