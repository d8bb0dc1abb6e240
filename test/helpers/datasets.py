"""Small trees in the formats of the datasets: file names, encodings and units are the true ones."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import h5py
import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT = 124, 37

R_RECT = np.array(
    [
        [9.999239e-01, 9.837760e-03, -7.445048e-03],
        [-9.869795e-03, 9.999421e-01, -4.278459e-03],
        [7.402527e-03, 4.351614e-03, 9.999631e-01],
    ]
)
VELO_TO_CAM = np.array(
    [
        [7.533745e-03, -9.999714e-01, -6.166020e-04, -4.069766e-03],
        [1.480249e-02, 7.280733e-04, -9.998902e-01, -7.631618e-02],
        [9.998621e-01, 7.523790e-03, 1.480755e-02, -2.717806e-01],
        [0, 0, 0, 1],
    ]
)
IMU_TO_VELO = np.array(
    [
        [9.999976e-01, 7.553071e-04, -2.035826e-03, -8.086759e-01],
        [-7.854027e-04, 9.998898e-01, -1.482298e-02, 3.195559e-01],
        [2.024406e-03, 1.482454e-02, 9.998881e-01, -7.997231e-01],
        [0, 0, 0, 1],
    ]
)
"""KITTI's own of 2011_09_26, so that no axis or sign is trivial."""


def projection(camera: int, width: int = WIDTH, height: int = HEIGHT) -> npt.NDArray[np.float64]:
    """P_rect of a camera, ``[3, 4]``, at a tenth of KITTI's resolution; 2 and 3 sit 6 cm left and 47 cm right of 0."""
    focal = 72.15377
    offset = {0: 0.0, 1: -38.75744, 2: 4.485728, 3: -33.95242}[camera]
    third = {0: 0.0, 1: 0.0, 2: 2.745884e-03, 3: 2.729905e-03}[camera]
    cx, cy = 0.49 * width, 0.46 * height
    return np.array([[focal, 0, cx, offset], [0, focal, cy, 2.163791e-02], [0, 0, 1, third]])


def write_image(path: Path, image: npt.NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image[..., ::-1])


def write_16_bit(path: Path, values: npt.NDArray[np.uint16]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), values)


