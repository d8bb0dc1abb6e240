"""How fast a configuration trains here, and whether its data keeps up: ``python -m training benchmark --config FILE``.

Runs some steps of the training as it is, then a few under torch's profiler. Nothing is saved.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import lightning
import torch
from lightning.pytorch.profilers import SimpleProfiler
from torch.profiler import ProfilerActivity, profile

from training.commands.fit import main as command_line

WAITING = "[_TrainingEpochLoop].train_dataloader_next"
"""Lightning's name of what it does when it has nothing to do."""
PROFILED = 3
"""Steps under torch's profiler, which slows them down: after the ones that are timed."""


@dataclass(frozen=True)
class StepTimes:
    """What a step was spent on.

    Attributes:
        batch_size: of one step.
        width, height: of the samples.
        seconds: of a step, mean, waiting included.
        waiting: share of it in which the training waited for data.
        images_per_second: targets learned from.
        costliest: operations and their share of the computing time, the costliest first.
    """

    batch_size: int
    width: int
    height: int
    seconds: float
    waiting: float
    images_per_second: float
    costliest: tuple[tuple[str, float], ...]


class _Watch(lightning.Callback):
    """Notes when steps end, and has the profiler look at those after the timed ones."""

    def __init__(self, timed: int) -> None:
        self.ends: list[float] = []
        devices = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if torch.cuda.is_available() else [])]
        self.profiler = profile(activities=devices, acc_events=True)
        self._timed = timed
        self._steps = 0

    def on_train_batch_start(self, *_: Any) -> None:
        if self._steps == self._timed:
            self.profiler.start()

    def on_train_batch_end(self, *_: Any) -> None:
        self._steps += 1
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.ends.append(time.perf_counter())
        if self._steps == self._timed + PROFILED:
            self.profiler.stop()


def benchmark(arguments: Sequence[str], steps: int = 30, warm_up: int = 5) -> StepTimes:
    """Measures a training.

    Args:
        arguments: of the trainer's command line, without its subcommand.
        steps: that are timed.
        warm_up: steps before, in which workers start and caches fill.
    """
    cli = command_line(list(arguments), run=False)
    settings = cli.config["trainer"]
    timed = warm_up + steps
    watch, profiler = _Watch(timed), SimpleProfiler()
    trainer = lightning.Trainer(
        accelerator=settings["accelerator"],
        devices=1,
        precision=settings["precision"],
        gradient_clip_val=settings["gradient_clip_val"],
        max_steps=timed + PROFILED,
        limit_val_batches=0,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        profiler=profiler,
        callbacks=[watch],
    )
    trainer.fit(cli.model, datamodule=cli.datamodule)
    total = watch.ends[timed - 1] - watch.ends[warm_up - 1]
    waited = sum(profiler.recorded_durations[WAITING][warm_up:timed])
    data = cli.config["data"]
    return StepTimes(
        batch_size=data["batch_size"],
        width=data["width"],
        height=data["height"],
        seconds=total / steps,
        waiting=waited / total,
        images_per_second=data["batch_size"] * steps / total,
        costliest=_costliest(watch.profiler),
    )


def table(times: StepTimes, steps: int) -> str:
    """The figures, in lines."""
    lines = [
        f"{times.height}x{times.width}, batch {times.batch_size}, mean of {steps} steps",
        f"  {times.images_per_second:8.2f}  images a second",
        f"  {times.seconds:8.3f}  seconds a step",
        f"  {100 * times.waiting:7.1f}%  of it waiting for data"
        + (": give data.workers more" if times.waiting > 0.1 else ""),
    ]
    lines += [f"  {100 * share:7.1f}%  {name}" for name, share in times.costliest]
    return "\n".join(lines)


def _costliest(profiler: profile, number: int = 3) -> tuple[tuple[str, float], ...]:
    times = {
        event.key: float(event.self_device_time_total or event.self_cpu_time_total)
        for event in profiler.key_averages()
        if event.key.startswith("aten::")
    }
    total = sum(times.values()) or 1.0
    ordered = sorted(times.items(), key=lambda item: item[1], reverse=True)
    return tuple((name.removeprefix("aten::"), value / total) for name, value in ordered[:number])


def parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    command = argparse.ArgumentParser(
        prog="python -m training benchmark",
        description="How fast a configuration trains here, and whether its data keeps up.",
        epilog="All else is as in python -m training fit: --config FILE, --data.workers 2 and so on.",
    )
    command.add_argument("--steps", type=int, default=30, help="that are timed")
    command.add_argument("--json", action="store_true", help="print JSON")
    return command


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options, others = parser().parse_known_args(arguments)
    times = benchmark(others, options.steps)
    print(json.dumps(asdict(times), indent=1) if options.json else table(times, options.steps))
