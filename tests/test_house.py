"""The house itself: its layers, its doors, its commands, its README."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from wattbench import cli as bench

ROOT = Path(__file__).parents[1]
LIGHT = {"pydantic", "typer", "rich"}


def closure(names: set[str]) -> set[str]:
    """The top-level modules of distributions and of all that they depend on."""
    waiting, seen = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # a dependency for another platform or Python
            continue
        waiting += [plain(re.split(r"[ ;<>=!~\[(]", need)[0]) for need in needs if "extra ==" not in need]
    owners = metadata.packages_distributions()
    return {module for module, owned in owners.items() if {plain(one) for one in owned} & seen}


def plain(name: str) -> str:
    """A distribution's name in its normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("package", ["wattbench", "wattboard"])
def test_help_imports_nothing_heavy(package: str) -> None:
    script = (
        f"import sys, json; from {package}.cli import main; sys.argv = ['{package}', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('MODULES' + json.dumps(sorted({name.split('.')[0] for name in sys.modules})))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name for name in json.loads(done.stdout.split("MODULES")[1]) if not name.startswith("_sysconfigdata")}
    allowed = closure(LIGHT) | set(sys.stdlib_module_names) | {"wattbench", "wattboard", "__main__"}
    # modules that start-up hooks of the environment itself bring along, with or without us
    bare = subprocess.run(
        [sys.executable, "-c", "import sys, json; print(json.dumps(sorted(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
    )
    allowed |= {name.split(".")[0] for name in json.loads(bare.stdout)}
    allowed |= {"attr"}  # rich looks whether it is there; here a validator of the tests has brought it
    assert loaded - allowed == set()
    assert "Usage" in done.stdout


def test_importing_wattbench_loads_no_model_library_and_no_driver() -> None:
    script = (
        "import sys, wattbench, wattbench.session, wattbench.worker, wattbench.demo, wattbench.diagnosis\n"
        "from wattbench import tasks, meters\n"
        "from wattbench.meters import nvml, rapl, estimate\n"
        "[tasks.find(name) for name in tasks.names()]\n"
        "print({'torch', 'transformers', 'optimum', 'pynvml', 'polars', 'huggingface_hub'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_layers_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_each_heavy_dependency_has_its_doors() -> None:
    doors = {
        "pynvml": {"wattbench/meters/nvml_device.py"},
        "huggingface_hub": {"wattbench/hub.py"},
        "optimum": {"wattbench/backends/optimum.py"},
        "onnx": {"wattbench/demo/convert.py"},
        "ray": {"wattbench/fleet/cluster.py"},
        "psutil": {"wattbench/environment.py", "wattbench/process.py"},
        "mkdocs": {"wattboard/build.py"},
        "jinja2": {"wattboard/pages/filling.py"},
    }
    found: dict[str, set[str]] = {name: set() for name in doors}
    for path in [*ROOT.glob("harness/**/*.py"), *ROOT.glob("site/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        for name in doors:
            if re.search(rf"^\s*(import|from) {name}\b", text, re.MULTILINE):
                found[name].add(
                    "/".join(
                        path.parts[
                            -path.parts[::-1].index(next(p for p in ("wattbench", "wattboard") if p in path.parts))
                            - 1 :
                        ]
                    )
                )
    for name, allowed in doors.items():
        assert found[name] <= allowed, f"{name} is imported by {found[name] - allowed}"


def test_mkdocs_never_writes_into_the_source_folder_called_site() -> None:
    class Loader(yaml.SafeLoader):
        """Reads mkdocs.yml without running its Python tags."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda _loader, suffix, _node: suffix)
    config = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader=Loader)  # noqa: S506 - a SafeLoader
    assert config["site_dir"] == "build/html"
    assert config["docs_dir"] == "build/docs"
    assert "hooks" not in config
    assert [p if isinstance(p, str) else next(iter(p)) for p in config["plugins"]] == ["search"]
    assert config["theme"]["font"] is False
    assert "navigation.instant" not in config["theme"].get("features", [])


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this is no git checkout, so there is no list of files to compare")
    return done.stdout.splitlines()


def test_the_readme_tree_has_one_line_for_every_module() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = readme.split("## The house", 1)[1].split("```", 2)[1]
    named = set(re.findall(r"^[│├└─\s]*([\w.\-]+)", tree, re.MULTILINE))
    missing = [
        path
        for path in tracked()
        if re.match(r"(harness|site)/.*\.py$", path)
        and Path(path).name not in named
        and Path(path).name != "__init__.py"
    ]
    assert missing == []


def test_modules_stay_small() -> None:
    long = {
        path: lines
        for path in tracked()
        if path.endswith(".py")
        and not path.startswith("tests/")
        and (lines := len((ROOT / path).read_text(encoding="utf-8").splitlines())) > 300
    }
    assert long == {}


def test_the_readme_names_every_command_and_no_other() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    import typer

    for name, app in (("wattbench", bench.app),):
        commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined] # a group has commands
        assert commands <= set(re.findall(rf"`?{name} ([a-z-]+)", readme))


def test_dependencies_say_the_distribution_that_provides_pynvml() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs = [need for extra in project["optional-dependencies"].values() for need in extra] + project["dependencies"]
    assert "nvidia-ml-py>=13,<14" in needs
    assert not [need for need in needs if re.match(r"(pynvml|torchvision|timm)\b", need)]
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "torch==2.13.0" in constraints.splitlines()
    assert not re.search(r"^(pynvml|torchvision|timm)=", constraints, re.MULTILINE)
