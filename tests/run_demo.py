"""The demonstration behind tools/demo: one domain, from Enable to accepted by real senders, step by step."""

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

from world import board, client, paths, senders
from world.acme_client import AcmeClient
from world.appliance import Appliance
from world.ca import ADDRESS as CA_ADDRESS
from world.ca import HOST as CA_HOST
from world.ca import PORT as CA_PORT
from world.console import ConsoleError
from world.namespace import WorldError
from world.policy_host import PATH, PolicyHost
from world.world import APPLIANCE, World

DOMAIN = "example.test"
HOST = "mta-sts." + DOMAIN
STRANGER = "192.0.2.66"
SENDERS = (senders.postfix_resolver, senders.mailauth)
FORWARD_PORT = 8443
ACTIVE_SECONDS = 120
RECORD = re.compile(r"^\s*(\S+)\.\s+(\d+)\s+IN\s+(A|AAAA|TXT)\s+(.+?)\s*$", re.MULTILINE)


class StepFailed(RuntimeError):
    """A step did not hold."""


def require(held, what):
    if not held:
        raise StepFailed(what)


def show(text, mark="  "):
    print(textwrap.indent(text, mark, lambda _: True), flush=True)


class Demo:
    def __init__(self, world):
        self._world = world
        self._board = None
        self._records = []
        self._steps = 0

    def step(self, title):
        self._steps += 1
        print(f"\n== {self._steps}. {title}", flush=True)

    def held(self, what):
        print(f"   ok: {what}", flush=True)

    def type(self, line, seconds=30):
        """Types a line at the serial console, shows the dialogue, and returns the answer."""
        answer = self._board.ask(line, seconds)
        show("sealpost> " + line)
        show(answer)
        return answer

    def light(self, *wanted):
        """Shows the status light once it has one of these patterns."""
        show(f"the status light: {self._board.wait_light(*wanted)}", "  * ")

    # The steps, in order --------------------------------------------------------------------------

    def boot(self):
        self.step("A factory image is made and the board is switched on")
        self._board = Appliance(self._world)
        told = subprocess.run([paths.image_tool(), "--show", self._board.flash], text=True, check=True,
                              stdout=subprocess.PIPE)
        show(told.stdout.rstrip())
        self._board.start()
        self._board.wait_clock()
        self.light("ok")
        self.type("status")
        self.held("the board is up, its console answers, and it has the time from ntp.test")

    def agree(self):
        self.step("The operator agrees to the CA's terms and adds a domain")
        self.type("ca agree")
        require(self._board.ask_json("ca")["agreed"], "the agreement was not kept")
        self.type(f"domain add {DOMAIN} mx mail.{DOMAIN}")
        printed = self.type(f"dns {DOMAIN}")
        self._records = RECORD.findall(printed)
        wanted = {(record["name"].rstrip("."), record["type"]) for record in self._board.records(DOMAIN)}
        require({(name, kind) for name, _, kind, _ in self._records} == wanted and len(wanted) >= 3,
                f"the records could not be read off the console: {self._records}")
        self.held(f"the console printed {len(self._records)} records to publish")

    def wait_for_dns(self):
        self.step("Enable waits for DNS, and says why")
        self.type(f"enable {DOMAIN}")
        self._board.wait_domain(DOMAIN, lambda d: d["state"] == "waiting_dns" and "does not exist" in d["sentence"], 30)
        self.type(f"domain show {DOMAIN}")
        require("/order-plz" not in self._world.ca.log() and self._board.domain(DOMAIN)["expires"] is None,
                "a certificate was ordered before DNS was right")
        self.held("no order was made")

    def publish(self):
        self.step("The operator publishes exactly these records at the DNS provider")
        lines = [f"update add {name}. {ttl} {kind} {value}" for name, ttl, kind, value in self._records]
        show("\n".join(lines), "  knsupdate> ")
        self._world.provider.update(*lines)
        began, told = time.monotonic(), None
        while told != "active":
            shown = self._board.domain(DOMAIN)
            if shown["state"] != told:
                told = shown["state"]
                show(f"{time.monotonic() - began:5.1f} s  {told}: {shown['sentence']}")
            require(time.monotonic() - began < ACTIVE_SECONDS, f"not active in time: {shown}")
            time.sleep(0.1)
        self.held("the domain is active")

    def check(self):
        self.step("All four checks pass")
        self.type(f"check {DOMAIN}", 60)
        require(self._board.passes(DOMAIN), "not all four checks passed")
        self.type(f"cert {DOMAIN}")
        self.type("status")
        self.light("ok")
        self.held("DNS, HTTPS, certificate and policy id are as senders want them")

    def senders_say(self, accepted):
        for sender in SENDERS:
            verdict = sender(self._world, DOMAIN)
            show(f"{verdict.sender}: {'accepts' if verdict.accepted else 'refuses'}")
            show(verdict.words, "      ")
            require(verdict.accepted == accepted, f"{verdict.sender} should {'accept' if accepted else 'refuse'}")

    def accepted(self):
        self.step("Two real senders fetch the policy")
        self.senders_say(True)
        self.held("both accept it")

    def damage_record(self):
        self.step("The TXT record is damaged: a second one is published beside it")
        name = "_mta-sts." + DOMAIN
        own = next(value for owner, _, _, value in self._records if owner == name)
        self._world.provider.add(name, "TXT", "v=STSv1; id=20200101;")
        self.senders_say(False)
        self.type(f"check {DOMAIN}", 60)
        require(self._board.check(DOMAIN)["policy_id"]["result"] == "fail", "the appliance did not notice")
        self.light("attention", "risk")
        self.held("both refuse, and the appliance says so too")
        self.step("The TXT record is put right")
        self._world.provider.replace(name, "TXT", own)
        self.senders_say(True)
        require(self._board.passes(DOMAIN), "the checks do not pass again")
        self.light("ok")
        self.held("both accept again")

    def damage_version(self):
        self.step("The policy's version line is damaged: DNS leads senders to another host, with a real "
                  "certificate for the name, that serves the policy as `version: STSv2`")
        good = client.secure(self._world.namespace, APPLIANCE, HOST, PATH, client.trusting(self._world.ca.root)).body
        bad = good.replace(b"version: STSv1", b"version: STSv2")
        require(good != bad, "the policy has no version line")
        self._world.provider.replace(HOST, "A", STRANGER)
        acme = AcmeClient(self._world.namespace, CA_HOST, CA_ADDRESS, CA_PORT, self._world.ca.context)
        chain, key = acme.obtain_files(HOST, [STRANGER], self._world.directory, "stranger")
        stranger = self._world.keep(PolicyHost(self._world.namespace, STRANGER, chain, key, good))
        self.senders_say(True)
        show(f"The host at {STRANGER} is believed while the policy is whole; now its version line is damaged.")
        stranger.body = bad
        self.senders_say(False)
        self.type(f"check {DOMAIN}", 60)
        require(self._board.check(DOMAIN)["dns"]["result"] == "fail", "the appliance did not notice")
        self.held("both refuse, and the appliance says that DNS leads elsewhere")
        self.step("DNS leads to the appliance again")
        self._world.provider.replace(HOST, "A", APPLIANCE)
        self.senders_say(True)
        require(self._board.passes(DOMAIN), "the checks do not pass again")
        self.held("both accept again")

    def run(self):
        self.boot()
        self.agree()
        self.wait_for_dns()
        self.publish()
        self.check()
        self.accepted()
        self.damage_record()
        self.damage_version()
        print(f"\nAll {self._steps} steps held.", flush=True)

    def stay_up(self):
        self._board.release_console()
        port = forward(self._world)
        print(textwrap.dedent(f"""\

            It stays up; Ctrl-C takes everything down.
              console      socat -,rawer,escape=0x1d UNIX-CONNECT:{self._board.socket_path}
                           (Enter for a prompt; Ctrl-] leaves)
              policy host  curl --cacert {self._world.roots} --connect-to {HOST}:443:127.0.0.1:{port} \\
                               https://{HOST}{PATH}
              the world    {" ".join(self._world.namespace.prefix()[:-4])} bash
            """), flush=True)
        while True:
            signal.pause()


