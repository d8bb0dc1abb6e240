"""From snippets to what a training step takes, and in which order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset, DistributedSampler

from depth_perception.geometry.pose import inverse, vector_from_rotation
from training.data.augmentation import NONE, Appearance, Augmentation, Window, resized, resized_nearest
from training.data.snippet import UNLABELLED, Snippet, SnippetSource, Truth
from training.data.turning import rolled, turned
from training.errors import TrainingError

Sample = dict[str, Tensor]
"""One sample; a batch has the same keys and one more dimension in front.

* ``inputs``: uint8 RGB ``[n, H, W, 3]``, oldest first: what the networks see.
* ``images``: the same frames with their true colours, for the losses. Of both, frames that nothing is learnt from may
  be black: see `SnippetSamples`.
* ``intrinsics``: ``[3, 3]`` of these frames.
* ``depth``: of the middle frame, ``[H, W]`` metres; NaN unknown, +inf sky.
* ``motions``: ``[n - 1, 6]`` of `T_k_(k+1)` as rotation vector and translation; NaN unknown.
* ``distances``: ``[n - 1]`` metres driven; NaN unknown.
* ``labels``: of the middle frame, uint8 ``[H, W]``, classes; `UNLABELLED` unknown.
"""


REMEDY = (
    "ask its source for it (truth), leave the source out, or learn from each what it has with"
    " training.systems.weakly_supervised.WeaklySupervisedSystem"
)


class SnippetSamples(Dataset[Sample]):
    """Augmented samples from sources after one another; numbered ``(epoch, index, step)``.

    All chance comes from the seed, the epoch and the index, so that any sample of any epoch can be had again: a resumed
    run sees what an uninterrupted one would have seen, with any number of workers. The size comes from the step: its
    samples are of one size.

    Args:
        sources: where snippets come from.
        sizes: width and height of the samples; a step has one of them, in turn.
        augmentation: what is done to them.
        seed: of all chance.
        middle_of_known: of a sample whose depth is known, prepares the middle frame alone and leaves the others black:
            a third of the work, where neither views nor motions are learnt from it. All else stays as it is, bit by
            bit.
        needs: what of the truth a snippet must not lack that has labels to teach.
    """

    def __init__(
        self,
        sources: Sequence[SnippetSource],
        sizes: Sequence[tuple[int, int]],
        augmentation: Augmentation = NONE,
        seed: int = 0,
        middle_of_known: bool = False,
        needs: Collection[Truth] = (),
    ) -> None:
        self._sources = list(sources)
        self._ends = np.cumsum([len(source) for source in self._sources])
        self._sizes = list(sizes)
        self._augmentation = augmentation
        self._seed = seed
        self._middle_of_known = middle_of_known
        self._needs = needs

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, key: tuple[int, int, int] | int) -> Sample:
        epoch, index, step = key if isinstance(key, tuple) else (0, key, 0)
        source = int(np.searchsorted(self._ends, index, side="right"))
        start = 0 if source == 0 else int(self._ends[source - 1])
        rng = np.random.default_rng((self._seed, epoch, index))
        snippet = self._sources[source][index - start]
        for truth in self._needs:
            if getattr(snippet, truth) is None and snippet.labels is not None:
                raise TrainingError(
                    f"{snippet.name or f'sample {index}'}: has labels and no true {truth}, which is what this training"
                    f" learns: {REMEDY}"
                )
        size = self._sizes[step % len(self._sizes)]
        return make_sample(snippet, *size, self._augmentation, rng, self._middle_of_known)


def make_sample(
    snippet: Snippet,
    width: int,
    height: int,
    augmentation: Augmentation,
    rng: np.random.Generator,
    middle_of_known: bool = False,
) -> Sample:
    """One sample of a snippet; see `SnippetSamples`."""
    if not augmentation.downsample_last:
        snippet = shrunk(snippet, width, height)
    if augmentation.turn:
        snippet = turned(snippet, augmentation.turn, rng)
    if augmentation.roll:
        snippet = rolled(snippet, augmentation.roll, rng)
    camera = None
    while camera is None:  # a window that does not hold the principal point is no camera of ours
        window = Window.draw(snippet.camera, width, height, augmentation, rng)
        camera = window.camera(snippet.camera, width, height)
    appearance = Appearance(augmentation, rng)
    unlike = bool(augmentation.unlike) and rng.random() < augmentation.unlike
    depth: npt.NDArray[np.float32] = np.full((height, width), np.nan, np.float32)
    if snippet.depth is not None:
        depth = resized_nearest(window.cut(snippet.depth, np.nan), width, height).astype(np.float32)
    middle, frames = len(snippet.images) // 2, len(snippet.images)
    middle_alone = middle_of_known and not np.isnan(depth).all()
    images, inputs = (np.zeros((frames, height, width, 3), np.uint8) for _ in range(2))
    for k, image in enumerate(snippet.images[: middle + 1] if middle_alone else snippet.images):
        if middle_alone and k < middle:
            appearance.skip((window.height, window.width, 3))
            continue
        if unlike and k:
            appearance = Appearance(augmentation, rng)
        cut = window.cut(image)
        images[k] = resized(cut, width, height)
        inputs[k] = resized(appearance.apply(cut), width, height)
    labels: npt.NDArray[np.uint8] = np.full((height, width), UNLABELLED, np.uint8)
    if snippet.labels is not None:
        labels = resized_nearest(window.cut(snippet.labels, UNLABELLED), width, height)
    motions: npt.NDArray[np.float64] = np.full((frames - 1, 6), np.nan)
    if snippet.poses is not None:
        motions = window.motions(motions_between(snippet.poses))
    distances = np.full(frames - 1, np.nan) if snippet.distances is None else snippet.distances
    return {
        "inputs": torch.from_numpy(inputs),
        "images": torch.from_numpy(images),
        "intrinsics": torch.from_numpy(camera.matrix.astype(np.float32)),
        "depth": torch.from_numpy(depth),
        "motions": torch.from_numpy(motions.astype(np.float32)),
        "distances": torch.from_numpy(np.asarray(distances, np.float32)),
        "labels": torch.from_numpy(labels),
    }


def shrunk(snippet: Snippet, width: int, height: int) -> Snippet:
    """The whole of a snippet's frames reduced until they only just cover ``width x height``."""
    camera = snippet.camera
    scale = max(width / camera.width, height / camera.height)
    if scale >= 1.0:
        return snippet
    small = camera.resized(round(camera.width * scale), round(camera.height * scale))
    return replace(
        snippet,
        images=[resized(image, small.width, small.height) for image in snippet.images],
        camera=small,
        depth=None if snippet.depth is None else resized_nearest(snippet.depth, small.width, small.height),
        labels=None if snippet.labels is None else resized_nearest(snippet.labels, small.width, small.height),
    )


