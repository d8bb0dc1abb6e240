"""Images to motion by what stands still in them: corners, their depth, and a pose network's proposal."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from depth_perception.estimators.corners import CornerTracker, Grey, Points
from depth_perception.estimators.landmarks import Landmarks, depth_at
from depth_perception.estimators.odometry import NANOSECONDS, LateImages, Motion, VisualOdometry
from depth_perception.estimators.pose_fit import PoseFit, Sight, fit_pose, length_change, pose_from_epipolar, sight
from depth_perception.estimators.scale import ScaleEstimate
from depth_perception.estimators.settings import OdometrySettings
from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import (
    Array,
    change_frame,
    cross_matrix,
    inverse,
    pose_from,
    rotation_from_vector,
    vector_from_rotation,
)

MotionSource = Literal["corners", "standstill", "network"]
"""What a motion comes from: corners, corners that did not move, or, where corners say nothing, the pose network."""

_WIDEST = 1400
"""Columns of the image that corners are followed in; larger ones are halved until they fit."""
_PIXEL_NOISE, _LEAST_NOISE, _MOST_NOISE = 0.35, 0.2, 0.6
"""Pixels, one sigma of a followed corner: at first, and the limits of what is made of it."""
_FEWEST = 20
"""Corners that a motion can be told from."""
_SMALLEST_SHARE = 0.35
"""Of the corners, that must agree on a motion."""
_USUAL, _DOUBTFUL = 0.25, 0.3
"""Cost of a pose, and that from which on another is looked for that explains the corners better."""
_POOR = 0.4
"""From which on others are tried that do not explain them better to begin with."""
_FOUND_SHARE = 0.5
"""Of the corners, that should be found where they were expected: if fewer are, they are looked for everywhere."""
_PARALLAX = 15.0
"""Pixels that the middle corner may move (turning left out) until there is a new keyframe."""
_REMAINING = 0.6
"""Share of a keyframe's corners that must be left, else there is a new one."""
_PULL = 0.05
"""Share by which the corners' depths give way to the network's at each keyframe."""
_STILL, _STILL_MIDDLE = 0.35, 0.12
"""Pixels that a corner may move at rest, and that the middle one may."""
_STANDS, _STAYS = 0.6, 0.35
"""Share of the corners that must be still to come to rest, and to stay there."""
_LOWEST, _HORIZON, _NEAREST = 0.2, 0.1, 0.05
"""Height of a camera, in metres, that can see the ground; slope of a ray that must meet it; share of its depth at which
a point is still ahead."""
_HARDLY_ANY = 1e-6
"""Least inverse depth, 1/m, that a depth is made of."""
_OWN_STILL, _OWN_EXPECTED = 0.5, 2.0
"""Pixels that a corner of the own vehicle moves at most, and should move at least, were it part of the street."""
_DEPTH_AGE = 3_000_000_000
"""Nanoseconds after which lengths follow the pose network again, if no depth came."""
_HISTORY = 30
"""Latest frames, for which depth may still come."""
_NOISE_GAIN = 0.1
_SHORTEST = 0.02
"""Of a step, in units of depth, whose length says anything."""
_ALIKE = 3.0
"""What the corners say of a step's variance, times this: errors of neighbouring steps are alike, filters take them for
independent. So set that the covariance of a trajectory was right on drives of the street world."""
_DOUBT, _FITS = 35.0, 0.29
"""How fast doubt in a pose grows with its cost, and the cost up to which its covariance is right as it is."""
_FAR_LESS_SURE = 10.0
"""Times the pose network's standard deviation of a step: corners that are less sure of it, as in near darkness, say
nothing. On roads in daylight it was never 5."""
_FLOOR = np.repeat([1e-4, 2e-5], 3)
"""Metres and radians: no step is known better."""


@dataclass(frozen=True)
class _Past:
    """A frame: where its corners were, and `T_frame_keyframe` of the keyframe since."""

    stamp: int
    names: npt.NDArray[np.int64]
    rays: Array
    pose: Array


