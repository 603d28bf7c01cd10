"""The main job on tiny models built from configs: Shelf -> session -> site."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import shelf_factory
import tiny_models

from wattbench import meters, plans, runs, session, submissions, tasks
from wattbench.plans import Setting
from wattbench.protocol import Protocol

# The quick protocol with shorter windows: these models are never rated, whatever they measure.
SHORT = Protocol("quick", warm_up_seconds=0.2, warm_up_rounds=2, window_seconds=0.6, passes=3, more_passes=3)


def command(package: str, *arguments: object, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"from {package}.cli import main; main()", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Measure a tiny sentence encoder and a tiny picture classifier, each beside a tiny reference."""
    folder = tmp_path_factory.mktemp("tiny")
    shelf = folder / "shelf"
    for task, builder in (
        ("sentence-similarity", tiny_models.sentence_encoder),
        ("image-classification", tiny_models.picture_classifier),
    ):
        reference, revision = tasks.find(task).references[0]
        shelf_factory.put_model(shelf, reference, revision, builder)
    shelf_factory.put_model(shelf, "tiny/words", shelf_factory.REVISION, tiny_models.sentence_encoder)
    shelf_factory.put_model(shelf, "tiny/pictures", shelf_factory.REVISION, tiny_models.picture_classifier)
    shelf_factory.put_workload(shelf, "sentence-similarity", shelf_factory.texts())
    shelf_factory.put_workload(shelf, "image-classification", tiny_models.pictures())
    shelf_factory.submission(folder, "tiny/words", "sentence-similarity")
    shelf_factory.submission(folder, "tiny/pictures", "image-classification")
    setting = Setting(shelf, folder / "results", SHORT, meters.find("estimate"))
    good, problems = submissions.check([folder / "submissions"])
    assert problems == []
    for plan in plans.plan([one for _, one in good], setting, version=0):
        list(session.run(plan, setting))
    return folder


def test_every_run_has_raw_passes_environment_and_gates(measured: Path) -> None:
    found = {(run.model.id, run.role): run for _, run in runs.read_all(measured / "results")}
    assert len(found) == 6
    words = found["tiny/words", "candidate"]
    assert words.backend["dtype"] == ["float32"]
    assert words.backend["attention"] == "sdpa"
    assert words.backend["model_class"] == "SentenceTransformer"
    assert set(words.environment["versions"]) >= {"torch", "transformers", "optimum", "sentence-transformers"}
    assert all(one.joules and one.joules > 0 and one.seconds > 0.3 for one in words.passes)
    assert len({one.outputs_sha256 for one in words.passes}) == 1
    pictures = found["tiny/pictures", "candidate"]
    assert pictures.quality is not None
    assert pictures.quality.n == 3
    assert 0 <= pictures.quality.low <= pictures.quality.value <= pictures.quality.high <= 1
    gates = {gate.name: gate.verdict for gate in pictures.gates}
    assert gates["weights"] == "fail"
    assert gates["queries"] == gates["outputs"] == gates["placement"] == "pass"


def test_the_site_shows_synthetic_models_without_a_star_and_says_why(measured: Path) -> None:
    root = Path(__file__).parents[1]
    results, editions, out = measured / "results", measured / "editions", measured / "html"
    editions.mkdir(exist_ok=True)
    command("wattboard", "build", "--submissions", results, "--editions", editions, "--out", out, folder=root)
    names = sorted(path.stem for path in (out / "api/v1/boards").glob("*.json"))
    assert [name.split("~")[0] for name in names] == ["image-classification-v0", "sentence-similarity-v0"]
    told = json.loads((out / "api/v1/models/tiny/words.json").read_text())
    assert '"stars": null' in json.dumps(told)
    assert "synthetic" in json.dumps(told)
    page = (out / "models/tiny/words/index.html").read_text()
    assert "synthetic" in page
    assert "estimated" in page
