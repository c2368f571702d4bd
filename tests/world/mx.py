"""Mail servers of the world: a real Postfix for each MX, right or wrong in one way, and hosts that are no mail server.

    mx = Mx(world, "192.0.2.25", "mail.example.test").start()
    ...
    mx.messages()   # what was delivered, for whatever recipient
    mx.close()      # also done by the world

Until then a stand-in answers on the addresses that the zone's MX have: it shows a good certificate and takes no mail.
The address is put on the world's bridge, the certificate comes from `world.ca.authority`, which a factory image
trusts (`appliance.factory_config`) and which stands in `world.roots`, too. Postfix has to be started as root.
"""

import datetime
import email
import email.policy
import grp
import os
import pwd
import socket
import ssl
import subprocess
import textwrap

from . import pki
from .namespace import WorldError, serve, stop, wait_until

SMTP = 25
DEAD_END = "198.51.100.25"  # the world's gateway drops what goes there: an MX behind a blocked port
PROGRAMS = "/usr/lib/postfix/sbin"
OWNER, SUBMITTERS = "postfix", "postdrop"
DAY = datetime.timedelta(days=1)

CERTIFICATES = ("good", "other name", "expired", "not yet", "self-signed", "unknown CA")
TLS = {
    "1.2+": {"smtpd_tls_protocols": ">=TLSv1.2"},
    "1.2": {"smtpd_tls_protocols": "TLSv1.2"},
    "1.3": {"smtpd_tls_protocols": "TLSv1.3"},
    "old": {"smtpd_tls_protocols": "TLSv1, TLSv1.1", "smtpd_tls_ciphers": "low",
            "tls_low_cipherlist": "ALL:@SECLEVEL=0"},
}

MAIN = {
    "compatibility_level": "3.6",
    "daemon_directory": PROGRAMS,
    "command_directory": "/usr/sbin",
    "mail_owner": OWNER,
    "setgid_group": SUBMITTERS,
    "mydestination": "",
    "mynetworks": "127.0.0.0/8",  # nobody of the world is let past postscreen
    "smtpd_peername_lookup": "no",
    "smtpd_tls_loglevel": "1",
    "smtpd_tls_session_cache_database": "",
    "virtual_alias_maps": "",
    "local_recipient_maps": "",
    "alias_maps": "",
    "alias_database": "",
    "notify_classes": "",
}

SERVICES = textwrap.dedent("""\
    cleanup   unix       n - n - 0 cleanup
    qmgr      unix       n - n 300 1 qmgr
    tlsmgr    unix       - - n 1000? 1 tlsmgr
    rewrite   unix       - - n - - trivial-rewrite
    bounce    unix       - - n - 0 bounce
    defer     unix       - - n - 0 bounce
    trace     unix       - - n - 0 bounce
    verify    unix       - - n - 1 verify
    flush     unix       n - n 1000? 0 flush
    proxymap  unix       - - n - - proxymap
    proxywrite unix      - - n - 1 proxymap
    error     unix       - - n - - error
    retry     unix       - - n - - error
    discard   unix       - - n - - discard
    virtual   unix       - n n - - virtual
    anvil     unix       - - n - 1 anvil
    scache    unix       - - n - 1 scache
    postlog   unix-dgram n - n - 1 postlogd
    """)

QUEUE = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")


class Host:
    """An address on the world's bridge; by itself it refuses every connection."""

    def __init__(self, world, address):
        self.world, self.address = world, address

    def start(self):
        bits = 64 if ":" in self.address else 24
        self.world.make_way(self.address)
        self.world.namespace.ip("address", "replace", f"{self.address}/{bits}", "dev", "br0",
                                *(["nodad"] if bits == 64 else []))
        self.world.keep(self)
        return self

    def close(self):
        """Takes the server down; its address then refuses. Harmless when done twice."""


