"""Folders of recordings, as they come to lie on disks."""

from __future__ import annotations

import pytest
from helpers.recordings import messages_of, write_mcap, write_recording

from depth_perception.recordings.bag import Bag
from depth_perception.recordings.folder import recordings_in


@pytest.fixture(scope="module")
def messages(tmp_path_factory):
    path = tmp_path_factory.mktemp("bag") / "drive"
    write_recording(path, frames=12)
    return messages_of(path)


def test_all_recordings_of_a_folder_are_found(tmp_path, messages):
    fleet = tmp_path / "fleet"
    for name in ("a", "b/deep"):
        write_recording(fleet / name, frames=1)
    (fleet / "b" / "back").symlink_to(fleet)
    (fleet / "c").symlink_to(fleet / "a")
    (fleet / "notes").mkdir()
    write_mcap(fleet / "loose.mcap", messages)
    (fleet / "b" / "split").mkdir()
    for number, part in enumerate((messages[:9], messages[9:])):
        write_mcap(fleet / "b" / "split" / f"drive_{number}.mcap", part)
    (fleet / "days").mkdir()
    for name in ("monday", "tuesday"):
        write_mcap(fleet / "days" / f"{name}.mcap", messages)
    found = [str(path.relative_to(fleet)) for path in recordings_in(fleet)]
    assert found == ["a", "b/back", "b/deep", "b/split", "c", "days/monday.mcap", "days/tuesday.mcap", "loose.mcap"]
    assert recordings_in(fleet / "a") == [fleet / "a"]
    assert recordings_in(fleet / "b" / "split") == [fleet / "b" / "split"]
    assert recordings_in(fleet / "notes") == [fleet / "notes"]
    with Bag(fleet) as bag:
        assert bag.remarks[-1] == "the recordings in its folders (a, c, days) are no parts of it"
