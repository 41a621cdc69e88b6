"""What `make dist` refuses. What it accepts, it shows itself; it needs the package index, as no test does."""

from __future__ import annotations

import tomllib
import zipfile

import pytest
from tools import dist

VERSION = "9.8.7"


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A function that makes a wheel of some files, beside a changelog; the tools that look at it are satisfied."""
    monkeypatch.setattr(dist, "ROOT", tmp_path)
    monkeypatch.setattr(dist, "DIST", tmp_path)
    monkeypatch.setattr(dist, "run", lambda *_, **__: "")
    monkeypatch.delenv("GITHUB_REF_TYPE", raising=False)
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n## [{VERSION}] - 2031-01-01\n")
    extras = "".join(f"Provides-Extra: {extra}\n" for extra in [*dist.PROMISES, "all"] if extra)
    always = {
        "admin_crm/py.typed": "",
        f"admin_crm-{VERSION}.dist-info/licenses/LICENSE": "MIT",
        f"admin_crm-{VERSION}.dist-info/METADATA": f"Name: admin-crm\nVersion: {VERSION}\n{extras}",
    }

    def make(**files):
        path = tmp_path / "admin_crm.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in {**always, **files}.items():
                if text is not None:
                    archive.writestr(name, text)
        return path

    return make


def test_a_wheel_with_what_belongs_in_it_is_accepted(wheel, capsys):
    dist.check_wheel(wheel(**{"admin_crm/local/gateway/main.ts": "x"}))
    assert capsys.readouterr().out.startswith("ok ")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"admin_crm/local/node_modules/x.js": ""}, "node_modules"),
        ({"admin_crm/__pycache__/x.cpython-311.pyc": ""}, "__pycache__"),
        ({"admin_crm/local/.env": ""}, r"\.env"),
        ({"admin_crm/py.typed": None}, r"py\.typed"),
        ({f"admin_crm-{VERSION}.dist-info/licenses/LICENSE": None}, "LICENSE"),
        (
            {f"admin_crm-{VERSION}.dist-info/METADATA": f"Version: {VERSION}\nProvides-Extra: fax\n"},
            "what the extras promise.*fax",
        ),
    ],
)
def test_a_wheel_with_something_missing_or_strange_is_refused(wheel, files, message):
    with pytest.raises(dist.CheckError, match=message):
        dist.check_wheel(wheel(**files))


def test_the_size_is_told_with_its_parts(wheel, monkeypatch, capsys):
    local = {"admin_crm/local/main.ts": "abc", "admin_crm/local/sql/x.sql": "abcd"}
    path = wheel(**local, **{"admin_crm/client.py": "ab", "_admin_crm_pytest.py": "c"})
    sizes = dist.parts_of(path)
    assert (sizes["local"], sizes["modules at the top"]) == (7, 3)
    assert sum(sizes.values()) + 22 == path.stat().st_size  # 22 bytes end an archive
    dist.report_size(path)
    monkeypatch.setattr(dist, "SIZE_BOUND", 10)
    dist.report_size(path)
    told = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert told == ["ok", "compressed:", "missed", "compressed:"]


@pytest.mark.parametrize(
    ("version", "tag", "message"),
    [
        (VERSION, f"v{VERSION}", None),
        (VERSION, VERSION, "not of version"),
        (VERSION, "v9.8.6", "not of version"),
        ("9.9.0", "v9.9.0", "no section for 9.9.0"),
        ("9.9.0rc1", "v9.9.0rc1", None),
        ("9.9.0.dev0", "v9.9.0.dev0", "no release"),
    ],
)
def test_a_tag_is_of_the_version_and_the_changelog_tells_of_it(wheel, monkeypatch, version, tag, message):
    wheel()
    monkeypatch.setenv("GITHUB_REF_TYPE", "tag")
    monkeypatch.setenv("GITHUB_REF_NAME", tag)
    if message is None:
        dist.check_tag(version)
    else:
        with pytest.raises(dist.CheckError, match=message):
            dist.check_tag(version)


def test_a_command_that_fails_is_told_with_what_it_said():
    with pytest.raises(dist.CheckError, match="no such option"):
        dist.run("python", "-c", "import sys; sys.exit('no such option')")


def test_every_extra_has_a_promise():
    project = tomllib.loads((dist.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {*project["optional-dependencies"]} - {"all"} == {*dist.PROMISES} - {""}


def test_the_environments_know_nothing_of_this_folder_or_a_shop(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "src")
    monkeypatch.setenv("ADMIN_CRM_PAGE_SIZE", "1")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_x")
    monkeypatch.setenv("LANG", "C.UTF-8")
    clean = dist.clean_environment()
    assert clean["LANG"] == "C.UTF-8"
    assert not {"PYTHONPATH", "ADMIN_CRM_PAGE_SIZE", "SUPABASE_SECRET_KEY"} & clean.keys()
