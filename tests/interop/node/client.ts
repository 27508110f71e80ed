// Agent Sandbox from Node: @grpc/grpc-js and gen/typescript, nothing else.
//
//   client CONTROLLER ROUTER [POOL]
//
// Claims a sandbox, runs a command in it, talks with `cat` both ways, and releases it. Prints one line per step on
// stdout; any surprise is an exception and exit code 1. (#gen is gen/typescript/src: ../build.py puts it beside this.)
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { type ClientDuplexStream, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";

import { type Claim, ClaimPhase, ClaimServiceClient, CreateClaimRequest, type CreateClaimResponse, DeleteClaimRequest, GetClaimRequest } from "#gen/agentsandbox/v1/claim.js";
import { CauseKind } from "#gen/agentsandbox/v1/common.js";
import { Command, ExecServiceClient, ExecState, ListExecsRequest, OnDisconnect, RunRequest, type RunResponse, StartRequest } from "#gen/agentsandbox/v1/exec.js";
import { type AttachRequest, type AttachResponse, OutputStream, StdinData, StreamServiceClient } from "#gen/agentsandbox/v1/stream.js";

const ROUNDS = 20;
const TIMEOUT_MS = 60_000;

const options = () => ({ deadline: Date.now() + TIMEOUT_MS });

// A unary method of grpc-js as a promise.
function ask<Res>(call: (callback: (error: ServiceError | null, response: Res) => void) => unknown): Promise<Res> {
  return new Promise((resolve, reject) => call((error, response) => (error ? reject(error) : resolve(response))));
}

function sandboxMetadata(name: string, namespace: string): Metadata {
  const metadata = new Metadata();
  metadata.set("x-sandbox-id", name);
  metadata.set("x-sandbox-namespace", namespace);
  return metadata;
}

async function claimSandbox(claims: ClaimServiceClient, pool: string): Promise<Claim> {
  const request = CreateClaimRequest.fromPartial({
    namespace: "default",
    requestId: `node-${randomUUID()}`,
    spec: { source: { $case: "pool", value: pool } },
    deleteOnFailure: true,
  });
  const first = await ask<CreateClaimResponse>((done) => claims.createClaim(request, new Metadata(), options(), done));
  const again = await ask<CreateClaimResponse>((done) => claims.createClaim(request, new Metadata(), options(), done));

  assert.ok(first.claim?.sandbox);
  assert.equal(first.existed, false);
  assert.equal(again.existed, true);
  assert.equal(again.claim?.uid, first.claim.uid);
  assert.equal(first.claim.phase, ClaimPhase.CLAIM_PHASE_READY);
  console.log(`claimed ${first.claim.name}: sandbox ${first.claim.sandbox.name}`);
  return first.claim;
}

async function runCommand(execs: ExecServiceClient, metadata: Metadata): Promise<void> {
  const request = RunRequest.fromPartial({
    command: { shell: "echo hello from the sandbox; cat; echo oops >&2; exit 3" },
    stdin: Buffer.from("over stdin\n"),
  });
  const response = await ask<RunResponse>((done) => execs.run(request, metadata, options(), done));

  assert.equal(response.stdout.toString(), "hello from the sandbox\nover stdin\n");
  assert.equal(response.stderr.toString(), "oops\n");
  assert.equal(response.exec?.cause?.kind, CauseKind.CAUSE_KIND_EXITED);
  assert.equal(response.exec.cause.exitCode, 3);
  console.log("ran a command");
}

// A conversation with `cat`: what goes in comes out, at the offset where it should.
class Cat {
  private readonly stream: ClientDuplexStream<AttachRequest, AttachResponse>;
  private readonly responses: AsyncIterator<AttachResponse>;
  private sent = 0n;
  private received = 0n;

  constructor(streams: StreamServiceClient, metadata: Metadata) {
    this.stream = streams.attach(metadata, options());
    this.responses = this.stream[Symbol.asyncIterator]();
  }

  // The next response that is no acknowledgement; undefined at the end.
  private async next(): Promise<AttachResponse["kind"]> {
    for (;;) {
      const { done, value } = await this.responses.next();
      if (done) return undefined;
      if (value.kind?.$case !== "stdinAck") return value.kind;
    }
  }

  async start(): Promise<void> {
    const start = StartRequest.fromPartial({
      command: Command.fromPartial({ argv: ["cat"], stdin: true }),
      onDisconnect: OnDisconnect.ON_DISCONNECT_KILL,
    });
    this.stream.write({ kind: { $case: "start", value: start } });
    const first = await this.next();
    assert.equal(first?.$case, "started");
    assert.equal(first.value.state, ExecState.EXEC_STATE_RUNNING);
  }

  stdin(data: Buffer, eof = false): void {
    this.stream.write({ kind: { $case: "stdin", value: StdinData.fromPartial({ offset: this.sent, data, eof }) } });
    this.sent += BigInt(data.length);
  }

  async hear(n: number): Promise<string> {
    const heard: Buffer[] = [];
    for (let got = 0; got < n; got += heard.at(-1)!.length) {
      const response = await this.next();
      assert.equal(response?.$case, "output");
      assert.equal(response.value.stream, OutputStream.OUTPUT_STREAM_STDOUT);
      assert.equal(response.value.offset, this.received);
      heard.push(response.value.data);
      this.received += BigInt(response.value.data.length);
    }
    return Buffer.concat(heard).toString();
  }

  async end(): Promise<void> {
    this.stdin(Buffer.alloc(0), true);
    const last = await this.next();
    assert.equal(last?.$case, "exited");
    assert.equal(last.value.cause?.kind, CauseKind.CAUSE_KIND_EXITED);
    assert.equal(last.value.cause.exitCode, 0);
    assert.equal(last.value.stdoutEnd, this.sent);
    assert.equal(await this.next(), undefined);
    this.stream.end();
  }
}

async function talkWithCat(streams: StreamServiceClient, metadata: Metadata): Promise<void> {
  const cat = new Cat(streams, metadata);
  await cat.start();
  for (let i = 0; i < ROUNDS; i++) {
    const line = `round ${i}: ${"x".repeat(i)}\n`;
    cat.stdin(Buffer.from(line));
    assert.equal(await cat.hear(line.length), line);
  }
  await cat.end();
  console.log(`talked with cat, ${ROUNDS} rounds`);
}

async function expectCode(promise: Promise<unknown>, code: status, what: string): Promise<void> {
  await assert.rejects(promise, (error: ServiceError) => error.code === code && error.details !== "", what);
}

async function release(claims: ClaimServiceClient, claim: Claim): Promise<void> {
  const { namespace, name, uid } = claim;
  const remove = DeleteClaimRequest.fromPartial({ namespace, name, uid, wait: true });
  await ask<unknown>((done) => claims.deleteClaim(remove, new Metadata(), options(), done));
  const get = GetClaimRequest.fromPartial({ namespace, name });
  await expectCode(
    ask<unknown>((done) => claims.getClaim(get, new Metadata(), options(), done)),
    status.NOT_FOUND,
    "the released claim",
  );
  console.log("released");
}

async function main(controller: string, router: string, pool = "python-sandbox-warmpool"): Promise<void> {
  const plain = credentials.createInsecure();
  const claims = new ClaimServiceClient(controller, plain);
  const execs = new ExecServiceClient(router, plain);
  const streams = new StreamServiceClient(router, plain);
  const claim = await claimSandbox(claims, pool);

  try {
    const metadata = sandboxMetadata(claim.sandbox!.name, claim.namespace);
    await runCommand(execs, metadata);
    await talkWithCat(streams, metadata);
  } finally {
    await release(claims, claim);
  }
  await expectCode(
    ask<unknown>((done) => execs.list(ListExecsRequest.create(), sandboxMetadata("no-such-sandbox", "default"), options(), done)),
    status.NOT_FOUND,
    "a sandbox that is not there",
  );
  for (const client of [claims, execs, streams]) client.close();
  console.log("ok");
}

const args = process.argv.slice(2);
if (args.length < 2 || args.length > 3) {
  console.error("usage: client CONTROLLER ROUTER [POOL]");
  process.exit(2);
}
await main(args[0], args[1], args[2]);
