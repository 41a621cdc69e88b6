"""Build the wheel and the sdist, and check what users would install: `make dist`.

The builds are compared byte by byte: of this folder, and of nothing but its last commit, where the wheel is made from
the sdist. Then the wheel is installed into empty environments, with each extra, and is used there.

Only the wheel's size is a bound that is reported and stops nothing; every other check that fails ends this with 1.
"""

from __future__ import annotations

import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from email.message import Message
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"
SIZE_BOUND = 400_000
"""How many bytes the wheel should have at most."""
IMPORT_BOUND = 0.1
"""What part of supabase-py's time `import admin_crm` may take."""
NEVER = ("node_modules", "__pycache__", ".pyc", ".env", "/tests/", "/.")
"""What no path within the wheel may contain."""

PUBLIC = ("admin_crm", "admin_crm.models", "admin_crm.plots", "admin_crm.local", "admin_crm.testing")
"""The modules whose names are there without any extra."""

IMPORT_ALL = f"""
import importlib, admin_crm
for name in {PUBLIC}:
    module = importlib.import_module(name)
    for each in module.__all__:
        getattr(module, each)
"""
WITHOUT_EXTRAS = f"""{IMPORT_ALL}
try:
    admin_crm.customers_frame([])
except ImportError as error:
    assert "pip install 'admin-crm[notebook]'" in str(error), error
else:
    raise AssertionError("pyarrow is here without the extra notebook")
"""
COMMAND = """
import sys
from admin_crm.cli import main
sys.argv = ["admin-crm", *{arguments}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
STACK = """
from admin_crm import AdminCRM, get_directory_stats
from admin_crm.local import LocalStack
with LocalStack(engine={engine!r}) as stack, AdminCRM(stack.url, stack.secret_key) as crm:
    assert get_directory_stats(crm).total == 1200
