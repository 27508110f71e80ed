"""What a user of the published SDK does, synchronous and asynchronous, against whatever the kubeconfig points to.

    lifecycle.py sync|async SCENARIO

The objects (pools, templates) are made by ../sdk_test.py, which runs each scenario in a process of its own and names
the namespace in SDK_NAMESPACE. A scenario ends with 0 or with the assertion that failed. The async client
has the sync one's methods as coroutines, so each scenario is written once, with coroutines; `Sync` makes coroutines of the sync client's.

Where in the SDK that was raised what `raises` caught is appended to the file SDK_RAISED, a FILE:LINE each. SDK_STRAIGHT is a kubeconfig for
what a scenario does itself: KUBECONFIG, which the SDK uses, may lead through a proxy that makes others win a race.
"""

import asyncio
import inspect
import os
import sys
import threading
import time
import traceback

from kubernetes import client as kube
from kubernetes import config as kube_config
from k8s_agent_sandbox import exceptions as e
from k8s_agent_sandbox import models

NAMESPACE = os.environ["SDK_NAMESPACE"]
GROUP, VERSION, CLAIMS = "extensions.agents.x-k8s.io", "v1beta1", "sandboxclaims"
IN_CLUSTER = models.SandboxInClusterConnectionConfig()


class Sync:
    """Any object of the sync SDK, its methods awaitable."""

    def __init__(self, target):
        self._target = target

    def __getattr__(self, name):
        value = getattr(self._target, name)
        if inspect.ismethod(value):
            def run(*args, **kw):
                try:
                    return value(*args, **kw), None
                except Exception as error:  # asyncio would make a TimeoutError anew, without where it came from
                    return None, error

            async def call(*args, **kw):
                got, error = await asyncio.to_thread(run, *args, **kw)
                if error:
                    raise error
                return Sync(got) if type(got).__module__.startswith("k8s_agent_sandbox.sandbox") else got
            return call
        return Sync(value) if type(value).__module__.startswith("k8s_agent_sandbox.") and hasattr(value, "__dict__") \
            and name in ("commands", "files", "connector") else value


class World:
    def __init__(self, kind):
        self.kind = kind
        kube_config.load_kube_config(os.environ.get("SDK_STRAIGHT"))
        self.api = kube.CustomObjectsApi()
        self.core = kube.CoreV1Api()

    def client(self, config=IN_CLUSTER):
        if self.kind == "sync":
            from k8s_agent_sandbox import SandboxClient
            return Sync(SandboxClient(connection_config=config))
        from k8s_agent_sandbox import AsyncSandboxClient
        return AsyncSandboxClient(connection_config=config, cleanup=False)

    def conflict(self):
        """What the SDK raises for HTTP errors of the API server."""
        if self.kind == "sync":
            return kube.ApiException
        from kubernetes_asyncio.client import ApiException
        return ApiException

    def claim(self, name):
        return self.api.get_namespaced_custom_object(GROUP, VERSION, NAMESPACE, CLAIMS, name)

    def sandbox(self, name):
        return self.api.get_namespaced_custom_object("agents.x-k8s.io", VERSION, NAMESPACE, "sandboxes", name)

    def patch_sandbox(self, name, spec):
        self.api.patch_namespaced_custom_object("agents.x-k8s.io", VERSION, NAMESPACE, "sandboxes", name, {"spec": spec})

    def later(self, seconds, call, *args):
        timer = threading.Timer(seconds, call, args)
        timer.daemon = True
        timer.start()

    def hold_claim(self, name, is_held=True):
        """A finalizer of ours keeps it from going, or no longer does."""
        body = {"metadata": {"finalizers": ["asb.test/held"] if is_held else None}}
        self.api.patch_namespaced_custom_object(GROUP, VERSION, NAMESPACE, CLAIMS, name, body)

    def delete_claim(self, name):
        self.api.delete_namespaced_custom_object(GROUP, VERSION, NAMESPACE, CLAIMS, name)


