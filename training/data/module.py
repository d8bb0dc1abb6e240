"""All the data of a training, as Lightning takes it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Any

import cv2
import lightning
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.rank_zero import rank_zero_warn
from torch.utils.data import DataLoader, Subset

from training.data.augmentation import Augmentation
from training.data.datasets.street import StreetData
from training.data.datasets.video import VideoData
from training.data.label_sets import COARSER, LabelSetName, agreed_label_set, called, labels_of
from training.data.loader import ResumableLoader
from training.data.relabelled import RelabelledSnippets
from training.data.resumed import differences, plain
from training.data.samples import REMEDY, EpochSampler, Sample, SnippetSamples
from training.data.snippet import SnippetSource, Truth
from training.data.source import SourceSettings, refuse_incomplete
from training.errors import TrainingError


class DrivingData(lightning.LightningDataModule):
    """Street drives, real videos and datasets mixed in each batch; validation where depth is known.

    Args:
        width, height: of the samples: LR-Net's 416x128 or HR-Net's 1248x384; of validation, and of the exported model.
        more_sizes: width and height of what is trained on beside, as in ``[[288, 160], [256, 192]]``: each step has one
            of all sizes, in turn, so that one network serves cameras of several aspects.
        street: drives to train on.
        videos: real videos to train on.
        sources: datasets and recordings to train on, such as `training.data.datasets.kitti_raw.KittiRawData`.
        validation: street drives, or any source with true depth. None of its drives may be trained on. null judges
            nothing meanwhile.
        shared_drives: lets training and validation share drives all the same, as Zhou's lists for KITTI do: the frames
            beside those validated on are trained on, and the figures flatter.
        label_set: the classes to learn: those that the sources agree on, which null takes, or coarser ones.
        augmentation: of the training samples.
        frames: of a snippet; the middle one is the target.
        samples: of an epoch; null takes every snippet once.
        one_source: makes each batch of one source, in place of mixing them.
        batch_size: of training and validation.
        workers: processes that prepare samples; 0 prepares them in the training process.
        validation_step: takes every so-many-th snippet of the validation drives.
        seed: of the order and the augmentation.

    Attributes:
        training, validation: settings of the sources.
        training_data: what each source to train on is, and all that it can teach.
    """

    def __init__(
        self,
        width: int,
        height: int,
        validation: StreetData | SourceSettings | None = None,
        street: StreetData | None = None,
        videos: Sequence[VideoData] = (),
        sources: Sequence[SourceSettings] = (),
        shared_drives: bool = False,
        label_set: LabelSetName | None = None,
        more_sizes: Sequence[tuple[int, int]] = (),
        augmentation: Augmentation = Augmentation(),  # noqa: B008 - frozen
        frames: int = 3,
        samples: int | None = None,
        one_source: bool = False,
        batch_size: int = 4,
        workers: int = 1,
        validation_step: int = 10,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)  # a checkpoint says what it learned from
        self.training: list[SourceSettings] = [*([] if street is None else [street]), *videos, *sources]
        if not self.training:
            raise TrainingError(
                "neither street drives nor a video nor a dataset to train on: give data.street, data.videos or"
                " data.sources"
            )
        named = [*self.training, *([] if validation is None else [validation])]
        for source in named:
            refuse_incomplete(source)
        self.training_data = tuple(source.describe() for source in self.training)
        self.hparams["label_set"] = agreed_label_set(named, label_set)
        learnt: dict[str, Any] = {"street": street, "videos": videos, "sources": sources, "augmentation": augmentation}
        learnt |= {"width": width, "height": height, "frames": frames, "samples": samples, "batch_size": batch_size}
        learnt |= {"label_set": self.hparams["label_set"], "more_sizes": more_sizes}
        self._learnt_from = plain(learnt | {"one_source": one_source, "seed": seed}, "data")
        self.validation = validation
        self._shared_drives = shared_drives
        self._sizes = [(width, height), *((size[0], size[1]) for size in more_sizes)]
        self._augmentation = augmentation
        self._frames, self._samples, self._one_source = frames, samples, one_source
        self._batch_size, self._workers = batch_size, workers
        self._validation_step, self._seed = validation_step, seed
        self._sources: list[SnippetSource] = []
        self._validation_source: SnippetSource | None = None

    def prepare_data(self) -> None:
        """Checks every source, and renders and decodes what is not in the caches."""
        self.setup("prepare")

    def setup(self, stage: str) -> None:
        if self._sources:
            return
        if self.validation is not None and not self._shared_drives:
            refuse_shared_drives(self.training, self.validation)
        self._sources = [self._relabelled(settings, settings.open(self._frames)) for settings in self.training]
        if self.validation is None:
            return
        source = self.validation.open(self._frames, self._validation_step)
        if source[0].depth is None:
            raise TrainingError(
                f"data.validation ({type(self.validation).__name__}) has no true depth to judge by: add depth to its"
                " truth, or give another source"
            )
        self._validation_source = self._relabelled(self.validation, source)

    def _relabelled(self, settings: SourceSettings, source: SnippetSource) -> SnippetSource:
        found, learnt = labels_of(settings), self.hparams["label_set"]
        return source if found is None or found == learnt else RelabelledSnippets(source, COARSER[found, learnt])

    def train_dataloader(self) -> DataLoader[Sample]:
        system = self.trainer.lightning_module if self.trainer else None
        middle_of_known, needs = getattr(system, "middle_of_known", False), getattr(system, "needs", ())
        refuse_without(needs, self.training)
        samples = SnippetSamples(self._sources, self._sizes, self._augmentation, self._seed, middle_of_known, needs)
        lengths = [len(source) for source in self._sources]
        shares = [settings.share for settings in self.training] if self._samples is not None else None
        overfit = getattr(self.trainer, "overfit_batches", 0) > 0
        rank, ranks = (self.trainer.global_rank, self.trainer.world_size) if self.trainer and not overfit else (0, 1)
        sampler = EpochSampler(
            lengths, self._samples, shares, self._seed, rank, ranks, self._batch_size, self._one_source
        )
        if overfit:  # the first batches of the first epoch again and again; the trainer shares them between processes
            first: Subset[Sample] = Subset(samples, list(sampler))  # type: ignore[arg-type] # numbered (epoch, index)
            return DataLoader(first, self._batch_size, drop_last=True, **self._loading())
        return ResumableLoader(
            samples, sampler, self._batch_size, persistent_workers=self._workers > 0, **self._loading()
        )

    def val_dataloader(self) -> DataLoader[Sample] | list[DataLoader[Sample]]:
        assert self._sources, "setup comes first"
        if self._validation_source is None:
            return []
        samples = SnippetSamples([self._validation_source], self._sizes[:1])
        return DataLoader(samples, self._batch_size, **self._loading())

    def state_dict(self) -> dict[str, Any]:
        """What is learnt from, for the checkpoint."""
        return self._learnt_from

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Warns where a run that goes on learns from something else than it began with."""
        going_on = self.trainer is not None and self.trainer.state.fn == TrainerFn.FITTING
        if going_on and (changed := differences(state, self._learnt_from)):
            rank_zero_warn(
                f"the run goes on with other data than it began with: {'; '.join(changed)}. It will not end where it"
                " would have ended; to begin a new run with its weights, give them (model.init_args.begin_with, or"
                " lr_checkpoint) in place of ckpt_path"
            )

    def _loading(self) -> dict[str, Any]:
        return {
            "num_workers": self._workers,
            "prefetch_factor": 4 if self._workers else None,
            "worker_init_fn": _single_threaded,
        }


def refuse_shared_drives(training: Sequence[SourceSettings], validation: SourceSettings) -> None:
    """Raises: `TrainingError` that names the drives that are trained on and judged by, whatever dataset they are in."""
    trained = frozenset[object]().union(*(settings.drives() for settings in training))
    shared = sorted(validation.drives() & trained)
    for kind, drives in groupby(shared, key=lambda drive: drive.kind):
        names = ", ".join(str(drive.name) for drive in drives)
        raise TrainingError(
            f"{kind} [{names}] are in training and in validation: take them out of one of the two (data.shared_drives"
            " lets them be)"
        )


def refuse_without(truths: Collection[Truth], training: Sequence[SourceSettings]) -> None:
    """Raises: `TrainingError` that names the source that does not teach what a training learns."""
    for settings in training:
        for truth in truths:
            if truth not in (*settings.truth, *settings.estimated):
                raise TrainingError(
                    f"{called(settings)} teaches no {truth}, which is what this training learns: {REMEDY}"
                )


def _single_threaded(_: int) -> None:
    """Workers run beside a training that uses all cores."""
    cv2.setNumThreads(1)
