"""What is measured of each candidate.

The candidates take turns, so that what else the machine does hits all alike, and they do not share a core with the
client and the upstream: left to itself, the scheduler makes one lucky, and the next one 40 % slower.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence

import attrs

from benchmarks import processes
from benchmarks.candidates import Candidate
from benchmarks.sizes import Sizes
from benchmarks.viewer import Viewer

Figures = dict[str, float]
"""One figure of each candidate, by its name."""

_MICROSECONDS = 1e6
_MILLISECONDS = 1e3


@attrs.frozen
class Runner:
    """A candidate and a viewer through it that may type."""

    candidate: Candidate
    viewer: Viewer


@attrs.frozen
class RoundTrips:
    """Of one 8-byte key event to the upstream and back, in microseconds."""

    p50: Figures
    p99: Figures
    cpu: Figures


@attrs.frozen
class Updates:
    """Of what the upstream sends as fast as it can: MiB per second, and CPU milliseconds of the proxy per MiB."""

    rate: Figures
    cpu: Figures


def idle_memory(runners: Sequence[Runner], sizes: Sizes) -> Figures:
    """KiB that one more connection costs, its handshake done."""
    figures = {}
    for runner in runners:
        runner.viewer.type_keys(sizes.warm_up)
        before = processes.memory_kib(runner.candidate.pids())
        idle = [runner.candidate.connect() for _ in range(sizes.idle_connections)]
        figures[runner.candidate.name] = (processes.memory_kib(runner.candidate.pids()) - before) / len(idle)
        for viewer in idle:
            viewer.websocket.close()
    return figures


def round_trips(runners: Sequence[Runner], sizes: Sizes) -> RoundTrips:
    """Keys, one after the other, each waiting for its echo."""
    times: dict[str, list[float]] = defaultdict(list)
    cpu: dict[str, list[float]] = defaultdict(list)
    for runner in _turns(runners, sizes.key_turns):
        name, pids = runner.candidate.name, runner.candidate.pids()
        runner.viewer.type_keys(sizes.warm_up)
        before = processes.cpu_seconds(pids)
        times[name] += runner.viewer.type_keys(sizes.keys)
        cpu[name].append((processes.cpu_seconds(pids) - before) / sizes.keys)
    percentiles = {name: statistics.quantiles(values, n=100) for name, values in times.items()}
    return RoundTrips(
        p50={name: values[49] * _MICROSECONDS for name, values in percentiles.items()},
        p99={name: values[98] * _MICROSECONDS for name, values in percentiles.items()},
        cpu=_medians(cpu, _MICROSECONDS),
    )


def round_trips_on(cores: set[int], runners: Sequence[Runner], sizes: Sizes) -> RoundTrips:
    """The same with the proxies moved to other cores."""
    for runner in runners:
        processes.move(runner.candidate.pids(), cores)
    return round_trips(runners, sizes)


def updates(runners: Sequence[Runner], sizes: Sizes, write_kib: int, *, compressible: bool = False) -> Updates:
    """Bursts from the upstream in writes of this size."""
    rates: dict[str, list[float]] = defaultdict(list)
    cpu: dict[str, list[float]] = defaultdict(list)
    for runner in _turns(runners, sizes.burst_turns):
        name, pids = runner.candidate.name, runner.candidate.pids()
        before = processes.cpu_seconds(pids)
        seconds = runner.viewer.fetch(write_kib, sizes.burst_mib, compressible=compressible)
        cpu[name].append((processes.cpu_seconds(pids) - before) / sizes.burst_mib)
        rates[name].append(sizes.burst_mib / seconds)
    return Updates(_medians(rates, 1), _medians(cpu, _MILLISECONDS))


def _turns(runners: Sequence[Runner], count: int) -> Iterator[Runner]:
    for _ in range(count):
        yield from runners


def _medians(values: dict[str, list[float]], scale: float) -> Figures:
    """Medians over the turns: a disturbed one does not count."""
    return {name: statistics.median(of_turns) * scale for name, of_turns in values.items()}
