"""Compressed pictures: the colours and the orientation they were taken in, whole or not at all."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from helpers.turned import with_orientation

from depth_perception.compressed_formats import decode_compressed, decode_compressed_depth, decode_picture, is_turned
from depth_perception.pixel_formats import PixelFormatError, SampleRange
from depth_perception.rvl import decode_rvl

WIDTH, HEIGHT = 64, 48
MILLIMETRES = np.array([[1500, 0], [65535, 20250]], np.uint16)
METRES = np.array([[1.5, np.nan], [65.535, 20.25]], np.float32)


def colours() -> np.ndarray:
    """A smooth picture, reddish on the right, bluish below."""
    x, y = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    return np.stack([60 + 150 * x, 120 + 0 * x, 40 + 160 * y], axis=-1).astype(np.uint8)


def textured() -> np.ndarray:
    return cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (160, 240, 3), np.uint8), (0, 0), 2)


def encoded(kind: str, pixels: np.ndarray, *options: int) -> bytes:
    """By OpenCV, which takes three channels for blue, green, red."""
    quality = [] if kind == "png" else [cv2.IMWRITE_JPEG_QUALITY, 95]
    done, data = cv2.imencode(f".{kind}", pixels, [*quality, *options])
    assert done
    return data.tobytes()


@pytest.mark.parametrize(("kind", "tolerance"), [("png", 0), ("jpg", 12), ("webp", 24), ("tiff", 0)])
@pytest.mark.parametrize("grey", [False, True])
def test_pictures_of_every_kind(kind, tolerance, grey):
    picture = colours()
    if grey:
        picture = picture[..., :1].repeat(3, axis=2)
    data = encoded(kind, picture[..., 0] if grey else picture[..., ::-1])
    for got in (decode_compressed(data, kind), decode_compressed(data), decode_picture(data)):
        assert got.flags.c_contiguous
        assert np.abs(got.astype(int) - picture).max() <= tolerance


def test_a_picture_with_alpha():
    data = encoded("png", np.dstack([colours()[..., ::-1], np.full((HEIGHT, WIDTH), 9, np.uint8)]))
    assert np.array_equal(decode_compressed(data), colours())


@pytest.mark.parametrize("kind", ["png", "jpg"])
@pytest.mark.parametrize(
    ("description", "reversed_order"),
    [
        ("rgb8; jpeg compressed bgr8", False),  # the image's own encoding, and what the encoder was given
        ("bgr8; jpeg compressed bgr8", False),
        ("rgb8; jpeg compressed rgb8", True),
        ("bgr8; jpeg compressed rgb8", True),
        ("rgba8; png compressed rgb8", True),
        ("mono8; jpeg compressed ", False),
        ("yuv422; jpeg compressed bgr8", False),
        ("jpeg", False),
        ("rgb8", False),
        ("", False),
    ],
)
def test_colours_are_in_the_order_that_image_transport_says(kind, description, reversed_order):
    """An encoder that is given red, green, blue takes red for blue; the format is what tells."""
    data = encoded(kind, colours() if reversed_order else colours()[..., ::-1])
    assert np.abs(decode_compressed(data, description).astype(int) - colours()).max() <= 12


@pytest.mark.parametrize("orientation", range(2, 9))
def test_no_picture_is_turned(orientation):
    """The camera was calibrated on the pixels as its sensor delivers them."""
    plain = encoded("jpg", colours()[..., ::-1])
    turned = with_orientation(plain, orientation)
    opencvs = cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR)
    assert opencvs is not None
    assert not np.array_equal(opencvs[..., ::-1], decode_picture(plain)), "the tag means nothing to anyone"
    for got in (decode_compressed(turned, "jpeg"), decode_picture(turned)):
        assert np.array_equal(got, decode_picture(plain))
    assert is_turned(turned)
    assert not is_turned(plain)


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_the_mosaic_of_a_sensor_in_a_picture(kind):
    picture = colours()
    mosaic = np.zeros((HEIGHT, WIDTH), np.uint8)
    for index, channel in enumerate([1, 0, 2, 1]):  # g r b g
        row, column = divmod(index, 2)
        mosaic[row::2, column::2] = picture[row::2, column::2, channel]
    got = decode_compressed(encoded(kind, mosaic, cv2.IMWRITE_JPEG_QUALITY, 100), f"bayer_grbg8; {kind} compressed ")
    assert np.abs(got.astype(int) - picture)[2:-2, 2:-2].max() <= 12
    ready = decode_compressed(encoded(kind, picture[..., ::-1]), f"bayer_grbg8; {kind} compressed bgr8")
    assert np.abs(ready.astype(int) - picture).max() <= 12


def test_sixteen_bits_in_a_png():
    samples = SampleRange()
    bright = (colours()[..., ::-1].astype(np.uint16) * 16) | 15  # twelve bits
    bright[0, 0] = 4095
    got = decode_compressed(encoded("png", bright), "rgb16; png compressed bgr16", samples)
    assert np.array_equal(got[1:], colours()[1:])
    dark = decode_compressed(encoded("png", bright[..., 0] // 16), "mono16; png compressed mono16", samples)
    assert dark.max() == 15


@pytest.mark.parametrize("progressive", [0, 1])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
def test_a_damaged_jpeg_is_refused_though_it_ends_as_it_should(progressive, share, end):
    """What a lost packet leaves of a USB camera's frame: OpenCV would fill the rest with grey."""
    data = encoded("jpg", textured(), cv2.IMWRITE_JPEG_PROGRESSIVE, progressive)
    with pytest.raises(PixelFormatError, match="not a complete picture: its jpeg is damaged"):
        decode_compressed(data[: int(len(data) * share)] + end, "jpeg")


