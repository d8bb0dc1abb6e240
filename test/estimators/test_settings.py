"""Settings: what they may be, and that what may not be is refused by name."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from depth_perception.engines.settings import EngineSettings
from depth_perception.estimators.settings import CloudSettings, DepthSettings, OdometrySettings
from depth_perception.settings import SettingError, Settings

KINDS = (EngineSettings, DepthSettings, OdometrySettings, CloudSettings)


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (DepthSettings, {"minimum_range": -1.0}, "minimum_range is -1.0, expected 0.0 to 1000.0: Metres"),
        (DepthSettings, {"minimum_range": 10.0, "maximum_range": 10.0}, "expected the minimum below the maximum"),
        (DepthSettings, {"maximum_range": 0.0}, "maximum_range is 0.0, expected 0.1 to"),
        (DepthSettings, {"maximum_range": float("nan")}, "maximum_range is nan"),
        (DepthSettings, {"scale_source": "guess"}, "scale_source is 'guess', expected one of: model, constant, ground"),
        (DepthSettings, {"scale": 0.0}, "scale is 0.0"),
        (OdometrySettings, {"maximum_gap": 0.0}, "maximum_gap is 0.0, expected 0.01 to 60.0: Seconds"),
        (OdometrySettings, {"scale_sigma": 1.1}, "scale_sigma is 1.1"),
        (CloudSettings, {"minimum_height": 2.0, "maximum_height": 1.0}, "minimum_height is 2.0 and maximum_height 1.0"),
        (CloudSettings, {"minimum_range": 90.0}, "minimum_range is 90.0 and maximum_range 80.0"),
        (CloudSettings, {"voxel_size": 1e-30}, "voxel_size is 1e-30 m, expected 0 .off., or at least 0.001"),
        (EngineSettings, {"threads": -1}, "threads is -1"),
        (EngineSettings, {"precision": "int4"}, "precision is 'int4'"),
    ],
)
def test_impossible_settings_are_refused_by_name(kind: type[Settings], values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message) as refusal:
        kind(**values)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_frozen_and_say_what_they_mean(kind: type[Settings]) -> None:
    settings = kind()
    for item in kind.table():
        assert len(item.description) > 10
        assert getattr(settings, item.name) == item.default
        with pytest.raises(FrozenInstanceError):
            setattr(settings, item.name, item.default)


def test_what_is_not_as_usual_is_told() -> None:
    assert DepthSettings().changed() == {}
    assert DepthSettings(maximum_range=30.0, scale_source="constant").changed() == {
        "maximum_range": 30.0,
        "scale_source": "constant",
    }


def test_they_are_found_among_others() -> None:
    values = {item.name: item.default for item in OdometrySettings.table()} | {"odom_frame": "odom", "maximum_gap": 2.0}
    assert OdometrySettings.of(values) == OdometrySettings(maximum_gap=2.0)
