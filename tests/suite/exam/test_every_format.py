"""The whole exam can be asked, and answered rightly, in every format."""

from __future__ import annotations

import pytest

from fixtures.choosing import SeededChooser
from fixtures.errors import UserError
from fixtures.formats import FORMATS, load_format
from suite.contracts import CONTRACTS
from suite.exam.scene import Scene
from suite.lanes.rehearsal import right


@pytest.mark.parametrize("name", FORMATS)
def test_what_contracts_draw_can_be_asked_and_its_right_answers_read_back(name: str) -> None:
    form = load_format(name)
    scene = Scene.on(form=form)
    read = 0
    for contract in CONTRACTS:
        case = contract.draw(scene, SeededChooser(contract.name))
        for asked in (case, *([case.variant.case] if case.variant else [])):
            tools = asked.catalog.declarations()
            assert form.render(asked.messages, tools, prompt=True).text
            if asked.oracle.calls is None:
                continue
            if len(asked.oracle.calls) > form.options.get("most", 9):
                with pytest.raises(UserError):
                    right(asked, form)
                continue
            parsed = form.parse(right(asked, form), tools)
            assert parsed.calls == asked.oracle.calls
            assert parsed.status == ("clean" if asked.oracle.calls else "no_call")
            read += 1
    assert read > 10
