"""The world's DNS: a real authoritative server (Knot), changed the way a user changes it at a provider.

`Dns` runs the server, `Provider` is the user's hand: each change is one dynamic update with a key.
"""

import base64
import os
import signal
import socket
import subprocess
import textwrap

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rdatatype

from . import paths
from .namespace import WorldError, wait_until

ADDRESS = "192.0.2.53"
ADDRESS6 = "2001:db8::53"
ZONE = "test."
DELEGATED, CLOSED = "delegated.test.", "closed.test."
TTL = 5

BASE_ZONE = textwrap.dedent("""\
    $ORIGIN test.
    $TTL {ttl}
    @           SOA  ns hostmaster 1 3600 600 86400 {ttl}
    @           NS   ns
    ns          A    192.0.2.53
    ns          AAAA 2001:db8::53
    acme.ca     A    192.0.2.1
    ntp         A    192.0.2.1
    example     MX   10 mail.example
    example     TXT  "v=spf1 mx -all"
    mail.example A   192.0.2.25
    second      MX   10 mail.second
    second      TXT  "v=spf1 mx -all"
    mail.second A    192.0.2.26
    third       MX   10 mail.third
    third       TXT  "v=spf1 mx -all"
    mail.third  A    192.0.2.27
    """)

SMALL_ZONE = textwrap.dedent("""\
    $ORIGIN {zone}
    $TTL {ttl}
    @           SOA  ns.test. hostmaster.test. 1 3600 600 86400 {ttl}
    @           NS   ns.test.
    shut        MX   10 mail.example.test.
    """)

CONFIG = textwrap.dedent("""\
    server:
        rundir: "{directory}"
        listen: [ {address}@53, {address6}@53 ]
        udp-workers: 1
        tcp-workers: 1
        background-workers: 1
    log:
      - target: stderr
        any: info
    database:
        storage: "{directory}"
        journal-db-max-size: 32M
        kasp-db-max-size: 8M
        timer-db-max-size: 8M
        catalog-db-max-size: 8M
    key:
      - id: operator
        algorithm: hmac-sha256
        secret: {secret}
      - id: publisher
        algorithm: hmac-sha256
        secret: {publisher_secret}
    acl:
      - id: publisher-may-change
        key: publisher
        action: [ update, query ]
      - id: publisher-may-ask
        key: publisher
        action: query
      - id: operator-may-change
        key: operator
        action: [ update, transfer ]
    zone:
      - domain: {zone}
        storage: "{directory}"
        file: "test.zone"
        acl: [ operator-may-change, publisher-may-change ]
        zonefile-sync: -1
        journal-content: changes
      - domain: delegated.test.
        storage: "{directory}"
        file: "delegated.test.zone"
        acl: [ operator-may-change, publisher-may-change ]
        zonefile-sync: -1
        journal-content: changes
      - domain: closed.test.
        storage: "{directory}"
        file: "closed.test.zone"
        acl: [ operator-may-change, publisher-may-ask ]
        zonefile-sync: -1
        journal-content: changes
    """)


def absolute(name):
    return name if name.endswith(".") else name + "."


def presentation(kind, value):
    """A record's value as a zone file writes it: TXT goes in quotes, host names end with a dot."""
    if kind == "TXT":
        if value.startswith('"'):
            return value
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if kind in ("CNAME", "MX", "NS"):
        return absolute(value)
    return value


class Provider:
    """Changes records as the owner of the domain would, and asks the server what it answers."""

    def __init__(self, namespace, secret):
        self._namespace = namespace
        self._secret = secret

    def update(self, *lines):
        script = "\n".join([f"server {ADDRESS}", f"zone {ZONE}", *lines, "send", "answer", "quit", ""])
        done = self._namespace.run([paths.system_program("knsupdate"), "-y",
                                    f"hmac-sha256:operator:{self._secret}"], input=script)
        if done.returncode or "status: NOERROR" not in done.stdout:
            raise WorldError(f"the update was refused: {done.stdout}{done.stderr}")

    def add(self, name, kind, value, ttl=TTL):
        self.update(f"update add {absolute(name)} {ttl} {kind} {presentation(kind, value)}")

    def remove(self, name, kind):
        self.update(f"update del {absolute(name)} {kind}")

    def replace(self, name, kind, *values, ttl=TTL):
        """The name has exactly these values of this type afterwards, in one step."""
        lines = [f"update add {absolute(name)} {ttl} {kind} {presentation(kind, value)}" for value in values]
        self.update(f"update del {absolute(name)} {kind}", *lines)

    def publish(self, records):
        """Publishes records as the console prints them: dictionaries of type, name, value, ttl."""
        self.update(*(f"update add {absolute(record['name'])} {record['ttl']} {record['type']} "
                      f"{presentation(record['type'], record['value'])}" for record in records))

    def withdraw(self, records):
        self.update(*(f"update del {absolute(record['name'])} {record['type']}" for record in records))

    def look_up(self, name, kind, seconds=3):
        """The values that the server gives for a name, as strings, sorted."""
        query = dns.message.make_query(absolute(name), kind)
        with self._namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            answer = dns.query.udp(query, ADDRESS, timeout=seconds, sock=channel)
        wanted = dns.rdatatype.from_text(kind)
        return sorted(str(value) for rrset in answer.answer if rrset.rdtype == wanted for value in rrset)


class Dns:
    def __init__(self, namespace, directory):
        self._namespace = namespace
        self._directory = directory
        secret = base64.b64encode(os.urandom(32)).decode()
        self.provider = Provider(namespace, secret)
        self.publisher_secret = base64.b64encode(os.urandom(32)).decode()  # of the key `publisher`, for appliances
        for zone in (DELEGATED, CLOSED):
            (directory / f"{zone}zone").write_text(SMALL_ZONE.format(zone=zone, ttl=TTL))
        (directory / "test.zone").write_text(BASE_ZONE.format(ttl=TTL))
        (directory / "knot.conf").write_text(CONFIG.format(
            directory=directory, address=ADDRESS, address6=ADDRESS6, secret=secret,
            publisher_secret=self.publisher_secret, zone=ZONE))
        self._log = open(directory / "knot.log", "wb")
        self._process = None

    def start(self):
        self._process = self._namespace.start(
            [paths.system_program("knotd"), "-c", self._directory / "knot.conf"],
            stdout=self._log, stderr=subprocess.STDOUT)

    def wait(self):
        wait_until(self._answers, "the DNS server")

    def _answers(self):
        if self._process.poll() is not None:
            raise WorldError("the DNS server ended: "
                             + (self._directory / "knot.log").read_text(errors="replace"))
        try:
            return self.provider.look_up("acme.ca.test", "A", seconds=0.1)
        except (OSError, dns.exception.DNSException):
            return False

    def pause(self):
        """The server takes questions and answers none, until resume()."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def close(self):
        self._log.close()
