"""The network's view: every pixel shows what its ray meets, however the camera bends its images."""

import cv2
import numpy as np
import pytest

from depth_perception.estimators.view import EstimatorError, NetworkView
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.lens import source_pixels
from depth_perception.once import Once

BARREL = (-0.26838, 0.08536, -0.00056, 0.00032, -0.16061)
PLAIN = Camera(1280, 720, 1150.0, 1150.0, 676.3, 389.5)
CAMERAS = {
    "plain": PLAIN,
    "barrel": Camera(1280, 720, 1159.4, 1154.4, 676.3, 389.5, BARREL),
    "pincushion": Camera(640, 480, 500.0, 500.0, 320.0, 240.0, (0.2, 0.05, 0.001, 0.0, 0.0)),
    "rational": Camera(960, 600, 520.0, 520.0, 470.0, 310.0, (0.3, -0.1, 0.0, 0.0, 0.02, 0.65, 0.0, 0.0)),
    "anamorphic": Camera(720, 576, 700.0, 640.0, 360.0, 288.0),
    "tilted": Camera(
        960,
        600,
        520.0,
        520.0,
        470.0,
        310.0,
        (0.3, -0.1, 0.0, 0.0, 0.02, 0.65, 0.0, 0.0, 0.002, 0.001, -0.001, 0.0, 0.01, -0.02),
    ),
    "fisheye": Camera(400, 300, 150.0, 150.0, 197.0, 152.0, (0.05, -0.01, 0.002, 0.0), "equidistant"),
    "fisheye of 190 degrees": Camera(500, 500, 150.0, 155.0, 250.0, 245.0, (), "equidistant"),
    "window beside the axis": PLAIN.cropped(900, 500, 380, 220),
    "tall": Camera(480, 640, 500.0, 500.0, 240.0, 320.0),
}


def pattern(x, y):
    """A smooth colour for every direction (x, y, 1)."""
    return np.stack([127 + 90 * np.sin(5 * x), 127 + 90 * np.cos(4 * y), 127 + 90 * np.sin(4 * x + 3 * y)], axis=-1)


def image_of(camera):
    """What `camera` sees of `pattern`, by OpenCV's own inversion of the distortion, a fisheye by its definition."""
    columns, rows = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    if camera.projection == "equidistant":
        return fisheye_image(camera, columns, rows)
    pixels = np.stack([columns, rows], axis=-1).reshape(-1, 1, 2).astype(np.float64)
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-12)
    coefficients = np.array(camera.distortion or (0.0,) * 4)
    points = cv2.undistortImagePoints(pixels, camera.matrix, coefficients, None, criteria)
    rays = (points.reshape(camera.height, camera.width, 2) - [camera.cx, camera.cy]) / [camera.fx, camera.fy]
    return np.rint(pattern(rays[..., 0], rays[..., 1])).astype(np.uint8)


def fisheye_image(camera, columns, rows):
    """The same of Kannala and Brandt's model, ``r = f (t + k1 t^3 + k2 t^5 + ...)``, with t by bisection."""
    x, y = (columns - camera.cx) / camera.fx, (rows - camera.cy) / camera.fy
    radius = np.hypot(x, y)
    low, high = np.zeros_like(radius), np.full_like(radius, 1.55)
    for _ in range(40):
        angle = (low + high) / 2
        bent = angle + sum(k * angle ** (2 * i + 3) for i, k in enumerate(camera.distortion))
        low, high = np.where(bent < radius, angle, low), np.where(bent < radius, high, angle)
    stretch = np.tan(low) / np.maximum(radius, 1e-9)
    return np.rint(pattern(x * stretch, y * stretch)).astype(np.uint8)


@pytest.mark.parametrize("size", [(1248, 384), (416, 128), (200, 200)])
@pytest.mark.parametrize("name", CAMERAS)
def test_every_pixel_shows_what_its_ray_meets(name, size):
    view = NetworkView(CAMERAS[name], *size)
    rays = view.camera.rays()
    expected = pattern(rays[..., 0], rays[..., 1])
    found = view.image(image_of(CAMERAS[name])).astype(np.float64)
    inner = cv2.erode(view.valid.astype(np.uint8), np.ones((5, 5))) > 0
    inner[[0, -1]] = inner[:, [0, -1]] = False
    assert np.abs(found - expected)[inner].max() < 3
    assert inner.mean() > 0.5


