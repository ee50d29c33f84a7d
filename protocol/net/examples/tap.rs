//! Every byte of a call, as a tap sees it on the client's side.
//!
//! ```sh
//! cargo run -p callscope-net --example tap
//! ```

#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;

use callscope_net::client::channel::{Channel, ConnectOptions, ExchangeEvent};
use callscope_net::server::{Router, Server, ServerOptions};
use callscope_net::tap::Tap;
use callscope_wire::CallHead;
use callscope_wire::capture::TapEvent;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut router = Router::new();
    router.unary("demo.Echo/Say", async |_, message| Ok(message));
    let server = Server::bind(ServerOptions::default(), router).await?;

    let (tap, chunks) = Tap::new(1024);
    let options = ConnectOptions { tap, ..ConnectOptions::default() };
    let (channel, _) = Channel::connect(&server.address().parse()?, &options).await?;
    let head = CallHead { method: "demo.Echo/Say".to_owned(), ..CallHead::default() };
    let mut exchange = channel.open(head, Some("\"hello\"".into()), true);
    while !matches!(exchange.next().await.1, ExchangeEvent::End(_)) {}

    for chunk in chunks.try_iter() {
        match chunk.what {
            TapEvent::Opened(facts) => println!("{} ⇄ {} over {}", facts.local, facts.peer, facts.transport),
            TapEvent::Sent(bytes) => println!("→ {bytes:?}"),
            TapEvent::Received(bytes) => println!("← {bytes:?}"),
            TapEvent::Lost { bytes, .. } => println!("… {bytes} bytes lost"),
            TapEvent::Closed(reason) => println!("closed {reason}"),
        }
    }
    Ok(())
}
