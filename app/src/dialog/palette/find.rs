//! What the palette can find, and in which order it shows it. No painting in here.

use std::borrow::Cow;
use std::path::PathBuf;

use callscope_wire::{FrameId, Shape};
use rust_i18n::t;

use super::super::fuzzy;
use super::frames;
use crate::command::{ACTS, Act, ActInfo, Command, Scope};
use crate::model::workspace::Entry;
use crate::model::{Model, shortcuts};
use crate::panel::outcome_mark;
use crate::theme::icon;
use crate::widget::mark::Mark;

/// Rows shown at most; who wants more types another letter.
const MOST: usize = 50;

/// Frames among rows of all kinds: one call has a dozen that fit as well as each other.
const FRAMES_AMONG_ALL: usize = 6;

/// What is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    All,
    Commands,
    Calls,
    Methods,
    Frames,
}

/// What is run when a row is chosen.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Act(Act),
    Call(PathBuf),
    Method { target: String, method: String, shape: Shape },
    Frame { id: FrameId, sent: bool },
}

/// A row.
#[derive(Clone, Debug)]
pub struct Hit {
    pub what: What,
    pub name: String,
    /// Where it is, what it acts on.
    pub context: String,
    pub keys: String,
    pub mark: Option<Mark>,
    /// Letters of the name that were typed.
    pub letters: Vec<usize>,
    pub(super) score: i32,
}

/// Everything that fits.
#[derive(Debug, Default)]
pub struct Found {
    /// The best of it, best first.
    pub hits: Vec<Hit>,
    /// How many fit, of the kind that is looked for.
    pub matched: usize,
    /// How many there are.
    pub total: usize,
    counts: [usize; 4],
}

impl Found {
    /// How many of this kind fit what was typed.
    pub fn count(&self, kind: Kind) -> usize {
        let [commands, calls, methods, frames] = self.counts;
        match kind {
            Kind::All => commands + calls + methods + frames,
            Kind::Commands => commands,
            Kind::Calls => calls,
            Kind::Methods => methods,
            Kind::Frames => frames,
        }
    }
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::All, Self::Commands, Self::Calls, Self::Methods, Self::Frames];

    /// The sign that, typed first, asks for this kind.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Commands => ">",
            Self::Calls => "/",
            Self::Methods => "@",
            Self::Frames => "#",
        }
    }

    /// Its name over the list.
    pub fn words(self) -> Cow<'static, str> {
        match self {
            Self::All => t!("palette.all"),
            Self::Commands => t!("palette.commands"),
            Self::Calls => t!("palette.calls"),
            Self::Methods => t!("palette.methods"),
            Self::Frames => t!("link.palette_frames"),
        }
    }

    /// Its name in a row.
    pub fn word(self) -> Cow<'static, str> {
        match self {
            Self::All | Self::Commands => t!("palette.command"),
            Self::Calls => t!("palette.call"),
            Self::Methods => t!("palette.method"),
            Self::Frames => t!("link.palette_frame"),
        }
    }

    pub const fn next(self) -> Self {
        match self {
            Self::All => Self::Commands,
            Self::Commands => Self::Calls,
            Self::Calls => Self::Methods,
            Self::Methods => Self::Frames,
            Self::Frames => Self::All,
        }
    }
}

impl What {
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Act(_) => Kind::Commands,
            Self::Call(_) => Kind::Calls,
            Self::Method { .. } => Kind::Methods,
            Self::Frame { .. } => Kind::Frames,
        }
    }

    pub fn command(&self) -> Command {
        match self {
            Self::Act(act) => Command::Act(*act),
            Self::Call(path) => Command::OpenSaved(path.clone(), false),
            Self::Frame { id, .. } => Command::ShowFrame(*id),
            Self::Method { target, method, .. } => {
                Command::OpenMethod { target: target.clone(), method: method.clone() }
            }
        }
    }

    /// For ids: the same row keeps its own while the list changes.
    pub fn key(&self) -> String {
        match self {
            Self::Act(act) => format!("{act:?}"),
            Self::Call(path) => path.to_string_lossy().into_owned(),
            Self::Method { target, method, .. } => format!("{target} {method}"),
            Self::Frame { id, .. } => format!("#{id}"),
        }
    }
}

/// The kind that a text asks for, and what is typed behind its sign.
pub fn kind_of(query: &str) -> (Kind, &str) {
    let signed = Kind::ALL.into_iter().skip(1).find_map(|kind| Some((kind, query.strip_prefix(kind.sign())?)));
    signed.unwrap_or((Kind::All, query))
}

/// Everything in the model that fits the text, best first.
pub fn find(model: &Model, query: &str) -> Found {
    let (kind, typed) = kind_of(query);
    let mut all = Vec::new();
    commands(model, &mut all);
    calls(model, &mut all);
    methods(model, &mut all);
    let mut found = Found { total: all.len(), ..Found::default() };
    for mut hit in all {
        let Some(fit) = fuzzy::fit(typed, &hit.name) else { continue };
        let place = match hit.what.kind() {
            Kind::All | Kind::Commands => 0,
            Kind::Calls => 1,
            Kind::Methods => 2,
            Kind::Frames => 3,
        };
        if let Some(count) = found.counts.get_mut(place) {
            *count += 1;
        }
        if kind == Kind::All || kind == hit.what.kind() {
            (hit.score, hit.letters) = (fit.score, fit.letters);
            found.hits.push(hit);
        }
    }
    let frames = frames::find(model, typed, if kind == Kind::Frames { MOST } else { FRAMES_AMONG_ALL });
    found.total += frames.total;
    let [.., count] = &mut found.counts;
    *count = frames.matched;
    found.matched = found.hits.len();
    if kind == Kind::Frames || (kind == Kind::All && !typed.trim().is_empty()) {
        found.matched += frames.matched;
        found.hits.extend(frames.hits);
    }
    // Stable: what fits alike stays in the order of the tables.
    found.hits.sort_by_key(|hit| std::cmp::Reverse(hit.score));
    found.hits.truncate(MOST);
    found
}

