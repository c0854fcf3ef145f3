"""What goes into the user data of a call."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ringline_core.domain.linkage import Linkage
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.keys import DataKeys

KEY = Linkage("s").key("i-hq-00001001791428242051", 1_800_000_000_000)


def test_the_key_of_the_interaction_goes_out_and_stands_for_the_data_here() -> None:
    keys = DataKeys(96)
    assert keys.keep("c1", {"linkage": KEY, "order": "4711"}) == KEY
    assert keys.data(KEY) == {"order": "4711", "linkage": KEY}
    assert keys.keep("c2", {"linkage": KEY}) == KEY
    assert keys.data(KEY) == {"uui": KEY}


def test_without_room_for_it_data_goes_by_a_key_of_our_own_and_nothing_goes_without_data() -> None:
    keys = DataKeys(32)
    own = keys.keep("0123456789abcdef0123456789", {"linkage": KEY, "order": "4711"})
    assert (len(own), keys.data(own)) == (29, {"order": "4711"})
    assert keys.keep("c2", {"linkage": KEY}) == ""
    assert DataKeys(0).keep("c3", {"linkage": KEY, "order": "4711"}) == ""


@pytest.mark.parametrize("room", [-1, 129])
def test_no_switch_has_such_room(room: int) -> None:
    with pytest.raises(ValidationError, match="user_data_bytes"):
        CstaConfig(host="h", dialect="plain", stations=("1001",), user_data_bytes=room)


def test_what_others_put_there_is_shown() -> None:
    assert DataKeys(96).data("gold customer") == {"uui": "gold customer"}
