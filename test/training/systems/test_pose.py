"""How a pose network is trained alone: losses that vanish for the truth, and a network that finds motion."""

import numpy as np
import pytest
import torch
from helpers.drives import analytic_drive
from helpers.training import trainer
from torch.utils.data import DataLoader

from depth_perception.geometry.camera import Camera
from depth_perception.resources import model_path
from training.data.augmentation import NONE, Augmentation
from training.data.datasets.street import StreetSnippets
from training.data.datasets.video import VideoData
from training.data.module import refuse_without
from training.data.samples import SnippetSamples
from training.errors import TrainingError
from training.motion import motion_from_canonical, motion_from_centred
from training.networks.correlation_pose_net import CELL, CorrelationPoseNet, Matches
from training.networks.pose_net import PoseNet
from training.systems.exported import load_exported
from training.systems.learning_rate import LearningRate
from training.systems.pose import PoseLosses, PoseSystem
from training.systems.training_system import TrainingSystem

CAMERA = Camera(320, 160, 200.0, 200.0, 159.5, 75.0)
FOCAL = 100.0
GEOMETRY = Augmentation(flip=0.5, focal=(0.5, 0.9), colour=0.0, blur=0.0, noise=0.0, jpeg=0.0, turn=0.05)
ALL = PoseLosses(flow=1.0, inverse_depth=1.0)
STRIDES = (-2, -1, 1, 2)


@pytest.fixture(scope="module")
def drives():
    return [analytic_drive(CAMERA, frames=6, seed=seed, turn=0.03) for seed in range(3)]


def samples(drives, augmentation=NONE, width=160, height=64):
    snippets = StreetSnippets(drives, 2, ("depth", "poses"), STRIDES, every_stride=True)
    return SnippetSamples([snippets], [(width, height)], augmentation)


def system(network=None, losses=ALL, **options):
    torch.manual_seed(0)
    network = network or CorrelationPoseNet(FOCAL, (8, 8, 16, 16, 16))
    return PoseSystem(network, FOCAL, losses, learning_rate=LearningRate(2e-3), **options)


def true_matches(batch):
    """What the network should find, of analytic drives: NumPy's own projection of every cell's mean inverse depth."""
    answers = []
    for depth, intrinsics, motion in zip(batch["depth"], batch["intrinsics"], batch["motions"], strict=True):
        height, width = depth.shape[0] // CELL, depth.shape[1] // CELL
        inverse = (1 / depth.double().numpy()).reshape(height, CELL, width, CELL).mean((1, 3))
        fx, cx, cy = (float(intrinsics[i, j]) for i, j in ((0, 0), (0, 2), (1, 2)))
        columns, rows = np.meshgrid(*(CELL * np.arange(n) + (CELL - 1) / 2 for n in (width, height)))
        rays = np.stack([(columns - cx) / fx, (rows - cy) / fx, np.ones_like(columns)])
        turn = motion[0, :3].double().numpy()
        angle = np.linalg.norm(turn)
        x, y, z = turn / angle
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        matrix = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
        points = np.einsum("ij,jhw->ihw", matrix, rays) + motion[0, 3:].double().numpy()[:, None, None] * inverse
        there = np.stack([fx * points[0] / points[2] + cx, fx * points[1] / points[2] + cy])
        flow = (there - np.stack([columns, rows])) / CELL
        answers.append((flow, inverse[None] * fx / FOCAL))
    flow, inverse = (torch.from_numpy(np.stack(item)).float() for item in zip(*answers, strict=True))
    known = torch.isfinite(flow).all(1, keepdim=True)  # not beside the picture
    flow, inverse = torch.where(known, flow, 0.0), torch.where(known, inverse, 1.0)
    weight = known.float().expand_as(flow)
    return Matches(*(torch.cat((torch.zeros_like(item), item)) for item in (flow, weight, inverse)))


@pytest.mark.parametrize("augmentation", [NONE, GEOMETRY], ids=["plain", "augmented"])
def test_losses_vanish_for_the_truth_alone(drives, augmentation):
    batch = next(iter(DataLoader(samples(drives, augmentation), 12)))
    ours, truth = system(), true_matches(batch)
    flow, inverse_depth = ours._match_losses(batch, [truth, truth])
    assert flow < 5e-3
    assert inverse_depth < 1e-5
    off = truth._replace(flow=truth.flow + 0.1, inverse_depth=1.1 * truth.inverse_depth)
    flow, inverse_depth = ours._match_losses(batch, [off, off])
    assert flow > 0.1
    assert 0.05 < inverse_depth < 0.1


