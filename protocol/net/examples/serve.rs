//! A server with one method, on every dialect and with TLS on one port, until Ctrl-C.
//!
//! ```sh
//! cargo run -p callscope-net --example serve 127.0.0.1:7000
//! ```

#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;
use std::time::Duration;

use callscope_net::server::{Router, Server, ServerOptions, ServerTls, decode};
use callscope_wire::{Code, Status};
use serde_json::json;

#[derive(serde::Deserialize)]
struct Pair {
    a: i64,
    b: i64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut router = Router::new();
    router.unary("demo.Calculator/Add", async |cx, message| {
        println!("{} asks for {message}", cx.connection.peer);
        let Pair { a, b } = decode(message)?;
        let sum = a.checked_add(b).ok_or_else(|| Status::new(Code::OUT_OF_RANGE, "the sum has more than 64 bits"))?;
        Ok(json!({ "sum": sum }))
    });

    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let tls = ServerTls::development()?;
    println!("{}", tls.ca_pem());
    let server = Server::bind(ServerOptions { listen, tls: Some(tls), ..ServerOptions::default() }, router).await?;
    println!("listening on {}", server.local_addr());

    tokio::signal::ctrl_c().await?;
    server.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
