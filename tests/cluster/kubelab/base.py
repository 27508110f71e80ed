"""Paths, errors, progress and the little that all parts share."""

import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent.parent
# One folder for the whole machine: an instance's index, and with it its addresses, is unique among all checkouts.
STATE = pathlib.Path(os.environ.get("ASB_CLUSTER_STATE", "/var/lib/agent-sandbox-cluster"))
CACHE = pathlib.Path(os.environ.get("AGENT_SANDBOX_CACHE") or pathlib.Path.home() / ".cache/agent-sandbox")
BIN = CACHE / "cluster/bin"
NAME = re.compile(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?")


class LabError(Exception):
    """A sentence for the person at the keyboard: what was wrong, and what to do."""


_quiet = False


def be_quiet(quiet=True):
    global _quiet
    _quiet = quiet


def say(text):
    if not _quiet:
        print(f"cluster: {text}", file=sys.stderr, flush=True)


def run(*argv, check=True, text_in=None, env=None, timeout=120):
    """Runs a command to its end and returns what it printed. Raises LabError, with its words, when it fails."""
    try:
        done = subprocess.run([str(a) for a in argv], input=text_in, capture_output=True, text=True, env=env,
                              timeout=timeout)
    except FileNotFoundError:
        raise LabError(f"there is no program {argv[0]}: ./dev cluster installs what tools/packages.txt lists") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"`{' '.join(map(str, argv))}` did not end within {timeout} s") from None
    if check and done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise LabError(f"`{' '.join(map(str, argv))}` failed ({done.returncode}): {said}")
    return done.stdout


def wait_for(what, question, seconds, every=0.05):
    """Asks until the answer is true. Raises LabError when `seconds` have passed; returns the answer."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise LabError(f"{what}: not within {seconds} s")
        time.sleep(every)


def programs(*names):
    """Makes those of kube, kwok and coredns that are not there yet, or not of these sources."""
    argv = [HERE / "build.sh", "--cache", CACHE, "--go", os.environ.get("ASB_GO") or "go", *names]
    if subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode != 0:
        raise LabError("the cluster's programs could not be built; see above")
