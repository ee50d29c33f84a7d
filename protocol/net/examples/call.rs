//! Calls a method of any server and prints the answer.
//!
//! ```sh
//! cargo run -p callscope-net --example call native://127.0.0.1:7000 demo.Calculator/Add '{"a": 1, "b": 2}'
//! ```

#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;
use std::time::Duration;

use callscope_net::client::{CallOptions, Client, ClientOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(target), Some(method)) = (arguments.next(), arguments.next()) else {
        return Err("usage: call ADDRESS METHOD [JSON]".into());
    };
    let message = serde_json::from_str(arguments.next().as_deref().unwrap_or("{}"))?;

    let client = Client::new(ClientOptions::default());
    let deadline = Some(Duration::from_secs(5));
    let options = CallOptions { target, method, deadline, ..CallOptions::default() };
    match client.unary(options, &message).await {
        Ok(answer) => println!("{answer:#}"),
        Err(status) => return Err(status.to_string().into()),
    }
    Ok(())
}
