"""Which host fits which board, by all that is known: what it is, what it lacks, what its reference runs cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wattbench.fleet import control_chart, placement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wattbench.boards import Board
    from wattbench.fleet import Host
    from wattbench.fleet.control_chart import Reference
    from wattbench.fleet.logbook import Drained
    from wattbench.runs import Run


@dataclass(slots=True)
class Fitness:
    """What a driver has learnt of its hosts.

    branches: by board, the branch of the driver of its runs. lacks: by host and board, why that host could not
    measure it. off: by device and board, how far its calibration is off. drained: by host, as the logbook has it.
    """

    branches: dict[str, str] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    lacks: dict[tuple[str, str], str] = field(default_factory=dict)
    off: dict[tuple[str, str], str] = field(default_factory=dict)
    drained: Mapping[str, Drained] = field(default_factory=dict)

    def learn(self, runs: Iterable[Run]) -> None:
        """Keep what later placement needs of runs."""
        seen = list(runs)
        for run in seen:
            if (branch := placement.branch(run.meter.get("driver"))) is not None:
                self.branches.setdefault(run.board, branch)
        found = control_chart.references(seen)
        if found:
            self.references += found
            self.off = control_chart.miscalibrated(self.references)

    def why_not(self, board: Board, host: Host) -> list[str]:
        """Say why a host does not fit a board, in clauses; an empty list where it does."""
        found = placement.fit(board, host, self.branches.get(board.name))
        if (reason := self.why_drained(host.name)) is not None:
            found.append(f"it is drained: {reason}")
        if not found:
            known = (self.lacks.get((host.name, board.name)), self.off.get((host.device, board.name)))
            found += [why for why in known if why]
        return found

    def why_drained(self, name: str) -> str | None:
        """Say why a host takes nothing new; None where it does."""
        return self.drained[name].reason if name in self.drained else None

    def out_of_control(self, host: Host) -> list[str]:
        """Say on which boards a host's reference model has drifted; charts begin anew when a host was taken back."""
        since = {host.device: self.drained[host.name].since} if host.name in self.drained else {}
        own = [one for one in self.references if one.device == host.device]
        return [chart.why_out for chart in control_chart.charts(own, since) if chart.why_out]
