//! A call being composed: what a tab edits and what a file holds.

use std::time::Duration;

use callscope_wire::policy::Policy;

/// A call as it is composed. Equality is what "unsaved" means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// Name in tabs and trees; file name without extension.
    pub name: String,
    /// Address: `registry:///orders`.
    pub target: String,
    /// `package.Service/Method`.
    pub method: String,
    /// Over all attempts; `None`: as long as it takes.
    pub deadline: Option<Duration>,
    /// Metadata rows, switched-off ones included.
    pub metadata: Vec<MetadataRow>,
    /// Messages in order: one for unary calls, any number for client streams.
    pub messages: Vec<PreparedMessage>,
    /// Policies set here; what is not set comes from the workspace's defaults.
    pub policy: Policy,
    /// Why this call exists.
    pub docs: String,
}

/// One row of metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataRow {
    /// Sent or not.
    pub enabled: bool,
    /// Name.
    pub name: String,
    /// Value as typed.
    pub value: String,
}

/// One message to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreparedMessage {
    /// JSON as typed: layout and mistakes are the user's and are kept.
    pub text: String,
    /// Sent by itself this long after the one before; `None`: by hand, or at once in a unary call.
    pub after: Option<Duration>,
}