"""
TRACED = """
from admin_crm import AdminCRM, Settings
AdminCRM("https://shop.test", "sb_secret_x", settings=Settings(telemetry=True)).close()
"""
# The extra local-postgres has a server for this platform only.
ENGINE = "postgrest" if (sys.platform, platform.machine()) == ("linux", "x86_64") else "lite"
PROMISES = {
    "": WITHOUT_EXTRAS,
    "local": STACK.format(engine="lite"),
    "local-postgres": STACK.format(engine=ENGINE),
    "notebook": "import tqdm, admin_crm; assert admin_crm.customers_frame([]).empty",
    "plots": "import matplotlib; matplotlib.use('agg'); from admin_crm import plots; plots.segments([]).figure",
    "polars": "import admin_crm; assert admin_crm.customers_frame([], backend='polars').is_empty()",
    "dask": "import dask.dataframe, admin_crm; admin_crm.customers_dask",
    "excel": "import xlsxwriter, admin_crm; admin_crm.export_customers",
    "cli": COMMAND.format(arguments=["--help"]),
    "mcp": "import mcp\n" + COMMAND.format(arguments=["mcp", "--help"]),
    "otel": TRACED,
}
"""What works with each extra, as a program."""
IN_ALL = [program for extra, program in PROMISES.items() if extra not in {"", "local", "local-postgres"}]
"""What is tried again where all extras are installed; the tour uses the local stack once more."""


class CheckError(Exception):
    """A check has failed."""


def main() -> int:
    """Run all checks, and say which failed."""
    try:
        wheel = build()
        check_wheel(wheel)
        with tempfile.TemporaryDirectory(prefix="admin-crm-dist-") as folder:
            check_installed(wheel, Path(folder))
    except CheckError as error:
        say("failed", str(error))
        return 1
    report_size(wheel)
    return 0


def build() -> Path:
    """Write wheel and sdist to `dist/`, after proving that the last commit alone makes the same; returns the wheel."""
    changes = run("git", "status", "--porcelain", inside=ROOT)
    if changes:
        raise CheckError(f"commit or remove these first, a release is made of a commit:\n{changes}")
    shutil.rmtree(DIST, ignore_errors=True)
    environment = os.environ | {"SOURCE_DATE_EPOCH": run("git", "log", "-1", "--format=%ct", inside=ROOT).strip()}
    with tempfile.TemporaryDirectory(prefix="admin-crm-commit-") as folder:
        commit = Path(folder)
        export_commit(commit)
        run_tool("build", "--installer=uv", "--sdist", "--wheel", ".", inside=ROOT, environment=environment)
        run_tool("build", "--installer=uv", ".", inside=commit, environment=environment)  # the wheel from the sdist
        check_sdist(next(DIST.glob("*.tar.gz")))
        for built in sorted(DIST.iterdir()):
            if built.read_bytes() != (commit / "dist" / built.name).read_bytes():
                raise CheckError(f"two builds of {built.name} differ")
    say("ok", f"{', '.join(built.name for built in sorted(DIST.iterdir()))}: built twice, the same bytes")
    return next(DIST.glob("*.whl"))


def export_commit(folder: Path) -> None:
    """Write the files of the last commit to a folder."""
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")


def check_sdist(sdist: Path) -> None:
    """Check that the sdist is the whole repository, so that the tests run from it too."""
    with tarfile.open(sdist) as archive:
        held = {name.split("/", 1)[1] for name in archive.getnames()}
    committed = set(run("git", "ls-files", "-z", inside=ROOT).split("\0")) - {""}
    different = sorted(held ^ (committed | {"PKG-INFO"}))
    if different:
        raise CheckError(f"{len(different)} files are in the sdist or in the commit only, such as {different[:5]}")
    say("ok", f"the sdist holds the {len(committed)} files of the commit")


def check_wheel(wheel: Path) -> None:
    """Check the metadata, how the index renders the README, and which files are in the wheel."""
    run_tool("twine", "check", "--strict", *map(str, DIST.iterdir()))
    run(str(Path(sys.executable).with_name("check-wheel-contents")), str(wheel))
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    metadata = read_metadata(wheel)
    licence = f"admin_crm-{metadata['Version']}.dist-info/licenses/LICENSE"
    missing = {"admin_crm/py.typed", licence} - set(names)
    strange = [name for name in names if any(each in f"/{name}" for each in NEVER)]
    if missing or strange:
        raise CheckError(f"missing in the wheel: {missing or '-'}; not to be in it: {strange or '-'}")
    if extras(metadata) != {*PROMISES, "all"} - {""}:
        raise CheckError(f"say in tools/dist.py what the extras promise: {extras(metadata) ^ (PROMISES.keys() - {''})}")
    check_tag(metadata["Version"])
    say("ok", f"metadata, README and the wheel's {len(names)} files; py.typed and the licence among them")


def check_tag(version: str) -> None:
    """Check, where a tag is built, that it is of this version, and that the changelog tells of it."""
    if os.environ.get("GITHUB_REF_TYPE") != "tag":
        return
    tag = os.environ["GITHUB_REF_NAME"]
    if tag != f"v{version}":
        raise CheckError(f"the tag {tag} is not of version {version} in pyproject.toml")
    if ".dev" in version:
        raise CheckError(f"{version} is no release: set the version in pyproject.toml")
    final = version.replace(".", "").isdigit()
    if final and f"\n## [{version}]" not in (ROOT / "CHANGELOG.md").read_text("utf-8"):
        raise CheckError(f"CHANGELOG.md has no section for {version}")


def check_installed(wheel: Path, folder: Path) -> None:
    """Install the wheel without extras and with each, and use it there."""
    pythons = {extra: check_extra(wheel, folder / (extra or "none"), extra) for extra in PROMISES}
    check_import_time(pythons[""])
    python = check_extra(wheel, folder / "all", "all")
    for program in IN_ALL:
        use(python, program)
    python = install(wheel, folder / "tour", "cli,local")
    tour = run(str(python.with_name("admin-crm")), "demo", inside=folder, environment=clean_environment())
    say("ok", f"admin-crm demo, from the wheel: {len(tour.splitlines())} lines")


def check_extra(wheel: Path, folder: Path, extra: str) -> Path:
    """Install the wheel with an extra, and use what it promises; returns the Python."""
    python = install(wheel, folder, extra)
    use(python, PROMISES.get(extra, IMPORT_ALL))
    version = read_metadata(wheel)["Version"]
    use(python, f"import admin_crm; assert admin_crm.__version__ == {version!r}, admin_crm.__version__")
    say("ok", f"installed, imported and used with {f'the extra {extra}' if extra else 'no extra'}")
    return python


def install(wheel: Path, folder: Path, extra: str) -> Path:
    """Make an environment with nothing but the wheel and what it asks for; returns its Python."""
    run_tool("uv", "venv", "--quiet", "--python", sys.executable, str(folder))
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    what = f"admin-crm{f'[{extra}]' if extra else ''} @ {wheel.as_uri()}"
    compiled = () if extra else ("--compile-bytecode",)  # for the import that is timed
    run_tool("uv", "pip", "install", "--quiet", *compiled, "--python", str(python), what)
    run_tool("uv", "pip", "check", "--quiet", "--python", str(python))
    return python


def use(python: Path, program: str) -> None:
    """Run a program in an environment, and check that it is the wheel that it has imported."""
    home = python.parent.parent
    proof = f"import pathlib; assert pathlib.Path(admin_crm.__file__).is_relative_to({str(home)!r}), admin_crm.__file__"
    code = f"import admin_crm\n{proof}\n{program}"
    run(str(python), "-I", "-c", code, inside=home.parent, environment=clean_environment())


def check_import_time(python: Path) -> None:
    """Compare the processor time of both imports, the best of several, taken in turn."""
    rounds = [(import_seconds(python, "admin_crm"), import_seconds(python, "supabase")) for _ in range(7)]
    ours, theirs = map(min, zip(*rounds, strict=True))
    ratio = ours / theirs
    text = f"import admin_crm takes {ratio:.1%} of the time of import supabase ({theirs * 1000:.0f} ms)"
    if ratio > IMPORT_BOUND:
        raise CheckError(f"{text}, more than {IMPORT_BOUND:.0%}")
    say("ok", text)


def import_seconds(python: Path, module: str) -> float:
    """Return the processor time of an import in a new process."""
    code = f"import time; start = time.process_time(); import {module}; print(time.process_time() - start)"
    return float(run(str(python), "-I", "-c", code, environment=clean_environment()))


def report_size(wheel: Path) -> None:
    """Say how large the wheel is, and its largest parts."""
    size = wheel.stat().st_size
    say("ok" if size <= SIZE_BOUND else "missed", f"the wheel has {size / 1000:.0f} kB of {SIZE_BOUND / 1000:.0f}")
    largest = parts_of(wheel).most_common(8)
    print(f"          compressed: {', '.join(f'{part} {part_size / 1000:.0f}' for part, part_size in largest)}")


def parts_of(wheel: Path) -> Counter[str]:
    """Return the compressed size of each folder at the top of the package."""
    sizes: Counter[str] = Counter()
    with zipfile.ZipFile(wheel) as archive:
        for file in archive.infolist():
            folder, _, rest = file.filename.removeprefix("admin_crm/").partition("/")
            metadata = ".dist-info/" in file.filename
            sizes["metadata" if metadata else folder if rest else "modules at the top"] += file.compress_size
            sizes["the archive's own lists of files"] += 76 + 2 * len(file.filename)
    return sizes


def read_metadata(wheel: Path) -> Message:
    """Return the wheel's metadata."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def extras(metadata: Message) -> set[str]:
    """Return the names of the extras."""
    return set(metadata.get_all("Provides-Extra", []))


def clean_environment() -> dict[str, str]:
    """Return the environment without what could lead to this folder, or to somebody's shop."""
    ours = ("PYTHON", "VIRTUAL_ENV", "ADMIN_CRM_", "SUPABASE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def run_tool(tool: str, *arguments: str, inside: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    """Run a tool of the development environment."""
    return run(sys.executable, "-m", tool, *arguments, inside=inside, environment=environment)


def run(*command: str, inside: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    """Run a command, and return what it prints."""
    done = subprocess.run(command, cwd=inside, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CheckError(f"{' '.join(command)[:300]}\n{done.stdout}{done.stderr}")
    return done.stdout


def say(outcome: str, text: str) -> None:
    """Print a line about a check."""
    print(f"{outcome:8}  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
