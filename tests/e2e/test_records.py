"""CAA between the root and a policy host: a set far above, and the record that the console prints against it."""

import pytest

from world.appliance import Appliance
from world.world import World

DOMAIN, HOST = "example.test", "mta-sts.example.test"
IDENTITY = "ca.test"


@pytest.fixture(scope="module")
def served():
    """A world whose CA says what it goes by, and a board that serves example.test there."""
    with World() as world:
        front = world.front(identities=[IDENTITY, "second.ca.test"])
        board = Appliance(world, directory_url=front.directory_url).start()
        board.enable_fully(DOMAIN)
        yield world, board


def verdict(board, key):
    check = board.check(DOMAIN)[key]
    return check["result"], check["code"]


@pytest.fixture
def published(served):
    """A function that replaces records of one name and type; all is as it was after the test."""
    world, board = served
    changed = []

    def publish(name, kind, *values):
        changed.append((name, kind, world.provider.look_up(name, kind)))
        world.provider.replace(name, kind, *values)
        return board

    yield publish
    for name, kind, values in reversed(changed):
        world.provider.replace(name, kind, *values)


def test_caa_is_looked_for_up_to_the_root(published):
    assert verdict(published("test", "CAA", '0 issue "other.test"'), "caa") == ("fail", "forbidden")


@pytest.mark.every_board
def test_the_caa_record_that_the_console_prints_allows_the_ca(served, published):
    world, _ = served
    board = published(DOMAIN, "CAA", '0 issue "other.test"')
    assert verdict(board, "caa") == ("fail", "forbidden")
    offered = [record for record in board.records(DOMAIN) if record["type"] == "CAA"]
    assert [record["name"] for record in offered] == [HOST]
    assert IDENTITY in offered[0]["value"] and board.ask_json("ca")["account"] in offered[0]["value"]
    published(HOST, "CAA", offered[0]["value"])
    assert verdict(board, "caa") == ("pass", "ok")
