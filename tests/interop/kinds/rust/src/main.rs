//! The four kinds of call on tonic and gen/rust: kinds serve | kinds call HOST:PORT. See ../README.md.
use std::error::Error;
use std::pin::Pin;

use agentsandbox_gen::agentsandbox::v1 as pb;
use pb::file_service_client::FileServiceClient;
use pb::file_service_server::{FileService, FileServiceServer};
use pb::stream_service_client::StreamServiceClient;
use pb::stream_service_server::{StreamService, StreamServiceServer};
use pb::{attach_request, attach_response, write_request};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tokio_stream::{Stream, StreamExt};
use tonic::{Code, Request, Response, Status, Streaming};

const N_CHUNKS: u64 = 1000;
const N_WRITES: u64 = 100;
const WRITE_BYTES: u64 = 1000;
const N_ROUNDS: u64 = 20;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

struct Service;

fn info(path: String, size_bytes: u64) -> Option<pb::FileInfo> {
    Some(pb::FileInfo { path, size_bytes, ..Default::default() })
}

#[tonic::async_trait]
impl FileService for Service {
    type ListStream = Answers<pb::ListFilesResponse>;
    type ReadStream = Answers<pb::ReadResponse>;
    type WatchStream = Answers<pb::WatchFilesResponse>;

    async fn stat(&self, request: Request<pb::StatRequest>) -> Result<Response<pb::StatResponse>, Status> {
        let path = request.into_inner().path;
        if path.is_empty() {
            return Err(Status::invalid_argument("path is empty"));
        }
        let n = path.len() as u64;
        Ok(Response::new(pb::StatResponse { info: info(path, n) }))
    }

    async fn read(&self, request: Request<pb::ReadRequest>) -> Result<Response<Self::ReadStream>, Status> {
        let n = request.into_inner().length;
        let chunks = (0..n).map(|i| {
            Ok(pb::ReadResponse { info: None, offset: i, data: format!("chunk {i}").into_bytes() })
        });
        Ok(Response::new(Box::pin(tokio_stream::iter(chunks))))
    }

    async fn write(&self, request: Request<Streaming<pb::WriteRequest>>) -> Result<Response<pb::WriteResponse>, Status> {
        let mut requests = request.into_inner();
        let (mut path, mut n) = (String::new(), 0);
        while let Some(message) = requests.next().await {
            match message?.kind {
                Some(write_request::Kind::Open(open)) => path = open.path,
                Some(write_request::Kind::Data(data)) => n += data.len() as u64,
                None => return Err(Status::invalid_argument("neither open nor data")),
            }
        }
        Ok(Response::new(pb::WriteResponse { info: info(path, n) }))
    }

    async fn list(&self, _: Request<pb::ListFilesRequest>) -> Result<Response<Self::ListStream>, Status> {
        Err(Status::unimplemented("not here"))
    }
    async fn remove(&self, _: Request<pb::RemoveRequest>) -> Result<Response<pb::RemoveResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }
    async fn rename(&self, _: Request<pb::RenameRequest>) -> Result<Response<pb::RenameResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }
    async fn make_directory(
        &self,
        _: Request<pb::MakeDirectoryRequest>,
    ) -> Result<Response<pb::MakeDirectoryResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }
    async fn watch(&self, _: Request<pb::WatchFilesRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

fn echo(request: Result<pb::AttachRequest, Status>) -> Result<pb::AttachResponse, Status> {
    match request?.kind {
        Some(attach_request::Kind::Stdin(stdin)) => Ok(pb::AttachResponse {
            kind: Some(attach_response::Kind::Output(pb::OutputData {
                offset: stdin.offset,
                data: stdin.data,
                ..Default::default()
            })),
        }),
        _ => Err(Status::invalid_argument("not stdin")),
    }
}

#[tonic::async_trait]
impl StreamService for Service {
    type AttachStream = Answers<pb::AttachResponse>;
    type ForwardStream = Answers<pb::ForwardResponse>;

    async fn attach(&self, request: Request<Streaming<pb::AttachRequest>>) -> Result<Response<Self::AttachStream>, Status> {
        Ok(Response::new(Box::pin(request.into_inner().map(echo))))
    }
    async fn forward(&self, _: Request<Streaming<pb::ForwardRequest>>) -> Result<Response<Self::ForwardStream>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    tonic::transport::Server::builder()
        .add_service(FileServiceServer::new(Service))
        .add_service(StreamServiceServer::new(Service))
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await?;
    Ok(())
}

fn stdin(i: u64) -> pb::AttachRequest {
    let data = format!("round {i}").into_bytes();
    pb::AttachRequest { kind: Some(attach_request::Kind::Stdin(pb::StdinData { offset: i, data, ..Default::default() })) }
}

async fn call_files(target: &str) -> Result<(), Box<dyn Error>> {
    let mut files = FileServiceClient::connect(format!("http://{target}")).await?;

    let stat = files.stat(pb::StatRequest { path: "/a/b".into(), no_follow: false }).await?.into_inner();
    assert_eq!(stat.info, info("/a/b".into(), 4));
    println!("unary");

    let refused = files.stat(pb::StatRequest::default()).await.expect_err("an empty path");
    assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, "path is empty"));
    println!("error");

    let request = pb::ReadRequest { path: "/a".into(), offset: 0, length: N_CHUNKS };
    let mut chunks = files.read(request).await?.into_inner();
    for i in 0..N_CHUNKS {
        let chunk = chunks.next().await.expect("a chunk")?;
        assert_eq!((chunk.offset, chunk.data), (i, format!("chunk {i}").into_bytes()));
    }
    assert!(chunks.next().await.is_none());
    println!("server-streaming");

    let open = pb::WriteOpen { path: "/w".into(), ..Default::default() };
    let first = pb::WriteRequest { kind: Some(write_request::Kind::Open(open)) };
    let rest = (0..N_WRITES).map(|_| pb::WriteRequest {
        kind: Some(write_request::Kind::Data(vec![b'x'; WRITE_BYTES as usize])),
    });
    let written = files.write(tokio_stream::iter(std::iter::once(first).chain(rest))).await?.into_inner();
    assert_eq!(written.info, info("/w".into(), N_WRITES * WRITE_BYTES));
    println!("client-streaming");
    Ok(())
}

async fn call_stream(target: &str) -> Result<(), Box<dyn Error>> {
    let mut streams = StreamServiceClient::connect(format!("http://{target}")).await?;
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    sender.send(stdin(0)).await?;
    let mut answers = streams.attach(ReceiverStream::new(receiver)).await?.into_inner();
    for i in 0..N_ROUNDS {
        let answer = answers.next().await.expect("an answer")?;
        match answer.kind {
            Some(attach_response::Kind::Output(out)) => {
                assert_eq!((out.offset, out.data), (i, format!("round {i}").into_bytes()))
            }
            other => panic!("not output: {other:?}"),
        }
        if i + 1 < N_ROUNDS {
            sender.send(stdin(i + 1)).await?;
        }
    }
    drop(sender);
    assert!(answers.next().await.is_none());
    println!("bidi");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => serve().await,
        ["call", target] => {
            call_files(target).await?;
            call_stream(target).await?;
            println!("ok");
            Ok(())
        }
        _ => Err("usage: kinds serve | kinds call HOST:PORT".into()),
    }
}
