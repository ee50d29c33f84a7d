//! A call file's keys and the draft that they make, and back.
//!
//! On the way back a key is touched only when the draft says something else than the file did: a file keeps its own
//! way of saying things (`1.5s`, `off`, a message in a file of its own) until somebody changes that thing.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::time::Duration;

use callscope_wire::policy::{Balance, Breaker, Policy, Redirect, Retry, RetryBudget, duration_text};
use callscope_wire::{Codec, Compression};
use callscope_wire::{Sentence, say};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::{FORMAT, StoreError, Work, document, message, workspace, yaml};
use crate::model::draft::{Draft, MetadataRow, Off, PreparedMessage};
use crate::model::tls::Tls;

/// The keys that mean something to us. All others stay in the file and are no error.
#[derive(Debug, Deserialize)]
struct CallFile {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    seq: Option<i64>,
    target: String,
    method: String,
    #[serde(default)]
    deadline: Option<Span>,
    #[serde(default)]
    codec: Option<Codec>,
    #[serde(default)]
    compression: Option<Compression>,
    #[serde(default)]
    metadata: Option<Vec<MetadataFile>>,
    #[serde(default)]
    tls: Option<Tls>,
    #[serde(default)]
    messages: Option<Vec<MessageFile>>,
    #[serde(default)]
    policy: Option<PolicyFile>,
    #[serde(default)]
    docs: Option<String>,
}

/// What a folder's defaults can hold of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    deadline: Option<Span>,
    pub(super) codec: Option<Codec>,
    pub(super) compression: Option<Compression>,
    metadata: Option<Vec<MetadataFile>>,
    pub(super) tls: Option<Tls>,
    policy: Option<PolicyFile>,
}

