"""mailxtra takes nothing away: what stock Wireshark shows of smtp.* and pop.* stays, and switching it off restores all."""

from collections import Counter

import harness
import pytest

FIELDS = [
    "smtp.req.command",
    "smtp.req.parameter",
    "smtp.response.code",
    "smtp.rsp.parameter",
    "pop.request.command",
    "pop.request.parameter",
    "pop.response.indicator",
    "pop.response.description",
]


@pytest.fixture(params=[path.name for path in harness.captures()])
def capture(request):
    return harness.PCAPS / request.param


def test_switched_off_it_is_not_there(tshark, stock, capture, two_pass):
    """Byte for byte what Wireshark prints without the plugin."""
    off = ("--disable-protocol", "mailxtra")
    assert tshark.verbose(capture, *off, two_pass=two_pass) == stock.verbose(capture, two_pass=two_pass)
    assert tshark.read(capture, *off, two_pass=two_pass) == stock.read(capture, two_pass=two_pass)


def test_stock_fields_stay(tshark, stock, capture, two_pass):
    lost = []
    ours, theirs = (runner.fields(capture, "", "frame.number", *FIELDS, two_pass=two_pass) for runner in (tshark, stock))
    assert len(ours) == len(theirs)
    for mine, stock_row in zip(ours, theirs):
        for name, my_values, stock_values in zip(FIELDS, mine[1:], stock_row[1:]):
            for value in (Counter(stock_values) - Counter(my_values)).elements():
                lost.append((int(mine[0][0]), name, value))
    assert lost == []
