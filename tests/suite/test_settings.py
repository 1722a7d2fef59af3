import pytest

from fixtures.errors import UserError
from suite.settings import Settings, home_of, read_settings


def pyproject(tmp_path, text):
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    return path


def test_without_a_table_the_defaults_hold(tmp_path):
    assert read_settings({}, tmp_path) == Settings(cache=str(tmp_path / ".callproof"))


def test_the_command_line_wins_over_the_table(tmp_path):
    pyproject(tmp_path, "[tool.callproof]\nseed = 3\nbudget = 100\ncatalog = ['tuya']\n")
    settings = read_settings({"seed": 5, "budget": None, "catalog": None}, tmp_path)
    assert (settings.seed, settings.budget, settings.catalog) == (5, 100, ("tuya",))


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("", (50, 50)),
        ('examples = ["rows.jsonl"]', (10, 90)),
        ('examples = ["rows.jsonl"]\nas_deployed = 50', (10, 50)),
    ],
)
def test_with_examples_most_cases_are_on_the_whole_catalogs_under_test(tmp_path, text, shares):
    (tmp_path / "pyproject.toml").write_text(f"[tool.callproof]\n{text}\n")
    settings = read_settings({}, tmp_path)
    assert (settings.made_up, settings.as_deployed) == shares


def test_an_adapter_in_the_table_starts_no_gate_by_itself(tmp_path):
    pyproject(tmp_path, "[tool.callproof]\nadapter = 'none'\n")
    assert read_settings({}, tmp_path).adapter is None


def test_home_is_the_nearest_folder_above_whose_file_has_the_table(tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert home_of(below) == below
    pyproject(tmp_path, "[tool.callproof]\n")
    pyproject(below, "[tool.other]\n")
    assert home_of(below) == tmp_path
    pyproject(tmp_path / "a", "[tool.callproof]\n")
    assert home_of(below) == tmp_path / "a"


def test_paths_of_the_file_are_meant_from_the_file_and_those_typed_from_where_they_were_typed(tmp_path):
    pyproject(tmp_path, "[tool.callproof]\ncontracts = 'own'\nresults = 'r.json'\ncatalog = ['tuya']\n")
    below = tmp_path / "below"
    below.mkdir()
    settings = read_settings({"results": "out.json"}, below)
    assert (settings.contracts, settings.results, settings.catalog) == (str(tmp_path / "own"), "out.json", ("tuya",))
    assert settings.cache == str(tmp_path / ".callproof")
    assert read_settings({"cache": "kept"}, below).cache == str(below / "kept")
    assert read_settings({}, tmp_path).contracts == "own"


def test_catalogs_cases_and_examples_of_the_file_are_all_meant_from_the_file(tmp_path):
    lists = (
        "catalog = ['tuya', 'own/tools.json']\ncases = ['rows.jsonl', 'bfcl:data/simple']\nexamples = ['said.jsonl']\n"
    )
    pyproject(tmp_path, f"[tool.callproof]\n{lists}")
    below = tmp_path / "below"
    below.mkdir()
    settings = read_settings({}, below)
    assert settings.catalog == ("tuya", str(tmp_path / "own" / "tools.json"))
    assert settings.cases == (str(tmp_path / "rows.jsonl"), f"bfcl:{tmp_path / 'data' / 'simple'}")
    assert settings.examples == (str(tmp_path / "said.jsonl"),)
    typed = {"catalog": ["a.json"], "cases": ["b.jsonl"], "examples": ["c.jsonl"]}
    settings = read_settings(typed, below)
    assert (settings.catalog, settings.cases, settings.examples) == (("a.json",), ("b.jsonl",), ("c.jsonl",))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tool.callproof]\nsed = 3\n", ["sed", "seed"]),
        ("[tool.callproof]\nseed = 'three'\n", ["seed='three'", "a whole number"]),
        ("[tool.callproof]\nbudget = true\n", ["budget=True", "a whole number"]),
        ("[tool.callproof]\nto_the_end = 1\n", ["to_the_end=1", "true or false"]),
        ("[tool.callproof]\nbudget = 3\n", ["budget=3", "20 and more"]),
        ("[tool.callproof]\nmade_up = -1\n", ["-1 is not a percentage", "0 to 100"]),
        ("[tool.callproof]\nprocesses = 0\n", ["0 processes", "from 1 to 64"]),
        ("[tool.callproof]\ncatalog = 'tuya'\n", ["catalog='tuya'", "a list of strings"]),
        ("[tool.callproof\n", ["not valid TOML"]),
    ],
    ids=["unknown", "kind", "boolean", "no boolean", "too small", "no percentage", "no process", "no list", "toml"],
)
def test_a_bad_setting_is_told_with_its_place(tmp_path, text, told):
    path = pyproject(tmp_path, text)
    with pytest.raises(UserError) as error:
        read_settings({}, tmp_path)
    assert str(path) in str(error.value)
    assert all(words in str(error.value) for words in told)
