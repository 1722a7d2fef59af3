"""Tools for rows without their own: what in the file was read as something else is told."""

import json

from train.rows.catalog import declared_tools


def test_without_a_name_there_are_none():
    assert declared_tools(None) is None


def test_a_foreign_form_is_told_and_a_plain_one_is_not(tmp_path, capsys):
    tool = {"name": "clean_room", "description": "Clean a room."}
    (tmp_path / "mcp.json").write_text(json.dumps({"tools": [{**tool, "inputSchema": {"type": "object"}}]}))
    assert [d["function"]["name"] for d in declared_tools(str(tmp_path / "mcp.json")) or ()] == ["clean_room"]
    assert "inputSchema" in capsys.readouterr().out
    assert len(declared_tools("tuya") or ()) > 1
    assert capsys.readouterr().out == ""
