"""A host program that embeds Sealpost through sealpost.h alone, in the test world."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from world import client, paths  # noqa: E402
from world.world import APPLIANCE, TAP, World  # noqa: E402

DOMAIN = "gateway.test"
CHECKS = {"dns", "https", "certificate", "policy_id"}


def program():
    return Path(os.environ.get("SEALPOST_BUILD", paths.ROOT / "build" / "sim")) / "embed_gateway"


@pytest.fixture
def world():
    with World() as made:
        yield made


def start(world):
    """The gateway on the world's TAP; it gets the CA's two roots as files."""
    roots = []
    for number, pem in enumerate((world.ca.authority.pem(), world.ca.root)):
        roots.append(world.directory / f"root{number}.pem")
        roots[-1].write_text(pem)
    return world.namespace.start(
        [program(), TAP, f"{APPLIANCE}/24", "192.0.2.53", "ntp.test", world.ca.directory_url, *roots, "--", DOMAIN,
         f"mail.{DOMAIN}"], stdout=subprocess.PIPE, text=True)


def read_records(gateway):
    """The records that the gateway prints until it says that the domain is enabled."""
    records = []
    for line in gateway.stdout:
        if line.strip() == "enabled":
            return records
        word, name, kind, ttl, value = line.rstrip("\n").split("\t")
        assert word == "record"
        records.append({"name": name, "type": kind, "ttl": int(ttl), "value": value})
    raise AssertionError("the gateway ended before the domain was enabled")


def test_gateway_adds_enables_and_checks_a_domain_through_the_header_alone(world):
    gateway = start(world)
    records = read_records(gateway)
    assert {record["type"] for record in records} == {"TXT", "A"}
    world.provider.publish(records)
    passed = [line.split("\t")[1] for line in gateway.stdout if line.startswith("pass\t")]
    assert gateway.wait(10) == 0
    assert set(passed) >= CHECKS


def test_gateway_program_sees_no_header_of_ours_but_the_public_one():
    """What the program includes, by the compiler's own list."""
    build = program().parent
    commands = subprocess.run(["ninja", "-C", build, "-t", "deps"], text=True, check=True, stdout=subprocess.PIPE)
    seen = {path for block in commands.stdout.split("\n\n") if "embed_gateway" in block.split(":")[0]
            for path in map(str.strip, block.splitlines()[1:])}
    files = [(build / path).resolve() for path in seen]
    own = {path.relative_to(paths.ROOT) for path in files if path.is_relative_to(paths.ROOT)}
    foreign = {str(path) for path in own if not str(path).startswith(("tests/embed/", "hal/"))}
    assert foreign == {"firmware/include/sealpost.h", "firmware/base/err.h", "firmware/base/time.h"}
