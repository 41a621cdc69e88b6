"""The workflows, which run elsewhere, are well formed, and may do no more than they need."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in FILES}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def steps_of(workflow):
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_read_unless_a_job_says_what_else(name):
    assert WORKFLOWS[name]["permissions"] in ({}, {"contents": "read"})
    more = {job: each["permissions"] for job, each in WORKFLOWS[name]["jobs"].items() if "permissions" in each}
    writing = {job: rights for job, rights in more.items() if rights != {"contents": "read"}}
    assert writing == ({"publish": {"id-token": "write"}} if name == "release" else {})


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_names_versions_of_actions_and_targets_that_exist(name):
    actions = [step["uses"] for step in steps_of(WORKFLOWS[name]) if "uses" in step]
    assert [action for action in actions if not re.fullmatch(r"[\w-]+/[\w-]+@v\d+(\.\d+\.\d+)?", action)] == []
    commands = "\n".join(step["run"] for step in steps_of(WORKFLOWS[name]) if "run" in step)
    targets = {word for line in re.findall(r"\bmake ([\w -]+)", commands) for word in line.split() if word.islower()}
    assert targets <= TARGETS


def test_what_is_published_was_tested_and_built_for_a_tag_and_waits_for_approval():
    release = WORKFLOWS["release"]
    assert release[True] == {"push": {"tags": ["v*"]}}  # YAML takes `on` for true
    assert release["jobs"]["publish"]["needs"] == ["test", "build"]
    assert release["jobs"]["publish"]["environment"]["name"] == "pypi"
    assert all("run" not in step for step in release["jobs"]["publish"]["steps"])
    assert "make dist" in [step.get("run") for step in release["jobs"]["build"]["steps"]]
