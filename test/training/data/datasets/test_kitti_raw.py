"""KITTI raw: calibration of the day, lists of frames, truth from LiDAR and GPS; what is said when it is not whole."""

from pathlib import Path

import numpy as np
import pytest
from helpers.datasets import (
    HEIGHT,
    IMU_TO_VELO,
    R_RECT,
    VELO_TO_CAM,
    WIDTH,
    pictures,
    projection,
    write_16_bit,
    write_kitti_calibration,
    write_kitti_drive,
)

from training.data.datasets.kitti import EIGEN_TEST_DRIVES
from training.data.datasets.kitti_raw import KittiRawData
from training.data.datasets.kitti_split import read_split
from training.errors import TrainingError

DRIVE = "2011_09_26_drive_0001_sync"
RECTIFIED = np.block([[R_RECT, np.zeros((3, 1))], [np.zeros((1, 3)), np.ones((1, 1))]])


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("kitti")
    write_kitti_drive(root, DRIVE, speeds=[8.0, 10.0, 12.0, 0.2, 0.1])
    return root


def kitti_raw(*arguments, **options):
    return KittiRawData(*arguments, **options)


def split(folder, *lines):
    path = folder / "frames.txt"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


class TestFrames:
    def test_a_snippet_for_each_frame_with_neighbours(self, tree):
        snippets = kitti_raw(str(tree)).open(frames=3)
        assert len(snippets) == 3
        for got, image in zip(snippets[1].images, pictures(5)[1:4], strict=True):
            assert np.array_equal(got, image)
        assert snippets[1].name == f"{DRIVE}/image_02/2"
        assert snippets[1].depth is None
        assert snippets[1].poses is None
        assert snippets[1].distances is None

    def test_single_frames_stride_and_step(self, tree):
        data = kitti_raw(str(tree))
        assert len(data.open(frames=1)) == 5
        assert len(data.open(frames=1, step=2)) == 3
        wide = kitti_raw(str(tree), stride=2).open(frames=3)
        assert len(wide) == 1
        assert np.array_equal(wide[0].images[2], pictures(5)[4])

    def test_no_snippet_crosses_a_gap(self, tmp_path):
        write_kitti_drive(tmp_path, DRIVE, numbers=[0, 1, 2, 5, 6, 7, 8])
        names = [snippet.name.rsplit("/", 1)[1] for snippet in kitti_raw(str(tmp_path)).open(frames=3)]
        assert names == ["1", "6", "7"]

    def test_the_camera_is_that_of_its_day(self, tmp_path):
        write_kitti_drive(tmp_path, DRIVE)
        write_kitti_drive(tmp_path, "2011_09_28_drive_0001_sync", width=120, height=36)
        cameras = {snippet.camera for snippet in kitti_raw(str(tmp_path)).open(frames=3)}
        assert {(camera.width, camera.height) for camera in cameras} == {(WIDTH, HEIGHT), (120, 36)}
        for camera in cameras:
            expected = projection(2, camera.width, camera.height)[:, :3]
            assert camera.matrix == pytest.approx(expected)
            assert camera.cx != pytest.approx(0.5 * camera.width, abs=1.0)

    def test_a_list_of_frames_says_which_in_its_order(self, tree, tmp_path):
        lines = [f"2011_09_26/{DRIVE} 3 r", f"2011_09_26/{DRIVE} 0000000001 l", f"2011_09_26/{DRIVE} 0 l"]
        data = kitti_raw(str(tree), split(tmp_path, *lines))
        assert [snippet.name for snippet in data.open(frames=1)] == [
            f"{DRIVE}/image_03/3",
            f"{DRIVE}/image_02/1",
            f"{DRIVE}/image_02/0",
        ]
        assert len(data.open(frames=3)) == 2  # the first frame of a drive has no neighbour before it

    def test_whole_drives_are_never_those_that_eigen_tests_on(self, tmp_path):
        write_kitti_drive(tmp_path, DRIVE)
        write_kitti_drive(tmp_path, "2011_09_26_drive_0002_sync")
        assert {drive.name for drive in kitti_raw(str(tmp_path)).drives()} == {"2011_09_26_drive_0001"}
        assert len(EIGEN_TEST_DRIVES) == 28
        named = kitti_raw(str(tmp_path), takes=("2011_09_26_drive_0002",))
        assert {drive.name for drive in named.drives()} == {"2011_09_26_drive_0002"}

    def test_standing_frames_are_left_out(self, tree):
        names = [snippet.name[-1] for snippet in kitti_raw(str(tree), minimum_speed=1.0).open(frames=3)]
        assert names == ["1", "2"]  # the last two frames stand


