"""How much of the step behind a pole is seen, on scenes whose answer is known."""

import numpy as np
import pytest

from training.evaluation.poles import pole_contrasts


def scene(seen):
    truth = np.full((120, 200), 50.0, np.float32)
    poles = np.zeros((120, 200), bool)
    poles[20:100, 90:95] = True
    truth[poles] = 15.0
    prediction = np.full_like(truth, 50.0)
    prediction[poles] = 50.0 * (15.0 / 50.0) ** seen
    return truth, prediction, poles


@pytest.mark.parametrize("seen", [0.0, 0.5, 1.0])
def test_contrast_is_the_share_of_the_step(seen):
    assert pole_contrasts(*scene(seen)) == pytest.approx([seen], abs=1e-5)


def test_poles_elsewhere_and_before_near_walls_do_not_count():
    truth, prediction, poles = scene(1.0)
    assert pole_contrasts(np.where(poles, 30.0, truth), prediction, poles) == []
    assert pole_contrasts(np.where(poles, truth, 18.0), prediction, poles) == []
    poles[30:100] = False  # too short to be one
    assert pole_contrasts(truth, prediction, poles) == []
