"""Pictures show what they say."""

import cv2
import numpy as np
import pytest

from depth_perception.evaluation.frame import Frame
from training.evaluation.pictures import PATCH, PATCHES, Pictures, depth_strip, edge_crops, strongest_edges


def scene(sparse=False):
    """A wall 40 m away and before it a post at 10 m; the image is grey."""
    truth = np.full((200, 400), 40.0, np.float32)
    truth[60:160, 300:306] = 10.0
    if sparse:
        truth[np.random.default_rng(0).random(truth.shape) < 0.95] = np.nan
    return Frame("a/b", np.full((200, 400, 3), 128, np.uint8), truth)


def test_the_strongest_edges_are_found_and_do_not_pile_up():
    (row, column), *others = strongest_edges([scene().truth])
    assert 0 <= row <= 160
    assert row + PATCH >= 60
    assert column <= 300
    assert column + PATCH >= 306
    assert len(others) == PATCHES - 1
    corners = [(row, column), *others]
    for i, a in enumerate(corners):
        assert all(max(abs(a[0] - b[0]), abs(a[1] - b[1])) > PATCH // 2 for b in corners[:i])


def test_a_sharp_edge_counts_more_than_the_same_one_spread():
    depth = np.full((200, 400), 40.0, np.float32)
    depth[:, 100:200] = 10.0
    depth[:, 200:220] = np.linspace(10.0, 40.0, 20)
    _, column = strongest_edges([depth])[0]
    assert column <= 100 < column + PATCH


@pytest.mark.parametrize("sparse", [False, True])
def test_every_network_has_its_row(sparse):
    frame = scene(sparse)
    networks = {"first": np.full((200, 400), 40.0, np.float32), "second": np.full((200, 400), 10.0, np.float32)}
    strip = depth_strip(frame, networks)
    assert strip.shape == (4 * 200, 400, 3)
    assert strip[700, 200].astype(int).sum() > strip[500, 200].astype(int).sum()  # near is bright
    crops = edge_crops(frame, networks)
    rows = 3 if sparse else 4  # sparse truth has no edges to show
    assert crops.shape[0] == rows * (crops.shape[0] // rows)
    assert crops.shape[1] > 3 * PATCH * PATCHES


def test_three_pictures_of_every_so_manyth_frame_are_written(tmp_path):
    frame = scene()
    frame.image.flags.writeable = False  # as that of a drive in the cache
    pictures = Pictures(tmp_path / "new", 2, 80.0)
    for number in range(3):
        name = f"drive/{number}"
        depth = {"mine.onnx": frame.truth / 2}
        pictures(number, Frame(name, frame.image, frame.truth), depth, {"mine.onnx": 2.0})
    assert (frame.image == 128).all()
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == [f"{kind}_drive_{number}.png" for kind in ("depth", "edges", "error") for number in (0, 2)]
    error = cv2.imread(str(tmp_path / "new" / "error_drive_0.png"))
    assert error is not None
    right = error[300:, 100:200].reshape(-1, 3)  # what was predicted is right but for its scale
    assert (right == right[0]).all()