def test_a_jpeg_with_a_hole_or_zeros_in_it_is_refused():
    """A short one may pass: what follows fits again by chance, and a jpeg has no checksum."""
    data = encoded("jpg", textured())
    half = len(data) // 2
    for broken in (data[:half] + data[half + 1000 :], data[:half] + bytes(1000) + data[half + 1000 :]):
        with pytest.raises(PixelFormatError, match="jpeg is damaged"):
            decode_compressed(broken)


def test_padding_before_and_trailers_after_the_end_of_a_jpeg_are_no_damage():
    data = encoded("jpg", textured())
    for harmless in (data[:-2] + bytes(12) + data[-2:], data + b"\0trailer" * 40):
        assert np.array_equal(decode_compressed(harmless), decode_compressed(data))
    with pytest.raises(PixelFormatError, match="extraneous bytes"):
        decode_compressed(data[:-2] + bytes(500) + data[-2:])


def test_a_png_that_is_damaged_anywhere_is_refused(capfd):
    data = encoded("png", textured())
    for place in (*range(11, 60), *range(60, len(data) - 20, len(data) // 17), len(data) - 8):
        broken = bytearray(data)
        broken[place] ^= 0x55
        with pytest.raises(PixelFormatError, match=r"not a complete picture|expected at most"):
            decode_compressed(bytes(broken))
    for length in range(8, len(data), len(data) // 17):
        with pytest.raises(PixelFormatError, match="not a complete picture"):
            decode_compressed(data[:length])
    assert capfd.readouterr().err == ""  # libpng would write a line each


def test_what_is_no_picture_is_refused():
    for broken in (encoded("png", textured())[:1000], b"", b"not a picture", b"\xff\xd8\xff\xd9"):
        with pytest.raises(PixelFormatError, match="not a complete picture"):
            decode_compressed(broken)


@pytest.mark.parametrize(
    ("data", "description", "said"),
    [
        (bytes(100), "h264", "a piece of a video.*'h264'.*as jpeg or png"),
        (bytes(100), "ffmpeg; hevc", "a piece of a video"),
        (b"\x00\x00\x00\x01\x67\x42\x00\x1f" + bytes(100), "jpeg", "a piece of a video"),
        (b"\x00\x00\x01\xb0" + bytes(100), "", "a piece of a video"),
        (bytes(100), "16UC1; compressedDepth png", "is depth .*compressedDepth png"),
        (b"\x28\xb5\x2f\xfd" + bytes(100), "zstd", "begins with 28 b5 2f fd"),
    ],
)
def test_what_is_something_else_is_named(data, description, said):
    with pytest.raises(PixelFormatError, match=said):
        decode_compressed(data, description)


def test_a_size_that_no_picture_has_is_refused_before_it_costs_memory():
    png = bytearray(encoded("png", textured()))
    png[16:24] = struct.pack(">II", 60_000, 60_000)
    jpeg = bytearray(encoded("jpg", textured()))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 60_000, 60_000)
    for data in (bytes(png), bytes(jpeg)):
        with pytest.raises(PixelFormatError, match="says it is 60000x60000"):
            decode_compressed(data)
    with pytest.raises(PixelFormatError, match="says it is 60000x60000"):
        decode_compressed_depth(bytes(12) + struct.pack("<II", 60_000, 60_000) + bytes(8), "16UC1; compressedDepth rvl")


def test_depth_in_a_png():
    np.testing.assert_allclose(decode_compressed_depth(encoded("png", MILLIMETRES)), METRES)


def quantised() -> tuple[np.ndarray, np.ndarray, float, float]:
    """Depth, and what compressedDepth's default quantisation to 10 m makes of it: a / depth + b."""
    a, b = 100.0 * 101.0, 1.0 - 101.0 / 10.0
    depth = np.array([[1.0, np.nan], [4.0, 9.5]])
    return depth, np.nan_to_num(a / depth + b).astype(np.uint16), a, b


def test_depth_of_image_transport():
    """Its compressedDepth puts twelve bytes before the png; of floats the png holds a / depth + b."""
    data = struct.pack("<iff", 0, 0.0, 0.0) + encoded("png", MILLIMETRES)
    for description in ("16UC1; compressedDepth png", "16UC1; compressedDepth"):
        np.testing.assert_allclose(decode_compressed_depth(data, description), METRES)
    depth, pixels, a, b = quantised()
    data = struct.pack("<iff", 0, a, b) + encoded("png", pixels)
    np.testing.assert_allclose(decode_compressed_depth(data, "32FC1; compressedDepth png"), depth, rtol=2e-3)
    with pytest.raises(PixelFormatError, match="compressed depth has 5 bytes"):
        decode_compressed_depth(b"12345", "16UC1; compressedDepth")


def rvl(pixels: np.ndarray) -> bytes:
    """Wilson's compression, pixel by pixel."""
    nibbles: list[int] = []

    def number(value: int) -> None:
        while True:
            piece, value = value & 7, value >> 3
            nibbles.append(piece | (8 if value else 0))
            if not value:
                return

    values, before = pixels.ravel().astype(int).tolist(), 0
    while values:
        zeros = next((k for k, value in enumerate(values) if value), len(values))
        known = next((k for k, value in enumerate(values[zeros:]) if not value), len(values) - zeros)
        number(zeros)
        number(known)
        for value in values[zeros : zeros + known]:
            step, before = value - before, value
            number(2 * step if step >= 0 else -2 * step - 1)
        values = values[zeros + known :]
    nibbles += [0] * (-len(nibbles) % 8)
    words = [int("".join(f"{nibble:x}" for nibble in nibbles[k : k + 8]), 16) for k in range(0, len(nibbles), 8)]
    return struct.pack(f"<{len(words)}I", *words)


def test_depth_by_run_lengths():
    rng = np.random.default_rng(1)
    pixels = np.cumsum(rng.integers(-40, 60, 400)).clip(1, 65535).astype(np.uint16)
    pixels[rng.random(400) < 0.2] = 0
    pixels[100:104] = [65535, 1, 65535, 0]
    for size in (pixels.reshape(20, 20), np.zeros((3, 5), np.uint16), pixels[pixels > 0][:12].reshape(3, 4)):
        pixels_again = decode_rvl(rvl(size), size.size)
        assert pixels_again is not None
        assert np.array_equal(pixels_again, size.ravel())
        data = struct.pack("<iff", 0, 0.0, 0.0) + struct.pack("<II", size.shape[1], size.shape[0]) + rvl(size)
        got = decode_compressed_depth(data, "16UC1; compressedDepth rvl")
        np.testing.assert_allclose(got, np.where(size, size / 1000, np.nan), rtol=1e-6)
    depth, small, a, b = quantised()
    data = struct.pack("<iffII", 0, a, b, 2, 2) + rvl(small)
    np.testing.assert_allclose(decode_compressed_depth(data, "32FC1; compressedDepth rvl"), depth, rtol=2e-3)


def test_run_lengths_that_are_damaged_are_refused():
    pixels = np.arange(1, 401, dtype=np.uint16).reshape(20, 20)
    header = struct.pack("<iffII", 0, 0.0, 0.0, 20, 20)
    for broken in (rvl(pixels)[:-40], b"", bytes(400), b"\xff" * 400, rvl(np.tile(pixels, (2, 1)))):
        with pytest.raises(PixelFormatError, match="rvl of 20x20 pixels, and damaged"):
            decode_compressed_depth(header + broken, "16UC1; compressedDepth rvl")


def test_a_picture_that_is_no_depth_is_refused():
    with pytest.raises(PixelFormatError, match=r"uint8 of shape \(48, 64, 3\), expected a 16-bit grey png"):
        decode_compressed_depth(encoded("png", colours()))