def forward(world):
    """Leads a port of the host's loopback to the policy host; returns the port."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", FORWARD_PORT))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    listener.listen(8)
    world.on_close(listener.close)
    threading.Thread(target=_accept, args=(world, listener), daemon=True).start()
    return listener.getsockname()[1]


def _accept(world, listener):
    while True:
        try:
            near, _ = listener.accept()
            far = world.namespace.connect(APPLIANCE, 443)
        except OSError:
            return
        far.settimeout(None)
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


def show_logs(world):
    for name, text in world.logs().items():
        print(f"--- end of {name}", file=sys.stderr)
        show_error(text)


def show_error(text):
    print("\n".join(text.splitlines()[-15:]), file=sys.stderr)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="tools/demo")
    parser.add_argument("--board", default="sim")
    parser.add_argument("--once", action="store_true")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    os.environ["SEALPOST_BOARD"] = options.board
    print(f"demo: the appliance is the board {options.board}: {board.kind().meaning}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print("demo: making a small internet: authoritative DNS (Knot), a CA (Pebble), a time server (chrony)")
    with World() as world:
        print(f"demo: it is up after {world.start_seconds:.1f} s, in a network namespace of its own")
        demo = Demo(world)
        try:
            demo.run()
        except (StepFailed, ConsoleError, WorldError, OSError, subprocess.SubprocessError) as error:
            show_logs(world)
            print(f"\nFAILED: {error}", flush=True)
            return 1
        if not options.once:
            demo.stay_up()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("\ndemo: taken down")
        sys.exit(0)
    except (WorldError, paths.MissingProgram) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        sys.exit(1)
