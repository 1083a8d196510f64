// Hyper's HTTP/1.1 server on Tokio: `/` and `/plaintext` answer 13 bytes, Hyper adds Date.
//
//   hyper_h1 --port N [--workers 1] [--timeouts on]
//
// 0 workers is Tokio's current-thread runtime. `--timeouts on` arms the header read timeout (30 s).

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, CONTENT_TYPE, SERVER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

fn text(status: StatusCode, body: &'static [u8]) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(SERVER, HeaderValue::from_static("hyper"));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

async fn handle(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(match (request.method(), request.uri().path()) {
        (&Method::GET, "/" | "/plaintext") => text(StatusCode::OK, b"Hello, World!"),
        _ => text(StatusCode::NOT_FOUND, b"not found"),
    })
}

async fn serve_connection(stream: TcpStream, timeouts: bool) {
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder.keep_alive(true).pipeline_flush(true);
    if timeouts {
        builder.timer(TokioTimer::new());
    }
    let _ = builder
        .serve_connection(TokioIo::new(stream), service_fn(handle))
        .await;
}

fn listen(port: u16) -> TcpListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
        .bind(&SocketAddr::from(([127, 0, 0, 1], port)).into())
        .expect("bind");
    socket.listen(4096).unwrap();
    TcpListener::from_std(socket.into()).unwrap()
}

fn option(name: &str) -> Option<String> {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|a| a == name)?;
    arguments.get(at + 1).cloned()
}

fn main() {
    let port: u16 = option("--port").expect("--port N").parse().expect("a port");
    let workers: usize = option("--workers").map_or(1, |n| n.parse().expect("a number"));
    let timeouts = option("--timeouts").is_some_and(|v| v == "on");
    let runtime = match workers {
        0 => Builder::new_current_thread().enable_all().build().unwrap(),
        n => Builder::new_multi_thread()
            .worker_threads(n)
            .enable_all()
            .build()
            .unwrap(),
    };
    runtime.block_on(async move {
        let listener = listen(port);
        println!("listening on 127.0.0.1:{port}");
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(serve_connection(stream, timeouts))),
                Err(error) => eprintln!("accept: {error}"),
            }
        }
    });
}
