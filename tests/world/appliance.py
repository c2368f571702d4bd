"""The appliance: a board on the world's TAP, from a factory image, with its console at hand."""

import json
import signal
import subprocess
import time

from . import board, paths
from .console import Console, ConsoleError
from .namespace import WorldError, wait_until
from .world import APPLIANCE, GATEWAY, TAP

ACTIVE_SECONDS = 60
# The checks of the policy host itself. What the others say depends on more of the world than most tests make.
HOST_CHECKS = ("dns", "https", "certificate", "policy_id")


def passing(checks):
    """True when all checks of the policy host pass and no other fails."""
    results = {key: check["result"] for key, check in checks.items()}
    return all(results[key] == "pass" for key in HOST_CHECKS) and "fail" not in results.values()


def factory_config(world, directory_url=None, network=None, **changes):
    """The configuration of a factory image for this world; changes replace whole top-level keys, None drops one."""
    config = {
        "network": network or {"mode": "static", "address": f"{APPLIANCE}/24", "gateway": GATEWAY,
                               "dns": ["192.0.2.53"]},
        "ntp": "ntp.test",
        "public": [APPLIANCE],
        "ca": {"directory": directory_url or world.ca.directory_url},
        "trust": [world.ca.authority.pem(), world.ca.root],
    }
    config.update(changes)
    return {key: value for key, value in config.items() if value is not None}


