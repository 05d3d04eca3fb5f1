"""`nox -s bench`: Pilothouse beside its peers in one run on one machine, in absolute figures and in ratios.

`nox -s bench -- filter` measures only the filter of what viewers send, `nox -s bench -- clipboard` only how fast
copies, pastes and keys come through, `nox -s bench -- gate` only what the agent gate costs.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence

from benchmarks import report
from benchmarks.candidates import FASTAPI, OURS, WEBSOCKIFY, all_candidates
from benchmarks.clipboard import ANEW, COPIED, KEPT, KEYS, LEFT_ALONE, TYPED, clipboard_times
from benchmarks.filter import ALONE, MESSAGES, filter_costs
from benchmarks.gate import BARE, gate_times
from benchmarks.measures import Runner, idle_memory, round_trips, round_trips_on, updates
from benchmarks.processes import Cores
from benchmarks.sessions import session_times
from benchmarks.sizes import FULL, SMOKE, Sizes

_NOISE = 1.1


def main() -> None:
    """Measure and print; with `--smoke` with tiny counts, so that the figures mean nothing."""
    parser = argparse.ArgumentParser(prog="nox -s bench --")
    parser.add_argument("only", nargs="?", choices=PARTS)
    parser.add_argument("--smoke", action="store_true")
    arguments = parser.parse_args()
    sizes = SMOKE if arguments.smoke else FULL
    for name, part in PARTS.items():
        if arguments.only in (None, name):
            part(sizes)


def filter_alone(sizes: Sizes) -> None:
    """Parser and policy, without a proxy around them."""
    report.heading(
        f"filter, {MESSAGES:,} messages in a read: µs for each", ("Pilothouse", "slice loop", "/ slice loop")
    )
    costs = filter_costs(sizes)
    for name, cost in costs.items():
        report.beside(name, cost.filter, cost.slices)

    print("\nGoals")
    slowest = max(cost.filter for name, cost in costs.items() if name != ALONE)
    report.goal("filter, one message in a read", costs[ALONE].filter, 6, " µs")
    report.goal(f"filter, each of {MESSAGES:,} messages in a read", slowest, 3, " µs")
    print()


def proxies(sizes: Sizes) -> None:
    """Side by side."""
    cores = Cores.of_this_machine()
    with all_candidates(cores) as candidates:
        compare([Runner(candidate, candidate.connect()) for candidate in candidates], cores, sizes)


def compare(runners: Sequence[Runner], cores: Cores, sizes: Sizes) -> None:
    """All in turns."""
    accepted = [runner.candidate.name for runner in runners if runner.viewer.websocket.compressed]
    print(f"The client offers permessage-deflate; accepted by: {', '.join(accepted) or 'nobody'}.")
    print(f"Client and upstream on core {cores.load}, proxies on {cores.proxies}.")
    memory = idle_memory(runners, sizes)
    report.heading(f"{sizes.idle_connections} idle connections")
    report.row("memory of each (PSS), KiB", memory)

    report.heading(f"updates in bursts of {sizes.burst_mib} MiB")
    small, large = updates(runners, sizes, 4), updates(runners, sizes, 64)
    flat = updates(runners, sizes, 64, compressible=True)
    for name, measured in (("4 KiB", small), ("64 KiB", large), ("64 KiB, compressible", flat)):
        report.row(f"{name}: MiB/s", measured.rate)
        report.row(f"{name}: CPU of the proxy, ms/MiB", measured.cpu)

    keys = round_trips(runners, sizes)
    report.heading(f"8-byte key event and its echo, {sizes.key_turns * sizes.keys} times")
    report.row("round trip p50, µs", keys.p50)
    report.row("round trip p99, µs", keys.p99)
    report.row("CPU of the proxy, µs", keys.cpu)
    crowded = round_trips_on(cores.load, runners, sizes)
    report.row("round trip p50, all on one core, µs", crowded.p50)
    report.row("CPU of the proxy, all on one core, µs", crowded.cpu)

    print("\nGoals")
    report.goal("round trip p50, of websockify's", keys.p50[OURS] / keys.p50[WEBSOCKIFY], 1)
    report.goal("CPU per round trip, of the FastAPI path's", keys.cpu[OURS] / keys.cpu[FASTAPI], 0.7)
    report.goal("CPU per MiB of 64 KiB updates, of websockify's", large.cpu[OURS] / large.cpu[WEBSOCKIFY], 1.6)
    report.goal("CPU per MiB of 64 KiB updates, of the FastAPI path's", large.cpu[OURS] / large.cpu[FASTAPI], 0.15)
    report.goal("memory per idle connection", memory[OURS], 100, " KiB")


def begin_and_end(sizes: Sizes) -> None:
    """Real browser sessions, free to use all cores."""
    times = session_times(sizes)
    print(f"\n{sizes.sessions} sessions with Chromium in Xvnc, each with {2 * sizes.viewers} sockets: median, worst")
    for name, seconds in (
        ("POST to first pixels, ms", times.first_pixels),
        ("POST to first picture of the browser, ms", times.first_picture),
        ("DELETE to last socket closed, ms", times.end),
    ):
        report.times(name, statistics.median(seconds), max(seconds))

    print("\nGoals")
    report.goal("POST to first picture, worst", max(times.first_picture), 3, " s")
    report.goal("DELETE to last socket closed, worst", max(times.end), 0.25, " s")


def hands_on(sizes: Sizes) -> None:
    """The clipboard of a real browser session, beside Playwright's way to it."""
    times = clipboard_times(sizes)
    report.heading(
        f"clipboard, {sizes.clipboard_turns * sizes.clipboard_operations} times beside Playwright: ms",
        (OURS, ANEW, KEPT, "/ anew", "/ kept"),
    )
    for operation, ways in times.operations.items():
        report.row(f"{operation}: median", {way: of_way.median for way, of_way in ways.items()})
        report.row(f"{operation}: p95", {way: of_way.p95 for way, of_way in ways.items()})
    report.heading(
        f"last of {KEYS} keys in the page, {sizes.key_bursts} times: ms",
        (COPIED, TYPED, LEFT_ALONE, "/ without", "/ left alone"),
    )
    report.row("median", {name: of_keys.median for name, of_keys in times.keys.items()})
    report.row("p95", {name: of_keys.p95 for name, of_keys in times.keys.items()})

    print("\nGoals")
    for operation, ways in times.operations.items():
        for peer, limit in ((ANEW, 1 / 20), (KEPT, 1)):
            report.goal(f"{operation}, median, of Playwright {peer}", ways[OURS].median / ways[peer].median, limit)
            report.goal(f"{operation}, p95, of Playwright {peer}", ways[OURS].p95 / ways[peer].p95, limit)
    report.goal("keys behind Ctrl+C, of those without", times.keys[COPIED].median / times.keys[TYPED].median, _NOISE)


