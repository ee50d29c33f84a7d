//! `callscope list`: services of an address, or the methods of one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use callscope_net::client::{CallOptions, Client};
use callscope_net::observer::{FlowIds, Quiet};
use callscope_net::registry::ListResponse;
use callscope_wire::{Code, Metadata, Status};
use clap::{Args, ValueEnum};

use super::connect::{self, Connection};
use super::{Outcome, print};

/// The method that lists what is registered.
const LIST: &str = "callscope.Registry/List";
/// A registry that does not answer within this is not asked any longer.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  callscope list native://127.0.0.1:7000 demo.Calculator")]
pub(super) struct Arguments {
    /// Where to ask: native://HOST:PORT, registry://HOST:PORT/service, …
    address: String,

    /// Show the methods of this service
    service: Option<String>,

    /// One name per line, or everything as JSON
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Output {
    /// One name per line
    #[default]
    Pretty,
    /// The schema as JSON
    Json,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    connect::check(&arguments.address)?;
    let metadata = arguments.connection.metadata()?;
    let world = connect::own_world(&arguments.address, Arc::new(Quiet), FlowIds::default()).await?;
    let client = arguments.connection.client(Arc::new(Quiet), world.as_ref())?;
    // A registry without a service: what is registered there.
    if let Some(registry) = whole_registry(&arguments.address) {
        let names = registered(&client, registry, metadata).await.map_err(|status| print::unanswered(&status))?;
        for name in names {
            print::out(&name);
        }
        return Ok(());
    }
    let schema = client.describe(&arguments.address, &metadata).await.map_err(|status| print::unanswered(&status))?;
    let Some(name) = &arguments.service else {
        match arguments.output {
            Output::Json => print::out(&print::pretty(&serde_json::json!({ "services": schema.services }))),
            Output::Pretty => schema.services.iter().for_each(|service| print::out(&service.name)),
        }
        return Ok(());
    };
    let Some(service) = schema.service(name) else {
        let known: Vec<&str> = schema.services.iter().map(|service| service.name.as_str()).collect();
        return Err(print::input(&format!("there is no service `{name}` here; there are: {}", known.join(", "))));
    };
    match arguments.output {
        Output::Json => print::out(&print::pretty(&serde_json::json!(service))),
        Output::Pretty => {
            for method in &service.methods {
                print::out(&format!("{}/{}", service.name, callscope_wire::schema::print::signature(method)));
            }
        }
    }
    Ok(())
}

/// Names of the services that a registry lists.
async fn registered(client: &Client, registry: &str, metadata: Metadata) -> Result<BTreeSet<String>, Status> {
    let options = CallOptions {
        target: format!("native://{registry}"),
        method: LIST.to_owned(),
        metadata,
        deadline: Some(PATIENCE),
        ..CallOptions::default()
    };
    let answer = client.unary(options, &serde_json::json!({})).await?;
    let listed: ListResponse = serde_json::from_value(answer)
        .map_err(|error| Status::new(Code::INTERNAL, format!("the registry's answer cannot be read: {error}")))?;
    Ok(listed.instances.into_iter().map(|instance| instance.service).collect())
}

/// `registry://h:p` without a service.
pub(super) fn whole_registry(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("registry://")?.trim_end_matches('/');
    (!rest.is_empty() && !rest.contains('/')).then_some(rest)
}