async def done(client):
    """Closes an async client's sessions; the sync one has none of its own."""
    if not isinstance(client, Sync):
        await client.close()


def note_where(error):
    """Where in the SDK it and what it was made of were raised, for the table of ../sdk_test.py."""
    with open(os.environ["SDK_RAISED"], "a") as out:
        while error is not None:
            frames = [f for f in traceback.extract_tb(error.__traceback__) if "/k8s_agent_sandbox/" in f.filename]
            if frames:
                out.write(f"{frames[-1].filename.split('/k8s_agent_sandbox/')[1]}:{frames[-1].lineno}\n")
            error = error.__cause__ or error.__context__


async def raises(kind, coroutine, *words):
    try:
        await coroutine
    except kind as error:
        note_where(error)
        for word in words:
            assert word in str(error), f"{word!r} is not in: {error}"
        return error
    raise AssertionError(f"{kind} was not raised")


async def until(what, question, seconds=60):
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.1)


def gone(call, *args):
    def question():
        try:
            call(*args)
        except kube.ApiException as error:
            return error.status == 404
        return False
    return question


# ---- scenarios ----

async def create_and_delete(w):
    """Warm claim, status, lists, a second handle, deletion down to the Sandbox."""
    client = w.client()
    sandbox = await client.create_sandbox("warm", NAMESPACE, labels={"team": "a"})
    name = sandbox.claim_name
    claim = w.claim(name)
    assert claim["status"]["sandbox"]["name"] == sandbox.sandbox_id != name, claim["status"]
    assert claim["metadata"]["labels"]["agents.x-k8s.io/created-by"] == "python-client"
    assert sandbox.sandbox_id.startswith("warm-"), sandbox.sandbox_id
    assert (await sandbox.status())[0] == "SandboxReady"
    assert await sandbox.get_pod_name() == sandbox.sandbox_id
    assert await sandbox.get_pod_ip()
    assert await sandbox.get_sandbox_name_hash()
    assert (NAMESPACE, name) in await client.list_active_sandboxes()
    assert name in await client.list_all_sandboxes(NAMESPACE)
    assert name in await client.list_all_sandboxes(NAMESPACE, label_selector="team=a")
    assert name not in await client.list_all_sandboxes(NAMESPACE, label_selector="team=b")

    other = w.client()
    again = await other.get_sandbox(name, NAMESPACE)
    assert again.sandbox_id == sandbox.sandbox_id
    await done(other)

    await client.delete_sandbox(name, NAMESPACE)
    await until("the claim is gone", gone(w.claim, name))
    await until("its Sandbox is gone", gone(w.sandbox, sandbox.sandbox_id))
    await raises(e.SandboxNotFoundError, client.get_sandbox(name, NAMESPACE, resolve_timeout=1))
    await done(client)


async def cold(w):
    """A pool of none: the Sandbox is made for the claim, and named like it."""
    client = w.client()
    sandbox = await client.create_sandbox("cold", NAMESPACE)
    assert sandbox.sandbox_id == sandbox.claim_name
    await client.delete_all()
    await until("the claim is gone", gone(w.claim, sandbox.sandbox_id))
    await done(client)


async def suspend_and_resume(w):
    """By operatingMode: the pod goes and comes back, the Sandbox stays."""
    client = w.client()
    sandbox = await client.create_sandbox("warm", NAMESPACE)
    name = sandbox.sandbox_id
    w.patch_sandbox(name, {"operatingMode": "Suspended"})
    await until("the pod is gone", gone(w.core.read_namespaced_pod, name, NAMESPACE))

    async def status_is(word):
        end = time.monotonic() + 60
        while (await sandbox.status())[0] != word:
            assert time.monotonic() < end, await sandbox.status()
            await asyncio.sleep(0.1)

    await status_is("SandboxNotReady")
    pod_ip = models.SandboxdInClusterConnectionConfig(mode="in-cluster-pod-ip")
    other = w.client(pod_ip)
    handle = await other.get_sandbox(sandbox.claim_name, NAMESPACE)
    await raises(e.SandboxNotReadyError, handle.files.exists("x"), "pod IP not resolved")
    await done(other)
    w.patch_sandbox(name, {"operatingMode": "Running"})
    await status_is("SandboxReady")
    assert (await client.get_sandbox(sandbox.claim_name, NAMESPACE)).sandbox_id == name
    await client.delete_sandbox(sandbox.claim_name, NAMESPACE)
    await done(client)


