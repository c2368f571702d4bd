"""What may happen to a policy's body between its author and a sender, and what each real sender makes of it.

Measured, not assumed: postfix-mta-sts-resolver 1.1.2, mailauth as locked, chasquid of tools/sources.manifest. A sender
that is lenient takes the damaged body for a policy; the strictest sets the rule, so the appliance, which knows its own
policy byte by byte, calls every one of these broken.
"""

from dataclasses import dataclass

RESOLVER, MAILAUTH, CHASQUID = "postfix-mta-sts-resolver", "mailauth", "chasquid"
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Damage:
    """hurt: the good body to the bad one; lenient: the senders that accept it all the same."""
    name: str
    hurt: object
    lenient: frozenset


def damage(name, hurt, *lenient):
    return Damage(name, hurt, frozenset(lenient))


def without(key):
    return lambda body: b"".join(line for line in body.splitlines(True) if not line.startswith(key))


def change(old, new):
    return lambda body: body.replace(old, new, 1)


def after(key, more):
    """The line with this key is followed by more."""
    return lambda body: b"".join(line + (more if line.startswith(key) else b"") for line in body.splitlines(True))


ALL = (RESOLVER, MAILAUTH, CHASQUID)  # where all are lenient, the RFC sets the rule, or a sender that is not here

DAMAGES = (
    damage("no version", without(b"version")),
    damage("no mode", without(b"mode"), MAILAUTH),
    damage("no mx", without(b"mx")),
    damage("no max_age", without(b"max_age")),
    damage("version twice", after(b"version", b"version: STSv1\r\n"), *ALL),
    damage("mode twice", after(b"mode", b"mode: testing\r\n"), *ALL),
    damage("max_age twice", after(b"max_age", b"max_age: 86401\r\n"), *ALL),
    damage("version last", lambda body: without(b"version")(body) + b"version: STSv1\r\n", *ALL),
    damage("blank line first", lambda body: b"\r\n" + body, *ALL),
    damage("blank line within", after(b"mode", b"\r\n"), *ALL),
    damage("blank line last", lambda body: body + b"\r\n", *ALL),
    damage("LF alone", lambda body: body.replace(b"\r\n", b"\n"), *ALL),
    damage("CR alone", lambda body: body.replace(b"\r\n", b"\r"), RESOLVER),
    damage("LF in one line", change(b"STSv1\r\n", b"STSv1\n"), *ALL),
    damage("bare CR in a value", change(b"enforce\r\n", b"enforce\r\r\n"), *ALL),
    damage("no end of the last line", lambda body: body[:-2], *ALL),
    damage("byte-order mark", lambda body: BOM + body, MAILAUTH),
    damage("UTF-16", lambda body: body.decode().encode("utf-16")),
    damage("key in capitals", change(b"version:", b"Version:"), MAILAUTH),
    damage("mode's key in capitals", change(b"mode:", b"Mode:"), MAILAUTH),
    damage("mx's key in capitals", change(b"mx:", b"MX:"), MAILAUTH),
    damage("value in capitals", change(b"enforce", b"Enforce"), MAILAUTH),
    damage("version in small letters", change(b"STSv1", b"stsv1")),
    damage("other version", change(b"STSv1", b"STSv2")),
    damage("unknown mode", change(b"enforce", b"enforced")),
    damage("empty mode", change(b"mode: enforce", b"mode:")),
    damage("space before the colon", change(b"mode:", b"mode :"), MAILAUTH, CHASQUID),
    damage("space before the key", change(b"mode:", b" mode:"), MAILAUTH, CHASQUID),
    damage("trailing space", change(b"enforce\r\n", b"enforce \r\n"), *ALL),
    damage("trailing space after max_age", lambda body: body[:-2] + b" \r\n", *ALL),
    damage("equals sign for the colon", change(b"mode: ", b"mode= "), MAILAUTH),
    damage("max_age negative", change(b"max_age: ", b"max_age: -")),
    damage("max_age with a unit", lambda body: body[:-2] + b"s\r\n"),
    damage("max_age a fraction", lambda body: body[:-2] + b".5\r\n", MAILAUTH),
    damage("max_age beyond a year", change(b"max_age: 86400", b"max_age: 31557601")),
    damage("max_age empty", change(b"max_age: 86400", b"max_age:"), MAILAUTH),
    damage("max_age in hexadecimal", change(b"86400", b"0x15180"), MAILAUTH),
    damage("max_age 0", change(b"86400", b"0"), RESOLVER, MAILAUTH),
    damage("mx empty", change(b"mx: mail.example.test", b"mx:"), RESOLVER),
    damage("mx of another", change(b"mail.example.test", b"mail.other.test"), RESOLVER),
    damage("mx with its last dot", change(b"mail.example.test", b"mail.example.test."), RESOLVER, CHASQUID),
    damage("two mx in one line", change(b"mx: mail.example.test", b"mx: mail.example.test, b.example.test"), RESOLVER),
    damage("address for the mx", change(b"mail.example.test", b"192.0.2.25"), RESOLVER),
    damage("a line without a colon", after(b"mode", b"nonsense\r\n"), *ALL),
    damage("a line of HTML first", lambda body: b"<html>\r\n" + body, *ALL),
    damage("empty", lambda body: b""),
    damage("more than 64 KiB", lambda body: body + b"x: " + b"y" * 65536 + b"\r\n", MAILAUTH, CHASQUID),
)
