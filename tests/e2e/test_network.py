"""Addresses, time and the appliance's one way to the network."""

import ipaddress
import re

import pytest

from helpers import evidence_text, fetch_policy, holds_for
from world import senders
from world.appliance import Appliance, passing
from world.console import ConsoleError
from world.dhcp import AddressServer
from world.namespace import wait_until
from world.world import APPLIANCE, APPLIANCE6

pytestmark = pytest.mark.usefixtures("world")
DHCP_RANGE = (ipaddress.ip_address("192.0.2.100"), ipaddress.ip_address("192.0.2.120"))
PREFIX = ipaddress.ip_network("2001:db8::/64")


def addresses(board):
    """The addresses that the appliance says it has."""
    return [ipaddress.ip_address(text.split("/")[0]) for text in board.ask_json("status")["addresses"]]


def wait_address(board, wanted, seconds=30):
    return wait_until(lambda: next((address for address in addresses(board) if wanted(address)), None),
                      "the address", seconds, 0.2)


@pytest.mark.every_board
def test_dhcp_gives_address_gateway_and_dns(world):
    server = AddressServer(world)
    board = Appliance(world, network={"mode": "dhcp"}, public=None).start()
    address = wait_address(board, lambda found: found.version == 4 and DHCP_RANGE[0] <= found <= DHCP_RANGE[1])
    assert server.leases() == [str(address)]
    live = board.ask_json("net")["live"]
    assert (live["dhcp_bound"], live["gateway"], live["dns"]) == (True, "192.0.2.1", ["192.0.2.53"])
    board.enable_fully("example.test")
    assert world.provider.look_up("mta-sts.example.test", "A") == [str(address)]
    assert fetch_policy(world, "example.test", address=str(address)).status == 200


@pytest.mark.every_board
def test_router_advertisement_gives_an_ipv6_address_that_is_published_and_served(world):
    AddressServer(world, dhcp=False, advertise=True)
    board = Appliance(world, public=None).start()
    address = wait_address(board, lambda found: found in PREFIX)
    board.enable_fully("example.test")
    assert world.provider.look_up("mta-sts.example.test", "AAAA") == [str(address)]
    assert world.provider.look_up("mta-sts.example.test", "A") == [APPLIANCE]
    assert fetch_policy(world, "example.test", address=str(address)).status == 200
    assert board.passes("example.test")


@pytest.mark.every_board
def test_a_host_with_ipv6_alone_is_validated_served_and_checked(world):
    """An address by router advertisement and neighbour discovery; the CA has no other way to come."""
    AddressServer(world, dhcp=False, advertise=True)
    board = Appliance(world, public=None).start()
    address = str(wait_address(board, lambda found: found in PREFIX))
    board.agree()
    world.provider.publish([record for record in board.add("example.test") if record["type"] != "A"])
    board.ask_json("enable example.test")
    board.wait_domain("example.test", "active")
    assert world.provider.look_up("mta-sts.example.test", "AAAA") == [address]
    assert world.provider.look_up("mta-sts.example.test", "A") == []
    assert fetch_policy(world, "example.test", address=address).status == 200
    checks = board.check("example.test")
    assert passing(checks), checks
    assert address in evidence_text(checks["dns"]) and address in evidence_text(checks["https"])
    assert senders.postfix_resolver(world, "example.test").accepted


def test_configured_public_addresses_are_the_ones_to_publish(world):
    board = Appliance(world, public=[APPLIANCE, APPLIANCE6]).start()
    records = {record["type"]: record["value"] for record in board.add("example.test")
               if record["name"].rstrip(".") == "mta-sts.example.test"}
    assert records == {"A": APPLIANCE, "AAAA": APPLIANCE6}


def test_network_is_changed_on_the_console(world, board):
    board.ask_json("net static 192.0.2.20/24 192.0.2.1 192.0.2.53")
    board.ask_json("net public 192.0.2.20")
    wait_address(board, lambda found: str(found) == "192.0.2.20")
    board.enable_fully("example.test")
    assert fetch_policy(world, "example.test", address="192.0.2.20").status == 200
    board.cut_power()
    board.start()
    wait_address(board, lambda found: str(found) == "192.0.2.20")


@pytest.mark.parametrize("wrong", ["224.0.0.1/24 192.0.2.1", "192.0.2.10/24 0.0.0.0", "192.0.2.255/24 192.0.2.1"])
def test_a_wrong_network_is_refused_and_the_old_one_stays(board, wrong):
    before = board.ask_json("net")["configured"]
    with pytest.raises(ConsoleError, match=re.escape(wrong.split()[wrong.endswith("0.0.0.0")])):
        board.ask_json(f"net static {wrong} 192.0.2.53")
    board.cut_power()
    board.start()
    assert board.ask_json("net")["configured"] == before


@pytest.mark.every_board
def test_without_time_nothing_is_ordered_and_the_reason_is_said(world, fronted_board, front):
    board = fronted_board
    board.agree()
    world.provider.publish(board.add("example.test"))
    board.cut_power()
    world.clock.stop()
    front.forget()
    board.start()
    board.ask_json("enable example.test")
    said = board.wait_domain("example.test", lambda d: re.search(r"\btime\b|\bclock\b", d["sentence"]), seconds=20)
    assert said["state"] != "active"
    assert board.ask_json("status")["time"] is None
    assert "ntp.test" in board.ask("time")
    assert holds_for(5, lambda: not front.requests)
    world.clock.start()
    board.wait_domain("example.test", "active", seconds=150)


@pytest.mark.every_board
def test_a_time_before_one_that_was_reached_is_refused_and_said_so(world):
    """A server that was fifteen years ahead once, and is right later."""
    world.clock.shift(15 * 365 * 86400)
    board = Appliance(world).start()
    reached = board.wait_clock()
    board.cut_power()
    world.clock.shift(0)
    board.start()
    said = wait_until(lambda: next((line for line in [board.ask_json("time")["sentence"]] if "before" in line), None),
                      "the reason", 10, 0.2)
    assert reached[:10] in said and "net ntp" in said
    assert board.ask_json("status")["time"] is None


@pytest.mark.needs("process")
def test_the_simulator_opens_no_internet_socket_of_the_host(world):
    trace = world.directory / "strace.txt"
    board = Appliance(world).start(wrapper=["strace", "-D", "-f", "-e", "trace=socket,socketpair,connect",
                                            "-o", trace])
    board.enable_fully("example.test")
    assert fetch_policy(world, "example.test").status == 200
    board.cut_power()
    lines = wait_until(lambda: trace.read_text() if "SIGKILL" in trace.read_text() else None, "the trace's end")
    assert "AF_UNIX" in lines
    assert "AF_INET" not in lines and "AF_PACKET" not in lines and "AF_NETLINK" not in lines


@pytest.mark.every_board
def test_link_that_comes_later_is_taken(world):
    world.namespace.ip("link", "set", "tap0", "nomaster")
    board = Appliance(world).start()
    assert board.ask_json("status")["time"] is None
    world.namespace.ip("link", "set", "tap0", "master", "br0")
    board.wait_clock(seconds=90)
    board.enable_fully("example.test", seconds=90)
