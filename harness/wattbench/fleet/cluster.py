"""The only door to Ray: machines become hosts, each with one actor that holds the machine whole.

An actor takes every GPU of its machine and the resource `wattstar_host`, of which `ray start` gives a machine one:
so there is one measurement a machine, whoever else uses the cluster. It does one thing at a time, in the order asked:
it never fetches while it measures. Ray starts it, tells when it is lost, and keeps its logs. It ends with its driver,
so that no host measures on for nobody: what it has done lies on its disk and goes on from there.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from typing import TYPE_CHECKING, Any, Self

from wattbench.fleet import Host, clocks, host
from wattbench.fleet.events import CheckedIn, Failed, Lost, Measured, Noted, TurnedAway
from wattbench.problems import Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattbench.evidence.keys import TrustedKey
    from wattbench.fleet import Assignment
    from wattbench.fleet.events import Event
    from wattbench.fleet.host import How
    from wattbench.submissions import Submission

RESOURCE = "wattstar_host"
EXTRA = "pip install 'wattstar[fleet]'"
START = "Start it with `ray start --head`, and name its address with --address HOST:PORT"
ANSWER_SECONDS = 10.0
LOOK_SECONDS = 1.0  # between two looks at which machines there are
AGAIN_SECONDS = 10.0  # until a machine that was turned away is asked again


class HostActor:
    """A host as Ray runs it: the functions of `wattbench.fleet.host`, what they refuse given back as a value."""

    def __init__(self, how: How) -> None:
        """Keep how to measure."""
        self.how = how

    def check_in(self) -> dict[str, Any] | Refusal:
        """Say what this host is."""
        try:
            return host.check_in(self.how)
        except Refusal as refusal:
            return refusal

    def now(self) -> float:
        """Read this host's clock, in s."""
        return time.time()

    def prefetch(self, models: Sequence[tuple[str, str]], task: str) -> list[str]:
        """Fetch models."""
        return host.prefetch(models, task)

    def measure(self, assignment: Assignment, submissions: Sequence[Submission]) -> host.Sent | Refusal:
        """Measure a session."""
        try:
            return host.measure(assignment.key, assignment.board, submissions, self.how)
        except Refusal as refusal:
            return refusal

    def forget(self, key: str) -> None:
        """Remove a session that the driver has."""
        host.forget(key)