def test_rectified_as_opencv_rectifies():
    square = Camera(1280, 720, 1159.4, 1159.4, 676.3, 389.5, BARREL)  # square pixels: the whole image is the view
    image = image_of(square)
    found = NetworkView(square, 1280, 720).image(image)
    expected = cv2.undistort(image, square.matrix, np.array(BARREL))
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_a_camera_like_the_network_is_given_as_it_is():
    camera = Camera(416, 128, 240.0, 240.0, 207.5, 60.0)
    image = np.random.default_rng(0).integers(0, 256, (128, 416, 3), np.uint8)
    view = NetworkView(camera, 416, 128)
    seen = view.image(image)
    np.testing.assert_array_equal(seen, image)
    assert view.camera == camera
    image[:] = 0  # a driver's buffer, that the next image is written to
    assert seen.any()


def test_a_camera_of_more_rows_is_cropped_and_no_more():
    camera = Camera(416, 148, 240.0, 240.0, 207.5, 73.5)
    image = np.random.default_rng(0).integers(0, 256, (148, 416, 3), np.uint8)
    np.testing.assert_array_equal(NetworkView(camera, 416, 128).image(image), image[10:138])


def test_a_lens_that_bends_by_less_than_a_pixel_is_straightened():
    camera = Camera(416, 128, 240.0, 240.0, 0.0, 0.0, (0.0005, 0.0, 0.0, 0.0))
    image = image_of(camera)
    view = NetworkView(camera, 416, 128)
    columns, rows = source_pixels(camera, view.camera)
    assert 0.1 < max(np.abs(columns - np.arange(416)).max(), np.abs(rows - np.arange(128)[:, None]).max()) < 1.0
    expected = cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(view.image(image).astype(int), expected, atol=2)
    assert (view.image(image) != image).mean() > 0.05


def test_window_is_the_largest_with_the_aspect_around_the_principal_point():
    view = NetworkView(PLAIN, 1280, 320).camera
    assert (view.fx, view.fy) == (1150.0, 1150.0)
    assert (view.cx, view.cy) == pytest.approx((676.3, 159.5))  # centred: as many rows above as below
    low = Camera(1280, 720, 1150.0, 1150.0, 676.3, 650.0)
    assert NetworkView(low, 1280, 320).camera.cy == pytest.approx(250.0)  # shifted up to stay inside


def test_pixels_of_the_view_are_square():
    camera = NetworkView(CAMERAS["anamorphic"], 416, 128).camera
    assert camera.fx == camera.fy


def test_a_third_of_the_size_is_the_mean_of_blocks_of_nine():
    camera = Camera(1248, 384, 720.0, 720.0, 623.5, 180.0)
    image = np.random.default_rng(0).integers(0, 256, (384, 1248, 3), np.uint8)
    found = NetworkView(camera, 416, 128).image(image).astype(np.float64)
    blocks = image.reshape(128, 3, 416, 3, 3).astype(np.float64).mean((1, 3))
    assert np.abs(found - blocks).max() <= 0.51


