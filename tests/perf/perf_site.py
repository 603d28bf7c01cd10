"""Sites of 1,000, 10,000 and 50,000 models beside plain MkDocs on the same content, and Zensical where it installs.

    make perf-site          1,000, 10,000 and 50,000 models, 10 GB; rewrites site/pages/scale.md
    perf_site.py 500 2000   other sizes, written nowhere

Each measurement is a process of its own, whose children are counted. The runs were written and read before: what is
timed is a site from kept rows, as a build after `git pull` is, without reading run files for the first time and
without traces. All files lie in memory where a machine has room there (WATTSTAR_PERF names another folder): half a
million files are a test of a disk else. What a disk adds is told by copying a finished site to it.

MkDocs and Zensical (installed into build/peers-site at the first time) get the model pages of our two smaller sites,
outside their navigation, with the project's own theme: once with the same content, as HTML in Markdown, and once their
bare text, without label, drawings and badge. What a further page costs is the difference of two sizes. Ours is told
twice: the page alone, filled, stamped and written; and with all else that a further model brings.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import venv
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

import scale_report

ROOT = Path(__file__).parents[2]
SIZES = (1000, 10_000, 50_000)
PLAIN = 1000  # pages that the others build; FEW are a second point, for what a further page costs
FEW = 200
TURNS = 5  # in each of which one run is changed
DISK = 10_000  # models whose site is copied to the disk
PAGES, JSON_AND_SVG = {".html"}, {".json", ".svg"}
PEERS, ZENSICAL = ROOT / "build" / "peers-site", "zensical==0.0.73"
PAGE = resource.getpagesize()
MEMORY, ROOM_BYTES = Path("/dev/shm"), 10**10  # noqa: S108 - it is named on purpose


def measured(arm: str, *words: object) -> dict[str, Any]:
    """Run an arm in a process of its own: seconds, CPU seconds, and the most memory of it and its children at once."""
    command = [sys.executable, __file__, "--arm", arm, *map(str, words)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        memory: list[float] = []
        watching = threading.Thread(target=_watch, args=(process, memory))
        watching.start()
        out, err = process.communicate()
        seconds = time.perf_counter() - started  # from outside: who rebuilds a site waits for the interpreter too
        watching.join()
    if process.returncode:
        return {"why": (err.strip() or out.strip() or "it said nothing").splitlines()[-1]}
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told | {"seconds": seconds, "mb": max(memory, default=None)}


def _watch(process: subprocess.Popen[str], memory: list[float]) -> None:
    """Look every 50 ms at what a process and all below it hold, in MB. What they share counts for each.

    The kernel's own record of the largest child is no use: it begins with what the parent held when it forked.
    """
    while process.poll() is None:
        if held := sum(map(_held, _family(process.pid))):  # nothing is what a system without /proc tells
            memory.append(held / 1e6)
        time.sleep(0.05)


def _family(pid: int) -> list[int]:
    try:
        found = [
            child for one in Path(f"/proc/{pid}/task").iterdir() for child in (one / "children").read_text().split()
        ]
    except OSError:  # it has just ended
        return []
    return [pid, *(grand for child in found for grand in _family(int(child)))]


def _held(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def arm(name: str, *words: str) -> None:
    """Do one piece of work and print its CPU seconds as JSON."""
    work = {
        "write": _write,
        "ours": _ours,
        "pages": _pages,
        "mkdocs": _mkdocs,
        "zensical": _zensical,
        "change": _change,
    }[name]
    more = work(*words) or {}
    spent = {
        "cpu": sum(
            one.ru_utime + one.ru_stime
            for one in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
        )
    }
    print(json.dumps(spent | more))


def _write(place: str, models: str) -> None:
    import site_models

    from wattbench.evidence import keys
    from wattboard import gathering

    folder = site_models.write(Path(place), int(models))
    time.sleep(2.1)  # files that were written just now are not kept: they may change again unnoticed
    gathering.gather([folder / "s"], keys.read_trusted(folder / "keys/trusted.json"), folder / "cache")


def _build(place: str) -> None:
    from wattboard import build

    folder = Path(place)
    build.build([folder / "s"], [folder / "e"], folder / "html", lambda _: None, kept_in=folder / "cache")


def _ours(place: str) -> None:
    _build(place)


def _pages(place: str) -> dict[str, float]:
    """Fill, stamp and write every model's page once more, and nothing else: CPU seconds a page."""
    from wattboard import api, build, editions, listings, profiles
    from wattboard.advising import scores
    from wattboard.life import counting
    from wattboard.publishing import Printer, press, staging, stamping

    folder = Path(place)
    opened = editions.read_all([folder / "e"])
    places = counting.Places((folder / "s",))
    counted = counting.count(places, counting.signed_boards(opened), folder / "cache")
    site = listings.assemble(counted.filed, opened, (), counting.lived(places, counted, opened)[0])
    atlas = profiles.atlas(site, scores.pairing(site.filed))
    page = next((folder / "html" / "models").glob("*/*/index.html")).read_text()
    shell = stamping.Shell("models", (page.partition("<article")[0], "BODY", page.partition("</article>")[2]))
    stage = staging.Stage(folder / "pages", folder / "html", None)
    own = Printer(press.whole(site, atlas, build.site_address(), api.shared(site), shell, stage))
    began = time.process_time()
    for stamp in own.stamps:
        staging.write(stage.fresh, None, shell.place(stamp), shell.page(stamp).encode())
    spent = time.process_time() - began
    shutil.rmtree(stage.fresh)
    return {"a page": spent / len(site.profiles)}


