"""A sender of mail that enforces MTA-STS: a real Postfix with two daemons of postfix-mta-sts-resolver.

    sender = MailSender(world).start()
    sender.mail("example.test")                # by way of the prompt daemon: Delivery(status="sent", ...)
    sender.mail("example.test", way=LAZY)

PROMPT looks at DNS before each mail and fetches the policy when its id is another one. LAZY keeps a policy until its
max_age is over, whatever DNS says, as some senders do. Both take the time from the sender's own clock, which shift()
sets forward; Postfix itself does not. Postfix has to be started as root.
"""

import glob
import re
import smtplib
import subprocess
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid

from . import paths
from .mx import SMTP, Postfix
from .namespace import WorldError, stop, wait_until

ADDRESS = "192.0.2.1"
NAME = "out.test"
PROMPT, LAZY = "prompt", "lazy"
DAEMON_PORTS = {PROMPT: 8461, LAZY: 8462}
GRACE_SECONDS = {PROMPT: 0, LAZY: 10 * 366 * 86400}
FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"
DELIVERY_SECONDS = 60

ROLE = {
    "myhostname": NAME,
    "mynetworks": "192.0.2.0/24",
    "inet_interfaces": "192.0.2.1, 2001:db8::1",  # every MX of the world is another machine
    "smtpd_relay_restrictions": "permit_mynetworks, reject",
    "smtpd_tls_security_level": "none",
    "smtp_tls_security_level": "may",
    "smtp_tls_loglevel": "1",
    "smtp_tls_session_cache_database": "",
    "smtp_connection_cache_on_demand": "no",
    "smtp_connect_timeout": "5",
    "smtp_helo_timeout": "20",
    # Every mail is tried at once, whatever happened to the one before.
    "default_destination_concurrency_failed_cohort_limit": "0",
    "sender_dependent_default_transport_maps": f"inline:{{ {{ {LAZY}@{NAME} = {LAZY}: }} }}",
}


@dataclass
class Delivery:
    """What became of a mail: sent, deferred or bounced; relay: who took it last; reason: Postfix's words."""
    status: str
    relay: str
    reason: str
    secured: str = ""  # how the connection was secured: Verified, Trusted, Untrusted, Anonymous or nothing

    @property
    def sent(self):
        return self.status == "sent"


class PolicyDaemon:
    """mta-sts-daemon, with a clock of its own."""

    def __init__(self, world, way):
        self._world, self._way = world, way
        self._directory = world.directory
        self.log_path = self._directory / f"mta-sts-{way}.log"
        self._log = open(self.log_path, "ab")
        self._offset = self._directory / f"mta-sts-{way}.time"
        self._process = None
        self.shift(0)

    @property
    def port(self):
        return DAEMON_PORTS[self._way]

    def shift(self, seconds):
        """The daemon's clock is so much ahead of the machine's from now on."""
        fresh = self._offset.with_suffix(".new")
        fresh.write_text(f"+{seconds}\n")
        fresh.replace(self._offset)

    def _environment(self):
        found = glob.glob(FAKETIME)
        if not found:
            raise paths.MissingProgram("libfaketime is not installed: run tools/setup")
        return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "SSL_CERT_FILE": str(self._world.roots),
                "LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": str(self._offset), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def start(self):
        config = self._directory / f"mta-sts-{self._way}.yml"
        config.write_text(f"host: 127.0.0.1\nport: {self.port}\n"
                          f"cache_grace: {GRACE_SECONDS[self._way]}\nshutdown_timeout: 1\n"
                          "cache:\n  type: internal\n  options:\n    cache_size: 100\n"
                          "default_zone:\n  strict_testing: false\n  timeout: 4\n")
        self._process = self._world.namespace.start(
            [paths.system_program("mta-sts-daemon"), "-v", "debug", "--disable-uvloop", "-c", config],
            env=self._environment(), stdout=self._log, stderr=subprocess.STDOUT)

    def wait(self):
        wait_until(self._answers, f"the {self._way} policy daemon")

    def _answers(self):
        if self._process.poll() is not None:
            raise WorldError(f"the {self._way} policy daemon ended: {self.log()}")
        return self._world.namespace.answers_tcp("127.0.0.1", self.port)

    def ask(self, domain, seconds=15):
        """What the daemon tells Postfix of a domain: the words after OK, or "" when there is nothing to hold to."""
        question = f"postfix {domain}".encode()
        with self._world.namespace.connect("127.0.0.1", self.port, seconds) as channel:
            channel.sendall(b"%d:%s," % (len(question), question))
            answer = b""
            while not answer.endswith(b","):
                piece = channel.recv(65536)
                if not piece:
                    raise WorldError(f"the {self._way} policy daemon closed: {answer!r}")
                answer += piece
        found = re.fullmatch(r"\d+:(OK|NOTFOUND) (.*),", answer.decode())
        if not found:
            raise WorldError(f"the {self._way} policy daemon said {answer!r}")
        return found.group(2)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self):
        stop(self._process)

    def close(self):
        self._log.close()