class RayCluster:
    """A Ray cluster as the driver sees it. Use as a context manager: its actors end with it."""

    def __init__(self, address: str, how: How, trusted: Mapping[str, TrustedKey]) -> None:
        """Connect to a cluster that runs already. Raises Refusal where Ray or the cluster is not there."""
        self.ray = _ray()
        _knock(address)
        self.how, self.trusted = how, trusted
        self.machines: dict[str, Any] = {}  # actors, by Ray's id of the node
        self.nodes: dict[str, tuple[str, str]] = {}  # that id and the device, by the name of a host
        self.waiting: dict[Any, tuple[str, Any, str, str | None]] = {}  # what was asked: node, actor, host, key
        self.looked, self.not_before = 0.0, dict[str, float]()
        self.said: list[Event] = []
        try:
            self.ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise refuse(address, "", f"there is no Ray cluster: {str(error).splitlines()[0]}", START) from None

    def __enter__(self) -> Self:
        """Nothing to do: it is connected already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect; the actors end."""
        self.ray.shutdown()

    def events(self, timeout: float) -> list[Event]:
        """Give what has happened since the last call; waits for something, `timeout` s at most."""
        self._look()
        ended, _ = self.ray.wait(list(self.waiting), num_returns=1, timeout=timeout) if self.waiting else ([], [])
        if not self.waiting:
            time.sleep(timeout)
        for reference in ended:
            self._hear(reference, *self.waiting.pop(reference))
        said, self.said = self.said, []
        return said

    def measure(self, one: Host, assignment: Assignment, submissions: Sequence[Submission]) -> None:
        """Let a host fetch what it lacks, then measure a session."""
        self.prefetch(one, [(slot.model, slot.revision) for slot in assignment.slots], assignment.board.task)
        if (actor := self.machines.get(one.node)) is None:
            self.said += [Lost(one.name)]
            return
        asked = actor.measure.remote(assignment, list(submissions))
        self.waiting[asked] = (one.node, actor, one.name, assignment.key)

    def prefetch(self, one: Host, models: Sequence[tuple[str, str]], task: str) -> None:
        """Let a host fetch models before anything else that it is asked from now on."""
        if (actor := self.machines.get(one.node)) is not None:
            self.waiting[actor.prefetch.remote(list(models), task)] = (one.node, actor, one.name, None)

    def give_up(self, name: str) -> None:
        """Take a host for lost, whatever it does; its machine may offer itself again."""
        node, _ = self.nodes[name]
        self._lose(node, self.machines.get(node), name)

    def forget(self, name: str, key: str) -> None:
        """Let a host remove a session that is in its place."""
        if (actor := self.machines.get(self.nodes.get(name, ("", ""))[0])) is not None:
            actor.forget.remote(key)

    def _look(self) -> None:
        """Start an actor on every machine that offers itself whole and has none yet."""
        if time.monotonic() - self.looked < LOOK_SECONDS:
            return
        self.looked = time.monotonic()
        actor = self.ray.remote(HostActor)
        for node in self.ray.nodes():
            whole, here = node["Resources"].get(RESOURCE, 0), node["NodeID"]
            if not node["Alive"] or whole < 1 or here in self.machines or self.not_before.get(here, 0) > self.looked:
                continue
            strategy = self.ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(here, soft=False)
            self.machines[here] = started = actor.options(
                num_cpus=0,
                num_gpus=node["Resources"].get("GPU", 0),
                resources={RESOURCE: 1},
                scheduling_strategy=strategy,
                max_restarts=0,
            ).remote(self.how)
            self.waiting[started.check_in.remote()] = (here, started, node["NodeManagerHostname"], None)

    def _hear(self, reference: Any, node: str, actor: Any, name: str, key: str | None) -> None:  # noqa: ANN401 - Ray's
        """Turn an answer, or the loss of whoever was to give it, into events."""
        try:
            answer = self.ray.get(reference)
            if isinstance(answer, dict):
                answer = self._checked_in(node, actor, answer)
        except self.ray.exceptions.RayError as error:
            if isinstance(error, self.ray.exceptions.RayTaskError):  # an error of ours on the host, not its end
                self.said += [Noted(f"{name}: {error.cause!r}")]
            self._lose(node, actor, name)
            return
        if isinstance(answer, Refusal):
            why = "; ".join(map(str, answer.problems))
            answer = TurnedAway(name, why) if key is None else Failed(name, key, answer.problems)
        if isinstance(answer, TurnedAway):
            self._drop(node, actor)
            self.not_before[node] = time.monotonic() + AGAIN_SECONDS
        if isinstance(answer, list):
            self.said += [Noted(f"{name}: {words}") for words in answer]
        elif isinstance(answer, host.Sent) and key is not None:
            self.said += [Measured(name, key, answer)]
        elif isinstance(answer, CheckedIn | TurnedAway | Failed):
            self.said += [answer]

    def _checked_in(self, node: str, actor: Any, facts: dict[str, Any]) -> Event:  # noqa: ANN401 - Ray's own
        """Measure a host's clock, and take it or turn it away."""
        skew, _ = clocks.skew(lambda: float(self.ray.get(actor.now.remote())), time.time)
        name, (before, device) = facts["name"], self.nodes.get(facts["name"], (None, None))
        if before is not None and before != node and before in self.machines:
            if device != facts["device"]:
                return TurnedAway(name, "another machine has this name: set WATTSTAR_HOST on one of them")
            self._lose(before, self.machines[before], name)  # it was started anew before its end was noticed
        if why := clocks.why_refused(skew):
            return TurnedAway(name, why)
        if facts["keyid"] not in self.trusted:
            return TurnedAway(name, f"its key {facts['keyid'][:12]}... is no trusted key: its runs would not count")
        self.nodes[name] = (node, facts["device"])
        return CheckedIn(Host(node=node, skew_seconds=round(skew, 6), **facts))

    def _lose(self, node: str, actor: Any, name: str) -> None:  # noqa: ANN401 - Ray's own
        """Give a host up, with everything that it was asked."""
        self.said += [Lost(name)]
        self.waiting = {one: asked for one, asked in self.waiting.items() if asked[1] is not actor}
        self._drop(node, actor)

    def _drop(self, node: str, actor: Any) -> None:  # noqa: ANN401 - Ray's own
        """End an actor that is of no use; its machine may offer itself again."""
        if actor is not None and self.machines.get(node) is actor:
            del self.machines[node]
            self.ray.kill(actor)


def _knock(address: str) -> None:
    """Refuse an address where nobody answers: Ray itself would try for minutes."""
    place, _, port = address.rpartition(":")
    if place and port.isdigit():
        try:
            socket.create_connection((place.strip("[]"), int(port)), ANSWER_SECONDS).close()
        except OSError as error:
            raise refuse(address, "", f"there is no Ray cluster: {error.strerror or error}", START) from None


def _ray() -> Any:  # noqa: ANN401 - the module
    """Import Ray, quietly. Raises Refusal that names the extra."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError:
        raise refuse("wattbench fleet", "", "needs Ray, which is not installed", f"Run: {EXTRA}") from None
    return ray