fn commands(model: &Model, out: &mut Vec<Hit>) {
    let active = model.tabs.active();
    for info in ACTS {
        if !makes_sense(info, active.is_some()) {
            continue;
        }
        out.push(Hit {
            what: What::Act(info.act),
            name: t!(format!("act.{}", info.id)).into_owned(),
            context: match (info.scope, active) {
                (Scope::Call, Some(tab)) => tab.draft.name.clone(),
                _ => String::new(),
            },
            keys: shortcuts::effective(info.act, &model.settings).map(|chord| chord.to_string()).unwrap_or_default(),
            mark: None,
            letters: Vec::new(),
            score: 0,
        });
    }
}

/// Not what would do nothing from here: acts on a call without one, and those that need a place with the focus.
fn makes_sense(info: &ActInfo, call_in_front: bool) -> bool {
    match info.scope {
        Scope::Global => info.act != Act::Palette,
        Scope::Call => call_in_front,
        Scope::List | Scope::Pane => false,
    }
}

fn calls(model: &Model, out: &mut Vec<Hit>) {
    for entry in model.workspace.calls() {
        let Entry::Call { path, name, error: None, .. } = entry else { continue };
        let folder =
            path.parent().map(|folder| folder.to_string_lossy().replace(['/', '\\'], " / ")).unwrap_or_default();
        let tab = model
            .tabs
            .open
            .iter()
            .find(|tab| tab.file.as_deref().is_some_and(|file| model.workspace.is_entry(file, path)));
        out.push(Hit {
            what: What::Call(path.clone()),
            name: name.clone(),
            context: folder,
            keys: String::new(),
            mark: tab.filter(|tab| tab.flow.is_some()).map(|tab| outcome_mark(model, tab)),
            letters: Vec::new(),
            score: 0,
        });
    }
}

fn methods(model: &Model, out: &mut Vec<Hit>) {
    for known in model.services.sources.iter().flat_map(|source| &source.services) {
        let Some(schema) = known.schema.ready() else { continue };
        let (healthy, all) = known.healthy();
        for set in &schema.services {
            for method in &set.methods {
                let name = format!("{}/{}", set.name, method.name);
                out.push(Hit {
                    what: What::Method { target: known.target.clone(), method: name.clone(), shape: method.shape },
                    name,
                    context: format!("{} · {healthy}/{all}", known.name),
                    keys: String::new(),
                    mark: None,
                    letters: Vec::new(),
                    score: 0,
                });
            }
        }
    }
}

/// The icon of an act.
pub const fn icon_of(act: Act) -> char {
    match act {
        Act::Send | Act::SendAllHalves => icon::PAPER_PLANE_TILT,
        Act::Cancel => icon::PROHIBIT,
        Act::Palette | Act::QuickOpen | Act::Find => icon::MAGNIFYING_GLASS,
        Act::Save | Act::SaveAs => icon::FLOPPY_DISK,
        Act::NewCall => icon::PLUS,
        Act::OpenFile => icon::FILE,
        Act::OpenFolder | Act::OpenSample => icon::FOLDER_OPEN,
        Act::CloseTab => icon::X,
        Act::ReopenTab => icon::ARROW_COUNTER_CLOCKWISE,
        Act::NextTab => icon::ARROW_RIGHT,
        Act::PreviousTab => icon::ARROW_LEFT,
        Act::Duplicate => icon::COPY,
        Act::MoveToNextHalf => icon::SWAP,
        Act::ComparePrevious | Act::CompareHalves => icon::GIT_DIFF,
        Act::SendToInstances => icon::STACK,
        Act::NextDifference => icon::ARROW_DOWN,
        Act::PreviousDifference => icon::ARROW_UP,
        Act::Rename => icon::PENCIL_SIMPLE,
        Act::FocusAddress => icon::LINK,
        Act::ToggleSidebar => icon::SIDEBAR_SIMPLE,
        Act::ToggleDock | Act::SplitDown => icon::ROWS,
        Act::ShowServices => icon::TREE_STRUCTURE,
        Act::ShowCalls => icon::FOLDER,
        Act::ShowTraffic => icon::ARROWS_DOWN_UP,
        Act::ShowPlots => icon::CHART_SCATTER,
        Act::ShowSettings => icon::GEAR_SIX,
        Act::FollowCall => icon::CROSSHAIR,
        Act::ToggleRepeat => icon::REPEAT,
        Act::ToggleRecording => icon::RECORD,
        Act::ClearTraffic => icon::BROOM,
        Act::ResetLayout | Act::SplitRight => icon::COLUMNS,
        Act::NextTheme => icon::SUN,
        Act::NextLanguage => icon::TRANSLATE,
        Act::ZoomIn | Act::ZoomOut | Act::ZoomReset => icon::TEXT_AA,
    }
}