class TestTruth:
    def test_depth_along_the_optical_axis_and_lidars(self, tree):
        point = projection(2) @ RECTIFIED @ VELO_TO_CAM @ [10.0, 0.0, 0.0, 1.0]
        column, row = (np.rint(point[:2] / point[2]) - 1).astype(int)
        optical = kitti_raw(str(tree), truth=("depth",)).open(frames=3)[0].depth
        forward = kitti_raw(str(tree), truth=("depth",), depth="lidar_forward").open(frames=3)[0].depth
        assert optical.shape == (HEIGHT, WIDTH)
        assert optical[row, column] == pytest.approx(point[2], rel=1e-5)
        assert forward[row, column] == pytest.approx(10.0)
        assert np.isfinite(optical).sum() == 1

    def test_improved_depth(self, tree, tmp_path):
        values = np.zeros((HEIGHT, WIDTH), np.uint16)
        values[20, 30] = 256 * 12 + 128
        folder = tmp_path / "val" / DRIVE / "proj_depth/groundtruth/image_02"
        write_16_bit(folder / "0000000002.png", values)
        listed = split(tmp_path, f"2011_09_26/{DRIVE} 2 l")
        data = kitti_raw(str(tree), listed, truth=("depth",), depth="improved", improved=str(tmp_path))
        depth = data.open(frames=1)[0].depth
        assert depth[20, 30] == 12.5
        assert np.isfinite(depth).sum() == 1
        absent = split(tmp_path, f"2011_09_26/{DRIVE} 3 l")
        data = kitti_raw(str(tree), absent, truth=("depth",), depth="improved", improved=str(tmp_path))
        with pytest.raises(TrainingError, match=r"line 1: true depth of .*image_02 3: get KITTI's annotated"):
            data.open(frames=1)

    def test_distance_is_speed_times_time(self, tree):
        snippets = kitti_raw(str(tree), truth=("distances",)).open(frames=3)
        assert snippets[0].distances == pytest.approx([0.9, 1.1])
        assert snippets[1].distances == pytest.approx([1.1, 0.61])
        assert kitti_raw(str(tree), truth=("distances",), stride=2).open(frames=3)[0].distances == pytest.approx(
            [2.0, 0.625]
        )

    @pytest.mark.parametrize(("camera", "number"), [("image_02", 2), ("image_03", 3)])
    def test_poses_are_the_cameras(self, tree, camera, number):
        """The car drives east without turning: the camera's motion is the car's, seen along the camera's axes."""
        data = kitti_raw(str(tree), truth=("poses",), cameras=(camera,))
        poses = data.open(frames=3)[0].poses
        offset = np.eye(4)
        offset[:3, 3] = np.linalg.inv(projection(number)[:, :3]) @ projection(number)[:, 3]
        camera_from_imu = offset @ RECTIFIED @ VELO_TO_CAM @ IMU_TO_VELO
        for k, metres in enumerate((0.9, 1.1)):
            car = np.eye(4)
            car[0, 3] = metres
            expected = camera_from_imu @ car @ np.linalg.inv(camera_from_imu)
            assert np.linalg.inv(poses[k]) @ poses[k + 1] == pytest.approx(expected, abs=1e-5)
            assert expected[2, 3] == pytest.approx(metres, rel=1e-2)