async def suspend_by_extension(w):
    """The SDK's own suspend() and resume(), of its snapshot extension (sync only); no snapshot is taken."""
    from k8s_agent_sandbox.gke_extensions.snapshots import PodSnapshotSandboxClient
    client = PodSnapshotSandboxClient(connection_config=IN_CLUSTER)
    sandbox = client.create_sandbox("warm", NAMESPACE)
    uid = w.core.read_namespaced_pod(sandbox.sandbox_id, NAMESPACE).metadata.uid
    assert not sandbox.is_suspended()
    answer = sandbox.suspend(snapshot_before_suspend=False, wait_timeout=60)
    assert answer.success and sandbox.is_suspended(), answer
    answer = sandbox.resume(wait_timeout=60)
    assert answer.success and not sandbox.is_suspended(), answer
    assert w.core.read_namespaced_pod(sandbox.sandbox_id, NAMESPACE).metadata.uid != uid
    client.delete_sandbox(sandbox.claim_name, NAMESPACE)


async def named_claims(w):
    """claim_name and adopt_existing."""
    client, other = w.client(), w.client()
    mine = f"mine-{w.kind}"
    sandbox = await client.create_sandbox("warm", NAMESPACE, claim_name=mine)
    assert sandbox.claim_name == mine
    error = await raises(w.conflict(), other.create_sandbox("warm", NAMESPACE, claim_name=mine))
    assert error.status == 409
    again = await other.create_sandbox("warm", NAMESPACE, claim_name=mine, adopt_existing=True)
    assert again.sandbox_id == sandbox.sandbox_id
    await raises(ValueError, other.create_sandbox("cold", NAMESPACE, claim_name=mine, adopt_existing=True))
    await client.delete_sandbox(mine, NAMESPACE)
    await until("the claim is gone", gone(w.claim, mine))
    await done(client)
    await done(other)


async def extras(w):
    """Labels and annotations for the pod, env, an expiry."""
    client = w.client()
    sandbox = await client.create_sandbox("warm", NAMESPACE, pod_labels={"sandbox.users.io/job": "j1"},
                                          pod_annotations={"note": "n1"}, shutdown_after_seconds=600)
    claim = w.claim(sandbox.claim_name)
    assert claim["spec"]["lifecycle"]["shutdownPolicy"] == "Delete"

    def on_pod():
        meta = w.core.read_namespaced_pod(sandbox.sandbox_id, NAMESPACE).metadata
        return meta.labels.get("sandbox.users.io/job") == "j1" and (meta.annotations or {}).get("note") == "n1"
    await until("the pod bears them", on_pod)
    with_env = await client.create_sandbox("open", NAMESPACE, env={"TOKEN": "t1", "EMPTY": ""})
    env = w.sandbox(with_env.sandbox_id)["spec"]["podTemplate"]["spec"]["containers"][0]["env"]
    assert {"name": "TOKEN", "value": "t1"} in env and "EMPTY" in [v["name"] for v in env], env
    await client.delete_all()
    await done(client)