class StandIn(Host):
    """What answers for an MX of the zone while a test has no mail server of its own there: TLS, and no mail."""

    REPLIES = {b"EHLO": b"250-stand-in\r\n250 STARTTLS\r\n", b"STARTTLS": b"220 go ahead\r\n", b"QUIT": b"221 bye\r\n"}

    def __init__(self, world, address, context):
        super().__init__(world, address)
        self._context, self._listener = context, None

    def start(self):
        super().start()
        self._listener = self.world.namespace.listen(self.address, SMTP)
        serve(self._listener, self._talk)
        return self

    def _talk(self, channel):
        channel.settimeout(60)
        try:
            channel.sendall(b"220 stand-in ESMTP\r\n")
            while (verb := self._answer(channel)) and verb != b"QUIT":
                if verb == b"STARTTLS":
                    channel = self._context.wrap_socket(channel, server_side=True)
        except OSError:
            pass
        finally:
            channel.close()

    def _answer(self, channel):
        """Reads a line, byte by byte since TLS may follow, and answers it: the line's verb, b"" at the end."""
        line = b""
        while not line.endswith(b"\n"):
            byte = channel.recv(1)
            if not byte:
                return b""
            line += byte
        verb = line.split()[0].upper() if line.strip() else b"?"
        channel.sendall(self.REPLIES.get(verb, b"502 no mail here\r\n"))
        return verb

    def close(self):
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None


