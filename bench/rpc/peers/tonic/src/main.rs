//! The echo service of bench/rpc on tonic, one thread: tonic-echo ADDRESS [CERT KEY].
use std::pin::Pin;

use tokio_stream::Stream;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status, Streaming};

mod pb {
    tonic::include_proto!("bench");
}
use pb::echo_server::{Echo, EchoServer};
use pb::Msg;

const MAX_MESSAGE: usize = 64 << 20;
const STREAM_WINDOW: u32 = 1 << 20;
const CONN_WINDOW: u32 = 16 << 20;

struct Service;

#[tonic::async_trait]
impl Echo for Service {
    type BidiStream = Pin<Box<dyn Stream<Item = Result<Msg, Status>> + Send>>;

    async fn unary(&self, request: Request<Msg>) -> Result<Response<Msg>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn bidi(&self, request: Request<Streaming<Msg>>) -> Result<Response<Self::BidiStream>, Status> {
        Ok(Response::new(Box::pin(request.into_inner())))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    if args.len() != 2 && args.len() != 4 {
        return Err("usage: tonic-echo ADDRESS [CERT KEY]".into());
    }
    let mut server = Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONN_WINDOW)
        .max_concurrent_streams(100_000)
        .tcp_nodelay(true);
    if args.len() == 4 {
        let identity = Identity::from_pem(std::fs::read(&args[2])?, std::fs::read(&args[3])?);
        server = server.tls_config(ServerTlsConfig::new().identity(identity))?;
    }
    server
        .add_service(EchoServer::new(Service).max_decoding_message_size(MAX_MESSAGE))
        .serve(args[1].parse()?)
        .await?;
    Ok(())
}
