"""Commands in sandboxes: output, exit codes, input, terminals, what cannot be started."""
import os
import pty
import signal
import subprocess
import time

import pytest

from system import wait_for


def run(system, *args, template="fast", flags=(), **kwargs):
    return system.ctl("run", "--template", template, "--wait", "20s", *flags, "--", *args, **kwargs)


@pytest.mark.parametrize("template", ["fast", "strong"])
def test_output_and_exit_code_are_the_commands(system, template):
    result = run(system, "echo out; echo err >&2; exit 3", template=template)
    assert (result.stdout, result.returncode) == ("out\n", 3)
    assert "err\n" in result.stderr


def test_gvisor_it_is(system):
    result = run(system, "cat /proc/version", template="strong")
    assert "gvisor" in result.stdout.lower()


def test_several_words_are_an_argument_vector(system):
    result = run(system, "printf", "%s|", "a b", "$HOME", ";")
    assert result.stdout == "a b|$HOME|;|"


def test_environment_and_folder(system):
    result = run(system, "echo $A; pwd", flags=("-e", "A=x y", "-C", "/tmp"))
    assert result.stdout == "x y\n/tmp\n"


@pytest.mark.parametrize("argv, code, word", [
    (("no-such-command", "x"), 127, "CommandNotFound"),
    (("/etc/passwd", "x"), 126, "NotExecutable"),
])
def test_what_cannot_be_started_is_said(system, argv, code, word):
    result = run(system, *argv)
    assert result.returncode == code
    assert word in result.stderr and argv[0] in result.stderr


def test_a_signal_and_a_time_limit(system):
    assert run(system, "kill -TERM $$").returncode == 128 + signal.SIGTERM
    begin = time.monotonic()
    result = run(system, "sleep 60", flags=("--timeout", "500ms"))
    assert result.returncode == 124 and "--timeout" in result.stderr
    assert time.monotonic() - begin < 20


def test_stdin_passes_byte_for_byte(system):
    data = os.urandom(3_000_000)
    result = subprocess.run(system.command("run", "--template", "fast", "-i", "--", "cat"), input=data, capture_output=True, timeout=120)
    assert result.returncode == 0
    assert result.stdout == data


def test_a_reader_that_goes_ends_the_command(system):
    process = system.start("run", "--template", "fast", "--", "yes")
    assert process.stdout.readline() == "y\n"
    process.stdout.close()
    assert process.wait(30) == 128 + signal.SIGPIPE


def test_claims_are_gone_after_run(system):
    assert run(system, "true").returncode == 0
    wait_for(lambda: system.ctl("get", "claims", "-o", "name").stdout == "", 20, "no claim is left")


def test_interrupt_reaches_the_command_and_the_claim_goes(system):
    process = system.start("run", "--template", "fast", "--", "echo ready; exec sleep 1000")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 128 + signal.SIGINT
    wait_for(lambda: system.ctl("get", "claims", "-o", "name").stdout == "", 20, "no claim is left")


def test_claim_exec_delete(system):
    assert system.ctl("claim", "held", "--pool", "fast").returncode == 0
    try:
        assert system.ctl("exec", "claim/held", "--", "sh", "-c", "echo kept >/tmp/file").returncode == 0
        assert system.ctl("exec", "held", "cat /tmp/file").stdout == "kept\n"
        described = system.ctl("describe", "claim", "held")
        assert "Conditions:" in described.stdout and "Ready" in described.stdout
    finally:
        assert system.ctl("delete", "claim", "held", "--wait").returncode == 0
    missing = system.ctl("exec", "claim/held", "true")
    assert missing.returncode == 125 and "ClaimNotFound" in missing.stderr


def test_a_terminal_with_size_and_our_own_restored(system):
    parent, child = pty.openpty()
    subprocess.run(["stty", "rows", "33", "cols", "111"], stdin=child, check=True)
    before = subprocess.run(["stty", "-g"], stdin=child, capture_output=True, check=True).stdout
    process = system.start("run", "--template", "fast", "-it", "--", "tty; stty size; read line; echo got:$line", stdin=child, stdout=child,
                           stderr=child, start_new_session=True)
    seen = b""
    deadline = time.monotonic() + 30
    while b"33 111" not in seen and time.monotonic() < deadline:
        seen += os.read(parent, 4096)
    os.write(parent, b"hello\r")
    while b"got:hello" not in seen and time.monotonic() < deadline:
        seen += os.read(parent, 4096)
    assert process.wait(30) == 0
    assert b"/dev/pts/" in seen and b"33 111" in seen and b"got:hello" in seen
    after = subprocess.run(["stty", "-g"], stdin=child, capture_output=True, check=True).stdout
    assert after == before
    os.close(parent)
    os.close(child)


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def test_a_slow_reader_gets_all_of_a_gibibyte_and_memory_stays_bounded(system):
    """The reader sleeps first, so that everything on the way fills up; then it takes all of it."""
    total = 1 << 30
    process = subprocess.Popen(system.command("run", "--template", "fast", "--", f"head -c {total} /dev/zero"), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    got = len(process.stdout.read1(1 << 16))
    pids = {"client": process.pid, **system.services()}
    before = {name: resident_kib(pid) for name, pid in pids.items()}
    time.sleep(3)
    peak = {name: resident_kib(pid) for name, pid in pids.items()}
    while got < total:
        n = len(process.stdout.read1(1 << 20))
        assert n > 0, process.stderr.read()
        got += n
        if got % (64 << 20) < n:
            peak = {name: max(peak[name], resident_kib(pid)) for name, pid in pids.items()}
    assert process.stdout.read() == b""
    assert process.wait(60) == 0, process.stderr.read()
    grown = {name: kib - before[name] for name, kib in peak.items()}
    print(f"KiB grown while 1 GiB passed: {grown}")
    assert max(grown.values()) < 64 * 1024, grown