def stand_ins(world, hosts):
    """A stand-in for each of these hosts, {address: name}: {address: stand-in}."""
    certificate, key = world.ca.authority.issue(list(hosts.values()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pki.write_pair(world.directory, "stand-in", [certificate], key))
    return {address: StandIn(world, address, context).start() for address in hosts}


class Postfix(Host):
    """One instance of Postfix, in a folder of the world. Those derived say what it is by settings() and services()."""

    def __init__(self, world, address, name):
        super().__init__(world, address)
        self.directory = world.directory / name
        self.log_path = world.directory / f"{name}.log"
        self._process = None

    def settings(self):
        """The lines of main.cf, beside those that say where things are."""
        raise NotImplementedError

    def services(self):
        """The text of master.cf."""
        raise NotImplementedError

    def start(self):
        super().start()
        if not self.directory.exists():
            self._make_directories()
        self._configure()
        self._process = self.world.namespace.start([f"{PROGRAMS}/master", "-c", self.directory, "-d"],
                                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, f"the Postfix on {self.address}")
        return self

    def _answers(self):
        if self._process.poll() is not None:
            raise WorldError(f"the Postfix on {self.address} ended: {self.log()}")
        return self.world.namespace.answers_tcp(self.address, SMTP)

    def _make_directories(self):
        """What a package's installer makes: Postfix gives up its rights and then wants to own its queue."""
        owner, submitters = pwd.getpwnam(OWNER), grp.getgrnam(SUBMITTERS).gr_gid
        self.world.directory.chmod(0o711)
        for name in ("queue", "data", "mail"):
            (self.directory / name).mkdir(parents=True)
        for name in QUEUE:
            self._owned(self.directory / "queue" / name, owner.pw_uid, -1, 0o700)
        (self.directory / "queue" / "pid").mkdir()
        self._owned(self.directory / "queue" / "public", owner.pw_uid, submitters, 0o710)
        self._owned(self.directory / "queue" / "maildrop", owner.pw_uid, submitters, 0o730)
        self._owned(self.directory / "data", owner.pw_uid, -1, 0o700)
        self._owned(self.directory / "mail", owner.pw_uid, -1, 0o700)

    @staticmethod
    def _owned(path, uid, gid, mode):
        path.mkdir(exist_ok=True)
        os.chown(path, uid, gid)
        path.chmod(mode)

    def _configure(self):
        settings = {
            **MAIN,
            "queue_directory": self.directory / "queue",
            "data_directory": self.directory / "data",
            "maillog_file": self.log_path,
            "maillog_file_prefixes": self.world.directory,
            **self.settings(),
        }
        (self.directory / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (self.directory / "master.cf").write_text(self.services() + SERVICES)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def close(self):
        if self._process is not None:
            stop(self._process)
            self._process = None


class Mx(Postfix):
    """A Postfix that takes mail for everybody.

    names: the host name, or a list of those in the certificate. certificate: one of CERTIFICATES, or a chain of
    certificates and the key. tls: one of TLS. greeting: a code, 421 or 554, in place of the usual one. postscreen:
    clients wait six seconds for the end of the greeting. settings: more lines of main.cf."""

    def __init__(self, world, address, names, certificate="good", starttls=True, tls="1.2+", greeting=None,
                 postscreen=False, **settings):
        super().__init__(world, address, f"mx-{address.replace(':', '-')}")
        self.names = [names] if isinstance(names, str) else list(names)
        self._certificate, self._postscreen = certificate, postscreen
        self._settings = {**TLS[tls], **settings}
        self._starttls, self._greeting = starttls, greeting

    def settings(self):
        certificates, key = self._pair()
        chain, secret = pki.write_pair(self.directory, "tls", certificates, key)
        owner = pwd.getpwnam(OWNER)
        return {
            "myhostname": self.names[0],
            "virtual_mailbox_domains": "static:all",
            "virtual_mailbox_maps": "static:inbox/",
            "virtual_mailbox_base": self.directory / "mail",
            "virtual_minimum_uid": owner.pw_uid,
            "virtual_uid_maps": f"static:{owner.pw_uid}",
            "virtual_gid_maps": f"static:{owner.pw_gid}",
            "smtpd_relay_restrictions": "permit_auth_destination, reject",
            "smtpd_tls_security_level": "may" if self._starttls else "none",
            "smtpd_tls_chain_files": f"{secret}, {chain}",
            **self._refusal(),
            **self._settings,
        }

    def _refusal(self):
        if self._greeting is None:
            return {}
        return {"smtpd_delay_reject": "no",
                "smtpd_client_restrictions": f"check_client_access static:{{{self._greeting} no mail here today}}"}

    def services(self):
        where = f"[{self.address}]:{SMTP}" if ":" in self.address else f"{self.address}:{SMTP}"
        if self._postscreen:
            return (f"{where} inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\n"
                    "tlsproxy unix - - n - 0 tlsproxy\ndnsblog unix - - n - 0 dnsblog\n")
        return f"{where} inet n - n - - smtpd\n"

    def _pair(self):
        """The chain of certificates and the key that are shown."""
        kind, now = self._certificate, datetime.datetime.utcnow()
        if not isinstance(kind, str):
            return kind
        if kind not in CERTIFICATES:
            raise ValueError(kind)
        issuer = pki.Authority("Somebody's own root") if kind == "unknown CA" else self.world.ca.authority
        if kind == "self-signed":
            return pki.self_signed(self.names)
        names = ["other.example"] if kind == "other name" else self.names
        since, until = {"expired": (now - 30 * DAY, now - DAY),
                        "not yet": (now + DAY, now + 30 * DAY)}.get(kind, (None, None))
        certificate, key = issuer.issue(names, since=since, until=until)
        return [certificate], key

    def messages(self):
        """The messages that were delivered, oldest first."""
        found = sorted((self.directory / "mail" / "inbox" / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns)
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in found]

    def wait_messages(self, n, seconds=30):
        """Waits until there are n messages at least, and returns them."""
        return wait_until(lambda: found if len(found := self.messages()) >= n else None,
                          f"{n} messages on {self.address}", seconds, 0.1)


class Talker(Host):
    """Something on port 25, or another, that says what it is told, line by line, and is no server at all.

    script: pieces, in order: bytes are sent, a number is so many lines to be read first, None ends the
    connection; a function is called with the connection. After the last one it stays silent."""

    def __init__(self, world, address, *script, port=SMTP):
        super().__init__(world, address)
        self.script, self._port = script, port
        self.heard = []  # lines, of all connections
        self._listener = None

    def start(self):
        super().start()
        self._listener = self.world.namespace.listen(self.address, self._port)
        serve(self._listener, self._talk)
        return self

    def _talk(self, channel):
        channel.settimeout(60)
        try:
            with channel, channel.makefile("rb") as lines:
                for piece in self.script:
                    if piece is None:
                        return
                    if callable(piece):
                        piece(channel)
                    elif isinstance(piece, int):
                        self.heard += [lines.readline() for _ in range(piece)]
                    else:
                        channel.sendall(piece)
                self.heard += lines.readlines()
        except OSError:
            pass

    def close(self):
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
