"""What has changed on disk since it was written is noticed when it is read."""

import numpy as np
import pytest

from training.checked_arrays import GrowingArray, open_checked, sum_of
from training.errors import TrainingError


@pytest.fixture
def path(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (9, 8, 7, 3), np.uint8)
    with GrowingArray(tmp_path / "images.npy", (8, 7, 3), np.uint8) as array:
        for frame in values:
            array.append(frame)
    return tmp_path / "images.npy"


def flip(path, frame):
    data = bytearray(path.read_bytes())
    data[len(data) - (9 - frame) * 168 + 50] ^= 1
    path.write_bytes(data)


def test_it_reads_as_an_array_does(path):
    plain, checked = np.load(path), open_checked(path)
    assert checked.shape == plain.shape
    assert np.array_equal(checked, plain)
    assert np.array_equal(checked[3], plain[3])
    assert np.array_equal(checked[-1], plain[-1])
    assert np.array_equal(checked[2:7][1], plain[3])
    assert np.array_equal(checked[2:7][1:3][0], plain[3])
    assert np.array_equal(checked[3][2:4, ::2], plain[3, 2:4, ::2])
    assert np.array_equal(checked[[1, 4]], plain[[1, 4]])
    assert not isinstance(checked[3], np.memmap)
    assert checked[2:7].mean() == plain[2:7].mean()


def test_one_bit_is_noticed_in_the_frame_that_it_is_in_and_only_there(path):
    flip(path, 4)
    checked = open_checked(path)
    for take in (lambda: checked[4], lambda: checked[-5], lambda: checked[3:][1], lambda: checked[np.int64(4)]):
        with pytest.raises(
            TrainingError, match=r"images\.npy: frame \d is damaged, .* delete .*, it will be made again"
        ):
            take()
    for k in (0, 1, 2, 3, 5, 6, 7, 8):
        assert checked[k].shape == (8, 7, 3)


def test_one_that_is_cut_short_or_has_other_sums_cannot_be_opened(path):
    np.save(path.with_suffix(".sums.npy"), [1, 2])
    with pytest.raises(ValueError, match="9 frames and 2 sums"):
        open_checked(path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match="mmap length"):
        open_checked(path)


def test_arrays_from_before_there_were_sums_are_read(path):
    path.with_suffix(".sums.npy").unlink()
    flip(path, 4)
    assert open_checked(path)[4].shape == (8, 7, 3)


def test_sums_are_of_the_content_whatever_its_layout():
    frame = np.arange(24, dtype=np.float16).reshape(4, 6)
    assert sum_of(frame.T) == sum_of(frame.T.copy()) != sum_of(frame)
    assert sum_of(np.float64(1.5)) == sum_of(np.array(1.5))