async def failures(w):
    """Each error of a claim that cannot be, raised at once and not after the timeout; the claim is rolled back."""
    client = w.client()
    before = set(await client.list_all_sandboxes(NAMESPACE))
    start = time.monotonic()
    create = client.create_sandbox
    await raises(e.SandboxWarmPoolNotFoundError, create("no-such-pool", NAMESPACE), "no-such-pool")
    await raises(e.SandboxTemplateNotFoundError, create("orphan", NAMESPACE), "no-such-template")
    await raises(e.SandboxClaimFailedError, create("warm", NAMESPACE, pod_labels={"app": "x"}), "InvalidMetadata")
    await raises(e.SandboxClaimFailedError, create("warm", NAMESPACE, env={"A": "b"}), "EnvVarsInjectionRejected")
    volume = {"metadata": {"name": "v"}, "spec": {"accessModes": ["ReadWriteOnce"],
                                                  "resources": {"requests": {"storage": "1Gi"}}}}
    await raises(e.SandboxClaimFailedError, create("warm", NAMESPACE, volume_claim_templates=[volume]),
                 "VolumeClaimTemplatesError")
    assert time.monotonic() - start < 30, "they waited"
    await until("rolled back", lambda: not set(list_names(w)) - before)
    await done(client)


def list_names(w):
    return [c["metadata"]["name"] for c in w.api.list_namespaced_custom_object(GROUP, VERSION, NAMESPACE, CLAIMS)["items"]]


async def ended_pods(w):
    """PodFailed and PodSucceeded end the wait."""
    client = w.client()
    await raises(e.SandboxClaimFailedError, client.create_sandbox("fails", NAMESPACE), "PodFailed")
    await raises(e.SandboxClaimFailedError, client.create_sandbox("succeeds", NAMESPACE), "PodSucceeded")
    await done(client)


async def terminal(w):
    """What the API server will never take ends the wait: InvalidConfiguration, of the Pod, and of a name that no Service can have."""
    client = w.client()
    start = time.monotonic()
    await raises(e.SandboxClaimFailedError, client.create_sandbox("invalid", NAMESPACE), "InvalidConfiguration", "volumeMounts")
    await raises(e.SandboxClaimFailedError, client.create_sandbox("service", NAMESPACE, claim_name=f"a.b.{w.kind}"),
                 "InvalidConfiguration", "Service")
    assert time.monotonic() - start < 30, "they waited"
    await client.delete_sandbox(f"a.b.{w.kind}", NAMESPACE)
    await done(client)


async def lookups(w):
    """A claim of another pool, none at all, one that is going, one that never gets ready."""
    client = w.client()
    name = f"looked-up-{w.kind}"
    await client.create_sandbox("warm", NAMESPACE, claim_name=name)
    if w.kind == "sync":
        assert await client.get_sandbox_claim_warmpool_name(name, NAMESPACE) == "warm"
        await raises(e.SandboxNotFoundError, client.get_sandbox_claim_warmpool_name("none", NAMESPACE), "'none' not found")
    else:
        await raises(ValueError, client.get_sandbox(name, NAMESPACE, warmpool_name="cold"), "Refusing to reattach")
        await raises(e.SandboxNotFoundError, client.get_sandbox("none", NAMESPACE, warmpool_name="warm"), "'none' not found")
    w.hold_claim(name)
    w.delete_claim(name)
    await raises(ValueError, client.create_sandbox("warm", NAMESPACE, claim_name=name, adopt_existing=True), "is terminating")
    w.hold_claim(name, False)
    await until("the claim is gone", gone(w.claim, name))

    name = f"going-{w.kind}"
    w.later(1.5, lambda: (w.hold_claim(name), w.delete_claim(name)))
    await raises(e.SandboxNotFoundError, client.create_sandbox("stuck", NAMESPACE, claim_name=name), "is terminating")
    w.hold_claim(name, False)

    name = f"slow-{w.kind}"
    await raises(TimeoutError, client.create_sandbox("stuck", NAMESPACE, claim_name=name, sandbox_ready_timeout=1))
    helper = Sync(client.k8s_helper) if w.kind == "sync" else client.k8s_helper
    await raises(TimeoutError, helper.wait_for_sandbox_ready(name, NAMESPACE, 1), "did not become ready")
    w.later(1, w.delete_claim, name)
    await raises(e.SandboxNotFoundError, helper.wait_for_sandbox_ready(name, NAMESPACE, 60), "deleted before becoming ready")
    await done(client)


