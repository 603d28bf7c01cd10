"""The journal of a session that is under way, so that a kill loses no pass and the session can go on.

    OUT/.sessions/SESSION/plan.json         what is measured, where and in which order
                          NN.json           a run that is finished, without the gates that need the whole session
                          NN.passes.jsonl   the passes of the run that is being measured, one a line as it ends
                          SHA256.parquet    traces, marks and scores

When the session ends its runs are written to their places and the folder goes. The passes of a run that was cut off
cannot be pooled with those of another process: they are kept beside the model's runs, and it is measured again.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench import runs
from wattbench.problems import refuse
from wattbench.runs import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattbench.runs import Pass, Run

FOLDER = ".sessions"
PLAN = "plan.json"
LONGEST_PAUSE_SECONDS = 3600.0
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a session the same one: board, protocol, workload, models with their weights, and the boot."""

    board: str
    protocol: str
    workload_sha256: str
    models: tuple[str, ...]
    boot: str | None


@dataclass(frozen=True, slots=True)
class Journal:
    """An open journal: its folder, whose name is the session's id."""

    folder: Path
    identity: Identity

    @property
    def session(self) -> str:
        """The session's id."""
        return self.folder.name

    def finished(self, number: int) -> Run | None:
        """The run of that number in the session's order, if it was finished."""
        path = self.folder / f"{number:02d}.json"
        return runs.from_bytes(path.read_bytes(), path) if path.is_file() else None

    def keep(self, number: int, one: Pass) -> None:
        """Keep a pass as soon as it has ended; it survives a kill. Raises Refusal where the disk refuses."""
        path = self.folder / f"{number:02d}.passes.jsonl"
        try:
            before = path.read_bytes() if path.is_file() else b""
            write_whole(path, before + one.model_dump_json().encode() + b"\n")
        except OSError as error:
            raise refuse(path, "", f"cannot be read: {error.strerror}", "Check the disk") from None

    def finish(self, number: int, run: Run) -> None:
        """Keep a finished run; its passes are in it."""
        write_whole(self.folder / f"{number:02d}.json", runs.to_bytes(run))
        (self.folder / f"{number:02d}.passes.jsonl").unlink(missing_ok=True)

    def cut_off(self, number: int, out: Path, model_id: str) -> Path | None:
        """Move the passes of a run that was cut off beside the model's runs; None where there are none."""
        path = self.folder / f"{number:02d}.passes.jsonl"
        if not path.is_file():
            return None
        target = out / model_id / "interrupted" / f"{self.session}-{number:02d}-{int(path.stat().st_mtime)}.jsonl"
        write_whole(target, path.read_bytes())
        path.unlink()
        return target

    def close(self, finished: Sequence[Run], out: Path) -> list[Path]:
        """Write the session's runs and traces to their places, then remove the journal.

        A kill here leaves no candidate without the reference runs that bracket it, and no journal that has lost runs.
        """
        for run in sorted(finished, key=lambda one: one.role == "candidate"):
            for one in run.beside.values():
                name = f"{one.sha256}.parquet"
                write_whole(runs.path_of(run, out).parent / name, (self.folder / name).read_bytes())
            runs.write(run, out)
        (self.folder / PLAN).unlink()
        shutil.rmtree(self.folder)
        return [runs.path_of(run, out) for run in finished]


def begin(out: Path, session: str, identity: Identity) -> Journal:
    """Open the journal of a new session. Raises Refusal where the disk refuses."""
    folder = out / FOLDER / session
    write_whole(folder / PLAN, (json.dumps(asdict(identity), indent=1, sort_keys=True) + "\n").encode())
    return Journal(folder, identity)


def find(out: Path, identity: Identity) -> tuple[Journal | None, list[str]]:
    """Find a session of the same plan that was cut off and can go on; and say why others cannot."""
    reasons: list[str] = []
    for folder, theirs in _journals(out):
        if (theirs.board, theirs.protocol) != (identity.board, identity.protocol):
            continue
        age = time.time() - max(path.stat().st_mtime for path in folder.iterdir())
        if theirs.boot != identity.boot:
            reasons.append(f"session {folder.name} was cut off before this host was started anew")
        elif (theirs.models, theirs.workload_sha256) != (identity.models, identity.workload_sha256):
            reasons.append(f"session {folder.name} was cut off with other models or another workload")
        elif age > LONGEST_PAUSE_SECONDS:
            reasons.append(f"session {folder.name} was cut off {age / 3600:.1f} h ago: no longer one stay")
        else:
            return Journal(folder, identity), reasons
    return None, reasons


def _journals(out: Path) -> Iterator[tuple[Path, Identity]]:
    for path in sorted((out / FOLDER).glob(f"*/{PLAN}")):
        try:
            fields = json.loads(path.read_bytes())
            yield path.parent, Identity(**{**fields, "models": tuple(fields["models"])})
        except (ValueError, TypeError, KeyError):
            continue  # not written by this version: left alone, and never resumed


def boot() -> str | None:
    """Which boot of this host it is, where the system tells."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return None
