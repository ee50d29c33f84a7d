//! What a person does in the form, turned into one change of the text.

use callscope_wire::Value;
use callscope_wire::schema::{Field, TypeRef};
use callscope_wire::value::edit::{Change, number, quoted};
use callscope_wire::value::outline::Kind;
use callscope_wire::value::variable::is_variable;

use super::read::{Read, TypeAt, fields};

/// Whole numbers beyond this lose digits where JSON numbers are floating point, so they travel as texts.
const EXACT: u64 = 1 << 53;

/// One edit.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// A scalar has another text now, as JSON.
    Type { entry: u32, raw: String },
    /// Any value has another text now, as JSON.
    Raw { entry: u32, raw: String },
    /// A value in the place of another one.
    Replace { entry: u32, value: Value },
    /// A field that was not there is.
    Set { parent: u32, at: TypeAt },
    /// A value goes.
    Remove { parent: u32, entry: u32 },
    /// A new item at the end of a list, or a new entry at the end of a map.
    Add { container: u32, at: TypeAt },
    /// An item goes elsewhere in its list.
    Move { list: u32, from: u32, to: u32 },
    /// An entry of a map, or any member, is called otherwise.
    Rename { entry: u32, name: String },
    /// Another field of a group is the one that is set; `None`: no field is.
    Choose { parent: u32, first: TypeAt, to: Option<u32> },
}

impl Act {
    /// The change of the text that it is; `None`: there is nothing to change.
    pub fn change(&self, read: &Read) -> Option<Change> {
        let edit = read.edit();
        match self {
            Self::Type { entry, raw } | Self::Raw { entry, raw } => {
                (read.raw(*entry) != raw).then(|| edit.set(*entry as usize, raw))?
            }
            Self::Replace { entry, value } => {
                edit.replace(read.parent(*entry).map(|parent| parent as usize), *entry as usize, value)
            }
            Self::Set { parent, at } => {
                let field = at.field(&read.schema)?;
                put(read, *parent, *at, &read.schema.example_of_field(field))
            }
            Self::Remove { parent, entry } => edit.remove(*parent as usize, *entry as usize),
            Self::Add { container, at } => add(read, *container, *at),
            Self::Move { list, from, to } => edit.move_item(*list as usize, *from as usize, *to as usize),
            Self::Rename { entry, name } => edit.rename(*entry as usize, name),
            Self::Choose { parent, first, to } => choose(read, *parent, *first, *to),
        }
    }

    /// The scalar that it changes, if that is all it does: the shape of the message stays.
    pub fn typed(&self) -> Option<u32> {
        match self {
            Self::Type { entry, .. } => Some(*entry),
            _ => None,
        }
    }
}

/// Puts a field where the order of its type wants it: behind the last one that comes before it.
fn put(read: &Read, parent: u32, at: TypeAt, value: &Value) -> Option<Change> {
    let field = at.field(&read.schema)?;
    let all = fields(&read.schema, at.def);
    let earlier =
        |name: &str| all.iter().position(|field| field.name == name).is_some_and(|index| index < at.field as usize);
    let after = read.children(parent).filter(|child| earlier(read.name(*child))).last();
    read.edit().insert_member(parent as usize, after.map(|after| after as usize), &field.name, value)
}

fn add(read: &Read, container: u32, at: TypeAt) -> Option<Change> {
    let last = read.children(container).last().map(|last| last as usize);
    match at.type_ref(&read.schema)? {
        TypeRef::List(item) => read.edit().insert_item(container as usize, last, &read.schema.example(item)),
        TypeRef::Map(item) => {
            let taken = |name: &str| read.children(container).any(|child| read.name(child) == name);
            let name = (1..).map(|number| if number == 1 { "key".to_owned() } else { format!("key{number}") });
            let name = name.take(1_000_000).find(|name| !taken(name))?;
            read.edit().insert_member(container as usize, last, &name, &read.schema.example(item))
        }
        _ => None,
    }
}

fn choose(read: &Read, parent: u32, first: TypeAt, to: Option<u32>) -> Option<Change> {
    let all = fields(&read.schema, first.def);
    let group = &first.field(&read.schema)?.oneof;
    let in_group = |name: &str| all.iter().any(|field| field.oneof == *group && field.name == name);
    let set = read.children(parent).find(|child| in_group(read.name(*child)));
    let field = to.and_then(|to| all.get(to as usize));
    match (set, field, to) {
        (None, Some(field), Some(to)) => put(read, parent, TypeAt { field: to, ..first }, &value_of(read, field)),
        (Some(set), Some(field), _) => {
            read.edit().exchange(parent as usize, set as usize, &field.name, &value_of(read, field))
        }
        (Some(set), None, _) => read.edit().remove(parent as usize, set as usize),
        _ => None,
    }
}

fn value_of(read: &Read, field: &Field) -> Value {
    read.schema.example_of_field(field)
}

/// What somebody typed into the field of a scalar, as JSON.
///
/// A number stays as it is spelled; what is none (yet) becomes a text, which the check then names. `was` is the value
/// so far: a 64-bit number in quotes stays in quotes.
pub(super) fn typed_as(of: &TypeRef, typed: &str, was: Option<(Kind, &str)>) -> String {
    let wide = matches!(of, TypeRef::Int64 | TypeRef::Uint64);
    match of {
        TypeRef::Int32 | TypeRef::Uint32 | TypeRef::Int64 | TypeRef::Uint64 | TypeRef::Float | TypeRef::Double => {
            let Some(found) = number(typed.trim()) else { return quoted(typed) };
            let whole = |text: &str| text.parse::<i128>().ok();
            let quoted_so_far = was.is_some_and(|(kind, text)| kind == Kind::Text && whole(text).is_some());
            let inexact = whole(found).is_some_and(|number| number.unsigned_abs() > u128::from(EXACT));
            if wide && whole(found).is_some() && (quoted_so_far || inexact) { quoted(found) } else { found.to_owned() }
        }
        TypeRef::Bool if matches!(typed, "true" | "false") => typed.to_owned(),
        _ => quoted(typed),
    }
}

/// The number one step above or below, spelled like the one before; `None` where there is none to step.
pub(super) fn stepped(of: &TypeRef, shown: &str, by: i64) -> Option<String> {
    if is_variable(shown) {
        return None;
    }
    let (least, most) = match of {
        TypeRef::Int32 => (i128::from(i32::MIN), i128::from(i32::MAX)),
        TypeRef::Uint32 => (0, i128::from(u32::MAX)),
        TypeRef::Int64 => (i128::from(i64::MIN), i128::from(i64::MAX)),
        TypeRef::Uint64 => (0, i128::from(u64::MAX)),
        TypeRef::Float | TypeRef::Double => {
            if let Ok(whole) = shown.trim().parse::<i64>() {
                return Some(whole.checked_add(by)?.to_string());
            }
            let decimals = shown.split_once('.').map_or(0, |(_, behind)| behind.len());
            let number = shown.trim().parse::<f64>().ok().filter(|_| !shown.contains(['e', 'E']))?;
            return Some(format!("{:.decimals$}", number + by as f64));
        }
        _ => return None,
    };
    let now = if shown.trim().is_empty() { 0 } else { shown.trim().parse::<i128>().ok()? };
    Some((now + i128::from(by)).clamp(least, most).to_string())
}