def write_scan(path: Path, points: npt.NDArray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    reflectance = np.full((len(points), 1), 0.5)
    np.concatenate([points, reflectance], axis=1).astype("<f4").tofile(path)


def pictures(frames: int, width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> list[npt.NDArray[np.uint8]]:
    """A texture that moves by two pixels a frame."""
    rng = np.random.default_rng(seed)
    texture = cv2.GaussianBlur(rng.integers(0, 256, (height, width + 2 * frames, 3), dtype=np.uint8), (0, 0), 2)
    return [np.ascontiguousarray(texture[:, 2 * k : 2 * k + width], np.uint8) for k in range(frames)]


def write_kitti_calibration(date: Path, width: int = WIDTH, height: int = HEIGHT) -> None:
    """The three calibration files of a day."""
    date.mkdir(parents=True, exist_ok=True)
    lines = ["calib_time: 09-Jan-2012 13:57:47", "corner_dist: 9.950000e-02"]
    for camera in range(4):
        lines += [
            f"S_0{camera}: {width + 15:e} {height + 13:e}",
            f"R_rect_0{camera}: {_numbers(R_RECT if camera == 0 else np.eye(3))}",
            f"S_rect_0{camera}: {width:e} {height:e}",
            f"P_rect_0{camera}: {_numbers(projection(camera, width, height))}",
        ]
    (date / "calib_cam_to_cam.txt").write_text("\n".join(lines) + "\n")
    for name, motion in (("velo_to_cam", VELO_TO_CAM), ("imu_to_velo", IMU_TO_VELO)):
        text = f"calib_time: 15-Mar-2012 11:37:16\nR: {_numbers(motion[:3, :3])}\nT: {_numbers(motion[:3, 3])}\n"
        (date / f"calib_{name}.txt").write_text(text)


def write_kitti_drive(
    root: Path,
    drive: str = "2011_09_26_drive_0001_sync",
    numbers: Iterable[int] = range(5),
    speeds: Sequence[float] | None = None,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Path:
    """A drive of KITTI raw with both colour cameras, a scan of one point, and a car that drives east.

    It takes a picture every 0.1 s; between frames it moves by the mean of their speeds.
    """
    numbers = list(numbers)
    folder = root / drive[:10] / drive
    write_kitti_calibration(folder.parent, width, height)
    images = pictures(len(numbers), width, height)
    speeds = [10.0] * len(numbers) if speeds is None else speeds
    longitude, radius = 8.4, 6378137.0 * np.cos(np.radians(49.0))
    for k, number in enumerate(numbers):
        for camera in ("image_02", "image_03"):
            write_image(folder / camera / "data" / f"{number:010d}.png", images[k])
        write_scan(folder / "velodyne_points" / "data" / f"{number:010d}.bin", np.array([[10.0, 0.0, 0.0]]))
        if k:
            longitude += np.degrees(0.1 * 0.5 * (speeds[k - 1] + speeds[k]) / radius)
        record = [49.0, longitude, 116.0, 0, 0, 0, 0, speeds[k], speeds[k], 0, 0, *[0.0] * 14, 4, 10, 4, 4, 0]
        path = folder / "oxts" / "data" / f"{number:010d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(" ".join(f"{value:.12f}" for value in record) + "\n")
    times = "".join(f"2011-09-26 13:02:{25 + k // 10:02d}.{k % 10}64389445\n" for k in range(max(numbers) + 1))
    for camera in ("image_02", "image_03"):
        (folder / camera / "timestamps.txt").write_text(times)
    return folder


def write_kitti_sequence(root: Path, sequence: str, poses: npt.NDArray[np.float64]) -> Path:
    """A sequence of the odometry benchmark; `poses` are `T_world_cam0`."""
    folder = root / "sequences" / sequence
    for k, image in enumerate(pictures(len(poses))):
        for camera in ("image_2", "image_3"):
            write_image(folder / camera / f"{k:06d}.png", image)
        write_scan(folder / "velodyne" / f"{k:06d}.bin", np.array([[10.0 + k, 0.0, 0.0]]))
    lines = [f"P{camera}: {_numbers(projection(camera))}" for camera in range(4)]
    rectified = np.eye(4)
    rectified[:3, :3] = R_RECT
    (folder / "calib.txt").write_text("\n".join([*lines, f"Tr: {_numbers((rectified @ VELO_TO_CAM)[:3])}"]) + "\n")
    (folder / "times.txt").write_text("".join(f"{0.1 * k:e}\n" for k in range(len(poses))))
    path = root / "poses" / f"{sequence}.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(_numbers(pose[:3]) + "\n" for pose in poses))
    return folder


def write_cityscapes(root: Path, city: str, sequence: int, frames: Iterable[int], annotated: int) -> None:
    """Images, disparity of 20 pixels, speed of 8.5 m/s, and the camera of the annotated frame."""
    width, height = 128, 64
    numbers = list(frames)
    for number, image in zip(numbers, pictures(len(numbers), width, height), strict=True):
        name = f"{city}_{sequence:06d}_{number:06d}"
        write_image(root / "leftImg8bit_sequence/train" / city / f"{name}_leftImg8bit.png", image)
        disparity = np.full((height, width), 20 * 256 + 1, np.uint16)
        disparity[0] = 0
        disparity[1] = 1
        write_16_bit(root / "disparity_sequence/train" / city / f"{name}_disparity.png", disparity)
        path = root / "vehicle_sequence/train" / city / f"{name}_vehicle.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"speed": 8.5, "yawRate": 0.0}))
    path = root / "camera/train" / city / f"{city}_{sequence:06d}_{annotated:06d}_camera.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(
            {
                "extrinsic": {"baseline": 0.209313, "pitch": 0.038, "roll": 0.0, "x": 1.7, "y": 0.1, "z": 1.22},
                "intrinsic": {"fx": 141.4075, "fy": 141.58136, "u0": 68.56125, "v0": 32.0710625},
            }
        )
    )


def write_cityscapes_annotation(root: Path, city: str, frame: int, ids: npt.NDArray[np.uint8]) -> Path:
    """An annotated image of sequence 0 without its video, its annotation and its camera."""
    name = f"{city}_000000_{frame:06d}"
    write_cityscapes(root, city, 0, [], frame)
    height, width = ids.shape
    write_image(root / "leftImg8bit/train" / city / f"{name}_leftImg8bit.png", pictures(1, width, height)[0])
    path = root / "gtFine/train" / city / f"{name}_gtFine_labelIds.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), ids)
    return path


def write_kitti_2015(root: Path, disparity: npt.NDArray[np.uint16], images: int = 2) -> None:
    """Images whose disparity, in 1/256 pixel, is the same for all of them."""
    training = root / "training"
    write_kitti_calibration(root / "day")
    for number in range(images):
        for frame in (10, 11):
            write_image(training / "image_2" / f"{number:06d}_{frame}.png", pictures(1, seed=number)[0])
        write_16_bit(training / "disp_occ_0" / f"{number:06d}_10.png", disparity)
        path = training / "calib_cam_to_cam" / f"{number:06d}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text((root / "day/calib_cam_to_cam.txt").read_text())


def write_make3d(root: Path, grid: npt.NDArray[np.float64]) -> None:
    """Two images, a tenth as large as they are, of the same depth."""
    for name in ("math7-p-282t0", "op57-p-016t000"):
        image = cv2.resize(pictures(1)[0], (170, 227))
        write_image(root / "Test134" / f"img-{name}.jpg", np.asarray(image, np.uint8))
        write_mat(root / "Gridlaserdata" / f"depth_sph_corr-{name}.mat", Position3DGrid=grid)


def write_mat(path: Path, **matrices: npt.NDArray) -> None:
    """MATLAB's format 5, matrices of doubles after a cell array of one name, not compressed."""

    def element(kind: int, content: bytes) -> bytes:
        return struct.pack("<II", kind, len(content)) + content + b"\0" * (-len(content) % 8)

    def head(kind: int, shape: tuple[int, ...], name: str) -> bytes:
        flags = element(6, struct.pack("<II", kind, 0))
        return flags + element(5, np.array(shape, "<i4").tobytes()) + element(1, name.encode())

    word = element(14, head(4, (1, 4), "") + element(4, "wall".encode("utf-16-le")))
    body = element(14, head(1, (1, 1), "className") + word)
    for name, values in matrices.items():
        body += element(14, head(6, values.shape, name) + element(9, values.astype("<f8").tobytes(order="F")))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM" + body)


def write_nyu(
    root: Path,
    depth: npt.NDArray[np.float32],
    labels: npt.NDArray[np.uint16],
    scenes: Sequence[str],
    train: Sequence[int],
    test: Sequence[int],
) -> None:
    """The labelled part: depth of each image or of all, ``[480, 640]``, and labels, 0 to 894, which 40 classes share in
    turn.

    Its arrays are MATLAB's, column by column: in HDF5 all axes are the other way round.
    """
    root.mkdir(parents=True, exist_ok=True)
    count = len(scenes)
    depth, labels = np.broadcast_to(depth, (count, 480, 640)), np.broadcast_to(labels, (count, 480, 640))
    with h5py.File(root / "nyu_depth_v2_labeled.mat", "w", userblock_size=512) as file:
        for name, values in (
            ("images", np.stack([image.T for image in pictures(count, 640, 480)])),
            ("depths", depth.transpose(0, 2, 1)),
            ("rawDepths", np.where(labels > 0, depth, 0.0).astype(np.float32).transpose(0, 2, 1)),
            ("labels", labels.transpose(0, 2, 1)),
        ):
            file.create_dataset(name, data=values, chunks=(1, *values.shape[1:]), compression="gzip")
        texts = [
            file.create_dataset(f"#refs#/{k}", data=np.array([[ord(letter)] for letter in scene], np.uint16))
            for k, scene in enumerate(scenes)
        ]
        file.create_dataset("scenes", data=np.array([[item.ref for item in texts]], h5py.ref_dtype))
    write_mat(root / "splits.mat", trainNdxs=np.array(train)[:, None], testNdxs=np.array(test)[:, None])
    write_mat(root / "classMapping40.mat", mapClass=(np.arange(894) % 40 + 1)[None])


def write_configuration(folder: Path, root: Path, trained: str, judged: str) -> Path:
    """A training of tiny networks on a drive of KITTI raw and odometry sequence 04, judged on another drive."""
    path = folder / "kitti.yaml"
    path.write_text(CONFIGURATION.format(root=root, trained=trained, judged=judged, runs=folder / "runs"))
    return path


CONFIGURATION = """
seed_everything: 0
model:
  class_path: training.systems.dual_networks.DualNetworksSystem
  init_args:
    stage: lr
    focal_length: 100.0
    network:
      class_path: training.networks.dual_networks.DualNetworks
      init_args:
        lr:
          class_path: training.networks.lr_net.LRNet
          init_args:
            encoder: {{class_path: training.networks.resnet.ResNet18, init_args: {{width: 8}}}}
            decoder: [8, 8, 8, 8, 8]
        hr_encoder: [8, 8, 8, 8]
        hr_convolutions: [1, 1, 1, 1]
        hr_decoder: [8, 8, 8, 8]
        attention: 8
    pose_network:
      class_path: training.networks.pose_net.PoseNet
      init_args: {{frames: 2}}
    losses: {{photometric: 1.0, scales: 1}}
data:
  width: 96
  height: 64
  sources:
    - class_path: training.data.datasets.kitti_raw.KittiRawData
      init_args: {{path: {root}, takes: [{trained}]}}
    - class_path: training.data.datasets.kitti_odometry.KittiOdometryData
      init_args: {{path: {root}, sequences: ["04"], share: 0.5}}
  validation:
    class_path: training.data.datasets.kitti_raw.KittiRawData
    init_args: {{path: {root}, takes: [{judged}], truth: [depth], depth: lidar_forward}}
  samples: 4
  batch_size: 2
  workers: 0
  validation_step: 2
trainer:
  accelerator: cpu
  max_epochs: 1
  enable_progress_bar: false
  default_root_dir: {runs}
"""


def _numbers(values: npt.NDArray) -> str:
    return " ".join(f"{value:.12e}" for value in np.ravel(values))
