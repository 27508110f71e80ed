"""Processes and their cgroups.

Every process of an instance lives in the cgroups `/agent-sandbox-cluster-NAME` (in each hierarchy that the machine has), and all
that it starts inherits them; the kubelet puts pods below as well (`cgroupRoot`). So "everything of this
instance" is a question that the kernel answers, whoever died and however, and no name is ever searched for.
"""

import os
import pathlib
import signal
import time

from .base import LabError

CGROUPS = pathlib.Path("/sys/fs/cgroup")


def hierarchies():
    """The mount points of all cgroup hierarchies: v1's, v2's, or both."""
    found = []
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, options = line.split()[:4]
        if kind in ("cgroup", "cgroup2") and "ro" not in options.split(","):
            found.append((pathlib.Path(where), kind))
    if not found:
        raise LabError("no cgroup hierarchy is mounted writable under /sys/fs/cgroup: the node needs one")
    return found


def make_cgroups(name):
    """Makes NAME/parts and NAME/pods in every hierarchy."""
    for where, kind in hierarchies():
        top = where / name
        for folder in (top, top / "parts", top / "pods"):
            folder.mkdir(exist_ok=True)
            for knob in ("cpuset.cpus", "cpuset.mems"):
                # v1 gives a new cpuset nothing, and a task cannot join one that has nothing.
                if kind == "cgroup" and (folder / knob).exists():
                    (folder / knob).write_text((folder.parent / knob).read_text())
        if kind == "cgroup2":
            _delegate(top)


def _delegate(top):
    for folder in (top.parent, top, top / "pods"):
        have = (folder / "cgroup.controllers").read_text().split()
        for controller in have:
            try:
                (folder / "cgroup.subtree_control").write_text(f"+{controller}")
            except OSError:
                pass  # in use by a v1 hierarchy, or the folder holds processes: the kubelet tells what it lacks


def join_cgroups(name):
    """Called in the child before exec."""
    for where, _ in hierarchies():
        (where / name / "parts/cgroup.procs").write_text("0")


def members(name):
    """Pids of everything that lives in the instance's cgroups, zombies left out."""
    pids = set()
    for where, _ in hierarchies():
        for folder, _, _ in os.walk(where / name):
            try:
                pids.update(map(int, pathlib.Path(folder, "cgroup.procs").read_text().split()))
            except OSError:
                pass  # removed while we looked
    return {pid for pid in pids if start_time(pid)}


def start_time(pid):
    """Ticks since boot at which pid started; None when there is no such live process. With the pid it names a process for good."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def kill(pid, started):
    """SIGKILL to that very process."""
    if started and start_time(pid) == started:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def kill_members(name, seconds=20):
    """SIGKILL to all members until there are none; a child started meanwhile is found in the next round."""
    end = time.monotonic() + seconds
    while left := members(name):
        if time.monotonic() > end:
            raise LabError(f"processes {sorted(left)} of {name} do not end: see /proc/PID/stack")
        for where, _ in hierarchies():
            _thaw(where / name)
        for pid in left:
            kill(pid, start_time(pid))
        time.sleep(0.02)


def _thaw(top):
    for folder, _, files in os.walk(top):
        if "freezer.state" in files:
            pathlib.Path(folder, "freezer.state").write_text("THAWED")


def remove_cgroups(name, seconds=10):
    """A process that was being started when its starter was interrupted may join only now: it is killed too."""
    end = time.monotonic() + seconds
    for where, _ in hierarchies():
        while (where / name).exists() and not _remove_tree(where / name):
            if time.monotonic() > end:
                raise LabError(f"cgroup {where / name} cannot be removed: is a process of yours in it?")
            kill_members(name)
            time.sleep(0.05)


def _remove_tree(top):
    for folder, _, _ in os.walk(top, topdown=False):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            pass
        except OSError:
            return False
    return True