def _change(place: str) -> None:
    import site_models

    site_models.change(Path(place))


def _mkdocs(place: str, pages: str) -> None:
    config = _plain(Path(place), int(pages))
    _quietly([sys.executable, "-m", "mkdocs", "build", "--quiet", "--config-file", str(config)])


def _zensical(place: str, pages: str) -> None:
    config = _plain(Path(place), int(pages))
    _quietly([str(PEERS / "bin" / "zensical"), "build", "--config-file", str(config)])


def installed() -> bool:
    """Install Zensical into an environment of its own, where it can be had."""
    if not (PEERS / "bin" / "zensical").exists():
        venv.create(PEERS, with_pip=True, clear=True)
        command = [PEERS / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", ZENSICAL]
        subprocess.run(command, capture_output=True, check=False)
    return (PEERS / "bin" / "zensical").exists()


def room() -> Path | None:
    """Give a folder in memory with room for all, None where there is none."""
    if told := os.environ.get("WATTSTAR_PERF"):
        return Path(told)
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES else None


def copied(html: Path) -> float:
    """Copy a finished site to the disk of this checkout and give the seconds: what a disk adds to a build."""
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        began = time.perf_counter()
        subprocess.run(["cp", "-r", html, folder], check=True)
        os.sync()
        return time.perf_counter() - began


def _quietly(command: list[str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    )
    if done.returncode:
        raise SystemExit((done.stderr or done.stdout).strip().splitlines()[-1])


def _plain(place: Path, pages: int) -> Path:
    """Give a configuration for the first pages of the Markdown below a folder."""
    docs = place / f"docs-{pages}"
    config = place / f"plain-{pages}.yml"
    settings = {
        **yaml.safe_load((ROOT / "mkdocs.yml").read_text()),  # in full: Zensical knows no INHERIT
        "docs_dir": docs.name,
        "site_dir": f"plain-{pages}",
        "nav": [{"Models": "index.md"}],
        "not_in_nav": "/models/*",
        "strict": False,
    }
    shutil.copytree(ROOT / "site/theme", place / "theme", dirs_exist_ok=True)
    settings["theme"]["custom_dir"] = "theme"  # Zensical takes no absolute path
    config.write_text(json.dumps(settings))
    return config


def markdown(html: Path, place: Path, kind: str, pages: int) -> None:
    """Write our model pages as Markdown: with the same content, or their bare text."""
    docs = place / f"docs-{pages}"
    (docs / "models").mkdir(parents=True, exist_ok=True)
    (docs / "index.md").write_text("# Models\n")
    for number, page in enumerate(sorted((html / "models").glob("*/*/index.html"))[:pages]):
        (docs / "models" / f"{number:05d}.md").write_text(KINDS[kind](page.read_text()))


def same(page: str) -> str:
    """Give the article of a page as it is: Markdown may hold HTML."""
    return page[page.index("<article") : page.index("</article>")].partition(">")[2].strip() + "\n"


def as_markdown(page: str) -> str:
    """Turn the article of a page into Markdown, roughly: what it says, in headings, lines and tables."""
    text = page[page.index("<article") : page.index("</article>")]
    text = re.sub(r"<svg.*?</svg>|<style.*?</style>|<img[^>]*>", "", text, flags=re.DOTALL)
    for row in re.findall(r"<tr.*?</tr>", text, flags=re.DOTALL):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, flags=re.DOTALL)
        line = "| " + " | ".join(_said(cell) for cell in cells) + " |\n"
        text = text.replace(row, line + ("|-" * len(cells) + "|\n" if "<th" in row else ""))
    text = re.sub(
        r"<h(\d)[^>]*>(.*?)</h\d>", lambda m: f"\n\n{'#' * int(m[1])} {_said(m[2])}\n\n", text, flags=re.DOTALL
    )
    text = re.sub(r"</(p|div|li|dd|table|summary)>", "\n\n", text)
    return re.sub(r"\n\s*\n+", "\n\n", re.sub(r"<[^>]+>", "", text))


def _said(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


KINDS = {"same": same, "text": as_markdown}


def weight(html: Path) -> dict[str, float]:
    """Give the bytes of a site by kind, in MB, run files and traces apart; and of a model's page."""
    told = dict.fromkeys(("pages", "json and svg", "runs", "other"), 0.0)
    models, size = 0, 0
    for path in html.rglob("*"):
        if not path.is_file():
            continue
        part, many = path.relative_to(html).parts, path.stat().st_size
        if part[0] == "models" and path.name == "index.html" and len(part) == 4:  # models/ORG/NAME/index.html
            models, size = models + 1, size + many
        kind = "pages" if path.suffix in PAGES else "json and svg" if path.suffix in JSON_AND_SVG else "other"
        told["runs" if part[0] == "runs" else kind] += many / 1e6
    return told | {"bytes a model page": size / max(models, 1)}


def rebuilt(place: Path) -> dict[str, Any]:
    """Change one run and build again, some times over; give the build of middle length."""
    found = []
    for _ in range(TURNS):
        changed = measured("change", place)
        found.append(changed if "why" in changed else measured("ours", place))  # else nothing would have changed
        if "why" in found[-1]:
            return found[-1]
    return sorted(found, key=lambda one: one["seconds"])[len(found) // 2]


def show(name: str, told: dict[str, Any]) -> None:
    """Print one measurement."""
    if "why" in told:
        print(f"{name}: not measured: {told['why']}", flush=True)
        return
    memory = "memory not measured" if told["mb"] is None else f"{told['mb']:.0f} MB"
    print(f"{name}: {told['seconds']:.1f} s, {told['cpu']:.1f} s of CPU, {memory}", flush=True)


def main(sizes: tuple[int, ...]) -> None:
    """Build every size once, then the others, and say what a further page costs either way."""
    seconds: dict[int, dict[str, Any]] = {}
    disk = None
    with tempfile.TemporaryDirectory(dir=room()) as name:
        for size in sizes:
            place = Path(name) / str(size)
            show(f"{size:,} models, their runs written, read and frozen", measured("write", place, size))
            show(f"{size:,} models, the site", told := measured("ours", place))
            if "why" in told:
                continue
            seconds[size] = told
            heavy = weight(place / "html")
            if size == DISK:
                disk = copied(place / "html")
                print(f"  copied to the disk in {disk:.1f} s", flush=True)
            alone = measured("pages", place)
            if "a page" in alone:
                print(f"  a page alone takes {1e6 * alone['a page']:.0f} us of CPU", flush=True)
            print("  " + ", ".join(f"{kind} {value:,.1f}" for kind, value in heavy.items()), flush=True)
            again = rebuilt(place)
            show(f"{size:,} models, one run changed, the middle one of {TURNS}", again)
            told |= {"weight": heavy, "again": again, "page": alone.get("a page")}
            for kind, pages in itertools.product(KINDS, (FEW, PLAIN)) if size in sizes[:2] else ():
                markdown(place / "html", place.with_name(f"{kind}-{size}"), kind, pages)
            shutil.rmtree(place)
        programs = ("mkdocs", "zensical") if installed() else ("mkdocs",)
        others = {}
        for program, kind, size, pages in itertools.product(programs, KINDS, sizes[:2], (FEW, PLAIN)):
            others[program, kind, size, pages] = told = measured(program, Path(name) / f"{kind}-{size}", pages)
            show(f"{pages:,} pages of the site of {size:,}, {kind}, by {program}", told)
    said = [*scale_report.verdicts(seconds), *scale_report.further(seconds, others, FEW, PLAIN)]
    print("\n".join(said))
    if sizes == SIZES and len(seconds) == len(SIZES):  # a page that lacks a size would lack its expectations
        words = scale_report.text(seconds, others, said, dt.datetime.now(dt.UTC), disk)
        scale_report.write_page(ROOT / "site" / "pages" / "scale.md", words)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--arm"]:
        arm(*sys.argv[2:])
    else:
        main(tuple(int(word) for word in sys.argv[1:]) or SIZES)