def make_image(config, directory, stem="factory"):
    """A factory flash image made by tools/image; returns its path."""
    source, image = directory / f"{stem}.json", directory / f"{stem}.bin"
    source.write_text(json.dumps(config))
    done = subprocess.run([paths.image_tool(), "--config", source, "--out", image], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise WorldError(f"tools/image failed: {done.stdout}")
    return image


class Appliance:
    """One board: a flash file that lives as long as this object, and a process that comes and goes."""

    def __init__(self, world, name="board", flash=None, password=None, transcript=None, **config):
        """flash: an image to copy; else one is made from factory_config(world, **config)."""
        self.world = world
        self.kind = board.kind()
        self.name = name
        self.password = password
        self._transcript = transcript
        self.flash = world.directory / f"{name}.flash"
        if flash is None:
            if password is not None:
                config["console_password"] = password
            flash = make_image(factory_config(world, **config), world.directory, name)
        subprocess.run(["cp", "--sparse=always", flash, self.flash], check=True)
        self.socket_path = world.directory / f"{name}.console"
        self.led = world.directory / f"{name}.led"
        self.log_path = world.directory / f"{name}.log"
        self._log = open(self.log_path, "ab")
        self._process = None
        self._console = None
        world.on_close(self.close)

    def command(self, *options):
        return [self.kind.program, "--flash", self.flash, "--tap", TAP, "--console", f"unix:{self.socket_path}",
                "--led", self.led, *options]

    def start(self, *options, wrapper=()):
        """Switches the board on. options: more of the board's own; wrapper: words before its command."""
        if self.running:
            raise WorldError("the board is already on")
        self.socket_path.unlink(missing_ok=True)
        self._process = self.world.namespace.start([*wrapper, *self.command(*options)], stdout=self._log,
                                                   stderr=subprocess.STDOUT)
        return self

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    def log(self):
        return self.log_path.read_text(errors="replace")

    @property
    def console(self):
        """The console, connected and at its prompt."""
        if self._console is None:
            self._console = wait_until(self._connect, "the console's socket")
            self._console.wake(self.password)
        return self._console

    def _connect(self):
        if not self.running:
            raise WorldError(f"the board went off with status {self._process.returncode}: {self.log()[-2000:]}")
        try:
            return Console.open_socket(self.socket_path, self._transcript)
        except OSError:
            return None

    def ask(self, line, seconds=15):
        return self.console.ask(line, seconds)

    def ask_json(self, line, seconds=15):
        return self.console.ask_json(line, seconds)

    def kill(self, number=signal.SIGKILL):
        """Power cut. Safe from any thread, also when the board is already off."""
        self._process.send_signal(number)

    def wait_off(self, seconds=10):
        """Waits until the process has ended and returns its exit status."""
        status = self._process.wait(seconds)
        self.release_console()
        return status

    def cut_power(self):
        if self.running:
            self.kill()
            self.wait_off()

    def release_console(self):
        """Leaves the console to somebody else."""
        if self._console:
            self._console.close()
            self._console = None

    def wait_clock(self, seconds=15):
        """Waits until the appliance knows the time."""
        return wait_until(lambda: self.ask_json("status").get("time"), "the appliance's clock", seconds, 0.1)

    def light(self):
        """The patterns that the light has shown, in order."""
        return self.led.read_text().split() if self.led.exists() else []

    def wait_light(self, *wanted, seconds=30):
        """Waits until the light shows one of these patterns, and returns its name."""
        return wait_until(lambda: next((name for name in self.light()[-1:] if name in wanted), None),
                          f"the light to show {' or '.join(wanted)}", seconds, 0.2)

    def domain(self, name):
        return self.ask_json(f"domain show {name}")

    def wait_domain(self, name, wanted, seconds=ACTIVE_SECONDS, pause=0.1):
        """Waits until `domain show` satisfies wanted, a state's name or a function, and returns it."""
        test = wanted if callable(wanted) else lambda shown: shown["state"] == wanted
        end = time.monotonic() + seconds
        while True:
            shown = self.domain(name)
            if test(shown):
                return shown
            if time.monotonic() > end:
                raise WorldError(f"{name} did not get there within {seconds} s: {json.dumps(shown)}")
            time.sleep(pause)

    def add(self, name, hosts=None, options=""):
        """Adds a domain with its usual MX and returns the records that the console wants published."""
        self.ask_json(f"domain add {name} mx {hosts or 'mail.' + name} {options}".rstrip())
        return self.records(name)

    def records(self, name):
        return self.ask_json(f"dns {name}")["records"]

    def enable_fully(self, name, seconds=ACTIVE_SECONDS, **add_options):
        """The whole job: agree, add, publish what the console printed, enable, wait until active."""
        self.agree()
        self.world.provider.publish(self.add(name, **add_options))
        self.ask_json(f"enable {name}")
        return self.wait_domain(name, "active", seconds)

    def agree(self):
        if not self.ask_json("ca")["agreed"]:
            self.wait_clock()
            self.ask_json("ca agree", seconds=30)

    def names(self):
        """The domains that the appliance knows, with their states."""
        return {entry["domain"]: entry["state"] for entry in self.ask_json("status")["domain_list"]}

    def restart_by(self, line):
        """Gives a command that restarts the board, and waits for its console after the restart."""
        before = wait_until(lambda: self._uptime_from(3), "an uptime that a restart can be told from", 10, 0.2)
        began = time.monotonic()
        try:
            self.console.send(line.encode() + b"\r")
            self.console.read_for(1)
        except ConsoleError:
            pass
        self.release_console()
        wait_until(lambda: self._uptime() < before + time.monotonic() - began - 1.5, "the restart", 20, 0.2)

    def _uptime_from(self, least):
        """In whole seconds; None while it is below that."""
        uptime = self.ask_json("status")["uptime"]
        return uptime if uptime >= least else None

    def _uptime(self):
        try:
            return self.ask_json("status")["uptime"]
        except ConsoleError:
            self.release_console()
            return float("inf")

    def check(self, name, seconds=60):
        """The checks of a domain, run now: a dictionary of check id to check."""
        found = self.ask_json(f"check {name}", seconds)
        return {check["id"]: check for check in found["checks"]}

    def passes(self, name):
        """True when all checks of the policy host pass now."""
        return passing(self.check(name))

    def close(self):
        try:
            self.cut_power()
        except (OSError, subprocess.TimeoutExpired, ConsoleError):
            pass
        self.release_console()
        self._log.close()
