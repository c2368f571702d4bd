"""A resolver that fails on demand: it asks the world's DNS server and spoils the answers that rules name.

A rule is a function of (name, type, transport) that returns None to leave the answer alone or one of
  SERVFAIL, REFUSED, FORMERR the answer is that error
  SILENCE                    there is no answer
  TRUNCATE                   over UDP an empty answer with TC; over TCP the truth
  a list of values           the answer is these values (an empty list: the name has none of that type)
A name is given without its last dot, in lower case; a transport is "udp" or "tcp".
"""

import socket
import threading

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset

from .dns import ADDRESS as SERVER
from .dns import TTL, presentation

ADDRESS = "192.0.2.54"
SERVFAIL, REFUSED, FORMERR, SILENCE, TRUNCATE = "SERVFAIL", "REFUSED", "FORMERR", "SILENCE", "TRUNCATE"


def about(name, kind, action):
    """The rule for one name and one type ("*" for any)."""
    def rule(asked, asked_kind, _transport):
        return action if asked == name and kind in ("*", asked_kind) else None
    return rule


class DnsFront:
    def __init__(self, namespace):
        self._namespace = namespace
        self._lock = threading.Lock()
        self._rules = []
        self.questions = []
        self._udp = namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((ADDRESS, 53))
        self._tcp = namespace.listen(ADDRESS, 53)
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def rules(self, *rules):
        """From now on these rules hold, the first that matches wins; none makes an honest resolver of it."""
        with self._lock:
            self._rules = list(rules)

    def asked(self, name, kind):
        """How often a question came in."""
        with self._lock:
            return sum(1 for question in self.questions if question[:2] == (name, kind))

    def _ask(self, query, transport):
        channel = self._namespace.socket(
            socket.AF_INET, socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM)
        with channel:
            channel.setblocking(False)
            if transport == "udp":
                return dns.query.udp(query, SERVER, timeout=2, sock=channel)
            channel.setblocking(True)
            channel.connect((SERVER, 53))
            channel.setblocking(False)
            return dns.query.tcp(query, SERVER, timeout=2, sock=channel)

    def _decide(self, name, kind, transport):
        with self._lock:
            self.questions.append((name, kind, transport))
            rules = list(self._rules)
        return next((action for action in (rule(name, kind, transport) for rule in rules) if action is not None),
                    None)

    def _answer(self, wire, transport):
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        action = self._decide(name, kind, transport)
        if action == SILENCE:
            return None
        if action is None or (action == TRUNCATE and transport == "tcp"):
            return self._ask(query, transport).to_wire()
        answer = dns.message.make_response(query, recursion_available=True)
        if action == TRUNCATE:
            answer.flags |= dns.flags.TC
        elif action in (SERVFAIL, REFUSED, FORMERR):
            answer.set_rcode(dns.rcode.from_text(action))
        elif action:
            values = [presentation(kind, value) for value in action]
            answer.answer.append(dns.rrset.from_text_list(question.name, TTL, "IN", kind, values))
        return answer.to_wire()

    def _serve_udp(self):
        while True:
            try:
                wire, peer = self._udp.recvfrom(4096)
            except OSError:
                return
            threading.Thread(target=self._reply_udp, args=(wire, peer), daemon=True).start()

    def _reply_udp(self, wire, peer):
        try:
            answer = self._answer(wire, "udp")
            if answer:
                self._udp.sendto(answer, peer)
        except (OSError, dns.exception.DNSException):
            return

    def _serve_tcp(self):
        while True:
            try:
                channel, _ = self._tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._reply_tcp, args=(channel,), daemon=True).start()

    def _reply_tcp(self, channel):
        with channel:
            channel.settimeout(10)
            stream = channel.makefile("rwb")
            try:
                while length := stream.read(2):
                    answer = self._answer(stream.read(int.from_bytes(length, "big")), "tcp")
                    if answer is None:
                        return
                    stream.write(len(answer).to_bytes(2, "big") + answer)
                    stream.flush()
            except (OSError, dns.exception.DNSException):
                return

    def close(self):
        for channel in (self._udp, self._tcp):
            try:
                channel.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            channel.close()
