"""Draws a scene as a camera sees it: the picture, the depth along the optical axis, the class of every pixel.

Convention:
    Optical camera frame (x right, y down, z forward), pixel centres at integers. Poses are ``T_world_camera``.
    Depth and labels are sampled at pixel centres, without any blending. The picture is half the sample at the centre
    and half the mean of those at the pixel's four corners (quincunx): rows and columns of samples lie half a pixel
    apart, as with 2x2 samples a pixel, at half the price, because neighbours share their corners.
    The image is drawn upside down for OpenGL, so that what is read back starts with the upper row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import inverse
from training.rendering import shaders
from training.rendering.drawable import SMALL, Drawable
from training.rendering.errors import RenderingError
from training.rendering.lens import pinhole_of
from training.rendering.mesh import Mesh
from training.rendering.scene import Prop, Scene
from training.rendering.shaders import Kind

NEAR, FAR = 0.2, 6000.0
CHUNK = 40.0
"""Edge of the squares the static mesh is cut into, metres: what lies behind the camera is not drawn."""
SHADOW_STEP, SHADOW_DEPTH, SHADOW_BIAS = 12.0 / 64.0, 2.5, 0.12 / 64.0
"""How far the camera moves until shadows are drawn again, how far from the middle things throw any, and how far below a
surface its own shadow lies, as shares of `Scene.shadow_reach`."""

EVERYTHING = ((True, True, True, True), (True, True, True, True))
COLOUR_ONLY = ((True, True, True, False), (False, False, False, False))
"""What decals may write of colour, class and depth."""

DETAIL = 1.5
"""Static triangles that are shorter than this, in pixels, are left out."""

SOLID = (Kind.GLOSSY, Kind.MATTE, Kind.CUTOUT)
"""What has depth and a class; decals only colour what lies below them."""


@dataclass(frozen=True)
class View:
    """What a camera sees: uint8 RGB ``[h, w, 3]``, float32 metres ``[h, w]`` (inf: sky), uint8 classes ``[h, w]``."""

    image: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class _Run:
    """A part of the index buffer to draw."""

    kind: Kind
    first: int
    count: int


@dataclass(frozen=True)
class _Samples:
    """What is drawn with one sample a pixel of `camera`: colour with the class as alpha, and depth."""

    camera: Camera
    target: Any


_Placed: TypeAlias = tuple[Drawable, npt.NDArray[np.float64]]
"""Something that moves, and where it is now."""


class Renderer:
    """Draws one scene for one camera; a context manager, because it holds memory of the graphics library.

    Raises: `RenderingError` where there is no EGL to draw with.
    """

    def __init__(self, scene: Scene, camera: Camera) -> None:
        self._camera = camera
        pinhole, self._maps = pinhole_of(camera)
        self._pinhole = pinhole
        self._scene = scene
        self._context = context = _context()
        self._centres = _samples(context, pinhole)
        self._corners = _samples(
            context,
            replace(
                pinhole, width=pinhole.width + 1, height=pinhole.height + 1, cx=pinhole.cx + 0.5, cy=pinhole.cy + 0.5
            ),
        )
        self._shadow_map = context.depth_texture((scene.shadow_size, scene.shadow_size))
        self._shadow_map.compare_func = "<="
        self._shadow_map.filter = (context.LINEAR, context.LINEAR)
        self._shadows = context.framebuffer(depth_attachment=self._shadow_map)
        layers, size = scene.textures.layers.shape[:2]
        self._textures = context.texture_array((size, size, layers), 4, scene.textures.layers.tobytes())
        self._textures.build_mipmaps()
        self._textures.filter = (context.LINEAR_MIPMAP_NEAREST, context.LINEAR)
        self._surface = {kind: _program(context, shaders.SURFACE, kind) for kind in Kind}
        self._shade = {kind: _program(context, shaders.SHADOW, kind) for kind in SOLID}
        self._sky = context.program(shaders.SKY_VERTEX, shaders.SKY)
        self._sky_array = context.vertex_array(self._sky, [])
        self._static = Drawable(context, scene.mesh, scene.textures, CHUNK)
        self._movers = [(Drawable(context, mover.mesh, scene.textures, 1e6), mover) for mover in scene.movers]
        self._props: dict[int, tuple[Mesh, Drawable]] = {}
        self._shadow_centre: npt.NDArray[np.float64] | None = None
        self._sun_view = np.eye(4)
        self._set_constants(scene)

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.release()

    def render(self, pose: npt.NDArray[np.float64], time: float = 0.0, props: Sequence[Prop] = ()) -> View:
        """What the camera at `pose` ``T_world_camera`` ``[4, 4]`` sees at `time` seconds.

        Args:
            props: what stands there in this picture beside the scene's own things.
        """
        added = [(self._drawable(prop.mesh), prop.pose) for prop in props]
        self._update_shadows(pose, added)
        view = inverse(pose)
        runs = self._visible(view)
        moved = [(drawable, mover.pose(time)) for drawable, mover in self._movers]
        movers = self._placed_in_view(view, [*moved, *added])
        # both are asked for before either is read: one is drawn while the other is prepared
        for samples in (self._centres, self._corners):
            self._draw_samples(samples, pose, view, runs, movers)
        image, depth, classes = self._read()
        if self._maps is not None:
            image = np.asarray(cv2.remap(image, *self._maps, cv2.INTER_LINEAR), np.uint8)
            depth = np.asarray(cv2.remap(depth, *self._maps, cv2.INTER_NEAREST), np.float32)
            classes = np.asarray(cv2.remap(classes, *self._maps, cv2.INTER_NEAREST), np.uint8)
        return View(image, depth, classes)

    def _draw_samples(
        self,
        samples: _Samples,
        pose: npt.NDArray[np.float64],
        view: npt.NDArray[np.float64],
        runs: list[_Run],
        movers: list[_Placed],
    ) -> None:
        context, camera, target = self._context, samples.camera, samples.target
        projection = _projection(camera)
        for program in self._surface.values():
            _write(program, view=view, projection=projection, sun_view=self._sun_view, eye=pose[:3, 3])
        left, right = (-0.5 - camera.cx) / camera.fx, (camera.width - 0.5 - camera.cx) / camera.fx
        top, bottom = (-0.5 - camera.cy) / camera.fy, (camera.height - 0.5 - camera.cy) / camera.fy
        _write(self._sky, to_world=pose[:3, :3], corner_rays=(left, right, top, bottom))
        target.use()
        target.clear(depth=1.0)
        context.enable(context.DEPTH_TEST)
        context.disable(context.BLEND)
        for kind in SOLID:
            self._draw(self._surface[kind], kind, runs, movers)
        context.depth_func = "<="
        self._sky_array.render(vertices=3)
        context.depth_func = "<"
        context.enable(context.BLEND)
        target.depth_mask = False
        target.color_mask = COLOUR_ONLY
        self._draw(self._surface[Kind.DECAL], Kind.DECAL, runs, movers)
        target.color_mask = EVERYTHING
        target.depth_mask = True

    def _read(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        size = (self._pinhole.height, self._pinhole.width)
        depth, centres = np.empty(size, np.float32), np.empty((*size, 4), np.uint8)
        corners = np.empty((size[0] + 1, size[1] + 1, 4), np.uint8)
        self._centres.target.read_into(depth, components=1, attachment=1, dtype="f4")
        self._centres.target.read_into(centres, components=4)
        self._corners.target.read_into(corners, components=4)
        around = cv2.blur(corners, (2, 2))[1:, 1:]
        image = cv2.cvtColor(cv2.addWeighted(centres, 0.5, around, 0.5, 0.0), cv2.COLOR_RGBA2RGB)
        return np.asarray(image, np.uint8), depth, np.asarray(cv2.extractChannel(centres, 3), np.uint8)

    def _draw(self, program: Any, kind: Kind, runs: list[_Run], movers: list[_Placed]) -> None:
        for drawable, pose in movers:
            for chunk in drawable.chunks:
                if chunk.kind is kind:
                    _write(program, model=pose)
                    drawable.array(program).render(vertices=chunk.counts[-1], first=chunk.first)
        _write(program, model=np.eye(4))
        array = self._static.array(program)
        for run in runs:
            if run.kind is kind:
                array.render(vertices=run.count, first=run.first)

    def _visible(self, view: npt.NDArray[np.float64]) -> list[_Run]:
        """What of the chunks a camera may see, nearest first: what near surfaces hide then costs nothing.

        Triangles that are shorter than `DETAIL` from where the camera stands are left out.
        """
        seen, nearness = self._in_view(view, self._static.centres, self._static.radii)
        runs = []
        for index in np.argsort(np.where(np.isinf(self._static.radii), np.inf, nearness), kind="stable"):
            if seen[index]:
                chunk = self._static.chunks[index]
                groups = sum(size * self._pinhole.fx < DETAIL * nearness[index] for size in SMALL[:-1])
                count = chunk.counts[len(SMALL) - 1 - groups]
                if count:
                    runs.append(_Run(chunk.kind, chunk.first, count))
        return runs

    def _drawable(self, mesh: Mesh) -> Drawable:
        """The mesh of a prop, kept for the pictures to come."""
        if id(mesh) not in self._props:
            self._props[id(mesh)] = (mesh, Drawable(self._context, mesh, self._scene.textures, 1e6))
        return self._props[id(mesh)][1]

    def _placed_in_view(self, view: npt.NDArray[np.float64], placed: list[_Placed]) -> list[_Placed]:
        if not placed:
            return []
        centres = np.array([pose[:3, :3] @ drawable.middle + pose[:3, 3] for drawable, pose in placed])
        seen, _ = self._in_view(view, centres, np.array([drawable.reach for drawable, _ in placed]))
        return [item for item, visible in zip(placed, seen, strict=True) if visible]

    def _in_view(
        self, view: npt.NDArray[np.float64], centres: npt.NDArray[np.float64], radii: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
        """Which spheres may be seen between the left and right edge of the image, and the least depth of each."""
        pinhole = self._pinhole
        x, _, z = view[:3, :3] @ centres.T + view[:3, 3:]
        edge = (pinhole.width + abs(2 * pinhole.cx - pinhole.width)) / (2.0 * pinhole.fx)
        seen = (z > -radii) & (np.abs(x) - edge * z < radii * np.hypot(1.0, edge))
        return seen, np.maximum(z - radii, 0.0)

    def _update_shadows(self, pose: npt.NDArray[np.float64], props: list[_Placed]) -> None:
        """Draws the shadow map again when the camera has left the middle of the last one, and for props, always."""
        forward = pose[:2, 2] / max(float(np.linalg.norm(pose[:2, 2])), 1e-6)
        reach = self._scene.shadow_reach
        wanted = pose[:3, 3] + np.array([*(forward * reach * 0.8), 0.0])
        kept = self._shadow_centre is not None and np.linalg.norm(wanted - self._shadow_centre) < SHADOW_STEP * reach
        if kept and not props:
            return
        self._shadow_centre = None if props else wanted
        self._sun_view, clip = _sun_views(np.asarray(self._scene.light.sun), wanted, reach, self._scene.shadow_size)
        self._shadows.use()
        self._shadows.clear(depth=1.0)
        context = self._context
        context.enable(context.DEPTH_TEST)
        context.polygon_offset = (self._scene.shadow_slope, 0.0)
        near = np.linalg.norm(self._static.centres[:, :2] - wanted[:2], axis=1) < reach * 2.0 + self._static.radii
        for kind, program in self._shade.items():
            _write(program, view=np.eye(4), projection=clip, model=np.eye(4))
            array = self._static.array(program)
            for index in np.flatnonzero(near):
                chunk = self._static.chunks[index]
                if chunk.kind is kind:
                    array.render(vertices=chunk.counts[-1], first=chunk.first)
            for drawable, placed in props:
                _write(program, model=placed)
                for chunk in drawable.chunks:
                    if chunk.kind is kind:
                        drawable.array(program).render(vertices=chunk.counts[-1], first=chunk.first)
        context.polygon_offset = (0.0, 0.0)

    def _set_constants(self, scene: Scene) -> None:
        light = scene.light
        self._textures.use(0)
        self._shadow_map.use(1)
        for program in (*self._surface.values(), *self._shade.values(), self._sky):
            _write(
                program,
                textures=0,
                shadow=1,
                sun=light.sun,
                sun_light=light.sun_light,
                sky_light=light.sky_light,
                ground_light=light.ground_light,
                zenith=light.zenith,
                horizon=light.horizon,
                cloud_light=light.cloud_light,
                cloudiness=light.cloudiness,
                cloud_layer=float(scene.textures.clouds),
                sky_label=float(scene.sky),
                haze=light.haze,
                exposure=light.exposure,
                lod_bias=-0.5,
            )


def _context() -> Any:
    import moderngl

    try:
        settings: dict[str, Any] = {"backend": "egl"}
        return moderngl.create_context(require=330, standalone=True, **settings)
    except Exception as error:  # glcontext raises bare Exception
        raise RenderingError(
            f"streets and rooms cannot be drawn: no EGL ({error}): install libegl1 and libgl1-mesa-dri"
        ) from None


def _samples(context: Any, camera: Camera) -> _Samples:
    size = (camera.width, camera.height)
    colour, depth = context.renderbuffer(size, 4), context.renderbuffer(size, 1, dtype="f4")
    return _Samples(camera, context.framebuffer([colour, depth], context.depth_renderbuffer(size)))


def _program(context: Any, surface: str, kind: Kind) -> Any:
    return context.program(shaders.variant(shaders.VERTEX, kind), shaders.variant(surface, kind))


def _write(program: Any, **values: Any) -> None:
    """Sets the uniforms a program has; a matrix is given as NumPy writes it, row by row."""
    for name, value in values.items():
        if name not in program:
            continue
        array = np.asarray(value)
        if array.ndim == 2:
            program[name].write(array.T.astype("f4").tobytes())
        elif array.ndim == 1:
            program[name].write(array.astype("f4").tobytes())
        else:
            program[name].value = value


def _projection(camera: Camera) -> npt.NDArray[np.float64]:
    """Optical frame to clip space, the first row of the image at the bottom."""
    width, height = camera.width, camera.height
    return np.array(
        [
            [2 * camera.fx / width, 0, (2 * camera.cx + 1 - width) / width, 0],
            [0, 2 * camera.fy / height, (2 * camera.cy + 1 - height) / height, 0],
            [0, 0, (FAR + NEAR) / (FAR - NEAR), -2 * FAR * NEAR / (FAR - NEAR)],
            [0, 0, 1, 0],
        ]
    )


def _sun_views(
    sun: npt.NDArray[np.float64], centre: npt.NDArray[np.float64], reach: float, size: int
) -> tuple[npt.NDArray, npt.NDArray]:
    """World to shadow map (0 to 1, with the bias against self-shadowing) and world to its clip space.

    The middle is rounded to whole texels: a shadow does not crawl when the map moves on.
    """
    helper = np.array([0.0, 0.0, 1.0]) if abs(sun[2]) < 0.95 else np.array([1.0, 0.0, 0.0])
    right = np.cross(helper, sun)
    right /= np.linalg.norm(right)
    up = np.cross(sun, right)
    texel = 2.0 * reach / size
    depth = SHADOW_DEPTH * reach
    view = np.eye(4)
    view[:3, :3] = [right, up, -sun]
    middle = view[:3, :3] @ centre
    middle[:2] = np.round(middle[:2] / texel) * texel
    view[:3, 3] = -middle
    clip = np.diag([1.0 / reach, 1.0 / reach, 1.0 / depth, 1.0]) @ view
    to_map = np.diag([0.5, 0.5, 0.5, 1.0])
    to_map[:3, 3] = 0.5
    to_map[2, 3] -= SHADOW_BIAS * reach / (2.0 * depth)
    return to_map @ clip, clip
