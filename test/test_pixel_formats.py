"""Every encoding against a picture packed by hand, pixel by pixel, from the definition of the encoding."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

from depth_perception.pixel_formats import FORMATS, PixelFormatError, SampleRange, decode_depth, decode_image

WIDTH, HEIGHT = 16, 10


def colours() -> np.ndarray:
    """A smooth colour picture, so that formats that share colour between neighbours lose little of it."""
    x, y = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    rgb = np.stack([60 + 120 * x, 200 - 110 * y, 80 + 50 * x + 60 * y], axis=-1)
    return rgb.astype(np.uint8)


def grey(image: np.ndarray) -> np.ndarray:
    return np.repeat((image @ [0.299, 0.587, 0.114])[..., None], 3, axis=2)


def bayer(image: np.ndarray, pattern: str) -> np.ndarray:
    """What a sensor with this colour filter sees; the pattern is read row by row from the first pixel."""
    mosaic = np.zeros((HEIGHT, WIDTH), np.uint8)
    for index, letter in enumerate(pattern):
        row, column = divmod(index, 2)
        mosaic[row::2, column::2] = image[row::2, column::2, "rgb".index(letter)]
    return mosaic


def yuv422(image: np.ndarray, order: str) -> np.ndarray:
    """ITU-R BT.601, limited range; two pixels share their colour. `order` names the four bytes of two pixels."""
    r, g, b = np.moveaxis(image.astype(float), -1, 0)
    y = 16 + 0.257 * r + 0.504 * g + 0.098 * b
    u = 128 - 0.148 * r - 0.291 * g + 0.439 * b
    v = 128 + 0.439 * r - 0.368 * g - 0.071 * b
    parts = {"y": y[:, 0::2], "z": y[:, 1::2], "u": (u[:, 0::2] + u[:, 1::2]) / 2, "v": (v[:, 0::2] + v[:, 1::2]) / 2}
    packed = np.stack([parts[letter] for letter in order], axis=-1)
    return np.rint(packed).astype(np.uint8).reshape(HEIGHT, 2 * WIDTH)


def yuv420(image: np.ndarray, order: str) -> np.ndarray:
    """As `yuv422`, but four pixels share their colour: grey first, then ``uv`` or ``vu`` in turn, or ``u,v`` apart."""
    r, g, b = np.moveaxis(image.astype(float), -1, 0)
    y = 16 + 0.257 * r + 0.504 * g + 0.098 * b
    parts = {"u": 128 - 0.148 * r - 0.291 * g + 0.439 * b, "v": 128 + 0.439 * r - 0.368 * g - 0.071 * b}
    small = {name: part.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean((1, 3)) for name, part in parts.items()}
    if "," in order:
        colour = np.concatenate([small[name].reshape(-1) for name in order.split(",")])
    else:
        colour = np.stack([small[name] for name in order], axis=-1)
    return np.rint(np.concatenate([y.reshape(-1), colour.reshape(-1)])).astype(np.uint8)


def packed(encoding: str) -> tuple[np.ndarray, np.ndarray, float]:
    """The bytes of the picture in an encoding, what should come back, and how far off it may be."""
    image = colours()
    luma = np.rint(grey(image)).astype(np.uint8)
    alpha = np.full((HEIGHT, WIDTH, 1), 7, np.uint8)
    base = encoding.rstrip("0123456789") if "bayer" in encoding or encoding[-2:] == "16" else encoding
    wide = encoding.endswith("16")
    simple = {
        "rgb8": image,
        "bgr8": image[..., ::-1],
        "rgba8": np.concatenate([image, alpha], axis=2),
        "bgra8": np.concatenate([image[..., ::-1], alpha], axis=2),
        "mono8": luma[..., 0],
        "rgb": image,
        "bgr": image[..., ::-1],
        "mono": luma[..., 0],
        "yuv422": yuv422(image, "uyvz"),
        "uyvy": yuv422(image, "uyvz"),
        "yuv422_yuy2": yuv422(image, "yuzv"),
        "yuyv": yuv422(image, "yuzv"),
        "nv12": yuv420(image, "uv"),
        "nv21": yuv420(image, "vu"),
        "yuv420": yuv420(image, "u,v"),
        "8UC1": luma[..., 0],
        "8UC3": image[..., ::-1],
    }
    if base.startswith("bayer_"):
        pixels, tolerance = bayer(image, base.removeprefix("bayer_")), 12.0
    else:
        pixels, tolerance = simple[base], 0.0
        if base.startswith(("yu", "uy", "nv")):
            tolerance = 10.0 if base in ("nv12", "nv21", "yuv420") else 6.0  # four pixels share a colour, or two
    expected = luma if base.startswith("mono") or base == "8UC1" else image
    if wide:
        pixels = pixels.astype("<u2") * 256 + 99
    return pixels, expected, tolerance


@pytest.mark.parametrize("padding", [0, 6])
@pytest.mark.parametrize("encoding", sorted(FORMATS))
def test_every_encoding_gives_the_picture_back(encoding, padding):
    pixels, expected, tolerance = packed(encoding)
    flat = np.frombuffer(np.ascontiguousarray(pixels).tobytes(), np.uint8)
    lines = HEIGHT * 3 // 2 if encoding in ("nv12", "nv21", "yuv420") else HEIGHT
    if encoding == "yuv420" and padding:
        pytest.skip("it bears no padding")
    rows = np.pad(flat.reshape(lines, -1), ((0, 0), (0, padding)), constant_values=255)
    got = decode_image(encoding, WIDTH, HEIGHT, rows.shape[1], rows.tobytes())
    assert got.shape == (HEIGHT, WIDTH, 3)
    assert got.dtype == np.uint8
    inner = (slice(2, -2), slice(2, -2))  # demosaicing guesses at the border
    difference = np.abs(got.astype(int) - expected)
    assert difference[inner].max() <= tolerance


def test_messages_of_rclpy_and_of_a_bag_do_alike():
    image = colours()
    data = image.tobytes()
    for container in (data, bytearray(data), memoryview(data), array("B", data), np.frombuffer(data, np.uint8)):
        np.testing.assert_array_equal(decode_image("rgb8", WIDTH, HEIGHT, 3 * WIDTH, container), image)


def test_byte_order_is_respected():
    values = np.arange(WIDTH * HEIGHT, dtype=np.uint16).reshape(HEIGHT, WIDTH) * 256
    big = decode_image("mono16", WIDTH, HEIGHT, 2 * WIDTH, values.astype(">u2").tobytes(), is_bigendian=True)
    little = decode_image("mono16", WIDTH, HEIGHT, 2 * WIDTH, values.astype("<u2").tobytes(), is_bigendian=False)
    np.testing.assert_array_equal(big, little)
    np.testing.assert_array_equal(big[..., 0], values >> 8)


def test_depth_in_metres_and_in_millimetres():
    depth = np.array([[1.5, np.nan], [np.inf, 20.25]], np.float32)
    np.testing.assert_array_equal(decode_depth("32FC1", 2, 2, 8, depth.tobytes()), depth)
    millimetres = np.array([[1500, 0], [65535, 20250]], np.uint16)
    expected = np.array([[1.5, np.nan], [65.535, 20.25]], np.float32)
    np.testing.assert_allclose(decode_depth("16UC1", 2, 2, 4, millimetres.tobytes()), expected)


def test_what_is_no_depth_is_nan():
    """Many drivers and simulators write 0 for "none" in floats too; -inf is REP-117's "too close"."""
    depth = np.array([[0.0, -0.0], [-1.5, -np.inf], [2.0, np.inf]], np.float32)
    expected = np.array([[np.nan, np.nan], [np.nan, -np.inf], [2.0, np.inf]], np.float32)
    np.testing.assert_array_equal(decode_depth("32FC1", 2, 3, 8, depth.tobytes()), expected)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("encoding", ["mono16", "rgb16", "bayer_rggb16"])
