import io
import subprocess
import sys
from pathlib import Path

import pytest

from reports.__main__ import main, say
from suite.results.file import write
from tests.reports.sample import FAILING, PASSING


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "results.json"
    write(FAILING, path)
    return path


def test_show_prints_a_summary_and_writes_the_page_beside(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(results)]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1].startswith("Gate not passed")
    assert out.splitlines()[-3] == f"page: {results.with_suffix('.html')}"
    assert results.with_suffix(".html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_page_goes_where_it_is_told(results: Path, tmp_path: Path) -> None:
    assert main(["show", str(results), "--page", str(tmp_path / "out" / "p.html")]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "results.json"]
    assert (tmp_path / "out" / "p.html").is_file()


def test_no_page_writes_nothing(results: Path, tmp_path: Path) -> None:
    assert main(["show", str(results), "--no-page"]) == 0
    assert list(tmp_path.iterdir()) == [results]


def test_output_to_a_file_has_no_colour(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["show", str(results), "--no-page"])
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["missing.json", ".", "broken.json"])
def test_bad_input_is_told_without_a_traceback(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.json").write_text("{")
    assert main(["show", str(tmp_path / name)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "problem:" in captured.err


def test_the_results_are_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "results.html"
    write(PASSING, path)
    before = path.read_text()
    assert main(["show", str(path)]) == 2
    assert "would overwrite the results" in capsys.readouterr().err
    assert path.read_text() == before


def test_a_terminal_that_cannot_show_a_character_gets_it_spelled(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    say("salle à manger")
    stream.seek(0)
    assert stream.read() == "salle \\xe0 manger"


def test_the_module_runs_and_imports_no_model_library(results: Path) -> None:
    code = "import sys; from reports.__main__ import main; main(sys.argv[1:]); print('torch' in sys.modules)"
    command = [sys.executable, "-c", code, "show", str(results), "--no-page"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")


@pytest.mark.parametrize("content", ["<!doctype html>\n<p>mine</p>", "notes"], ids=["a page", "a text"])
def test_a_file_of_somebody_elses_is_not_written_over(content, results, capsys):
    target = results.with_suffix(".html")
    target.write_text(content)
    assert main(["show", str(results)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert target.read_text() == content
    assert main(["show", str(results), "--overwrite"]) == 0
    assert main(["show", str(results)]) == 0  # a page of ours may be written anew