def at_the_gate(sizes: Sizes) -> None:
    """CDP through the agent gate, beside a bare pass-through."""
    times = gate_times(sizes)
    report.heading(f"agent gate, {sizes.gate_turns * sizes.gate_commands} commands", (OURS, BARE, "/ pass-through"))
    report.row("added to one Runtime.evaluate, µs", {name: added * 1e6 for name, added in times.added.items()})
    for size, by_way in times.large.items():
        report.row(f"answer of {size}, ms", {name: seconds * 1e3 for name, seconds in by_way.items()})
    print(f"\nControl moves {sizes.gate_moves} times there and back: median, worst")
    for name, seconds in (("take-control", times.until_held), ("cede-control", times.until_out)):
        report.times(f"{name} to the first command, ms", statistics.median(seconds), max(seconds))

    print("\nGoals")
    report.goal("added by the gate, of what the pass-through adds", times.added[OURS] / times.added[BARE], 1.15)
    for size, by_way in times.large.items():
        report.goal(f"answer of {size}, of the pass-through's", by_way[OURS] / by_way[BARE], 1.2)
    report.goal("take-control to the first command held", statistics.median(times.until_held), 0.02, " s")
    report.goal("cede-control to the first command out", statistics.median(times.until_out), 0.02, " s")


PARTS = {
    "filter": filter_alone,
    "proxies": proxies,
    "sessions": begin_and_end,
    "clipboard": hands_on,
    "gate": at_the_gate,
}


if __name__ == "__main__":
    main()
