// The four kinds of call on @grpc/grpc-js and gen/typescript: kinds serve | kinds call HOST:PORT. See ../../README.md.
// (#gen is gen/typescript/src: ../../build.py puts it beside this.)
import assert from "node:assert/strict";

import { credentials, Metadata, Server, ServerCredentials, type ServiceError, status, type UntypedHandleCall } from "@grpc/grpc-js";

import { FileServiceClient, FileServiceService, ReadRequest, ReadResponse, StatRequest, StatResponse, WriteRequest, WriteResponse } from "#gen/agentsandbox/v1/file.js";
import { AttachRequest, AttachResponse, StreamServiceClient, StreamServiceService } from "#gen/agentsandbox/v1/stream.js";

const N_CHUNKS = 1000;
const N_WRITES = 100;
const WRITE_BYTES = 1000;
const N_ROUNDS = 20;

const options = () => ({ deadline: Date.now() + 60_000 });

// ---- the server ----

const notHere: UntypedHandleCall = (call: any, callback?: any) => {
  const error = { code: status.UNIMPLEMENTED, details: "not here" };
  return callback ? callback(error) : call.emit("error", error);
};

const files: Record<string, UntypedHandleCall> = {
  stat: (call: any, callback: any) => {
    const path: string = call.request.path;
    if (path === "") callback({ code: status.INVALID_ARGUMENT, details: "path is empty" });
    else callback(null, StatResponse.fromPartial({ info: { path, sizeBytes: BigInt(path.length) } }));
  },
  read: (call: any) => {
    for (let i = 0; i < Number(call.request.length); i++)
      call.write(ReadResponse.fromPartial({ offset: BigInt(i), data: Buffer.from(`chunk ${i}`) }));
    call.end();
  },
  write: (call: any, callback: any) => {
    let path = "";
    let n = 0;
    call.on("data", (request: WriteRequest) => {
      if (request.kind?.$case === "open") path = request.kind.value.path;
      else if (request.kind?.$case === "data") n += request.kind.value.length;
    });
    call.on("end", () => callback(null, WriteResponse.fromPartial({ info: { path, sizeBytes: BigInt(n) } })));
  },
};

const streams: Record<string, UntypedHandleCall> = {
  attach: (call: any) => {
    call.on("data", (request: AttachRequest) => {
      assert.equal(request.kind?.$case, "stdin");
      const { offset, data } = (request.kind as any).value;
      call.write(AttachResponse.fromPartial({ kind: { $case: "output", value: { offset, data } } }));
    });
    call.on("end", () => call.end());
  },
};

// Every method needs a handler.
function all(service: object, handlers: Record<string, UntypedHandleCall>): any {
  return Object.fromEntries(Object.keys(service).map((name) => [name, handlers[name] ?? notHere]));
}

function serve(): void {
  const server = new Server();
  server.addService(FileServiceService, all(FileServiceService, files));
  server.addService(StreamServiceService, all(StreamServiceService, streams));
  process.on("SIGTERM", () => server.forceShutdown());
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    console.log(`127.0.0.1:${port}`);
  });
}

// ---- the client ----

function ask<Res>(call: (callback: (error: ServiceError | null, response: Res) => void) => unknown): Promise<Res> {
  return new Promise((resolve, reject) => call((error, response) => (error ? reject(error) : resolve(response))));
}

function checkInfo(info: { path: string; sizeBytes: bigint } | undefined, path: string, n: number): void {
  assert.equal(info?.path, path);
  assert.equal(Number(info?.sizeBytes), n);
}

async function callUnary(client: FileServiceClient): Promise<void> {
  const stat = (path: string) =>
    ask<StatResponse>((done) => client.stat(StatRequest.fromPartial({ path }), new Metadata(), options(), done));

  checkInfo((await stat("/a/b")).info, "/a/b", 4);
  console.log("unary");
  await assert.rejects(stat(""), (error: ServiceError) => {
    assert.equal(error.code, status.INVALID_ARGUMENT);
    assert.equal(error.details, "path is empty");
    return true;
  });
  console.log("error");
}

async function callRead(client: FileServiceClient): Promise<void> {
  let i = 0;
  const request = ReadRequest.fromPartial({ path: "/a", length: BigInt(N_CHUNKS) });
  for await (const chunk of client.read(request, options()) as AsyncIterable<ReadResponse>) {
    assert.equal(Number(chunk.offset), i);
    assert.equal(Buffer.from(chunk.data).toString(), `chunk ${i++}`);
  }
  assert.equal(i, N_CHUNKS);
  console.log("server-streaming");
}

async function callWrite(client: FileServiceClient): Promise<void> {
  const answer = await ask<WriteResponse>((done) => {
    const call = client.write(new Metadata(), options(), done);
    call.write(WriteRequest.fromPartial({ kind: { $case: "open", value: { path: "/w" } } }));
    for (let i = 0; i < N_WRITES; i++)
      call.write(WriteRequest.fromPartial({ kind: { $case: "data", value: Buffer.alloc(WRITE_BYTES) } }));
    call.end();
  });
  checkInfo(answer.info, "/w", N_WRITES * WRITE_BYTES);
  console.log("client-streaming");
}

async function callAttach(client: StreamServiceClient): Promise<void> {
  const call = client.attach(new Metadata(), options());
  const say = (i: number) =>
    call.write(AttachRequest.fromPartial({ kind: { $case: "stdin", value: { offset: BigInt(i), data: Buffer.from(`round ${i}`) } } }));
  let i = 0;
  say(0);
  for await (const answer of call as AsyncIterable<AttachResponse>) {
    assert.equal(answer.kind?.$case, "output");
    const { offset, data } = (answer.kind as any).value;
    assert.equal(Number(offset), i);
    assert.equal(Buffer.from(data).toString(), `round ${i}`);
    if (++i < N_ROUNDS) say(i);
    else call.end();
  }
  assert.equal(i, N_ROUNDS);
  console.log("bidi");
}

async function call(target: string): Promise<void> {
  const fileClient = new FileServiceClient(target, credentials.createInsecure());
  const streamClient = new StreamServiceClient(target, credentials.createInsecure());
  await callUnary(fileClient);
  await callRead(fileClient);
  await callWrite(fileClient);
  await callAttach(streamClient);
  fileClient.close();
  streamClient.close();
  console.log("ok");
}

const [command, target] = process.argv.slice(2);
if (command === "serve") serve();
else if (command === "call" && target) await call(target);
else throw new Error("usage: kinds serve | kinds call HOST:PORT");
