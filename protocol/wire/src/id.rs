//! Ids that must not be mixed up, each its own type.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// One call on one connection. The client chooses it; the server's engine assigns it.
    CallId
);
id!(
    /// One connection of this process, client or server side, counted from 1.
    ConnectionId
);
id!(
    /// One call as the user asked for it, over all its attempts.
    FlowId
);
id!(
    /// One recorded frame, counted from 1 in the order of arrival; never reused.
    FrameId
);
