"""Street drives of seeds that nobody trains on."""

from __future__ import annotations

from argparse import Namespace

from depth_perception.evaluation.depth_report import DepthReport
from depth_perception.evaluation.frame import Depth, Frame
from depth_perception.evaluation.protocol import DepthProtocol
from depth_perception.model_file import Score
from training.data.datasets.street import StreetData, render_drives
from training.evaluation.figures import scored
from training.evaluation.obstacles import OBSTACLES
from training.evaluation.poles import pole_contrasts
from training.evaluation.world import World
from training.street.labels import POLE

POLES = "poles seen"


class Street(World):
    """With poles, which are slim."""

    def scores(self, report: DepthReport, options: Namespace) -> tuple[Score, ...]:
        scores = super().scores(report, options)
        if POLES in report.extras:
            words = "poles 12 to 18 m away; share that stands out by half its true contrast or more"
            scores += scored(f"{report.protocol.truth}, {words}", {POLES: report.extras[POLES].mean})
        return scores


def poles_seen(frame: Frame, prediction: Depth) -> list[float]:
    """1 for each pole that stands out by half its true contrast or more, 0 for each other."""
    assert frame.labels is not None  # of the street world all are known
    return [float(contrast >= 0.5) for contrast in pole_contrasts(frame.truth, prediction, frame.labels == POLE)]


STREET = Street(
    DepthProtocol("street", "street drives", view="robot", resize="disparity"),
    extras={POLES: poles_seen, **OBSTACLES},
    data=StreetData,
    render=render_drives,
    length=200,
    step=10,
)
BENCHMARKS = (STREET,)
