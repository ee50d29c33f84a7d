//! `callscope describe`: a service, method or type as its IDL would write it, with an example message.

use std::sync::Arc;

use callscope_net::observer::{FlowIds, Quiet};
use callscope_wire::schema::TypeRef;
use clap::Args;

use super::connect::{self, Connection};
use super::{Outcome, print};

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  callscope describe native://127.0.0.1:7000 demo.Calculator/Add")]
pub(super) struct Arguments {
    /// Where to ask
    address: String,

    /// A service, a method (package.Service/Method) or a type
    symbol: String,

    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    connect::check(&arguments.address)?;
    let metadata = arguments.connection.metadata()?;
    let world = connect::own_world(&arguments.address, Arc::new(Quiet), FlowIds::default()).await?;
    let client = arguments.connection.client(Arc::new(Quiet), world.as_ref())?;
    let schema = client.describe(&arguments.address, &metadata).await.map_err(|status| print::unanswered(&status))?;
    let symbol = &arguments.symbol;
    let text = schema.describe(symbol).map_err(|error| print::input(&error.to_string()))?;
    print::out(&text);
    let message = match schema.method(symbol) {
        Some((_, method)) => Some(method.request.clone()),
        None => schema.type_def(symbol).map(|def| TypeRef::Named(def.name.clone())),
    };
    if let Some(message) = message {
        print::out("\n// example");
        print::out(&print::pretty(&schema.example(&message)));
    }
    Ok(())
}
