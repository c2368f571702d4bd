"""Addresses: static, by DHCP, by router advertisements; and changes at run time."""

import subprocess
from pathlib import Path

import pytest
from conftest import HOST, HOST6, PROBE, STATIC
from world import paths
from world.namespace import stop, wait_until


def ping(network, address, size=56):
    script = Path(__file__).with_name("ping.py")
    return network.run([paths.PYTHON, script, address, size]).returncode == 0


@pytest.fixture
def dnsmasq(network, tmp_path):
    """Starts dnsmasq as DHCP server, router advertiser, or both."""
    started = []

    def start(*options):
        log = open(tmp_path / "dnsmasq.log", "wb")
        command = [paths.system_program("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null",
                   "--user=root", "--log-facility=-", "--log-dhcp", "--port=0", "--interface=tap0",
                   "--except-interface=lo", f"--dhcp-leasefile={tmp_path}/leases",
                   f"--pid-file={tmp_path}/pid", *options]
        started.append(network.start(command, stdout=log, stderr=subprocess.STDOUT))
        wait_until(lambda: "started" in (tmp_path / "dnsmasq.log").read_text(), "dnsmasq")
        return started[-1]

    yield start
    for process in started:
        stop(process)


DHCP = ["--dhcp-range=192.0.2.100,192.0.2.110,255.255.255.0,2m", "--dhcp-option=option:router,192.0.2.1",
        "--dhcp-option=option:dns-server,192.0.2.53,192.0.2.54", "--dhcp-option=option:ntp-server,192.0.2.1",
        "--dhcp-authoritative"]
RA = ["--enable-ra", "--dhcp-range=2001:db8::,ra-only", "--dhcp-option=option6:dns-server,[2001:db8::53]",
      "--ra-param=tap0,4"]


def test_static_address_answers_ping(network, probe):
    status = probe.status()
    assert (status["dhcp"], status["prefix"], status["gw"]) == ("0", "24", HOST)
    assert status["addresses"].split(",")[0] == PROBE and status["own"] == "1"
    assert status["dns"] == "192.0.2.53"
    assert ping(network, PROBE)


def test_fragmented_ping_is_put_together(network, probe):
    assert ping(network, PROBE, 4000)


def test_link_local_answers_ping(network, probe, link_local):
    assert ping(network, link_local + "%tap0")


def test_dhcp_gives_address_resolvers_and_time_server(network, dnsmasq, make_probe, tmp_path):
    dnsmasq(*DHCP)
    probe = make_probe("dhcp", "host=sealpost-1")
    status = probe.wait_status(lambda s: s["bound"] == "1", "a lease")
    address = status["addresses"].split(",")[0]
    assert address.startswith("192.0.2.10") and status["prefix"] == "24" and status["gw"] == HOST
    assert (status["dns"], status["ntp"]) == ("192.0.2.53,192.0.2.54", "192.0.2.1")
    assert ping(network, address)
    assert "sealpost-1" in (tmp_path / "leases").read_text()


def test_static_resolvers_come_before_those_of_dhcp(dnsmasq, make_probe):
    dnsmasq(*DHCP)
    probe = make_probe("dhcp", "dns=198.51.100.53")
    status = probe.wait_status(lambda s: s["bound"] == "1", "a lease")
    assert status["dns"] == "198.51.100.53,192.0.2.53,192.0.2.54"


def test_router_advertisement_gives_address_and_resolver(network, dnsmasq, make_probe):
    dnsmasq(*RA)
    probe = make_probe(*STATIC)
    status = probe.wait_status(lambda s: "2001:db8::" in s["addresses"], "an address by SLAAC")
    address = next(a for a in status["addresses"].split(",") if a.startswith("2001:db8::"))
    assert status["dns"] == "192.0.2.53,2001:db8::53"
    assert ping(network, address)
    probe.ask("listen", 7, "greet")
    assert probe.ask("connect", 1, HOST6, 9, "hold")["err"] == "0"
    assert probe.expect("end 1")["err"] == "-14"


def test_dhcp_and_router_advertisement_do_not_overwrite_each_other(dnsmasq, make_probe):
    dnsmasq(*DHCP, *RA)
    probe = make_probe("dhcp")
    probe.wait_status(lambda s: s["dns"] == "192.0.2.53,192.0.2.54,2001:db8::53", "all three resolvers")


def test_change_from_static_to_dhcp_and_back(network, dnsmasq, make_probe):
    dnsmasq(*DHCP)
    probe = make_probe(*STATIC)
    assert ping(network, PROBE)
    assert probe.ask("configure", "dhcp")["err"] == "0"
    status = probe.wait_status(lambda s: s["bound"] == "1", "a lease")
    leased = status["addresses"].split(",")[0]
    assert ping(network, leased) and not ping(network, PROBE)
    assert probe.ask("configure", *STATIC)["err"] == "0"
    status = probe.status()
    assert (status["dhcp"], status["ntp"], status["dns"]) == ("0", "-", "192.0.2.53")
    assert ping(network, PROBE) and not ping(network, leased)


def test_dhcp_server_that_comes_late_is_found(dnsmasq, make_probe):
    probe = make_probe("dhcp")
    assert probe.status()["bound"] == "0"
    dnsmasq(*DHCP)
    probe.wait_status(lambda s: s["bound"] == "1", "a lease")


@pytest.mark.parametrize("words", [
    ["ip=224.0.0.1/24"], ["ip=0.0.0.1/24"], ["ip=192.0.2.10/0"], ["ip=192.0.2.10/24", "gw=127.0.0.1"],
    ["ip=192.0.2.10/24", "gw=2001:db8::1"], ["ip=2001:db8::2/64"]])
def test_senseless_configuration_is_refused_and_changes_nothing(probe, words):
    assert probe.ask("configure", *words)["err"] == "-1"
    assert probe.status()["addresses"].split(",")[0] == PROBE
