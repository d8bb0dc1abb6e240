"""The sample recording: it is what it says it is, and the models that come along are good on it."""

from __future__ import annotations

import numpy as np
import pytest

from depth_perception.cli.main import main
from depth_perception.estimators.view import NetworkView
from depth_perception.evaluation.judge import Judge
from depth_perception.evaluation.trajectory_metrics import path_length
from depth_perception.recordings.recording import Recording
from depth_perception.resources import DEPTH_MODEL, POSE_MODEL, SAMPLE_RECORDING, ResourceError, share_path


def test_its_truth_agrees_with_itself():
    with Recording.open(share_path(SAMPLE_RECORDING)) as recording:
        assert len(recording.stamps) == 150
        assert recording.duration == pytest.approx(14.9)
        assert recording.camera.is_distorted
        assert recording.odometry is not None
        assert recording.body_from_camera is not None
        # base_link lies on the road below the camera: the road in the true depth is as far down as the transform says
        view = NetworkView(recording.camera, 1248, 384)
        judge = Judge(recording)
        for image in recording.images():
            depth = recording.depth(image.stamp)
            if depth is not None:
                judge.depth(image.stamp, view.image(image.decode()), view.depth(depth.depth), view.camera, metric=True)
        road = judge.road_summary()
        assert judge.depth_frames == 30
        assert road is not None
        assert road.true_height is not None
        assert road.residual_median < 0.01
        assert road.height_median == pytest.approx(road.true_height, rel=0.03)

        # a car's speed, and it goes where it looks
        step = np.linalg.inv(recording.odometry.poses[:-1]) @ recording.odometry.poses[1:]
        assert 3 < path_length(recording.odometry.poses) / recording.duration < 20
        assert (step[:, 0, 3] > 0).all()
        assert np.abs(step[:, 1, 3]).max() < 0.1


@pytest.mark.slow
def test_the_models_that_come_along_are_good_on_it(tmp_path, capsys):
    try:
        share_path(DEPTH_MODEL), share_path(POSE_MODEL)
    except ResourceError as error:
        pytest.skip(f"no models in this checkout: {error}")
    bars = ["--fail-if", "abs_rel>0.15", "--fail-if", "road_residual>0.1", "--fail-if", "ate_percent_scaled>5"]
    bag = str(share_path(SAMPLE_RECORDING))
    assert main(["evaluate", "--bag", bag, "--output", str(tmp_path), *bars]) == 0, capsys.readouterr().err
