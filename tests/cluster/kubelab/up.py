"""Bringing an instance up: the steps in their order, each with a line that says how long it took."""

import shutil
import time

from . import control, procs
from .base import LabError, programs, say
from .instance import Instance


class Steps:
    """Says what was done, with the time it took."""

    def __init__(self):
        self.start = self.last = time.monotonic()

    def done(self, what):
        now = time.monotonic()
        say(f"{what} ({now - self.last:.1f} s)")
        self.last = now


def bring_up(instance, options):
    """Returns the instance, up and well. One that is up with these options stays as it is."""
    if instance.healthy():
        kept = {k: v for k, v in instance.data["options"].items() if k != "owner"}
        if kept != {k: v for k, v in options.items() if k != "owner"}:
            raise LabError(f'"{instance.name}" is up with other options ({kept}): end it with'
                           f" ./dev cluster down --name {instance.name}, or take another --name")
        say(f"{instance.name} is up already")
        return instance
    if instance.data:
        say(f"{instance.name} is not well: ending what is left of it")
    instance.destroy()
    programs(*needed(options))
    instance.claim_index(options)
    try:
        build_up(instance, options)
    except (LabError, OSError, KeyboardInterrupt) as e:
        if isinstance(e, KeyboardInterrupt):
            say("interrupted: taking it down again")
        else:
            keep_logs(instance)
            say("that failed: taking it down again")
        instance.destroy()
        raise
    instance.data["up"] = True
    instance.save()
    return instance


def needed(options):
    """Which programs of build.sh an instance with these options runs."""
    yield "kube"
    if options["kwok_nodes"]:
        yield "kwok"
    if options["mode"] == "node" and options["dns"]:
        yield "coredns"


def build_up(instance, options):
    steps = Steps()
    procs.make_cgroups(instance.cgroup)
    instance.net.make()
    control.make_pki(instance)
    control.start_api_server(instance, service_accounts=options["mode"] != "control-plane")
    steps.done(f"etcd and kube-apiserver are ready at https://{instance.net.node_ip}:6443")
    if options["mode"] != "control-plane":
        control.start_managers(instance)
        steps.done("kube-controller-manager and kube-scheduler run")
    if options["mode"] == "node":
        from . import node
        node.start(instance, options, steps)
    if options["kwok_nodes"]:
        control.start_kwok(instance, options["kwok_nodes"], taint=options["mode"] == "node")
        steps.done("kwok")
    say(f"{instance.name} is up after {time.monotonic() - steps.start:.1f} s")


def keep_logs(instance):
    """The logs of what failed stay beside the instance's folder until the next failure."""
    kept = instance.dir.parent / f".{instance.name}.failed-logs"
    shutil.rmtree(kept, ignore_errors=True)
    if (instance.dir / "log").is_dir():
        shutil.copytree(instance.dir / "log", kept)
        say(f"its logs: {kept}")


def reset(instance):
    name, options = instance.name, instance.data["options"]
    instance.destroy()
    return bring_up(Instance(name), options)