class _Client(smtplib.SMTP):
    def __init__(self, namespace):
        self._namespace = namespace
        super().__init__(ADDRESS, SMTP, local_hostname=NAME, timeout=20)

    def _get_socket(self, host, port, timeout):
        return self._namespace.connect(host, port, timeout)


class MailSender(Postfix):
    """A Postfix that relays what mail() gives it. roots: PEM of those that MX certificates may lead to; the world's
    unless given."""

    def __init__(self, world, roots=None):
        super().__init__(world, ADDRESS, "sender")
        self._roots = roots
        self.daemons = {way: world.keep(PolicyDaemon(world, way)) for way in DAEMON_PORTS}
        self.deliveries = []
        self._lock = threading.Lock()

    def start(self):
        for daemon in self.daemons.values():
            daemon.start()
        super().start()
        for daemon in self.daemons.values():
            daemon.wait()
        return self

    def shift(self, seconds):
        """The sender's clock is so much ahead of the machine's from now on."""
        for daemon in self.daemons.values():
            daemon.shift(seconds)

    def forget(self):
        """The daemons start anew: they know no policy, and their clocks are the machine's."""
        for daemon in self.daemons.values():
            daemon.stop()
            daemon.shift(0)
            daemon.start()
        for daemon in self.daemons.values():
            daemon.wait()

    def settings(self):
        roots = self.directory / "roots.pem"
        roots.write_text(self._roots if self._roots is not None else self.world.roots.read_text())
        return {**ROLE, "smtp_tls_CAfile": roots, "smtp_tls_policy_maps": self._map(PROMPT)}

    @staticmethod
    def _map(way):
        return f"socketmap:inet:127.0.0.1:{DAEMON_PORTS[way]}:postfix"

    def services(self):
        return (f"{ADDRESS}:{SMTP} inet n - n - - smtpd\nsmtp unix - - n - - smtp\n"
                f"{LAZY} unix - - n - - smtp\n    -o smtp_tls_policy_maps={self._map(LAZY)}\n")

    def mail(self, domain, way=PROMPT, user="somebody", seconds=DELIVERY_SECONDS):
        """Sends a mail and waits for what becomes of it at the first try. Safe from any thread."""
        message = EmailMessage()
        message["From"], message["To"] = f"{way}@{NAME}", f"{user}@{domain}"
        message["Subject"], message["Message-ID"] = "a mail", make_msgid(domain=NAME)
        message.set_content("Hello.\n")
        number = self._submit(message)
        found = wait_until(lambda: self._find(number), f"the delivery of {number}", seconds, 0.05)
        with self._lock:
            self.deliveries.append(found)
        return found

    def _submit(self, message):
        with _Client(self.world.namespace) as client:
            client.ehlo()
            client.mail(message["From"])
            client.rcpt(message["To"])
            code, words = client.data(message.as_bytes())
        found = re.search(rb"queued as (\w+)", words)
        if code != 250 or not found:
            raise WorldError(f"the sender did not take a mail: {code} {words!r}")
        return found.group(1).decode()

    def _find(self, number):
        log = self.log()
        found = re.search(rf"^(.*\[\d+\]): {number}: to=<.*?>,.* relay=(.*?), .*status=(\w+) \((.*)\)$", log,
                          re.MULTILINE)
        if not found:
            return None
        process = re.escape(found.group(1).split()[-1])
        secured = re.findall(rf" {process}: (\w+) TLS connection established", log[:found.start()])
        return Delivery(found.group(3), found.group(2), found.group(4), secured[-1] if secured else "")
