//! One status for all dialects: gRPC's codes with gRPC's meanings, and the native protocol's above them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Metadata, Say, Sentence, Words, say};

/// What colour and shape a code is shown in, and what retry policies think of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The call did what was asked.
    Ok,
    /// Somebody gave up on purpose.
    Cancelled,
    /// The caller's fault.
    Caller,
    /// Capacity or deadline.
    Capacity,
    /// The server's or the transport's fault.
    Failure,
    /// Go elsewhere.
    Redirect,
}

/// A status code: 0–16 are gRPC's, 32 and above the native protocol's (`protocol/README.md`, "Codes").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub u16);

macro_rules! codes {
    ($($name:ident = $number:literal, $severity:ident;)*) => {
        impl Code {
            $(#[doc = concat!("Code ", stringify!($number), ".")]
            pub const $name: Self = Self($number);)*

            /// Every code that has a name.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The field's name of it, such as `UNAVAILABLE`; `CODE` for a number nobody named.
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($number => stringify!($name),)*
                    _ => "CODE",
                }
            }

            /// How it is shown. A number that nobody named counts as the server's fault.
            pub const fn severity(self) -> Severity {
                match self.0 {
                    $($number => Severity::$severity,)*
                    _ => Severity::Failure,
                }
            }
        }
    };
}

codes! {
    OK = 0, Ok;
    CANCELLED = 1, Cancelled;
    UNKNOWN = 2, Failure;
    INVALID_ARGUMENT = 3, Caller;
    DEADLINE_EXCEEDED = 4, Capacity;
    NOT_FOUND = 5, Caller;
    ALREADY_EXISTS = 6, Caller;
    PERMISSION_DENIED = 7, Caller;
    RESOURCE_EXHAUSTED = 8, Capacity;
    FAILED_PRECONDITION = 9, Caller;
    ABORTED = 10, Capacity;
    OUT_OF_RANGE = 11, Caller;
    UNIMPLEMENTED = 12, Caller;
    INTERNAL = 13, Failure;
    UNAVAILABLE = 14, Failure;
    DATA_LOSS = 15, Failure;
    UNAUTHENTICATED = 16, Caller;
    OVERLOADED = 32, Capacity;
    REFUSED = 33, Capacity;
    REDIRECT = 34, Redirect;
    RATE_LIMITED = 35, Capacity;
    CIRCUIT_OPEN = 36, Capacity;
    RETRY_BUDGET_EXHAUSTED = 37, Capacity;
    NO_ENDPOINT = 38, Failure;
    PROTOCOL_ERROR = 64, Failure;
    FLOW_CONTROL_ERROR = 65, Failure;
    FRAME_TOO_LARGE = 66, Failure;
    CHECKSUM_MISMATCH = 67, Failure;
    VERSION_MISMATCH = 68, Failure;
    HANDSHAKE_TIMEOUT = 69, Failure;
    ENHANCE_YOUR_CALM = 70, Failure;
}

impl Code {
    /// The code with this name, as in files and on the command line.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// Whether the call did what was asked.
    pub const fn is_ok(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.name())
    }
}

/// How a call, or one attempt of it, ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The code.
    pub code: Code,
    /// One sentence from whoever ended it; may be empty.
    #[serde(default)]
    pub message: String,
    /// The same as a sentence, where this side ended it. Never on the wire.
    #[serde(skip)]
    pub said: Option<Box<Sentence>>,
    /// Error details as the dialect carries them, decoded to JSON text where it can be.
    #[serde(default)]
    pub details: Vec<crate::Value>,
    /// The handler never saw the call, so it may be sent elsewhere at once (decides transparent retry).
    #[serde(default)]
    pub not_processed: bool,
    /// Nobody answered so: the connection ended before the call did, and this side says it.
    #[serde(default)]
    pub cut_off: bool,
    /// The server's wish for the next try, milliseconds; negative: do not retry.
    #[serde(default)]
    pub pushback_ms: Option<i32>,
    /// Where a `REDIRECT` points.
    #[serde(default)]
    pub redirect: Option<String>,
    /// Trailing metadata.
    #[serde(default)]
    pub trailers: Metadata,
}

impl Status {
    /// Fine.
    pub fn ok() -> Self {
        Self::default()
    }

    /// A code and why.
    pub fn new(code: Code, message: impl Into<Words>) -> Self {
        match message.into() {
            Words::Plain(message) => Self { code, message, ..Self::default() },
            Words::Said(sentence) => {
                Self { code, message: sentence.to_string(), said: Some(sentence), ..Self::default() }
            }
        }
    }

    /// The same, for a call that no handler saw.
    pub fn unprocessed(code: Code, message: impl Into<Words>) -> Self {
        Self { not_processed: true, ..Self::new(code, message) }
    }

    /// The call is to be made at another address, which may be `registry:///service` of the registry it came through.
    pub fn redirect(to: impl Into<String>, message: impl Into<Words>) -> Self {
        Self { redirect: Some(to.into()), ..Self::new(Code::REDIRECT, message) }
    }

    /// The end of a call whose connection ended before it.
    pub fn cut_off(code: Code, message: impl Into<Words>) -> Self {
        Self { cut_off: true, ..Self::new(code, message) }
    }

    /// Says something else, where this side knows more of it.
    pub fn set_message(&mut self, message: impl Into<Words>) {
        let Self { message, said, .. } = Self::new(self.code, message);
        (self.message, self.said) = (message, said);
    }

    /// The message in the reader's language if it is ours, word for word if it is the peer's.
    pub fn words(&self) -> Words {
        match &self.said {
            Some(sentence) => Words::Said(sentence.clone()),
            None => Words::Plain(self.message.clone()),
        }
    }
}

impl Say for Status {
    fn say(&self) -> Words {
        let code = self.code.to_string();
        if self.message.is_empty() {
            code.into()
        } else {
            say!("status.line", "%{code}: %{message}", code = code, message = self.words()).into()
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() { self.code.fmt(f) } else { write!(f, "{}: {}", self.code, self.message) }
    }
}