def motions_between(poses: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Motions ``[n - 1, 6]`` of neighbouring poses `T_world_camera` ``[n, 4, 4]``."""
    relative = inverse(poses[:-1]) @ poses[1:]
    return np.concatenate([vector_from_rotation(relative[:, :3, :3]), relative[:, :3, 3]], axis=1)


class EpochSampler(DistributedSampler[tuple[int, int, int]]):
    """``(epoch, index, step)`` in a new order each epoch, each source with its share, no snippet again before all were
    had.

    Several processes share an epoch block by block, in turn: what all of them take in one step is what a single process
    takes that accumulates gradients over as many batches. Blocks that do not go round are left out.

    Args:
        lengths: of the sources.
        samples: of an epoch; None takes each snippet once.
        shares: of the sources, with `samples`; None takes what their lengths say.
        seed: of the order.
        rank, ranks: which process of how many.
        block: the batch size of one process.
        one_source: makes every block of one source: a step learns from samples of one kind. What does not fill blocks
            of all processes is left out.

    Attributes:
        epoch: the trainer tells, by `set_epoch`.
        skip: how many of this process's samples the next iteration leaves out at its start.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        samples: int | None = None,
        shares: Sequence[float] | None = None,
        seed: int = 0,
        rank: int = 0,
        ranks: int = 1,
        block: int = 1,
        one_source: bool = False,
    ) -> None:
        super().__init__(range(sum(lengths)), ranks, rank, seed=seed)  # type: ignore[arg-type] # the trainer asks it
        self._lengths = list(lengths)
        total = sum(lengths)
        weights = np.array(shares if shares is not None else lengths, float)
        weights /= weights.sum()
        self._counts = list(lengths) if samples is None else [round(samples * weight) for weight in weights]
        if samples is not None:
            self._counts[0] += samples - sum(self._counts)
        self._together = block * ranks if one_source else 1
        self._counts = [count // self._together * self._together for count in self._counts]
        if one_source and not all(self._counts):
            number = self._counts.index(0)
            raise TrainingError(
                f"source {number} has less than {self._together} samples in an epoch, a step's: give more data, more"
                " data.samples or a smaller data.batch_size"
            )
        self._offsets = np.cumsum([0, *self._lengths[:-1]])
        self._block = block
        self.skip = 0
        if total == 0:
            raise ValueError("no snippets to draw from")

    def __len__(self) -> int:
        total = sum(self._counts)
        return total if self.num_replicas == 1 else total // (self._block * self.num_replicas) * self._block

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        indices = self._order()
        if self.num_replicas > 1:
            whole = len(self) * self.num_replicas
            indices = indices[:whole].reshape(-1, self.num_replicas, self._block)[:, self.rank].ravel()
        return ((self.epoch, int(indices[k]), k // self._block) for k in range(self.skip, len(indices)))

    def _order(self) -> npt.NDArray[np.int64]:
        """Of all processes together."""
        order = []
        for source, (length, count, offset) in enumerate(zip(self._lengths, self._counts, self._offsets, strict=True)):
            first = self.epoch * count  # the place in an endless row of shuffled rounds
            while count > 0:
                turn, place = divmod(first, length)
                round_order = np.random.default_rng((self.seed, source, turn)).permutation(length)
                taken = round_order[place : place + count]
                order.append(taken + offset)
                first += len(taken)
                count -= len(taken)
        rng = np.random.default_rng((self.seed, len(self._lengths), self.epoch))
        indices = np.concatenate(order)
        if self._together > 1:
            steps = indices.reshape(-1, self._together)
            return np.asarray(steps[rng.permutation(len(steps))].ravel())
        return np.asarray(rng.permutation(indices))