def test_true_matches_are_solved_to_the_true_motion(drives):
    """What is learnt from matches and what is learnt from motions agree: principal point, focal length, and all."""
    batch = next(iter(DataLoader(samples(drives, GEOMETRY), 12)))
    ours, truth = system(), true_matches(batch)
    # Previous frames' depth is not known here: the current ones alone must do.
    alone = truth._replace(weight=torch.cat((torch.zeros(12, *truth.weight.shape[1:]), truth.weight.chunk(2)[1])))
    motion = ours.network.motion(alone, batch["intrinsics"])
    assert (motion - batch["motions"])[..., :3].abs().max() < 1e-4
    assert (motion - batch["motions"])[..., 3:].abs().max() < 2e-3

    # As robots have it: solved with the principal point in the middle, and converted.
    offset = (batch["intrinsics"][:, :2, 2] - torch.tensor((79.5, 31.5))) / FOCAL
    assert offset.abs().max() > 0.02
    centred, factor = ours.network.motion(alone), ours.focal_factor(batch)[:, None]
    converted, left = (
        (motion_from_canonical(motion, factor) - batch["motions"]).abs()
        for motion in (motion_from_centred(centred, offset[:, None]), centred)
    )
    assert converted[..., :3].max() < 3e-3
    aside = [error[..., 3:5].mean() for error in (converted, left)]  # what a turn does to it is of the second order
    assert aside[0] < 0.5 * aside[1]


def test_what_may_move_is_left_to_the_network(drives):
    batch = next(iter(DataLoader(samples(drives), 4)))
    truth = true_matches(batch)
    off = truth._replace(flow=truth.flow.clone())
    off.flow[..., :10] += 3.0
    assert system()._match_losses(batch, [off])[0] > 0.5
    batch["labels"] = torch.full_like(batch["labels"], 255)
    batch["labels"][..., : 10 * CELL] = 13  # cars
    assert system()._match_losses(batch, [off])[0] < 5e-3


def test_it_learns_to_find_the_motion(drives, tmp_path):
    ours = system()
    items = samples(drives)
    before = error(ours, items)
    trainer(tmp_path, max_epochs=6, gradient_clip_val=1.0).fit(ours, DataLoader(items, 8, shuffle=True))
    assert error(ours, items) < 0.5 * before


def error(ours, items):
    """The mean error of a step's length, over the length."""
    ours.eval()
    batch = next(iter(DataLoader(items, len(items))))
    with torch.no_grad():
        answer = ours._answers(batch)[0]
    ours.train()
    known = batch["motions"]
    return float(((answer - known)[..., 3:].norm(dim=-1) / known[..., 3:].norm(dim=-1)).mean())


def test_zhous_network_is_trained_by_the_same_loss(drives, tmp_path):
    ours = system(PoseNet(2, 0.01, 0.1, 0.5), PoseLosses())
    loss, parts = ours.loss(next(iter(DataLoader(samples(drives), 4))))
    assert set(parts) == {"rotation", "translation"}
    assert loss.item() == pytest.approx(sum(part.item() for part in parts.values()))
    run = trainer(tmp_path, max_epochs=1, limit_train_batches=2)
    run.fit(ours, DataLoader(samples(drives), 4), DataLoader(samples(drives[:1]), 4))
    assert {"val/translation", "val/rotation_degrees"} <= set(run.callback_metrics)


def test_it_goes_on_from_a_model_file():
    network, expected = (CorrelationPoseNet(240.0) for _ in range(2))
    PoseSystem(network, 240.0, PoseLosses(), begin_with=str(model_path("posenet")), keep_statistics=True).begin()
    load_exported(expected, model_path("posenet"), "pose")
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], value)


def test_a_recording_teaches_what_it_was_followed_by():
    refuse_without({"poses"}, [VideoData("drive.mp4", CAMERA, followed="drive.tum")])
    with pytest.raises(TrainingError, match=r"VideoData \(drive\.mp4\) teaches no poses"):
        refuse_without({"poses"}, [VideoData("drive.mp4", CAMERA)])


def test_it_is_a_model_of_motion_alone():
    ours: TrainingSystem = system()
    assert ours.depth_model() is None
    assert ours.pose_model() is not None
    assert ours.truths == {"poses", "depth", "labels"}
    assert system(losses=PoseLosses()).truths == {"poses"}


def test_what_does_not_fit_is_named(drives):
    with pytest.raises(TrainingError, match="PoseNet matches nothing"):
        system(PoseNet(), ALL)
    with pytest.raises(
        TrainingError, match="CorrelationPoseNet has a focal_length of 90, expected 100: that of the canonical"
    ):
        system(CorrelationPoseNet(90.0))
    with pytest.raises(TrainingError, match=r"CorrelationPoseNet folded .*, whose statistics must stay: set"):
        system(begin_with="posenet.onnx")
    with pytest.raises(TrainingError, match="images are 160x48, CorrelationPoseNet takes multiples of 32: set data"):
        system().loss(next(iter(DataLoader(samples(drives, height=48), 2))))
    with pytest.raises(TrainingError, match="has a focal_length of 241, expected 240"):
        load_exported(CorrelationPoseNet(241.0), model_path("posenet"), "pose")
    three = SnippetSamples([StreetSnippets(drives, 3)], [(160, 64)])
    with pytest.raises(TrainingError, match=r"takes 2 frames, the samples have 3: data\.frames"):
        system().loss(next(iter(DataLoader(three, 2))))
