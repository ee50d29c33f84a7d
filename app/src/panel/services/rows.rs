//! The rows of the tree, made from the model when it or the filter changed. Indices into the model, no texts: ten
//! thousand instances cost ten thousand small structs.

use std::collections::HashSet;

use callscope_wire::schema;
use egui::Id;

use crate::model::services::{SchemaState, Service, Services, Source, SourceState};

/// One row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// From the data: stays the same when rows come and go.
    pub id: Id,
    /// Levels above it.
    pub depth: usize,
    /// What it shows.
    pub at: At,
    /// Open, for rows that can be folded.
    pub open: Option<bool>,
}

/// What a row shows, by place in the model of the revision that the rows were made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// A source.
    Source(usize),
    /// Why a source has nothing, or nothing new.
    SourceState(usize),
    /// A service of a source.
    Service(usize, usize),
    /// An instance of a service.
    Instance(usize, usize, usize),
    /// The methods are not known: asked for, or asked in vain.
    SchemaState(usize, usize),
    /// A named set of methods.
    Set(usize, usize, usize),
    /// A method.
    Method(usize, usize, usize, usize),
}

/// Which rows are not as they are at first. At first sources and sets of methods are open, services are not.
#[derive(Debug, Default)]
pub struct Folds(HashSet<Id>);

impl Folds {
    /// Opens or closes a row.
    pub fn toggle(&mut self, id: Id) {
        if !self.0.remove(&id) {
            self.0.insert(id);
        }
    }

    /// As at first.
    pub fn reset(&mut self) {
        self.0.clear();
    }

    fn open(&self, id: Id, at_first: bool) -> bool {
        self.0.contains(&id) != at_first
    }
}

/// The rows that the filter leaves. What it finds is shown unfolded.
pub fn build(services: &Services, filter: &str, folds: &Folds) -> Vec<Row> {
    let needle = filter.trim().to_lowercase();
    let mut rows = Vec::new();
    for (index, source) in services.sources.iter().enumerate() {
        add_source(&mut rows, index, source, &needle, folds);
    }
    rows
}

/// The id of a service's row, for those who want to open it.
pub fn service_id(source: &str, service: &str) -> Id {
    Id::unique(("services", source, service))
}

fn add_source(rows: &mut Vec<Row>, index: usize, source: &Source, needle: &str, folds: &Folds) {
    let id = Id::unique(("services", &source.address));
    let start = rows.len();
    let own = found(&source.address, needle);
    let open = !needle.is_empty() || folds.open(id, true);
    rows.push(Row { id, depth: 0, at: At::Source(index), open: Some(open) });
    if open {
        if source.state != SourceState::Live || source.services.is_empty() {
            rows.push(Row { id: id.with("state"), depth: 1, at: At::SourceState(index), open: None });
        }
        for (place, service) in source.services.iter().enumerate() {
            add_service(rows, (index, place), &source.address, service, needle, own, folds);
        }
    }
    let nothing_found = rows.iter().skip(start).all(|row| row.depth == 0 || matches!(row.at, At::SourceState(_)));
    if !needle.is_empty() && !own && nothing_found {
        rows.truncate(start);
    }
}

fn add_service(
    rows: &mut Vec<Row>,
    (source, place): (usize, usize),
    address: &str,
    service: &Service,
    needle: &str,
    parent_found: bool,
    folds: &Folds,
) {
    let id = service_id(address, &service.name);
    let own = parent_found || found(&service.name, needle);
    let start = rows.len();
    rows.push(Row { id, depth: 1, at: At::Service(source, place), open: None });
    // Under a name that was found everything is shown, folded as it was; else only what was found, unfolded.
    let open = folds.open(id, false);
    if open || !own {
        for (index, listed) in service.instances.iter().enumerate() {
            let instance = &listed.instance;
            let hit = own
                || found(&instance.id, needle)
                || found(&instance.address, needle)
                || instance.tags.iter().any(|tag| found(tag, needle));
            if hit {
                let id = id.with(("instance", &instance.id));
                rows.push(Row { id, depth: 2, at: At::Instance(source, place, index), open: None });
            }
        }
        match &service.schema {
            SchemaState::Ready(schema) => {
                for (set_index, set) in schema.services.iter().enumerate() {
                    add_set(rows, (source, place, set_index), id, set, needle, own, folds);
                }
            }
            _ if own => {
                rows.push(Row { id: id.with("schema"), depth: 2, at: At::SchemaState(source, place), open: None });
            }
            _ => {}
        }
    }
    let has_children = rows.len() > start + 1;
    if !own && !has_children {
        rows.truncate(start);
    } else if let Some(row) = rows.get_mut(start) {
        row.open = Some(open || (!own && has_children));
    }
}

fn add_set(
    rows: &mut Vec<Row>,
    (source, place, set_index): (usize, usize, usize),
    service: Id,
    set: &schema::Service,
    needle: &str,
    parent_found: bool,
    folds: &Folds,
) {
    let id = service.with(("set", &set.name));
    let own = parent_found || found(&set.name, needle);
    let start = rows.len();
    let open = folds.open(id, true);
    rows.push(Row { id, depth: 2, at: At::Set(source, place, set_index), open: Some(open || !own) });
    if open || !own {
        for (index, method) in set.methods.iter().enumerate() {
            if own || found(&method.name, needle) {
                let at = At::Method(source, place, set_index, index);
                rows.push(Row { id: id.with(&method.name), depth: 3, at, open: None });
            }
        }
    }
    if !own && rows.len() == start + 1 {
        rows.truncate(start);
    }
}

fn found(text: &str, needle: &str) -> bool {
    needle.is_empty() || text.to_lowercase().contains(needle)
}
