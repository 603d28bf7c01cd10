"""What reads bytes of strangers, each with bytes that come close: it answers or refuses in words, and does no more.

`make fuzz` runs these for minutes, tests/test_fuzz.py for a moment.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fake_hub
import fuzz_strategies as near
import hostile
import jsonschema
import plainness
import site_factory as make
from hypothesis import strategies as st

from wattbench import evidence, ledger, runs, submissions, tasks
from wattbench.checking import known, remote
from wattbench.evidence import dsse, keys, statement
from wattbench.hub import Remote, Repository
from wattbench.ledger import opt_outs
from wattbench.loading import preflight
from wattbench.problems import Problem, Refusal
from wattbench.submissions import claims, strict_yaml
from wattboard.gathering import reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    Target = tuple[SearchStrategy[Any], Callable[[Any], None]]

HASH = "a" * 64
RUN = make.run()
SUBMISSIONS = (hostile.GOOD.encode(), *(data for data in hostile.FILES.values() if len(data) < 5000))


_KEPT = tempfile.TemporaryDirectory(prefix="fuzz-")  # goes with the process


def _folder() -> Path:
    return Path(_KEPT.name)


def _put(name: str, data: bytes) -> Path:
    path = _folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _refuses(read: Callable[[], object]) -> object | None:
    """What is read, or None where it is refused in plain words."""
    try:
        return read()
    except Refusal as refused:
        plainness.refusal(list(refused.problems))
        return None


@functools.cache
def _schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(submissions.json_schema())


def submission(data: bytes) -> None:
    """A submission that is taken is what the published schema takes, too."""
    path = _put("submissions/org/quick/submission.yml", data)
    try:
        found = submissions.load(path)
    except Refusal as refused:
        plainness.refusal(list(refused.problems))
        plainness.every_form(list(refused.problems))
        return
    assert found.model.id == "org/quick"
    _schema().validate(strict_yaml.load(path))


def plain_yaml(data: bytes) -> None:
    """YAML that is taken holds plain data only."""
    found = _refuses(lambda: strict_yaml.load(_put("any.yml", data)))
    if isinstance(found, dict):
        json.dumps(found, default=lambda one: str(one) if isinstance(one, dt.date) else _fail(one), skipkeys=True)


def _fail(one: object) -> None:
    raise AssertionError(f"{type(one)} is no plain data")


def words(told: tuple[str, str, str, str]) -> None:
    """Whatever is said of a file is plain in every form."""
    plainness.every_form([Problem(*told)])


def run_file(data: bytes) -> None:
    """A run that is taken gives the same bytes again."""
    found = _refuses(lambda: runs.from_bytes(data, "x.json"))
    if isinstance(found, runs.Run):
        again = runs.to_bytes(found)
        assert runs.to_bytes(runs.from_bytes(again)) == again
    told, rows = reading.read([(_put("run.json", data), None)], {})
    assert bool(told[0].problems) == rows.is_empty()


@functools.cache
def _signed() -> tuple[bytes, dict[str, keys.TrustedKey]]:
    pem = _folder() / "key.pem"
    entry = keys.create(pem, "bench", dt.date(2020, 1, 1))
    data = runs.to_bytes(RUN)
    stated = statement.of(RUN, "x.json", hashlib.sha256(data).hexdigest())
    sealed = dsse.to_bytes(dsse.sign(statement.to_bytes(stated), keys.read_private(pem)))
    return sealed, {entry.keyid: entry}


def envelope(data: bytes) -> None:
    """No envelope but the one that was signed is taken."""
    sealed, trusted = _signed()
    body = runs.to_bytes(RUN)
    found = _refuses(lambda: evidence.sealed_by(RUN, body, Path("x.json"), data, trusted))
    if isinstance(found, tuple):
        signers, problems = found
        assert (data == sealed) == bool(signers and not problems)


def trusted_keys(data: bytes) -> None:
    """A file of keys is read whole, or refused."""
    _refuses(lambda: keys.read_trusted(_put("trusted.json", data)))


def event(data: bytes) -> None:
    """An event that is taken is written again to the same bytes."""
    found = _refuses(lambda: ledger.from_bytes(data, "x"))
    assert found is None or ledger.to_bytes(found) == data  # type: ignore[arg-type]


def claim(data: bytes) -> None:
    """A claim that is taken is plain."""
    found = _refuses(lambda: claims.load(_put("submissions/org/quick/self-reported/x.json", data)))
    if isinstance(found, claims.Claim):
        plainness.every_form([Problem("x", "", one, one) for one in (found.hardware, found.how)])


def opt_out(data: bytes) -> None:
    """A list of opt-outs is read whole, or refused."""
    _put("ledger/opt-outs.json", data)
    _refuses(lambda: opt_outs.read(_folder() / "ledger"))


def measured(data: bytes) -> None:
    """A run that cannot be read counts as none."""
    _put("submissions/org/other/runs/x.json", data)
    list(known.same_weights("x", "org/quick", [HASH], known.runs(_folder() / "submissions")))


def weights(data: bytes) -> None:
    """The start of a file of weights is a header, or is refused."""
    size = _refuses(lambda: preflight.header_size("x", data))
    if isinstance(size, int):
        _refuses(lambda: preflight.header("x", data[8 : 8 + size]))


SMALL = {
    "config.json": {"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 32, "num_hidden_layers": 2},
    "modules.json": [{"path": "", "type": "sentence_transformers.models.Transformer"}],
    "model_index.json": {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]},
    "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "pad_token": "[PAD]", "eos_token": {"content": "x"}},
    "special_tokens_map.json": {"pad_token": "[PAD]"},
    "adapter_config.json": {"base_model_name_or_path": "x"},
}
HEADER = {"__metadata__": {"format": "pt"}, "a.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
ASKED = submissions.load(_put("submissions/org/quick/submission.yml", hostile.GOOD.encode()))


def _told(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def small_files(data: bytes) -> None:
    """Whatever a model's small files say, the model is judged, in words."""
    told = _told(data)
    if not isinstance(told, dict) or not isinstance(told.get("small"), dict):
        return
    small = {name: one for name, one in told["small"].items() if name in SMALL}
    header = json.dumps(told.get("header")).encode()
    listed = _refuses(lambda: preflight.header("x", header))
    tensors = listed if isinstance(listed, dict) else None
    files = frozenset({*small, "model.safetensors", "tokenizer.json"})
    outline = preflight.Outline("org/quick", files, small, tensors)
    for name in ("sentence-similarity", "text-generation", "image-generation", "image-classification"):
        for one in preflight.judge(outline, preflight.Wish(tasks.find(name), "int4", 80 * 10**9)):
            plainness.refusal([one])