async def races(w):
    """Others are faster, by way of the proxy: what is waited for is replaced, or gone before it is looked at."""
    client = w.client()
    await raises(e.SandboxNotFoundError, client.create_sandbox("stuck", NAMESPACE, claim_name=f"replaced-{w.kind}"), "was replaced")
    w.delete_claim(f"replaced-{w.kind}")
    name = f"vanishes-{w.kind}"
    await client.create_sandbox("warm", NAMESPACE, claim_name=name)
    await raises(e.SandboxNotFoundError, client.create_sandbox("warm", NAMESPACE, claim_name=name, adopt_existing=True),
                 "disappeared after the create conflict")
    await until("the claim is gone", gone(w.claim, name))
    name = f"robbed-{w.kind}"
    before = await client.create_sandbox("robbed", NAMESPACE, claim_name=name)
    await raises(e.SandboxNotFoundError, client.get_sandbox(name, NAMESPACE), "Underlying Sandbox", before.sandbox_id)

    async def again():
        try:
            return await client.get_sandbox(name, NAMESPACE, resolve_timeout=5)
        except e.SandboxNotFoundError:
            return None
    end = time.monotonic() + 60
    while (sandbox := await again()) is None or sandbox.sandbox_id == before.sandbox_id:
        assert time.monotonic() < end, "the claim gets no other Sandbox"
    await client.delete_sandbox(name, NAMESPACE)
    await done(client)


async def refusals(w):
    """What the SDK refuses before it asks the API server."""
    client = w.client()
    create = client.create_sandbox
    await raises(ValueError, create("", NAMESPACE), "cannot be empty")
    await raises(ValueError, create("warm", NAMESPACE, adopt_existing=True), "requires an explicit claim_name")
    await raises(ValueError, create("warm", NAMESPACE, claim_name="Not_A_Name"), "DNS-1123")
    for labels, word in (({"": "x"}, "empty"), ({"/x": "y"}, "prefix"), ({"-/x": "y"}, "DNS subdomain"), ({"a/": "y"}, "empty name"),
                         ({"x" * 64: "y"}, "max length"), ({"x": "-"}, "invalid characters")):
        await raises(ValueError, create("warm", NAMESPACE, labels=labels), word)
    for seconds, word in ((1.5, "integer"), (0, "positive"), (10 ** 12, "too large")):
        await raises(ValueError, create("warm", NAMESPACE, shutdown_after_seconds=seconds), word)
    await done(client)
    if w.kind == "async":
        from k8s_agent_sandbox import AsyncSandboxClient
        from k8s_agent_sandbox.async_sandbox import AsyncSandbox
        await raises(ValueError, call(AsyncSandboxClient, None), "connection_config is required")
        await raises(ValueError, call(AsyncSandbox, "c", "s"), "connection_config is required")


async def call(function, *args):
    return function(*args)


async def expiries(w):
    """ClaimExpired, SandboxExpired; a claim deleted while it is waited for; a claim that never gets ready."""
    client = w.client()
    create = client.create_sandbox
    await raises((e.SandboxClaimFailedError, e.SandboxMetadataError), create("stuck", NAMESPACE, shutdown_after_seconds=1))
    name = f"expires-{w.kind}"
    w.later(1.5, w.patch_sandbox, name, {"shutdownTime": "2020-01-01T00:00:00Z"})
    await raises(e.SandboxClaimFailedError, create("stuck", NAMESPACE, claim_name=name), "SandboxExpired")
    w.delete_claim(name)
    name = f"deleted-{w.kind}"
    w.later(1.5, w.delete_claim, name)
    await raises((e.SandboxMetadataError, e.SandboxNotFoundError), create("stuck", NAMESPACE, claim_name=name))
    await raises(TimeoutError, create("stuck", NAMESPACE, sandbox_ready_timeout=2), "within 2 seconds")
    await done(client)