class TestWhatIsMissing:
    def test_folder_and_where_to_get_it(self, tmp_path):
        with pytest.raises(TrainingError, match=r"none: there is no folder of KITTI raw .* https://www\.cvlibs\.net"):
            kitti_raw(str(tmp_path / "none")).open(frames=3)
        with pytest.raises(TrainingError, match="no drive such as"):
            kitti_raw(str(tmp_path)).drives()

    @pytest.mark.parametrize(
        ("name", "truth"),
        [
            ("2011_09_26/calib_cam_to_cam.txt", ()),
            ("2011_09_26/calib_velo_to_cam.txt", ()),
            ("2011_09_26/calib_imu_to_velo.txt", ("poses",)),
            (f"2011_09_26/{DRIVE}/oxts/data/0000000002.txt", ("poses",)),
            (f"2011_09_26/{DRIVE}/image_02/timestamps.txt", ("distances",)),
        ],
    )
    def test_a_file_is_named(self, tmp_path, name, truth):
        write_kitti_drive(tmp_path, DRIVE)
        (tmp_path / name).unlink()
        with pytest.raises(TrainingError, match=f"{tmp_path / name}: there is no .*: get it from https://"):
            kitti_raw(str(tmp_path), truth=truth).open(frames=3)

    def test_calibration_without_a_key(self, tmp_path):
        write_kitti_drive(tmp_path, DRIVE)
        path = tmp_path / "2011_09_26/calib_cam_to_cam.txt"
        path.write_text(path.read_text().replace("P_rect_02", "P_rect_99"))
        with pytest.raises(TrainingError, match=r"calib_cam_to_cam\.txt: P_rect_02 has no such key, expected 12"):
            kitti_raw(str(tmp_path)).open(frames=3)

    def test_frames_of_a_list_before_anything_begins(self, tree, tmp_path):
        lines = [f"2011_09_26/{DRIVE} 2 l", f"2011_09_26/{DRIVE} 9 l", f"2011_09_26/{DRIVE} 11 r"]
        with pytest.raises(
            TrainingError, match=r"frames\.txt: names 2 frames that are absent, the first in line 2: .*9\.png"
        ):
            kitti_raw(str(tree), split(tmp_path, *lines)).open(frames=3)

    def test_lists_that_are_none(self, tmp_path):
        with pytest.raises(TrainingError, match=r"no such list.*Zhou's 39,810"):
            read_split(tmp_path / "train_files.txt")
        with pytest.raises(TrainingError, match="line 2 is 'aachen 5', expected the form"):
            read_split_of(tmp_path, f"2011_09_26/{DRIVE} 5 l", "aachen 5")
        with pytest.raises(TrainingError, match="is empty"):
            read_split_of(tmp_path, "")

    def test_an_image_that_is_cut_short_names_its_file(self, tmp_path):
        folder = write_kitti_drive(tmp_path, DRIVE)
        path = folder / "image_02/data/0000000003.png"
        path.write_bytes(path.read_bytes()[:500])
        snippets = kitti_raw(str(tmp_path)).open(frames=3)
        assert snippets[0].images
        with pytest.raises(
            TrainingError, match=r"0000000003\.png: is damaged or cut short \(500 bytes\): get it again"
        ):
            snippets[1]

    def test_images_of_another_day(self, tmp_path):
        write_kitti_drive(tmp_path, DRIVE)
        write_kitti_calibration(tmp_path / "2011_09_26", 120, 36)
        with pytest.raises(TrainingError, match=f"is {WIDTH}x{HEIGHT}, its calibration says 120x36"):
            kitti_raw(str(tmp_path)).open(frames=3)[0]


def read_split_of(folder, *lines):
    return read_split(Path(split(folder, *lines)))