def card(data: bytes) -> None:
    """Whatever a model card says, what is worth knowing about it is plain."""
    told = _told(data)
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        return
    first = told[0] if told else ""
    files = {**dict.fromkeys(told, Remote(1, None, None)), "model.safetensors": Remote(1, HASH, None)}
    found = Repository("model", "org/quick", "a" * 40, first, files, name=first, base_models=tuple(told), gated=True)
    notes = [*remote._as_listed("x", ASKED, found), *remote._worth_knowing("x", ASKED, found)]
    plainness.every_form(notes)


TEXT = st.text(max_size=80) | st.sampled_from(hostile.WORDS)
EVENT = ledger.make(
    {"kind": "opted-out", "at": "2026-11-27T10:00:00Z", "model": "org/quick", "note": "asked for in issue 12"}
)
KEY = json.loads(next(iter(_signed()[1].values())).model_dump_json())
CLAIM = {
    "schema": 1,
    "model": "org/quick",
    "revision": "a" * 40,
    "task": "summarization",
    "precision": "fp16",
    "scenario": "single",
    "wh_per_1000_queries": 0.5,
    "hardware": "L4",
    "how": "by hand",
    "on": "2026-11-27",
    "github": "octocat",
}
LIST = {"schema": 1, "opt_outs": [{"model": "org/*", "since": "2026-11-27", "note": "issue 12"}]}

TARGETS: dict[str, Target] = {
    "submission": (near.near(SUBMISSIONS), submission),
    "yaml": (near.near(SUBMISSIONS), plain_yaml),
    "words": (st.tuples(TEXT, TEXT, TEXT, TEXT), words),
    "run": (near.near_json([json.loads(runs.to_bytes(RUN))]), run_file),
    "envelope": (near.near([_signed()[0]]) | near.near_json([json.loads(_signed()[0])]), envelope),
    "keys": (near.near_json([{"schema": 1, "keys": [KEY]}]), trusted_keys),
    "ledger": (near.near_json([json.loads(ledger.to_bytes(EVENT))]), event),
    "claim": (near.near_json([CLAIM]), claim),
    "opt-outs": (near.near_json([LIST]), opt_out),
    "measured": (near.near_json([json.loads(runs.to_bytes(RUN))]), measured),
    "weights": (near.near([fake_hub.safetensors({"a.weight": ("F32", (2, 3))}, body=False)]), weights),
    "small files": (near.near_json([{"small": SMALL, "header": HEADER}]), small_files),
    "card": (st.lists(TEXT, max_size=4).map(lambda some: json.dumps(some).encode()), card),
}
