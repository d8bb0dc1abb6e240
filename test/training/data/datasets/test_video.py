"""Real videos: the robot's own view of them, decoded once."""

import warnings

import cv2
import numpy as np
import pytest

from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import pose_from
from depth_perception.trajectory_file import tum_line
from training.data.datasets.video import VideoData
from training.errors import TrainingError

CAMERA = Camera(160, 90, 120.0, 119.0, 82.0, 46.0, (-0.2, 0.05, 0.0, 0.0, 0.0))


@pytest.fixture
def video(tmp_path):
    """Sixteen frames of a texture that moves, with three in the middle that stand still."""
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.integers(0, 256, (200, 400, 3), dtype=np.uint8), (0, 0), 3)
    path = tmp_path / "drive.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (160, 90))
    for number in range(16):
        shift = 4 * (number if number < 6 else max(6, number - 3))
        writer.write(texture[20:110, shift : shift + 160])
    writer.release()
    return path


def settings(video, tmp_path, **options):
    defaults = {"width": 96, "height": 32, "cache": str(tmp_path / "cache")}
    return VideoData(path=str(video), camera=CAMERA, **{**defaults, **options})


def test_frames_are_the_robots_view_of_them(video, tmp_path):
    snippet = settings(video, tmp_path).open(frames=3)[0]
    view = NetworkView(CAMERA, 96, 32)
    capture = cv2.VideoCapture(str(video))
    for image in snippet.images:
        frame = np.asarray(cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB), np.uint8)
        assert np.array_equal(image, view.image(frame))
    assert snippet.camera == view.camera
    assert snippet.depth is None
    assert snippet.poses is None


def test_a_trajectory_that_was_estimated_gives_motion_where_it_reaches(video, tmp_path):
    poses = {number: pose_from(np.eye(3), [0.0, 0.0, 0.5 * number]) for number in range(3, 9)}
    lines = [tum_line(number * 40_000_000, pose) for number, pose in poses.items()]  # 25 Hz
    (tmp_path / "drive.tum").write_text("".join(lines))
    data = settings(video, tmp_path, motion=-1.0, first=1, followed=str(tmp_path / "drive.tum"))
    snippets = data.open(3)
    known = {snippet.name: snippet.poses for snippet in snippets}
    assert [name for name, way in known.items() if way is not None] == [f"drive.avi/{number}" for number in range(4, 8)]
    np.testing.assert_allclose(known["drive.avi/4"], [poses[number] for number in (3, 4, 5)], atol=1e-6)
    assert "drive.avi/3" not in known  # half of it is known
    assert data.describe().truths == ()


def test_standing_frames_are_left_out(video, tmp_path):
    moving = len(settings(video, tmp_path).open(frames=3))
    assert len(settings(video, tmp_path, motion=-1.0).open(frames=3)) == 14
    assert moving == 14 - 4  # frames 6 to 9 are one picture: no snippet may hold two of them


def test_frame_range_and_stride(video, tmp_path):
    snippets = settings(video, tmp_path, first=2, last=6, stride=1).open(frames=3)
    assert len(snippets) == 2
    wide = settings(video, tmp_path, first=0, last=6, stride=2).open(frames=3)
    whole = settings(video, tmp_path).open(frames=3)
    assert np.array_equal(wide[0].images[1], whole[0].images[2])


def test_decoded_once_and_again_for_other_settings(video, tmp_path):
    settings(video, tmp_path).open(frames=3)
    (first,) = (tmp_path / "cache").iterdir()
    stamp = (first / "images.npy").stat().st_mtime_ns
    settings(video, tmp_path).open(frames=3)
    assert (first / "images.npy").stat().st_mtime_ns == stamp
    assert len(np.load(first / "images.npy")) == 16
    settings(video, tmp_path, last=5).open(frames=3)
    (second,) = set((tmp_path / "cache").iterdir()) - {first}
    assert len(np.load(second / "images.npy")) == 5


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"camera": Camera(320, 180, 120.0, 120.0, 160.0, 90.0)}, "160x90, its camera is 320x180"),
        ({"first": 15}, "has 1 frames"),
    ],
)
def test_what_does_not_fit_is_named_and_leaves_no_cache(video, tmp_path, options, reason):
    values = {"path": str(video), "camera": CAMERA, "width": 96, "height": 32, "cache": str(tmp_path / "cache")}
    with pytest.raises(TrainingError, match=reason):
        VideoData(**{**values, **options}).open(frames=3)
    assert not list((tmp_path / "cache").iterdir())


def test_missing_and_broken_videos_are_named(tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    for path, reason in ((tmp_path / "none.mp4", "no such video"), (broken, "cannot decode")):
        with pytest.raises(TrainingError, match=reason):
            settings(path, tmp_path).open(frames=3)


def test_a_video_that_breaks_off_is_named_and_leaves_no_cache(video, tmp_path):
    data = video.read_bytes()
    for share in (0.3, 0.6, 0.8):
        video.write_bytes(data[: int(share * len(data))])
        with pytest.raises(TrainingError, match=r"breaks off after (\d+) of 16 frames.*last: \1") as caught:
            settings(video, tmp_path).open(frames=3)
        assert not list((tmp_path / "cache").iterdir())
    there = int(str(caught.value).rpartition(" ")[2])
    assert len(settings(video, tmp_path, last=there, motion=-1.0).open(frames=3)) == there - 2


def test_a_codec_that_opencv_lacks_is_named(tmp_path):
    path = tmp_path / "drive.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"XVID"), 25.0, (160, 90))
    for level in range(16):
        writer.write(np.full((90, 160, 3), 10 * level, np.uint8))
    writer.release()
    path.write_bytes(path.read_bytes().replace(b"XVID", b"av01"))
    with pytest.raises(
        TrainingError, match="not one of its 16 frames can be decoded, OpenCV knows no 'AV01': convert it"
    ):
        settings(path, tmp_path).open(frames=3)


def test_repeated_frames_are_said(tmp_path):
    """As a converter to twice the rate makes them: no three in a row move."""
    texture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (200, 400, 3), dtype=np.uint8), (0, 0), 3)
    path = tmp_path / "drive.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 50.0, (160, 90))
    for number in range(30):
        shift = 4 * (number // 2) + (2 if number == 17 else 0)
        writer.write(texture[20:110, shift : shift + 160])
    writer.release()
    with pytest.warns(UserWarning, match=r"2 of 28 snippets are left, 14 of 29 frames .*stride: 2"):
        settings(path, tmp_path).open(frames=3)
    with warnings.catch_warnings(record=True) as caught:
        assert len(settings(path, tmp_path, stride=2).open(frames=3)) == 26
    assert caught == []
