"""One cluster: its folder, its record, and the order in which its parts start and end.

The folder `STATE/NAME` holds everything, `instance.json` in it what is needed to end the instance when nothing else is
left. The record is written before anything that would have to be cleaned up is made.
"""

import contextlib
import fcntl
import http.client
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import time

from . import procs
from .base import BIN, NAME, STATE, LabError, run, say, wait_for
from .net import Net, free_index
from .pki import Pki


@contextlib.contextmanager
def locked(path, keep=True):
    """Holds the lock file; unless it is kept, it goes at the end, and who waited for it then makes a new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with open(path, "w") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            if not path.exists() or path.stat().st_ino != os.fstat(f.fileno()).st_ino:
                continue
            try:
                yield
            finally:
                if not keep:
                    path.unlink()
            return


def all_names():
    return sorted(p.parent.name for p in STATE.glob("*/instance.json"))


class Instance:
    def __init__(self, name):
        if not NAME.fullmatch(name):
            raise LabError(f'"{name}" is no name for a cluster: lower-case letters, digits and "-", at most 20, a letter first')
        self.name = name
        self.dir = STATE / name
        self.record = self.dir / "instance.json"
        self.cgroup = f"agent-sandbox-cluster-{name}"
        self.pki = Pki(self.dir / "pki")
        self.kubeconfig = self.dir / "kubeconfig"
        self.data = json.loads(self.record.read_text()) if self.record.exists() else None
        self.net = Net(name, self.data["index"]) if self.data else None

    # ---- record ----

    def lock(self):
        """Held while an instance is brought up or down: two calls for one name take turns."""
        return locked(STATE / f".{self.name}.lock", keep=False)

    def claim_index(self, options):
        """Writes the record: from here on the addresses are ours, and `down` knows what to undo."""
        with locked(STATE / ".lock"):
            used = [json.loads((STATE / n / "instance.json").read_text())["index"] for n in all_names()]
            self.data = {"index": free_index(used), "options": options, "parts": {}, "since": int(time.time())}
            self.dir.mkdir(mode=0o711)
            self.save()
        self.net = Net(self.name, self.data["index"])

    def save(self):
        new = self.record.with_suffix(".new")
        new.write_text(json.dumps(self.data, indent=2) + "\n")
        new.rename(self.record)

    # ---- parts ----

    def start(self, part, argv, env=None, prefix=()):
        """Starts a program of the cluster in its namespace and cgroups; it outlives us. Its words go to log/PART.log."""
        (self.dir / "log").mkdir(exist_ok=True)
        argv = [*self.net.enter(), *prefix, *map(str, argv)]
        with open(self.log(part), "ab") as log:
            child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir, env=env,
                                     start_new_session=True, preexec_fn=lambda: procs.join_cgroups(self.cgroup))
        self.data["parts"][part] = {"pid": child.pid, "started": procs.start_time(child.pid)}
        self.save()
        return child.pid

    def log(self, part):
        return self.dir / "log" / f"{part}.log"

    def alive(self, part):
        p = self.data["parts"].get(part)
        return bool(p) and procs.start_time(p["pid"]) == p["started"] is not None

    def check_alive(self, *parts):
        for part in parts:
            if not self.alive(part):
                last = self.log(part).read_text(errors="replace").splitlines()[-8:]
                raise LabError(f"{part} has ended. The last lines of {self.log(part)}:\n  " + "\n  ".join(last))

    def kill_part(self, part):
        p = self.data["parts"][part]
        procs.kill(p["pid"], p["started"])

    # ---- the API server ----

    def get(self, path, timeout=5):
        """Status and body of a GET as the administrator; (0, why) when there is no answer."""
        context = ssl.create_default_context(cafile=self.pki.dir / "ca.crt")
        context.load_cert_chain(self.pki.dir / "admin.crt", self.pki.dir / "admin.key")
        conn = http.client.HTTPSConnection(self.net.node_ip, 6443, timeout=timeout, context=context)
        try:
            conn.request("GET", path)
            answer = conn.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as e:
            return 0, str(e)
        finally:
            conn.close()

    def wait_ready(self, path, what, seconds, *parts):
        """Until a GET of path answers 200; sooner, with the words of the log, when one of the parts ends."""
        def question():
            self.check_alive(*parts)
            return self.get(path)[0] == 200
        wait_for(what, question, seconds)

    def kubectl(self, *argv, text_in=None, check=True, timeout=120):
        env = dict(os.environ, KUBECONFIG=str(self.kubeconfig))
        return run(BIN / "kubectl", *argv, text_in=text_in, env=env, check=check, timeout=timeout)

    def healthy(self):
        return bool(self.data) and bool(self.data.get("up")) and all(self.alive(p) for p in self.data["parts"])

    # ---- end ----

    def destroy(self):
        """Ends all processes and removes all traces. Safe on what is half made, half ended, or not there."""
        if not self.data:
            shutil.rmtree(self.dir, ignore_errors=True)
            return
        procs.kill_members(self.cgroup)
        for p in self.data["parts"].values():
            procs.kill(p["pid"], p["started"])  # one that did not get as far as its cgroup
        self._unmount()
        self.net.remove()
        procs.remove_cgroups(self.cgroup)
        # The record goes last: should we be ended here, the next `down` goes on.
        for entry in self.dir.iterdir():
            if entry != self.record:
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        shutil.rmtree(self.dir)
        self.data = self.net = None

    def _unmount(self):
        """What is mounted below our folder in this mount namespace. (The node has one of its own, which ends with it.)"""
        def mounts():
            rows = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
            return [p for p in (row.split()[4] for row in rows) if p.startswith(f"{self.dir}/")]
        for path in sorted(mounts(), reverse=True):
            run("umount", "-l", path, check=False)

    def reap(self):
        """Collects our own dead children, so that an `up` that goes down again leaves no zombie for its lifetime."""
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def owner_gone(instance):
    owner = (instance.data or {}).get("options", {}).get("owner")
    return bool(owner) and procs.start_time(owner["pid"]) != owner["started"]


def sweep():
    """Ends instances whose owner (the test run that made them) is gone."""
    for name in all_names():
        instance = Instance(name)
        if owner_gone(instance):
            say(f"ending {name}, which a test run left behind")
            with instance.lock():
                Instance(name).destroy()