def test_sensors_of_fewer_bits_are_as_bright_as_others(encoding, bits):
    pixels, expected, tolerance = packed(encoding)
    brightest = pixels.copy()
    brightest.reshape(-1)[0] = 65535  # something shines in every picture
    data = (brightest >> (16 - bits)).astype("<u2")
    got = decode_image(encoding, WIDTH, HEIGHT, data.nbytes // HEIGHT, data.tobytes())
    inner = (slice(2, -2), slice(2, -2))
    assert np.abs(got.astype(int) - expected)[inner].max() <= tolerance + 1


def test_a_dark_image_of_a_camera_stays_dark():
    samples = SampleRange()

    def seen(brightest: int) -> int:
        data = np.full((HEIGHT, WIDTH), brightest, "<u2").tobytes()
        return int(decode_image("mono16", WIDTH, HEIGHT, 2 * WIDTH, data, samples=samples)[0, 0, 0])

    assert [seen(value) for value in (4000, 400, 4095, 0)] == [250, 25, 255, 0]
    assert samples.bits == 12
    assert [seen(value) for value in (65535, 4000)] == [255, 15]


def test_hot_pixels_do_not_darken_what_comes_after():
    """A lamp in the night, of which there is more than one pixel, says how many bits there are."""
    samples = SampleRange()
    image = np.full((40, 50), 100, np.uint16)
    image[7, 9], image[20, 20:22] = 65535, 65535
    assert np.unique(samples.upper_eight(image)).tolist() == [100, 255]
    image[30:32, 5:7] = 4000
    dark = samples.upper_eight(image)
    assert (samples.bits, dark[0, 0], dark[30, 5], dark[7, 9]) == (12, 6, 250, 255)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("8UC7", 4, 2, 28, bytes(56)), "'8UC7' cannot be read, expected one of rgb8, bgr8"),
        (("rgb8", 4, 2, 11, bytes(22)), "step is 11 bytes, a row of 4 rgb8 pixels takes 12"),
        (("rgb8", 4, 2, 12, bytes(23)), "data has 23 bytes, expected 24: 2 rows of 12 bytes"),
        (("rgb8", 4, 2, 12, bytes(0)), "data has 0 bytes"),
        (("rgb8", 0, 2, 0, bytes(0)), "size is 0x2"),
        (("mono16", 4, 2, 9, bytes(18)), "step is 9 bytes"),
        (("yuv422", 5, 2, 10, bytes(20)), "5 pixels wide, expected an even number"),
        (("nv12", 4, 3, 4, bytes(18)), "3 pixels high, expected an even number"),
        (("nv21", 4, 2, 4, bytes(8)), "data has 8 bytes, expected 12: 3 rows of 4 bytes"),
        (("yuv420", 4, 2, 6, bytes(18)), "rows of 6 bytes, expected 4: it bears no padding"),
    ],
)
def test_data_that_contradicts_itself_is_refused(arguments, message):
    with pytest.raises(PixelFormatError, match=message):
        decode_image(*arguments)


def test_an_encoding_that_is_no_depth_is_refused():
    with pytest.raises(PixelFormatError, match="'rgb8' cannot be read, expected 32FC1"):
        decode_depth("rgb8", 4, 2, 12, bytes(24))
