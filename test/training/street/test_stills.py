"""Stills: cameras anywhere in a world, never inside a thing, with exact truth and close traffic."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, pose_from, rotation_from_angles
from training.rendering.mesh import Material, box, pose_at
from training.rendering.renderer import Renderer
from training.rendering.scene import Light, Prop, Scene
from training.rendering.textures import Textures
from training.street import labels
from training.street.bonnet import make_bonnet
from training.street.country import build_country
from training.street.crowd import CALM, QUEUE, USUAL, Model, make_cast, place_crowd
from training.street.disguise import DISGUISED, disguised, recoloured, wetted
from training.street.errors import StreetError
from training.street.floor import GROUND, Floor
from training.street.patches import cut_patches
from training.street.quarter import build_quarter
from training.street.spots import find_spot
from training.street.stills import StillsConfig, render_stills
from training.street.textures import Layer, draw_textures
from training.street.town import build_town

SMALL = Camera(width=120, height=90, fx=70.0, fy=70.0, cx=66.0, cy=40.0)
CONFIG = StillsConfig(seed=0, frames=9, camera=SMALL)
GREY = (0.5, 0.5, 0.5)
LIGHT = Light((0.48, 0.36, 0.8), GREY, GREY, GREY, GREY, GREY, GREY, 0.0, 0.0, (1.0, 1.0, 1.0))
TEXTURES = Textures(np.full((len(Layer), 4, 4, 4), 255, np.uint8), Layer.LEAVES_0, Layer.SHADOW)
TRAFFIC = (labels.CAR, labels.TRUCK, labels.BUS, labels.MOTORCYCLE, labels.PERSON, labels.RIDER, labels.BICYCLE)


@pytest.fixture(scope="module")
def stills(street_renderer):
    return [frame for seed in (0, 1) for frame in render_stills(replace(CONFIG, seed=seed))]


def test_frames_are_what_they_say(stills):
    for index, frame in enumerate(stills):
        assert (frame.image.shape, frame.image.dtype) == ((90, 120, 3), np.uint8)
        assert (frame.depth.shape, frame.depth.dtype) == ((90, 120), np.float32)
        assert frame.stamp == index % CONFIG.frames
        assert np.array_equal(np.isinf(frame.depth), frame.labels == labels.SKY)


def test_no_camera_is_inside_a_thing(stills):
    for frame in stills:
        others = frame.labels != labels.NONE  # but the own bonnet, which is close
        assert np.mean(frame.depth[others] < 0.5) < 0.05
        assert np.mean(frame.labels == labels.SKY) < 0.8
        assert len(np.unique(frame.labels)) > 2


def test_cameras_are_where_the_settings_allow(stills):
    headings = []
    for frame in stills:
        right, down, forward = frame.pose[:3, :3].T
        assert abs(forward[2]) <= np.sin(CONFIG.pitch) + 1e-6
        assert abs(right[2]) <= np.sin(CONFIG.roll) + 1e-6
        assert down[2] < 0
        headings.append(np.arctan2(forward[1], forward[0]))
        below = _height_above_ground(frame, SMALL)
        if below is not None:
            assert 0.25 < below < 3.1
    assert np.abs(np.mean(np.exp(1j * np.array(headings)))) < 0.9, "they look everywhere"


def _height_above_ground(frame, camera: Camera) -> float | None:
    """From the true depth of level ground close to the camera."""
    points = camera.rays() * np.where(np.isfinite(frame.depth), frame.depth, 0.0)[..., None]
    world = points @ frame.pose[:3, :3].T
    near = np.isin(frame.labels, GROUND) & (np.linalg.norm(world[..., :2], axis=-1) < 4.0)
    return -float(np.median(world[near][:, 2])) if near.sum() > 100 else None


def test_traffic_is_close_and_changes_from_frame_to_frame(stills):
    close = [np.mean(np.isin(frame.labels, TRAFFIC) & (frame.depth < 15.0)) for frame in stills]
    assert np.mean(np.array(close) > 0.02) > 0.4
    places = {tuple(np.round(frame.pose[:2, 3])) for frame in stills}
    assert len(places) > 0.9 * len(stills)


def test_to_know_the_row_does_not_tell_the_depth(stills):
    """The median of each row is wrong by 32 % in drives through towns with this camera, and by 38 % on highways."""
    depth = np.array([frame.depth for frame in stills])
    solid = np.isfinite(depth) & (depth < 80.0)
    rows = np.nanmedian(np.where(solid, depth, np.nan), axis=(0, 2), keepdims=True)
    assert np.mean(np.abs(rows - depth)[solid] / depth[solid]) > 0.5


@pytest.fixture(scope="module")
def land(street_renderer):
    return [frame for seed in (0, 1) for frame in render_stills(replace(CONFIG, seed=seed, scenery="country"))]


def test_more_of_open_land_is_far_away_than_of_what_is_along_streets(stills, land):
    def beyond(frames) -> float:
        return float(np.mean([np.mean(frame.depth[np.isfinite(frame.depth)] > 20.0) for frame in frames]))

    assert beyond(land) > 1.3 * beyond(stills)
    assert np.mean([np.mean(frame.labels == labels.BUILDING) for frame in land]) < 0.05
    assert np.mean([np.mean(frame.labels == labels.TERRAIN) for frame in land]) > 0.1


def test_few_are_around_where_it_is_calm_and_none_close_and_many_in_a_jam():
    world = build_country(np.random.default_rng(3))
    floor, cast = Floor(world.mesh, world.road.line, 45.0), make_cast(np.random.default_rng(3))
    rng = np.random.default_rng(3)
    counts = []
    for density in (CALM, USUAL, QUEUE):
        props = []
        for _ in range(15):
            spot = find_spot(rng, world, floor, (1.0, 2.0), 0.1, 0.05)
            assert spot is not None
            props += [(spot, prop) for prop in place_crowd(rng, world, floor, cast, spot, 1.2, density)]
        off_road = [
            np.linalg.norm(prop.pose[:2, 3] - spot.base[:2, 3])
            for spot, prop in props
            if _aside(world, prop.pose[:3, 3]) > world.half + 1.0
        ]
        counts.append((len(props), min(off_road, default=np.inf)))
    (few, nearest), (usual, close), (many, _) = counts
    assert few < usual < many
    assert close < 6.0 <= nearest


def test_equal_seeds_give_equal_pictures_and_other_seeds_others(stills):
    again = list(render_stills(replace(CONFIG, frames=3)))
    for first, second in zip(stills, again, strict=False):
        assert np.array_equal(first.image, second.image)
        assert np.array_equal(first.depth, second.depth)
        assert np.array_equal(first.pose, second.pose)
    assert not np.array_equal(stills[0].image, stills[CONFIG.frames].image)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, "seed of at least 0"),
        ({"frames": 0}, "at least one frame"),
        ({"heights": (2.0, 1.0)}, "0.2 to 5 m"),
        ({"pitch": 0.6}, "within 0.5 rad"),
        ({"scenery": "moon"}, "streets, country, traffic"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(StreetError, match=message):
        replace(CONFIG, **changes)


class TestFloor:
    @pytest.fixture(scope="class")
    def town(self):
        world = build_town(np.random.default_rng(5), -80.0)
        return world, Floor(world.mesh, world.road.line, 40.0)

    def test_the_ground_is_as_high_as_the_road(self, town):
        world, floor = town
        for s in np.linspace(10.0, 150.0, 40):
            place = world.road.points(s, world.lane)
            assert floor.height(place) == pytest.approx(place[2], abs=0.04)

    def test_pavements_are_higher(self, town):
        world, floor = town
        d = world.half + 0.5 * world.pavement
        above = [
            (floor.height(world.road.points(s, d)) or np.nan) - world.road.points(s, d)[2]
            for s in np.linspace(10, 150, 40)
        ]
        assert np.nanmedian(above) == pytest.approx(0.12, abs=0.01)

    def test_houses_are_in_the_way_and_lanes_are_not(self, town):
        world, floor = town
        lane = [floor.free(world.road.tilted_pose(s, world.lane), 4.0, 1.6) for s in np.linspace(15.0, 140.0, 60)]
        assert np.mean(lane) > 0.95
        beside = [
            floor.free(world.road.pose(s, side * (world.half + world.pavement + 5.0 + out)), 4.0, 1.6)
            for s in np.linspace(15.0, 140.0, 60)
            for side in (-1, 1)
            for out in (2.0, 5.0)
        ]
        assert np.mean(beside) < 0.5

    def test_beyond_the_world_there_is_nothing_to_stand_on(self, town):
        _, floor = town
        assert floor.height([1e4, 0.0]) is None
        assert not floor.free(pose_at([1e4, 0.0, 0.0]), 1.0, 1.0)


def test_a_model_covers_what_it_stands_on():
    cast = make_cast(np.random.default_rng(0))
    for model in (*cast.cars, *cast.large, *cast.two_wheeled, *cast.people, *cast.clutter):
        assert isinstance(model, Model)
        solid = model.mesh.positions[model.mesh.materials[:, 0] < Layer.SHADOW]
        assert np.all(np.abs(solid[:, 0]) <= 0.5 * model.length + 1e-6)
        assert np.all(np.abs(solid[:, 1]) <= 0.5 * model.width + 1e-6)
        assert solid[:, 2].min() > -0.05, "it stands on the ground"


@pytest.mark.parametrize("seed", range(4))
def test_the_depth_of_the_own_bonnet_is_exact(street_renderer, seed):
    """Against rays cast at its triangles, from a camera that is rolled, pitched and anywhere."""
    bonnet = make_bonnet(np.random.default_rng(seed), SMALL)
    body = pose_from(rotation_from_angles(0.05, -0.1, 2.0), [30.0, -20.0, 1.4])
    scene = Scene(box((40, 40, 0), (41, 41, 1), Material(labels.WALL)), (), LIGHT, TEXTURES, labels.SKY)
    with Renderer(scene, SMALL) as renderer:
        view = renderer.render(body @ BODY_FROM_OPTICAL, props=[Prop(bonnet, body)])
    expected = _cast(SMALL.rays(), bonnet.positions @ BODY_FROM_OPTICAL[:3, :3], bonnet.triangles)
    own = view.labels == labels.NONE
    assert 0.005 < own.mean() < 0.5
    assert np.mean(own == np.isfinite(expected)) > 0.995  # a ray that grazes an edge may go either way
    both = own & np.isfinite(expected)
    assert np.abs(view.depth[both] / expected[both] - 1.0).max() < 1e-4


def _cast(rays, positions, triangles):
    """Depth of the nearest triangle on each ray from the origin, by Moeller and Trumbore; nearer than 0.2 m is cut."""
    depth = np.full(rays.shape[:2], np.inf)
    for a, b, c in positions[triangles].astype(np.float64):
        across = np.cross(rays, c - a)
        area = across @ (b - a)
        with np.errstate(divide="ignore", invalid="ignore"):
            u = np.einsum("ijk,k->ij", across, -a) / area
            turned = np.cross(-a, b - a)
            v = (rays @ turned) / area
            t = float(np.dot(c - a, turned)) / area
        hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0.2)
        depth = np.where(hit & (t < depth), t, depth)
    return depth


def test_no_bonnet_reaches_above_the_lower_part_of_the_picture(stills):
    for seed in range(20):
        bonnet = make_bonnet(np.random.default_rng(seed), SMALL)
        x, y, z = bonnet.positions.T
        rows = SMALL.cy - SMALL.fy * z / x
        assert rows[np.abs(y) < x].min() > 0.5 * SMALL.height


def test_quarters_have_room_for_cameras_on_and_beside_the_road():
    for seed in range(3):
        world = build_quarter(np.random.default_rng(seed))
        floor = Floor(world.mesh, world.road.line, 45.0)
        rng = np.random.default_rng(seed)
        spots = [find_spot(rng, world, floor, (0.3, 3.0), 0.17, 0.07) for _ in range(30)]
        aside = [_aside(world, spot.base[:3, 3]) for spot in spots if spot is not None]
        assert len(aside) == 30
        assert np.mean(np.array(aside) < world.half) > 0.4
        assert np.mean(np.array(aside) > world.half) > 0.1


def test_a_pavement_too_narrow_for_a_camera_is_stood_at_the_edge_of():
    world = replace(build_quarter(np.random.default_rng(0)), pavement=0.2)
    floor = Floor(world.mesh, world.road.line, 45.0)
    rng = np.random.default_rng(0)
    assert all(find_spot(rng, world, floor, (0.3, 3.0), 0.17, 0.07) for _ in range(20))


def _aside(world, place) -> float:
    return float(np.linalg.norm(world.road.line[:, :2] - place[:2], axis=1).min())


class TestDisguise:
    """What a world looks like changes, what it is does not."""

    @pytest.fixture(scope="class")
    def textures(self):
        return draw_textures(np.random.default_rng(0))

    def test_every_share_of_surfaces(self, textures):
        plain = textures.layers
        for share in (0.0, 0.5, 1.0):
            layers = disguised(np.random.default_rng(1), textures, share).layers
            changed = [not np.array_equal(layers[layer], plain[layer]) for layer in DISGUISED]
            assert abs(np.mean(changed) - share) < 0.25
            assert np.array_equal(layers[..., 3], plain[..., 3]), "what mirrors, and what is cut out"
            for layer in (Layer.MARKING, Layer.SHADOW, Layer.RAILING, Layer.PLAIN):
                assert np.array_equal(layers[layer], plain[layer])

    def test_patches_of_real_pictures_are_carried(self, textures):
        colour = np.array((10, 200, 30), np.uint8)
        patch = np.full((60, 60, 3), colour)
        layers = disguised(np.random.default_rng(1), textures, 1.0, [patch]).layers
        tones = layers[list(DISGUISED), ..., :3].reshape(len(DISGUISED), -1, 3).astype(float)
        share = np.ptp(tones, axis=1).max(axis=1) == 0
        hue = tones.mean(axis=1) / tones.mean(axis=1).max(axis=1, keepdims=True)
        carried = share & (np.abs(hue - colour / 200.0).max(axis=1) < 0.05)
        assert 0.2 < carried.mean() < 0.8

    def test_tints_are_those_of_a_class_and_leave_decals(self):
        world = build_town(np.random.default_rng(3), -80.0)
        mesh = recoloured(np.random.default_rng(2), world.mesh, 0.2)
        decals = world.mesh.materials[:, 0] >= Layer.SHADOW
        assert np.array_equal(mesh.colours[decals], world.mesh.colours[decals])
        assert np.array_equal(mesh.colours[:, 3], world.mesh.colours[:, 3])
        assert np.array_equal(mesh.positions, world.mesh.positions)
        road = (world.mesh.materials == (Layer.ASPHALT, labels.ROAD)).all(axis=1)
        kept = road & (mesh.colours[:, :3] < 1.0).all(axis=1)
        ratios = mesh.colours[kept, :3] / world.mesh.colours[kept, :3]
        assert np.ptp(ratios, axis=0).max() < 1e-4
        assert np.abs(ratios.mean(axis=0) - 1.0).max() > 0.01

    def test_wet_roads_mirror_and_houses_stay_dry(self, textures):
        world = build_town(np.random.default_rng(3), -80.0)
        mesh, wet = wetted(np.random.default_rng(2), world.mesh, textures)
        kinds = world.mesh.materials[:, 1]
        road = (kinds == labels.ROAD) & (world.mesh.materials[:, 0] < Layer.LEAVES_0)
        assert mesh.colours[road, 3].min() > 0.25
        assert np.array_equal(mesh.colours[kinds == labels.BUILDING], world.mesh.colours[kinds == labels.BUILDING])
        assert np.ptp(wet.layers[Layer.ASPHALT, ..., 3].astype(int)) > 40


class TestPatches:
    def test_videos_and_folders_of_pictures(self, tmp_path):
        picture = np.zeros((80, 120, 3), np.uint8)
        picture[:, 60:] = (255, 0, 0)  # blue, as OpenCV writes it
        cv2.imwrite(str(tmp_path / "one.png"), picture)
        writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (120, 80))
        for _ in range(5):
            writer.write(np.full_like(picture, 90))
        writer.release()
        paths = (str(tmp_path), str(tmp_path / "clip.avi"))
        patches = cut_patches(np.random.default_rng(0), paths, 60)
        assert len(patches) == 60
        assert all(patch.shape[0] == patch.shape[1] <= 80 and patch.shape[2] == 3 for patch in patches)
        means = np.array([patch.reshape(-1, 3).mean(axis=0) for patch in patches])
        grey = np.abs(means - 90).max(axis=1) < 4
        assert grey.mean() > 0.2
        assert (means[~grey][:, :2] < 5).all(), "RGB: what is blue has neither red nor green"
        assert cut_patches(np.random.default_rng(0), (), 5) == []

    def test_what_holds_none_is_refused(self, tmp_path):
        for path in (str(tmp_path), str(tmp_path / "missing.mp4")):
            with pytest.raises(StreetError, match="holds no pictures"):
                cut_patches(np.random.default_rng(0), (path,), 1)