def test_a_small_view_is_the_mean_of_the_large_one():
    """The two networks of a robot, and the training that reads large views and shrinks them, see the same."""
    image = image_of(CAMERAS["barrel"])
    large = NetworkView(CAMERAS["barrel"], 1248, 384).image(image)
    small = NetworkView(CAMERAS["barrel"], 416, 128).image(image)
    np.testing.assert_array_equal(small, cv2.resize(large, (416, 128), interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize("factor", [2.2, 2.7, 3.08, 4.5])
def test_fine_texture_is_averaged_and_not_aliased(factor):
    """A chequered texture finer than a pixel of the view is grey in it, without bands."""
    width, height = round(416 * factor), round(128 * factor)
    chequered = (np.indices((height, width)).sum(0) % 2 * 255).astype(np.uint8)
    camera = Camera(width, height, 300.0, 300.0, width / 2, height / 2)
    view = NetworkView(camera, 416, 128).image(np.repeat(chequered[..., None], 3, axis=2))
    assert np.abs(view.astype(int) - 127).max() < 50
    assert view.std() < 12


def test_depth_takes_the_nearest_pixel_and_never_mixes():
    camera = CAMERAS["barrel"]
    depth = np.where(np.indices((720, 1280))[1] < 700, 5.0, 50.0).astype(np.float32)
    depth[:, 300:310] = np.nan
    seen = NetworkView(camera, 416, 128).depth(depth)
    assert seen.dtype == np.float32
    assert set(np.unique(seen[np.isfinite(seen)])) == {5.0, 50.0}
    assert np.isnan(seen).any()


def test_depth_and_image_are_of_the_same_rays():
    """The image's left half is dark and near, the right half bright and far: no pixel of the view disagrees."""
    camera = CAMERAS["barrel"]
    right = np.indices((720, 1280))[1] >= 703
    image = np.repeat((right * 255).astype(np.uint8)[..., None], 3, axis=2)
    view = NetworkView(camera, 1248, 384)
    bright = view.image(image)[..., 0]
    far = view.depth(np.where(right, 50.0, 5.0).astype(np.float32)) == 50.0
    np.testing.assert_array_equal(far[bright < 100], False)
    np.testing.assert_array_equal(far[bright > 155], True)


def test_what_the_camera_did_not_see_is_marked():
    view = NetworkView(CAMERAS["pincushion"], 416, 128)
    depth = view.depth(np.full((480, 640), 7.0, np.float32))
    assert 0.02 < (~view.valid).mean() < 0.3
    np.testing.assert_array_equal(np.isnan(depth), ~view.valid)
    assert NetworkView(CAMERAS["barrel"], 416, 128).valid.all()


def test_rays_beyond_the_fold_of_the_distortion_are_marked():
    """r(1 - 0.5 r^2) turns around at r = 0.816: what the polynomial says beyond is nowhere in the image."""
    camera = Camera(800, 800, 300.0, 300.0, 400.0, 400.0, (-0.5, 0.0, 0.0, 0.0, 0.0))
    view = NetworkView(camera, 400, 400)
    radius = np.linalg.norm(view.camera.rays()[..., :2], axis=-1)
    assert not view.valid[radius > 0.83].any()
    assert view.valid[radius < 0.79].all()


@pytest.mark.parametrize("distortion", [(), (-0.3, 0.1, 0.0, 0.0)])
def test_a_camera_of_one_column_has_a_view(distortion):
    view = NetworkView(Camera(1, 300, 200.0, 200.0, 0.0, 149.5, distortion), 1, 300)
    assert view.valid.all()
    assert view.image(np.full((300, 1, 3), 9, np.uint8)).shape == (300, 1, 3)


@pytest.mark.parametrize(
    "image", [np.zeros((360, 640, 3), np.uint8), np.zeros((720, 1280), np.uint8), np.zeros((720, 1280, 3), np.float32)]
)
def test_images_that_are_not_the_cameras_are_refused(image):
    with pytest.raises(EstimatorError, match=r"expected uint8 \(720, 1280, 3\)"):
        NetworkView(PLAIN, 416, 128).image(image)


def test_depth_that_is_not_the_cameras_is_refused():
    with pytest.raises(EstimatorError, match=r"uint16 .*expected float32 \(720, 1280\)"):
        NetworkView(PLAIN, 416, 128).depth(np.zeros((720, 1280), np.uint16))  # type: ignore[arg-type]


class Counting(Once):
    """Counts what it makes."""

    made = 0

    def of(self, thing, how, make):
        def counted():
            self.made += 1
            return make()

        return super().of(thing, how, counted)


@pytest.mark.parametrize(
    ("camera", "rectified"),
    [
        (Camera(1248, 384, 720.0, 720.0, 623.5, 180.0, (-0.1, 0.02, 0.0, 0.0, 0.0)), 1),  # 3 x 3 pixels of one are one
        (Camera(1280, 720, 700.0, 710.0, 640.0, 350.0), 1),
        (Camera(640, 480, 400.0, 400.0, 320.0, 240.0), 2),  # of the other
    ],
)
def test_views_of_one_camera_share_what_is_the_same(camera, rectified):
    image = np.random.default_rng(0).integers(0, 256, (camera.height, camera.width, 3), np.uint8)
    made = Counting()
    for width, height in ((1248, 384), (416, 128)):
        alone, shared = NetworkView(camera, width, height), NetworkView(camera, width, height, made)
        np.testing.assert_array_equal(shared.image(image), alone.image(image))
    assert made.made == rectified


def test_a_view_that_is_not_shared_sees_what_is_written_into_its_image():
    camera = Camera(64, 32, 40.0, 40.0, 31.5, 15.5)
    view, image = NetworkView(camera, 64, 32), np.zeros((32, 64, 3), np.uint8)
    assert view.image(image).max() == 0
    image[:] = 9
    assert view.image(image).min() == 9
