"""The renderer against rays cast by hand."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, pose_from, rotation_from_angles
from training.rendering.errors import RenderingError
from training.rendering.mesh import Material, box, grid, join, quad
from training.rendering.renderer import Renderer
from training.rendering.scene import Light, Scene
from training.rendering.textures import Textures
from training.street import labels

GREY = (0.5, 0.5, 0.5)
LIGHT = Light(
    sun=(0.48, 0.36, 0.8),
    sun_light=(1.0, 1.0, 1.0),
    sky_light=GREY,
    ground_light=GREY,
    zenith=GREY,
    horizon=GREY,
    cloud_light=GREY,
    cloudiness=0.0,
    haze=0.0,
    exposure=(1.0, 1.0, 1.0),
)
BOXES = [
    ((8.0, -6.0, 0.0), (12.0, -2.0, 5.0), labels.BUILDING),
    ((15.0, 1.0, 0.0), (18.0, 9.0, 3.0), labels.WALL),
    ((40.0, -12.0, 0.0), (60.0, 14.0, 20.0), labels.CAR),
    ((6.0, 2.0, 0.0), (6.1, 2.1, 4.0), labels.POLE),
]
EXTENT = 400.0
WHITE = Textures(np.full((1, 4, 4, 4), 255, np.uint8), first_cutout=1, first_decal=1)
CAMERAS = [
    Camera(width=416, height=128, fx=240.0, fy=240.0, cx=207.5, cy=59.7),
    Camera(width=321, height=243, fx=150.0, fy=210.0, cx=120.3, cy=140.4),
]
POSES = [
    pose_from(np.eye(3), [0.0, 0.0, 1.6]) @ BODY_FROM_OPTICAL,
    pose_from(rotation_from_angles(0.05, 0.1, -0.2), [1.5, -0.7, 2.3]) @ BODY_FROM_OPTICAL,
]


def _scene(*extra, textures=WHITE) -> Scene:
    ground = grid(
        [[[-EXTENT, EXTENT, 0], [-EXTENT, -EXTENT, 0]], [[EXTENT, EXTENT, 0], [EXTENT, -EXTENT, 0]]],
        np.zeros((2, 2, 2)),
        Material(labels.ROAD),
    )
    solids = [box(low, high, Material(label)) for low, high, label in BOXES]
    return Scene(join([ground, *solids, *extra]), (), LIGHT, textures, labels.SKY)


def _cast(camera: Camera, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth and labels of `_scene` by intersecting every ray with the plane and the slabs of every box."""
    rays = camera.rays().astype(np.float64) @ pose[:3, :3].T
    eye = pose[:3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        to_ground = -eye[2] / rays[..., 2]
        hit = eye + rays * to_ground[..., None]
        on_ground = (to_ground > 0) & (np.abs(hit[..., :2]).max(axis=-1) <= EXTENT)
        depth = np.where(on_ground, to_ground, np.inf)
        classes = np.where(on_ground, labels.ROAD, labels.SKY)
        for low, high, label in BOXES:
            a, b = (np.asarray(low) - eye) / rays, (np.asarray(high) - eye) / rays
            enter, leave = np.minimum(a, b).max(axis=-1), np.maximum(a, b).min(axis=-1)
            seen = (enter > 0) & (enter < leave) & (enter < depth)
            depth, classes = np.where(seen, enter, depth), np.where(seen, label, classes)
    return depth, classes


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("camera", CAMERAS)
def test_depth_and_labels_are_those_of_rays_cast_through_pixel_centres(street_renderer, camera, pose):
    with Renderer(_scene(), camera) as renderer:
        view = renderer.render(pose)
    depth, classes = _cast(camera, pose)
    assert view.depth.dtype == np.float32
    assert view.depth.shape == (camera.height, camera.width)
    same = view.labels == classes
    assert same.mean() > 0.999  # a ray that grazes an edge may go either way
    assert set(np.unique(classes)) >= {labels.ROAD, labels.SKY, labels.BUILDING, labels.CAR}
    assert np.array_equal(np.isinf(view.depth), view.labels == labels.SKY)
    solid = same & np.isfinite(depth)
    # far towards the horizon a depth follows the ray's angle with the plane, which single precision blurs
    near = solid & (depth < 150.0)
    error = np.abs(view.depth[near] - depth[near]) / depth[near]
    assert error.max() < 1e-3
    assert np.median(error) < 1e-5


@pytest.mark.parametrize(
    ("first_cutout", "first_decal", "alpha", "solid", "painted"),
    [(2, 2, 0, True, True), (1, 2, 0, False, False), (1, 2, 255, True, True), (1, 1, 255, False, True)],
    ids=["plain", "cut-out of nothing", "cut-out", "decal"],
)
def test_the_textures_say_what_is_cut_out_and_what_only_covers(
    street_renderer, first_cutout, first_decal, alpha, solid, painted
):
    layers = np.full((2, 4, 4, 4), 255, np.uint8)
    layers[1, ..., 3] = alpha
    board = Material(labels.TRAFFIC_SIGN, 1, (1.0, 0.0, 0.0), gloss=float(first_decal == 1))
    plate = quad([[5.0, 1.0, 1.0], [5.0, -1.0, 1.0], [5.0, -1.0, 2.0], [5.0, 1.0, 2.0]], board)
    with Renderer(_scene(plate, textures=Textures(layers, first_cutout, first_decal)), CAMERAS[0]) as renderer:
        view = renderer.render(POSES[0])
    middle = (round(CAMERAS[0].cy), round(CAMERAS[0].cx))
    assert (view.labels[middle] == labels.TRAFFIC_SIGN) == solid
    assert (view.depth[middle] == pytest.approx(5.0, rel=1e-4)) == solid
    red, green, _ = view.image[middle].astype(int)
    assert (red > green + 30) == painted


@pytest.mark.parametrize("sky", [labels.SKY, 200])
def test_the_scene_says_which_class_the_sky_is(street_renderer, sky):
    with Renderer(replace(_scene(), sky=sky), CAMERAS[0]) as renderer:
        view = renderer.render(POSES[0])
    assert np.all(np.isinf(view.depth) == (view.labels == sky))
    assert np.any(view.labels == sky)


@pytest.mark.parametrize("clouds", [0, 1])
def test_clouds_are_drawn_from_the_layer_that_the_textures_name(street_renderer, clouds):
    layers = np.zeros((2, 4, 4, 4), np.uint8)
    layers[1] = 255
    light = replace(LIGHT, cloudiness=0.5, cloud_light=(8.0, 8.0, 8.0))
    scene = replace(_scene(textures=Textures(layers, 2, 2, clouds)), light=light)
    with Renderer(scene, CAMERAS[0]) as renderer:
        view = renderer.render(POSES[0])
    assert (view.image[0, 0].mean() > 200) == (clouds == 1)


@pytest.mark.parametrize("camera", CAMERAS)
def test_a_known_point_lands_on_its_pixel(street_renderer, camera):
    pose = POSES[1]
    point = np.array([9.0, 0.5, 1.0])
    right, up = pose[:3, 0] * 0.15, -pose[:3, 1] * 0.15
    mark = quad(
        [point - right - up, point + right - up, point + right + up, point - right + up],
        Material(labels.TRAFFIC_SIGN, colour=(1.0, 0.0, 0.0)),
    )
    with Renderer(_scene(mark), camera) as renderer:
        view = renderer.render(pose)
    x, y, z = pose[:3, :3].T @ (point - pose[:3, 3])
    u, v = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
    rows, columns = np.nonzero(view.labels == labels.TRAFFIC_SIGN)
    assert columns.mean() == pytest.approx(u, abs=0.5)
    assert rows.mean() == pytest.approx(v, abs=0.5)
    assert view.depth[rows, columns] == pytest.approx(z, rel=1e-5)
    red = np.clip(view.image[..., 0].astype(int) - view.image[..., 1], 0, None)
    assert np.average(np.arange(camera.width), weights=red.sum(axis=0)) == pytest.approx(u, abs=0.3)
    assert np.average(np.arange(camera.height), weights=red.sum(axis=1)) == pytest.approx(v, abs=0.3)


def test_the_first_row_is_the_upper_one(street_renderer):
    with Renderer(_scene(), CAMERAS[0]) as renderer:
        view = renderer.render(POSES[0])
    assert np.all(view.labels[0] != labels.ROAD)
    assert np.mean(view.labels[-1] == labels.ROAD) > 0.8


def test_a_box_throws_its_shadow_away_from_the_sun(street_renderer):
    camera, pose = CAMERAS[0], POSES[0]
    with Renderer(_scene(), camera) as renderer:
        view = renderer.render(pose)
    low, high, _ = BOXES[0]
    foot = np.array([low[0], low[1], 0.0]) * 0.5 + np.array([high[0], low[1], 0.0]) * 0.5
    sun = np.asarray(LIGHT.sun)

    def brightness(point: np.ndarray) -> float:
        x, y, z = pose[:3, :3].T @ (point - pose[:3, 3])
        return float(view.image[round(camera.fy * y / z + camera.cy), round(camera.fx * x / z + camera.cx)].mean())

    inside = foot + np.array([-1.5, -1.2, 0.0])
    shaded = _lit(inside, sun)
    sunny = np.array([7.0, 0.5, 0.0])
    assert not shaded
    assert _lit(sunny, sun)
    assert brightness(sunny) > 1.3 * brightness(inside)


def _lit(point: np.ndarray, sun: np.ndarray) -> bool:
    for low, high, _ in BOXES:
        a, b = (np.asarray(low) - point) / sun, (np.asarray(high) - point) / sun
        enter, leave = np.minimum(a, b).max(), np.maximum(a, b).min()
        if leave > max(enter, 1e-6):
            return False
    return True


def test_a_distorted_camera_sees_what_opencv_undistorts_to_the_pinhole(street_renderer):
    pinhole = CAMERAS[0]
    distorted = Camera(416, 128, 240.0, 240.0, 207.5, 59.7, (-0.25, 0.06, 0.002, -0.001, 0.01))
    views = []
    for camera in (pinhole, distorted):
        with Renderer(_scene(), camera) as renderer:
            views.append(renderer.render(POSES[0]))
    straight, bent = views
    assert bent.image.shape == straight.image.shape
    maps = cv2.initUndistortRectifyMap(
        distorted.matrix, np.array(distorted.distortion), np.eye(3), pinhole.matrix, (416, 128), cv2.CV_32FC1
    )
    image = cv2.remap(bent.image, *maps, cv2.INTER_LINEAR)
    classes = cv2.remap(bent.labels, *maps, cv2.INTER_NEAREST)
    depth = cv2.remap(bent.depth, *maps, cv2.INTER_NEAREST)
    # without the remap they differ
    assert np.mean(bent.labels == straight.labels) < 0.98
    inside = (maps[0] >= 0) & (maps[0] <= 415) & (maps[1] >= 0) & (maps[1] <= 127)
    assert inside.mean() > 0.9
    assert np.mean(classes[inside] == straight.labels[inside]) > 0.985
    assert np.abs(image[inside].astype(int) - straight.image[inside]).mean() < 2.0
    both = inside & (classes == straight.labels) & (straight.depth < 60.0) & np.isfinite(depth)
    assert np.median(np.abs(depth[both] / straight.depth[both] - 1.0)) < 0.01


def test_a_distortion_without_inverse_is_refused(street_renderer):
    with pytest.raises(RenderingError, match="folds the 416x128 image over"):
        Renderer(_scene(), Camera(416, 128, 100.0, 100.0, 207.5, 59.7, (-0.6, 0.0, 0.0, 0.0)))
