"""Work on the machines of a Dask cluster, for recordings of a whole fleet."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from depth_perception.cli.errors import CommandError
from depth_perception.errors import one_line

if TYPE_CHECKING:
    from distributed import Client, Future

PATIENCE = 10.0
"""Seconds for a scheduler to answer, and for a first worker to be there."""


@contextmanager
def cluster_at(address: str) -> Iterator[Client]:
    """The cluster of the scheduler at an address; what is still to be done when it closes is dropped.

    Raises: `CommandError` without Dask, for what is no address, and where no scheduler or no worker answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise CommandError(
            f"--dask {address}: Dask is not installed here: pip install distributed, in the version of the cluster"
        ) from None
    if re.fullmatch(r"(tcp|tls)://\S+:\d+", address) is None:
        raise CommandError(f"--dask {address}: is no address, expected one like tcp://HOST:8786")
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except OSError as error:
        raise CommandError(
            f"--dask {address}: no scheduler answers there ({one_line(str(error))}): start one with 'dask scheduler'"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except asyncio.TimeoutError:
            raise CommandError(
                f"--dask {address}: the scheduler has no worker: start one with 'dask worker {address} --nthreads 1' on"
                " each machine, from an environment with depth_perception"
            ) from None
        yield client


def each_on(client: Client, work: Callable, jobs: list[tuple]) -> list[Callable]:
    """Begins ``work(*job)`` for each job; what comes back waits for its result, and raises what it has raised.

    Raises: `CommandError` of what comes back, where a worker died or lacks what it needs.
    """
    return [partial(_result, client.submit(work, *job, pure=False)) for job in jobs]


def _result(future: Future) -> Any:
    from distributed import KilledWorker

    try:
        return future.result()
    except (ImportError, KilledWorker) as error:
        raise CommandError(
            f"a worker of the cluster failed ({one_line(str(error))}): it needs memory for a recording, and an"
            " environment with depth_perception in the version that is here"
        ) from None