class RefinedOdometry:
    """Refines the motion that a pose network proposes by corners of the images.

    Corners are followed from image to image; the pose relative to the last keyframe is the one they fit best, given
    what is known of their depth. A keyframe gives way to the next only when the view has changed enough, so that the
    noise of small motions does not add up. Depth images (`add_depth`), which may come late or not at all, say how far
    the corners are. Lengths are the depth images' if those know metres and `OdometrySettings.scale_source` lets them
    say, else the pose network's.

    Args:
        proposal: The pose network's odometry of the same camera; it runs on every image.
        body_from_camera: As of `VisualOdometry`.

    Attributes:
        source: What the last motion came from.
        proposed: The pose network's motion for the last image.
        camera: The pinhole of the images that corners are followed in.
        seen: The last of them.
        restarts: How often it started anew because of a gap or because time went back.
    """

    def __init__(
        self,
        proposal: VisualOdometry,
        camera: Camera,
        body_from_camera: npt.ArrayLike,
        settings: OdometrySettings = OdometrySettings(),
    ) -> None:
        shrink = 1
        while camera.width > _WIDEST * shrink:
            shrink *= 2
        self._view = NetworkView(camera, camera.width // shrink, camera.height // shrink)
        self.camera = self._view.camera
        self._proposal = proposal
        self._body_from_camera = np.asarray(body_from_camera, np.float64)
        self._maximum_gap = settings.maximum_gap
        self._asks_depth = settings.scale_source not in ("model", "constant")
        self._tracker = CornerTracker(self.camera.width, self.camera.height)
        self.proposed: Motion | None = None
        self.seen: Grey = np.zeros((self.camera.height, self.camera.width), np.uint8)
        self.restarts = 0
        self._late = LateImages()
        self._next_name = 0
        self._landmarks = Landmarks()
        self._pose: Array = np.eye(4)
        self._covariance: Array = np.zeros((6, 6))
        self._begin()

    @property
    def scale(self) -> ScaleEstimate:
        """What makes metres of lengths: the depth images' scale, or the pose network's, which can be set."""
        return self._proposal.scale if self._depth_scale is None else self._depth_scale

    @scale.setter
    def scale(self, scale: ScaleEstimate) -> None:
        self._proposal.scale = scale

    @property
    def goes_by_depth(self) -> bool:
        """Whether lengths are those of the depth images, not the pose network's."""
        return self._depth_scale is not None

    def free(self) -> npt.NDArray[np.bool_]:
        """``[height, width]`` of `camera`: where its images do not show the own vehicle."""
        return self._tracker.free()

    @property
    def corners(self) -> Points:
        """``[n, 2]``: column and row of the corners in the last image, of the size that they are followed in."""
        return self._tracker.points

    def _begin(self) -> None:
        self.source: MotionSource = "network"
        self._noise = _PIXEL_NOISE / self.camera.fx
        self._cost = _USUAL
        self._stamp: int | None = None
        self._depth_stamp = 0
        self._depth_scale: ScaleEstimate | None = None
        self._depth_factor: float | None = None
        self._last_depth: tuple[npt.NDArray[np.float32], Camera] | None = None
        self._velocity: Array | None = None
        self._length_factor = 1.0
        self._past: deque[_Past] = deque(maxlen=_HISTORY)

    def update(self, image: npt.NDArray[np.uint8], stamp: int) -> Motion | None:
        """The motion since the last image, as `VisualOdometry.update`; None too if nothing can be told of it."""
        pause = 0.0 if self._stamp is None else (stamp - self._stamp) * NANOSECONDS
        if self._stamp == stamp or self._late.is_one(-self._maximum_gap < pause < 0):
            return None
        if not 0 <= pause <= self._maximum_gap:
            self._begin()
            self._proposal.reset()
            self.restarts += 1
        self.proposed = self._proposal.update(image, stamp)
        self.seen = grey = self._view.grey(image)
        start, self._stamp = self._stamp, stamp
        if start is None:
            self._start_keyframe(grey)
            motion = None
        else:
            motion = self._follow(grey, start, stamp)
        self._past.append(_Past(stamp, self._landmarks.names, self._rays(self._tracker.points), self._pose.copy()))
        return motion

    def add_depth(self, stamp: int, depth: npt.NDArray[np.float32], camera: Camera, scale: ScaleEstimate) -> None:
        """Takes the depth image ``[height, width]`` of a recent frame, its pinhole, and what it was multiplied with, as
        `DepthResult` has them. Depth of frames that are too old, or unknown, is left aside.
        """
        past = next((frame for frame in self._past if frame.stamp == stamp), None)
        if past is None:
            return
        if scale.known and self._asks_depth:
            self._last_depth = depth, camera
        landmarks = self._landmarks
        _, ours, theirs = np.intersect1d(landmarks.names, past.names, assume_unique=True, return_indices=True)
        # Along its ray of the keyframe: z_frame = (R ray)_z z_keyframe + t_z.
        forward, found = np.full((2, len(landmarks)), np.nan)
        forward[ours] = landmarks.rays[ours] @ past.pose[2, :3]
        found[ours] = depth_at(past.rays[theirs], depth, camera)
        forward[forward <= _NEAREST] = np.nan
        metric = scale.known and self._asks_depth
        begins = metric and self._depth_scale is None
        if np.count_nonzero(np.isfinite(found) & (found > 0)) < (_FEWEST if begins else 1):
            return  # lengths are not those of a depth image that says of hardly a corner how far it is
        # Compared where the depth was seen, so that the way since, which may be of another length, is out of it.
        own = forward / np.maximum(landmarks.inverse_depth, _HARDLY_ANY) + past.pose[2, 3]
        difference = landmarks.compare(found / np.where(own > 0, own, np.nan))
        if metric:
            self._depth_stamp, self._depth_scale = stamp, scale
            self._pull(difference, 1.0 if begins else _PULL)
        else:  # it shows which corner is how many times as far as another
            if difference is not None:
                known = 0.0 if self._depth_factor is None else np.log(self._depth_factor)
                gain = 1.0 if self._depth_factor is None else _PULL
                self._depth_factor = float(np.exp(known - gain * (difference + known)))
            if self._depth_factor is None:
                return
            found *= self._depth_factor
        landmarks.learn((found - past.pose[2, 3]) / forward)
        if begins and difference is None:
            self._lengthen_way()

    def _follow(self, grey: Grey, start: int, stamp: int) -> Motion | None:
        seconds = (stamp - start) * NANOSECONDS
        proposed = self._proposed_step(start)
        guess = self._guess(proposed, seconds)
        found, kept = self._find(grey, guess)
        if self._stands_still(found, kept):
            self.source, self._velocity = "standstill", np.zeros(6)
            return self._motion(np.eye(4), np.zeros((6, 6)), start, stamp)
        self._tracker.accept(grey, found)
        self._select(kept)
        seen = self._rays(self._tracker.points)[:, :2]
        fit = self._fit(seen, guess, proposed)
        if fit is None:
            return self._by_network(grey, proposed)
        at = self._sight(fit.pose, seen)
        if np.count_nonzero(at.inliers) < max(_FEWEST, _SMALLEST_SHARE * len(seen)):
            return self._by_network(grey, proposed)
        step = fit.pose @ inverse(self._pose)
        self._cost += _NOISE_GAIN * (at.cost - self._cost)
        motion = self._motion(step, doubt(self._cost) * (fit.covariance - self._covariance), start, stamp)
        if proposed is not None and self._is_far_less_sure(motion):
            return self._by_network(grey, proposed)
        self.source = "corners"
        self._velocity = _vector(step) / seconds
        self._pose, self._covariance = fit.pose, fit.covariance
        self._noise = self._learnt_noise(at)
        self._compare_lengths(step, proposed)
        if self._keyframe_is_over(at, seen):
            self._next_keyframe(at, seen)
        return motion

    # Where corners should be, and are.

    def _proposed_step(self, start: int) -> Array | None:
        """The pose network's motion since the last image, `T_current_last`, as long as the corners would say."""
        if self.proposed is None or self.proposed.start != start:
            return None
        step = inverse(change_frame(self.proposed.transform, inverse(self._body_from_camera)))
        step[:3, 3] *= self._length_factor
        return step

    def _guess(self, proposed: Array | None, seconds: float) -> Array:
        """Where the camera might be, `T_current_keyframe`."""
        if self._velocity is not None:
            vector = self._velocity * seconds
            return pose_from(rotation_from_vector(vector[:3]), vector[3:]) @ self._pose
        return self._pose if proposed is None else proposed @ self._pose

    def _find(self, grey: Grey, guess: Array) -> tuple[Points, npt.NDArray[np.bool_]]:
        if self._velocity is None:
            return self._tracker.follow(grey, None)
        landmarks = self._landmarks
        points = landmarks.rays @ guess[:3, :3].T + landmarks.inverse_depth[:, None] * guess[:3, 3]
        ahead = points[:, 2] > 0.05
        expected = points[:, :2] / np.where(ahead, points[:, 2], 1.0)[:, None]
        pixels = expected * [self.camera.fx, self.camera.fy] + [self.camera.cx, self.camera.cy]
        ahead &= np.all((pixels >= 0) & (pixels <= [self.camera.width - 1, self.camera.height - 1]), axis=1)
        pixels[~ahead] = self._tracker.points[~ahead]
        found, kept = self._tracker.follow(grey, pixels.astype(np.float32))
        if np.count_nonzero(kept) < _FOUND_SHARE * len(kept):
            anywhere, kept_anywhere = self._tracker.follow(grey, None)
            if np.count_nonzero(kept_anywhere) > np.count_nonzero(kept):
                return anywhere, kept_anywhere
        return found, kept

    def _stands_still(self, found: Points, kept: npt.NDArray[np.bool_]) -> bool:
        """Whether the camera is where it was when the corners were last moved on.

        At rest they are not, so that their noise adds up to nothing, and a creep is noticed once it is large enough.
        """
        if np.count_nonzero(kept) < max(_FEWEST, _FOUND_SHARE * len(kept)):
            return False
        moved = np.linalg.norm(found[kept] - self._tracker.points[kept], axis=1)
        still = float(np.mean(moved < _STILL))
        if self.source == "standstill":
            return still >= _STAYS
        return still >= _STANDS and float(np.median(moved)) < _STILL_MIDDLE

    # The pose that they fit.

    def _fit(self, seen: Array, guess: Array, proposed: Array | None) -> PoseFit | None:
        if len(seen) < _FEWEST:
            return None
        landmarks = self._landmarks
        corners = (landmarks.rays, landmarks.inverse_depth, landmarks.variance, seen, self._noise)
        length = float(np.linalg.norm(guess[:3, 3]))
        starts = [guess, self._pose]
        if proposed is not None:
            starts.append(proposed @ self._pose)

        def cost(pose: Array) -> float:
            return sight(pose, *corners).cost

        first, *others = sorted(starts, key=cost)
        fit = fit_pose(first, *corners)
        if (reached := cost(fit.pose)) > _DOUBTFUL:  # an essential matrix costs as much as everything else here
            if (epipolar := pose_from_epipolar(*corners, length)) is not None:
                others.append(epipolar)
            other = min(others, key=cost)
            # In a turn on the spot any length of the epipolar one fits corners of unknown depth.
            if min(cost(other), _POOR) < reached:
                fit = min(fit, fit_pose(other, *corners), key=lambda fit: cost(fit.pose))
        known = np.count_nonzero(landmarks.variance < (0.5 * landmarks.inverse_depth) ** 2)
        if known < _FEWEST:  # nothing but the proposal says how far it went
            fit.pose[:3, 3] *= length / max(float(np.linalg.norm(fit.pose[:3, 3])), 1e-9)
        elif (factor := length_change(fit.pose, *corners)) is not None:
            fit.pose[:3, 3] *= factor
        return fit

    def _sight(self, pose: Array, seen: Array) -> Sight:
        landmarks = self._landmarks
        return sight(pose, landmarks.rays, landmarks.inverse_depth, landmarks.variance, seen, self._noise)

    def _by_network(self, grey: Grey, proposed: Array | None) -> Motion | None:
        """Corners say nothing: the pose network's motion, if there is one, and new corners."""
        self.source = "network"
        self._velocity = None
        self._start_keyframe(grey)
        if self.proposed is None or proposed is None:
            return None
        transform = change_frame(inverse(proposed), self._body_from_camera)
        return replace(self.proposed, transform=transform, scale=self.scale)

    def _is_far_less_sure(self, motion: Motion) -> bool:
        """Than the pose network, of how far it went."""
        assert self.proposed is not None
        own, other = (np.trace(sure.covariance[:3, :3]) for sure in (motion, self.proposed))
        return bool(own > _FAR_LESS_SURE**2 * other)

    def _learnt_noise(self, at: Sight) -> float:
        noise = self._noise * (1.0 + _NOISE_GAIN * (np.sqrt(np.median(at.distances)) - 1.0))
        return float(np.clip(noise * self.camera.fx, _LEAST_NOISE, _MOST_NOISE)) / self.camera.fx

    # Keyframes.

    def _keyframe_is_over(self, at: Sight, seen: Array) -> bool:
        turned = self._landmarks.rays @ self._pose[:3, :3].T
        parallax = np.median(np.linalg.norm(seen - turned[:, :2] / turned[:, 2:], axis=1)) * self.camera.fx
        inliers = np.count_nonzero(at.inliers)
        return bool(parallax > _PARALLAX or inliers < _REMAINING * self._corners_at_first)

    def _start_keyframe(self, grey: Grey) -> None:
        """With new corners alone."""
        self._tracker.forget()
        self._tracker.accept(grey, self._tracker.points)
        self._landmarks = Landmarks()
        self._past.clear()
        self._fill_keyframe()

    def _next_keyframe(self, at: Sight, seen: Array) -> None:
        """The current frame, with the corners that fit, and new ones."""
        self._blame_own_vehicle(at, seen)
        if self._depth_scale is not None and (self._stamp or 0) - self._depth_stamp > _DEPTH_AGE:
            self._depth_scale = None
        if self._depth_scale is None:
            self._pull(self._length_difference(), _PULL)
        kept = self._landmarks.move(self._pose, at, seen, self._noise)
        self._tracker.select(kept)
        self._select(self._tracker.allowed())
        back = inverse(self._pose)
        self._past = deque((replace(past, pose=past.pose @ back) for past in self._past), _HISTORY)
        self._fill_keyframe()

    def _fill_keyframe(self) -> None:
        added = self._tracker.replenish()
        rays = self._rays(self._tracker.points[len(self._landmarks) :])
        self._landmarks.append(np.arange(self._next_name, self._next_name + added), rays, self._expected(rays))
        self._next_name += added
        self._corners_at_first = len(self._landmarks)
        self._pose, self._covariance = np.eye(4), np.zeros((6, 6))
        self._pulled = False
        self._lengths = np.zeros(2)

    def _blame_own_vehicle(self, at: Sight, seen: Array) -> None:
        """What stays in its place while the camera moves is part of the vehicle: were it the street, it would be no
        farther than the ground in its direction.
        """
        rays, pixels = self._landmarks.rays, self.camera.fx
        points = rays @ self._pose[:3, :3].T + np.nan_to_num(self._ground(rays))[:, None] * self._pose[:3, 3]
        expected = points[:, :2] / np.maximum(points[:, 2:], _NEAREST) - rays[:, :2]
        expected, moved = (np.linalg.norm(change, axis=1) * pixels for change in (expected, seen - rays[:, :2]))
        places = self._tracker.points
        self._tracker.blame(places[(moved < _OWN_STILL) & (expected > _OWN_EXPECTED)], 1.0)
        self._tracker.blame(places[at.inliers & (moved > _OWN_EXPECTED)], -0.5)

    def _expected(self, rays: Array) -> Array:
        """Inverse depth along rays, ``[n]``, until depth of their own image comes: what the last depth image has there,
        for views change little and the own vehicle not at all; else the ground's; else NaN.
        """
        ground = self._ground(rays)
        if self._last_depth is None:
            return ground
        told = 1.0 / depth_at(rays, *self._last_depth)  # 0 of what is beyond the network's range
        return np.where(np.isnan(told), ground, told)

    def _ground(self, rays: Array) -> Array:
        """Inverse depth of a level ground along rays, ``[n]``; NaN towards the horizon and above it."""
        height = self._body_from_camera[2, 3]
        fall = -rays @ self._body_from_camera[2, :3]
        if height < _LOWEST or not self.scale.known:
            return np.full(len(rays), np.nan)
        return np.where(fall > _HORIZON, fall / height, np.nan)

    # Lengths.

    def _compare_lengths(self, step: Array, proposed: Array | None) -> None:
        """How the steps compare with the pose network's, for when that is all there is."""
        if proposed is None:
            return
        lengths = np.linalg.norm([step[:3, 3], proposed[:3, 3]], axis=1)
        if lengths.min() > _SHORTEST:
            ratio = float(np.clip(lengths[0] / lengths[1], 0.5, 2.0))
            self._length_factor *= ratio**_PULL
        self._lengths += lengths[0], lengths[1] / self._length_factor

    def _length_difference(self) -> float | None:
        """ln of the pose network's way since the keyframe, by that of the corners."""
        own, proposed = self._lengths
        return float(np.log(proposed / own)) if min(own, proposed) > _SHORTEST else None

    def _pull(self, difference: float | None, gain: float) -> None:
        """All lengths give way to what they should be by a share of it, at most once in a keyframe."""
        if difference is None or self._pulled:
            return
        self._pulled = True
        factor = float(np.exp(gain * difference))
        self._landmarks.rescale(factor)
        self._rescale_way(factor)

    def _lengthen_way(self) -> None:
        """The way since the keyframe, which nobody knew the length of, becomes as long as its corners now say."""
        landmarks, seen = self._landmarks, self._rays(self._tracker.points)[:, :2]
        corners = (landmarks.rays, landmarks.inverse_depth, landmarks.variance, seen, self._noise)
        if (factor := length_change(self._pose, *corners)) is not None:
            self._rescale_way(factor)

    def _rescale_way(self, factor: float) -> None:
        for pose in (self._pose, *(past.pose for past in self._past)):
            pose[:3, 3] *= factor
        if self._velocity is not None:
            self._velocity[3:] *= factor

    # What comes out.

    def _motion(self, step: Array, covariance: Array, start: int, stamp: int) -> Motion:
        """In body axes, of the camera's step `T_current_last` and what it adds to the covariance of its pose."""
        motion = inverse(step)
        # An error of the step, which is applied from the left in current axes, as turn and shift in those at the start:
        turn = -motion[:3, :3]
        change = np.zeros((6, 6))
        mount = self._body_from_camera
        lever = motion[:3, :3] @ inverse(mount)[:3, 3]  # the body's origin turns about the camera
        change[:3, 3:] = mount[:3, :3] @ turn
        change[:3, :3] = -mount[:3, :3] @ cross_matrix(lever) @ turn
        change[3:, :3] = mount[:3, :3] @ turn
        noise = _ALIKE * change @ _positive(covariance) @ change.T + np.diag(_FLOOR**2)
        return Motion(change_frame(motion, mount), start, stamp, noise, self.scale)

    def _rays(self, points: Points) -> Array:
        """``[n, 3]`` of pixels ``[n, 2]``."""
        rays = np.ones((len(points), 3))
        rays[:, :2] = (points - [self.camera.cx, self.camera.cy]) / [self.camera.fx, self.camera.fy]
        return rays

    def _select(self, kept: npt.NDArray[np.bool_]) -> None:
        self._tracker.select(kept)
        self._landmarks.select(kept)


def doubt(cost: float) -> float:
    """What the covariance of a pose is times, by how badly corners have fitted lately (`Sight.cost`).

    Where they fit badly, as on a motorway of repeating textures, their errors are alike, and many corners do not make
    up for it. So set on drives of the street world: without it the mean normalised squared error after 100 m was 0.1
    to 0.3 in towns (cost 0.21), 0.8 and 1.5 on two motorways (0.30 and 0.31), 5 and 8 on two others (0.34).
    """
    return float(np.exp(_DOUBT * max(cost - _FITS, 0.0)))


def _vector(pose: Array) -> Array:
    """Rotation vector and translation, ``[6]``."""
    return np.concatenate([vector_from_rotation(pose[:3, :3]), pose[:3, 3]])


def _positive(covariance: Array) -> Array:
    """The nearest covariance that takes nothing away: later corners may know a pose better than earlier ones."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray(vectors * np.maximum(values, 0.0) @ vectors.T, np.float64)
