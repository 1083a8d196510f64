// Echo over loopback, both ends in this process, 64-byte messages. An operation is one round trip.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::bench::Bench;

const MESSAGE: usize = 64;

pub fn run(bench: &mut Bench) {
    for (name, connections, trips) in [
        ("tcp_echo_64conns", 64, 2_500),
        ("tcp_echo_1conn", 1, 25_000),
    ] {
        let trips = bench.scaled(trips);
        bench.run(name, connections * trips, |runtime| {
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let server = tokio::spawn(accept(listener, connections));
                let clients: Vec<_> = (0..connections)
                    .map(|_| tokio::spawn(client(address, trips)))
                    .collect();
                for client in clients {
                    client.await.unwrap();
                }
                server.await.unwrap();
            });
        });
    }
}

async fn accept(listener: TcpListener, connections: usize) {
    for _ in 0..connections {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(echo(stream));
    }
}

async fn echo(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut message = [0u8; MESSAGE];
    while stream.read_exact(&mut message).await.is_ok() {
        stream.write_all(&message).await.unwrap();
    }
}

async fn client(address: SocketAddr, trips: usize) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (sent, mut received) = ([7u8; MESSAGE], [0u8; MESSAGE]);
    for _ in 0..trips {
        stream.write_all(&sent).await.unwrap();
        stream.read_exact(&mut received).await.unwrap();
    }
    assert_eq!(sent, received);
}
