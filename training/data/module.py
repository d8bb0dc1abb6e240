"""All the data of a training, as Lightning takes it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import lightning
from torch.utils.data import DataLoader

from training.data.augmentation import Augmentation
from training.data.samples import EpochSampler, Sample, SnippetSamples
from training.data.snippet import SnippetSource
from training.data.street import StreetData, StreetSnippets, render_drives
from training.data.video import VideoData, VideoSnippets
from training.errors import TrainingError


class DrivingData(lightning.LightningDataModule):
    """Street drives and real videos mixed in each batch; validation on street drives, where depth is known.

    Args:
        width, height: of the samples: LR-Net's 416x128 or HR-Net's 1248x384.
        street: drives to train on.
        videos: real videos to train on.
        validation: drives to validate on; none of their seeds may be among those of `street`.
        augmentation: of the training samples.
        frames: of a snippet; the middle one is the target.
        samples: of an epoch; null takes every snippet once.
        batch_size: of training and validation.
        workers: processes that prepare samples; 0 prepares them in the training process.
        validation_step: takes every so-many-th snippet of the validation drives.
        seed: of the order and the augmentation.
    """

    def __init__(
        self,
        width: int,
        height: int,
        validation: StreetData,
        street: StreetData | None = None,
        videos: Sequence[VideoData] = (),
        augmentation: Augmentation = Augmentation(),  # noqa: B008 - frozen
        frames: int = 3,
        samples: int | None = None,
        batch_size: int = 4,
        workers: int = 1,
        validation_step: int = 10,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)  # a checkpoint says what it learned from
        if street is None and not videos:
            raise TrainingError("neither street drives nor a video to train on: give data.street or data.videos")
        if street is not None:
            shared = set(_seeds(street)) & set(_seeds(validation))
            if shared:
                raise TrainingError(f"street seeds {sorted(shared)} are in training and in validation")
        self._size = (width, height)
        self._street, self._videos, self._validation = street, list(videos), validation
        self._augmentation = augmentation
        self._frames, self._samples = frames, samples
        self._batch_size, self._workers = batch_size, workers
        self._validation_step, self._seed = validation_step, seed
        self._sources: list[SnippetSource] = []
        self._shares: list[float] = []
        self._validation_source: SnippetSource | None = None

    def prepare_data(self) -> None:
        """Renders and decodes what is not in the caches."""
        self.setup("prepare")

    def setup(self, stage: str) -> None:
        if self._validation_source is not None:
            return
        if self._street is not None:
            drives = render_drives(self._street)
            self._sources.append(StreetSnippets(drives, self._frames, self._street.truth, self._street.strides))
            self._shares.append(self._street.share)
        for video in self._videos:
            self._sources.append(VideoSnippets(video, self._frames))
            self._shares.append(video.share)
        self._validation_source = StreetSnippets(
            render_drives(self._validation), self._frames, step=self._validation_step
        )

    def train_dataloader(self) -> DataLoader[Sample]:
        samples = SnippetSamples(self._sources, *self._size, self._augmentation, self._seed)
        lengths = [len(source) for source in self._sources]
        shares = self._shares if self._samples is not None else None
        sampler = EpochSampler(lengths, self._samples, shares, self._seed)
        return self._loader(samples, sampler)

    def val_dataloader(self) -> DataLoader[Sample]:
        assert self._validation_source is not None, "setup comes first"
        return self._loader(SnippetSamples([self._validation_source], *self._size), None)

    def _loader(self, samples: SnippetSamples, sampler: EpochSampler | None) -> DataLoader[Sample]:
        return DataLoader(
            samples,
            self._batch_size,
            sampler=sampler,
            drop_last=sampler is not None,
            num_workers=self._workers,
            persistent_workers=self._workers > 0 and sampler is not None,
            prefetch_factor=4 if self._workers else None,
            worker_init_fn=_single_threaded,
        )


def _seeds(data: StreetData) -> range:
    return range(data.seeds[0], data.seeds[0] + data.seeds[1])


def _single_threaded(_: int) -> None:
    """Workers run beside a training that uses all cores."""
    cv2.setNumThreads(1)