async def connections(w):
    """What the SDK says when the way to a sandbox is missing, or what is at its end makes no sense."""
    service = models.SandboxdInClusterConnectionConfig(mode="in-cluster-service")
    client = w.client(service)
    sandbox = await client.create_sandbox("warm", NAMESPACE)
    await raises(e.SandboxNoServiceError, sandbox.files.exists("x"), "no Service FQDN")
    if w.kind == "sync":
        await raises(e.SandboxRequestError, sandbox.connector.grpc_channel(), "not connected")
    await client.delete_all()
    with_service = await client.create_sandbox("service", NAMESPACE)
    fqdn = await with_service.get_service_fqdn()
    assert fqdn == f"{with_service.sandbox_id}.{NAMESPACE}.svc.cluster.local", fqdn
    await client.delete_all()
    await done(client)

    client = w.client(models.SandboxGatewayConnectionConfig(gateway_name="none", gateway_namespace=NAMESPACE, gateway_ready_timeout=1))
    sandbox = await client.create_sandbox("warm", NAMESPACE)
    await raises(TimeoutError, sandbox.commands.run("true"), "did not get an IP")
    await raises(RuntimeError, sandbox.connector.grpc_channel(), "only available for the sandboxd")
    await client.delete_all()
    await done(client)
    if w.kind == "sync":
        tunnel = w.client(models.SandboxLocalTunnelConnectionConfig(port_forward_ready_timeout=5))
        sandbox = await tunnel.create_sandbox("warm", NAMESPACE)
        await raises(e.SandboxPortForwardError, sandbox.commands.run("true"), "not found")
        await tunnel.delete_all()
    else:
        await raises(ValueError, w.client(models.SandboxLocalTunnelConnectionConfig()).create_sandbox("warm", NAMESPACE),
                     "does not support")


async def pods(w):
    """A real pod: an answer that is an error, one that is no JSON, a command in it; a tunnel to a pod that is no more."""
    client = w.client(models.SandboxInClusterConnectionConfig())
    sandbox = await client.create_sandbox("web", NAMESPACE)
    error = await raises(e.SandboxRequestError, sandbox.files.read("none"), "Failed to communicate")
    assert error.status_code == 404, error.status_code
    await raises(RuntimeError, sandbox.files.exists("junk"), "decode JSON") if w.kind == "sync" else None
    assert await sandbox.files.read("text") == b"hello\n"
    assert not await sandbox.files.exists("nothing")
    await client.delete_all()
    await done(client)

    config = models.SandboxdPodTunnelConnectionConfig(port_forward_ready_timeout=20)
    client = w.client(config)
    sandbox = await client.create_sandbox("warm", NAMESPACE)
    w.patch_sandbox(sandbox.sandbox_id, {"operatingMode": "Suspended"})
    await until("the pod is gone", gone(w.core.read_namespaced_pod, sandbox.sandbox_id, NAMESPACE))
    await raises(e.SandboxPortForwardError, sandbox.files.exists("x"))
    await client.delete_all()
    await done(client)


async def snapshots(w):
    """restore() of a snapshot that is not there; a client without the snapshots' kind is refused."""
    from k8s_agent_sandbox.gke_extensions.snapshots import PodSnapshotSandboxClient, podsnapshot_client
    client = PodSnapshotSandboxClient(connection_config=IN_CLUSTER)
    sandbox = client.create_sandbox("warm", NAMESPACE)
    answer = sandbox.restore("none")
    assert not answer.success and "does not exist" in answer.error_reason, answer
    client.delete_sandbox(sandbox.claim_name, NAMESPACE)
    podsnapshot_client.PODSNAPSHOT_API_GROUP = "none.gke.io"
    await raises(RuntimeError, call(PodSnapshotSandboxClient), "PodSnapshot CRD")


def main():
    kind, scenario = sys.argv[1:]
    asyncio.run(globals()[scenario](World(kind)))


if __name__ == "__main__":
    main()