/// A file, understood.
pub(super) struct Parsed {
    pub draft: Draft,
    /// Place among its siblings.
    pub seq: Option<i64>,
    /// The format's version, if it is newer than ours.
    pub newer: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Span(#[serde(with = "duration_text")] Duration);

#[derive(Debug, Deserialize)]
struct MetadataFile {
    #[serde(default = "yes")]
    enabled: bool,
    name: String,
    value: String,
}

const fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
struct MessageFile {
    #[serde(default, deserialize_with = "present")]
    json: Option<Value>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    file: Option<String>,
    #[serde(default)]
    after: Option<Span>,
}

/// `json: null` is a message, too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PolicyFile {
    retry: Setting<Retry>,
    retry_budget: Setting<RetryBudget>,
    breaker: Setting<Breaker>,
    redirect: Setting<Redirect>,
    balance: BalanceFile,
}

/// A policy's value, or one of the two words that stand for one.
#[derive(Debug, Default)]
enum Setting<T> {
    #[default]
    Inherit,
    Off,
    Set(T),
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BalanceFile {
    #[default]
    Inherit,
    RoundRobin,
    P2c,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Setting<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Setting<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`inherit`, `off`, or the policy's settings")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Self::Value, E> {
                match word {
                    "inherit" => Ok(Setting::Inherit),
                    "off" => Ok(Setting::Off),
                    other => Err(E::custom(format!("`{other}` is neither `inherit` nor `off` nor settings"))),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Setting::Set)
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

impl Settings {
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.deadline.map(|span| span.0)
    }

    pub(super) fn metadata(&self) -> Vec<MetadataRow> {
        let rows = self.metadata.iter().flatten();
        rows.map(|row| MetadataRow { enabled: row.enabled, name: row.name.clone(), value: row.value.clone() }).collect()
    }

    pub(super) fn policy(self) -> (Policy, Off) {
        let file = self.policy.unwrap_or_default();
        let off = Off {
            retry: matches!(file.retry, Setting::Off),
            retry_budget: matches!(file.retry_budget, Setting::Off),
            breaker: matches!(file.breaker, Setting::Off),
        };
        let policy = Policy {
            retry: file.retry.set(),
            retry_budget: file.retry_budget.set(),
            breaker: file.breaker.set(),
            redirect: match file.redirect {
                Setting::Inherit => None,
                Setting::Off => Some(Redirect { follow: false, ..Redirect::default() }),
                Setting::Set(redirect) => Some(redirect),
            },
            balance: match file.balance {
                BalanceFile::Inherit => None,
                BalanceFile::RoundRobin => Some(Balance::RoundRobin),
                BalanceFile::P2c => Some(Balance::P2c),
            },
        };
        (policy, off)
    }
}

impl<T> Setting<T> {
    fn set(self) -> Option<T> {
        if let Self::Set(value) = self { Some(value) } else { None }
    }
}

/// The text as a call. Of a newer format what is understood is given.
pub(super) fn parse(path: &Path, text: &str) -> Result<Parsed, StoreError> {
    let values = values(path, text)?;
    let newer = version(path, text, &values)?;
    match draft(path, text) {
        Ok((draft, seq)) => Ok(Parsed { draft, seq, newer }),
        Err(_) if newer.is_some() => Ok(Parsed { draft: rough(path, &values), seq: None, newer }),
        Err(error) => Err(error),
    }
}

pub(super) fn values(path: &Path, text: &str) -> Result<Map<String, Value>, StoreError> {
    typed(path, text)
}

pub(super) fn typed<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, StoreError> {
    yaml::parse(text).map_err(|fault| StoreError::Invalid {
        path: path.to_owned(),
        line: fault.line,
        column: fault.column,
        message: fault.message.into(),
    })
}

/// Whether the file says that it is one of ours, and of which format.
pub(super) fn version(path: &Path, text: &str, values: &Map<String, Value>) -> Result<Option<u64>, StoreError> {
    let invalid = |line, message: Sentence| StoreError::Invalid {
        path: path.to_owned(),
        line,
        column: 1,
        message: message.into(),
    };
    let Some(version) = values.get("callscope") else {
        let what = say!("store.not_ours", "this is no Callscope file: it does not begin with `callscope: 1`");
        return Err(invalid(1, what));
    };
    let line = text.lines().position(|line| line.starts_with("callscope")).map_or(1, |index| index as u64 + 1);
    match version.as_u64() {
        Some(0) | None => {
            Err(invalid(line, say!("store.no_version", "`callscope` is the version of the format: write 1")))
        }
        Some(version) => Ok((version > FORMAT).then_some(version)),
    }
}

/// The call and its place among its siblings.
fn draft(path: &Path, text: &str) -> Result<(Draft, Option<i64>), StoreError> {
    let call: CallFile = typed(path, text)?;
    let CallFile { deadline, codec, compression, metadata, tls, policy, .. } = call;
    let settings = Settings { deadline, codec, compression, metadata, tls, policy };
    let mut messages = Vec::new();
    for (index, message) in call.messages.into_iter().flatten().enumerate() {
        messages.push(prepared(path, text, index, message)?);
    }
    let (deadline, metadata) = (settings.deadline(), settings.metadata());
    let tls = settings.tls.clone().unwrap_or_default();
    let (policy, off) = settings.policy();
    let draft = Draft {
        name: call.name.unwrap_or_else(|| workspace::stem(path)),
        target: call.target,
        method: call.method,
        deadline,
        codec,
        compression,
        metadata,
        tls,
        messages,
        policy,
        off,
        docs: call.docs.unwrap_or_default(),
    };
    Ok((draft, call.seq))
}

fn prepared(path: &Path, text: &str, index: usize, message: MessageFile) -> Result<PreparedMessage, StoreError> {
    let after = message.after.map(|span| span.0);
    let text = match (message.json, message.text, message.file) {
        (Some(value), None, None) => message::text(&value),
        (None, Some(text), None) => text,
        (None, None, Some(file)) => read_body(path, &file)?,
        (None, None, None) => String::new(),
        _ => {
            let line = text.lines().position(|line| line.starts_with("messages")).map_or(1, |line| line as u64 + 1);
            return Err(StoreError::Invalid {
                path: path.to_owned(),
                line,
                column: 1,
                message: say!(
                    "store.two_bodies",
                    "message %{number} has more than one of `json`, `text` and `file`",
                    number = index + 1
                )
                .into(),
            });
        }
    };
    Ok(PreparedMessage { text, after })
}

/// A message in a file of its own, below the folder of the call.
fn read_body(call: &Path, file: &str) -> Result<String, StoreError> {
    let folder = call.parent().unwrap_or(Path::new(""));
    let path = workspace::below(folder, Path::new(file))?;
    super::read(&path).map(|(text, _)| text)
}

/// As much of a newer format as can be told.
fn rough(path: &Path, values: &Map<String, Value>) -> Draft {
    let text = |key: &str| values.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = text("name");
    Draft {
        name: if name.is_empty() { workspace::stem(path) } else { name },
        target: text("target"),
        method: text("method"),
        docs: text("docs"),
        ..Draft::default()
    }
}

/// The text of a new file.
pub(super) fn create(path: &Path, draft: &Draft) -> Result<String, StoreError> {
    let mut map = Map::new();
    map.insert("callscope".to_owned(), json!(FORMAT));
    let blank = Draft { name: workspace::stem(path), ..Draft::default() };
    map.insert("target".to_owned(), json!(draft.target));
    map.insert("method".to_owned(), json!(draft.method));
    merge(path, &mut map, &blank, draft);
    document::create(&map).ok_or_else(|| unwritable(path))
}

/// The text of a file that holds another draft now.
pub(super) fn update(path: &Path, text: &str, draft: &Draft) -> Result<String, StoreError> {
    let old = values(path, text)?;
    if let Some(version) = version(path, text, &old)? {
        return Err(StoreError::Newer { path: path.to_owned(), version });
    }
    let (before, _) = self::draft(path, text)?;
    let mut new = old.clone();
    merge(path, &mut new, &before, draft);
    document::update(text, &old, &new).ok_or_else(|| unwritable(path))
}

/// The text with another name in it.
pub(super) fn renamed(path: &Path, text: &str, name: &str) -> Result<String, StoreError> {
    let (before, _) = draft(path, text)?;
    let draft = Draft { name: name.to_owned(), ..before };
    update(path, text, &draft)
}

fn unwritable(path: &Path) -> StoreError {
    StoreError::Io {
        what: Work::Write,
        path: path.to_owned(),
        source: std::io::Error::other("it holds values that YAML cannot say"),
    }
}

/// Puts into `map`, which says `old`, what `new` says differently.
fn merge(path: &Path, map: &mut Map<String, Value>, old: &Draft, new: &Draft) {
    let mut set = |key: &str, changed: bool, value: Option<Value>| {
        if !changed {
            return;
        }
        match value {
            Some(value) => drop(map.insert(key.to_owned(), value)),
            None => drop(map.shift_remove(key)),
        }
    };
    let own_name = new.name != workspace::stem(path) && !new.name.is_empty();
    set("name", new.name != old.name, own_name.then(|| json!(new.name)));
    set("target", new.target != old.target, Some(json!(new.target)));
    set("method", new.method != old.method, Some(json!(new.method)));
    set("deadline", new.deadline != old.deadline, new.deadline.map(|span| json!(duration_text::format(span))));
    set("codec", new.codec != old.codec, new.codec.map(|codec| json!(codec.name())));
    let compression = new.compression.map(|compression| json!(compression.name()));
    set("compression", new.compression != old.compression, compression);
    set("docs", new.docs != old.docs, (!new.docs.is_empty()).then(|| json!(new.docs)));
    let rows: Vec<Value> = new.metadata.iter().map(metadata_value).collect();
    set("metadata", new.metadata != old.metadata, (!rows.is_empty()).then_some(Value::Array(rows)));
    set("tls", new.tls != old.tls, (!new.tls.is_empty()).then(|| json!(new.tls)));
    if new.messages != old.messages {
        let before = map.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
        let values: Vec<Value> = new
            .messages
            .iter()
            .enumerate()
            .map(|(index, message)| message_value(message, old.messages.get(index), before.get(index)))
            .collect();
        if values.is_empty() {
            map.shift_remove("messages");
        } else {
            map.insert("messages".to_owned(), Value::Array(values));
        }
    }
    merge_policy(map, old, new);
}

fn metadata_value(row: &MetadataRow) -> Value {
    let mut map = Map::new();
    if !row.enabled {
        map.insert("enabled".to_owned(), json!(false));
    }
    map.insert("name".to_owned(), json!(row.name));
    map.insert("value".to_owned(), json!(row.value));
    Value::Object(map)
}

/// The message as the file shall say it. `old` is what the file's own `node` meant.
fn message_value(message: &PreparedMessage, old: Option<&PreparedMessage>, node: Option<&Value>) -> Value {
    let mut map = node.and_then(Value::as_object).cloned().unwrap_or_default();
    if old.is_none_or(|old| old.after != message.after) || node.is_none() {
        match message.after {
            Some(after) => drop(map.insert("after".to_owned(), json!(duration_text::format(after)))),
            None => drop(map.shift_remove("after")),
        }
    }
    let value = message::value(&message.text);
    // Another layout of the same message is no change of the file.
    let same = node.is_some()
        && old.is_some_and(|old| old.text == message.text || (value.is_some() && message::value(&old.text) == value));
    if !same {
        for key in ["json", "text", "file"] {
            map.shift_remove(key);
        }
        match value {
            Some(value) => map.insert("json".to_owned(), value),
            None => map.insert("text".to_owned(), json!(message.text)),
        };
    }
    Value::Object(map)
}

fn merge_policy(map: &mut Map<String, Value>, old: &Draft, new: &Draft) {
    /// What stands in the file for a setting: its value, `off`, or nothing.
    fn said<T: serde::Serialize>(setting: Option<&T>, off: bool) -> Option<Value> {
        if off { Some(json!("off")) } else { setting.and_then(|setting| serde_json::to_value(setting).ok()) }
    }
    let all = |draft: &Draft| {
        let Draft { policy, off, .. } = draft;
        [
            ("retry", said(policy.retry.as_ref(), off.retry)),
            ("retry_budget", said(policy.retry_budget.as_ref(), off.retry_budget)),
            ("breaker", said(policy.breaker.as_ref(), off.breaker)),
            ("redirect", said(policy.redirect.as_ref(), false)),
            ("balance", said(policy.balance.as_ref(), false)),
        ]
    };
    let (before, after) = (all(old), all(new));
    if before == after {
        return;
    }
    let mut policy = map.get("policy").and_then(Value::as_object).cloned().unwrap_or_default();
    for ((key, before), (_, after)) in before.into_iter().zip(after) {
        match after {
            after if after == before => {}
            Some(after) => drop(policy.insert(key.to_owned(), after)),
            None => drop(policy.shift_remove(key)),
        }
    }
    if policy.is_empty() {
        map.shift_remove("policy");
    } else {
        map.insert("policy".to_owned(), Value::Object(policy));
    }
}
