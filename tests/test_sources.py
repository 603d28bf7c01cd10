"""Every task's workload is built from data sets of the public ones' form, and holds what its task reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fake_hub
import public_sets
import pytest

from wattbench import building, tasks, workloads

if TYPE_CHECKING:
    from pathlib import Path

# The fields that a task's rows have, each with a check of its value.
FIELDS: dict[str, dict[str, Any]] = {
    "text-generation": {"messages": lambda it: it[-1]["role"] == "user" and it[-1]["content"], "answer": str.strip},
    "text-generation-fixed": {"text": str.strip, "reference": str.strip},
    "summarization": {"text": str.strip, "summary": str.strip},
    "extractive-question-answering": {
        "question": str.strip,
        "context": str.strip,
        "answers": lambda it: it is not None,
    },
    "text-classification": {"text": str.strip, "label": str.strip},
    "sentence-similarity": {"text": str.strip, "text_b": str.strip, "score": lambda it: 0 <= it <= 1},
    "image-classification": {"image": lambda it: it.startswith(b"\x89PNG"), "labels": lambda it: 0 <= it[0] < 1000},
    "object-detection": {
        "image": lambda it: it.startswith(b"\x89PNG"),
        "boxes": lambda it: all(len(box) == 4 and box[2] == 8.5 for box in it),
        "labels": lambda it: all(1 <= one <= 90 for one in it),
    },
    "image-captioning": {"image": lambda it: it.startswith(b"\x89PNG"), "captions": lambda it: len(it) >= 5},
    "automatic-speech-recognition": {"audio": lambda it: it.startswith(b"RIFF"), "text": str.strip},
    "image-generation": {"prompt": str.strip},
}


@pytest.mark.parametrize("name", tasks.names())
def test_the_workload_of_every_task_is_built_from_data_sets_of_the_public_form(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = tasks.find(name)
    assert task.sources, "METHOD: a workload is drawn from public data sets"
    with fake_hub.serve() as remote:
        for source in task.sources:
            rows = [public_sets.ROWS[source.dataset](n) for n in range(400)]
            there = remote.repositories.get(("datasets", source.dataset))
            files = {} if there is None else there.files
            commit = source.revision or fake_hub.COMMIT
            files[public_sets.file_name(source.files)] = fake_hub.parquet(rows)
            remote.put("datasets", source.dataset, files, commit=commit)
        monkeypatch.setenv("HF_ENDPOINT", remote.url)
        key = b"0123456789abcdef0123456789abcdef"
        built = building.build(task, 1, tmp_path, key, lambda *_: None, 60)
    found = workloads.shelved_rows(built)
    assert len(found) == 60
    assert sum(row["private"] for row in found) == 6
    assert len(built.manifest.sources) == len(task.sources)
    shares = [one.rows for one in built.manifest.sources]
    assert max(shares) - min(shares) <= 1
    assert sum(shares) == 54
    for field, holds in FIELDS[name].items():
        assert all(holds(row[field]) for row in found), field
    if task.length is not None:
        assert all(task.length(row) > 0 for row in found)
    if task.audio_seconds is not None:
        assert all(task.audio_seconds(row) == pytest.approx(0.1) for row in found)


def test_every_source_names_its_licence_and_pins_a_whole_commit_or_none() -> None:
    sources = [source for name in tasks.names() for source in tasks.find(name).sources]
    assert all(source.licence.strip() and source.split for source in sources)
    assert all(source.revision is None or set(source.revision) <= set("0123456789abcdef") for source in sources)
    assert all(source.revision is None or len(source.revision) == 40 for source in sources)
    assert all(source.files.endswith(".parquet") for source in sources)
