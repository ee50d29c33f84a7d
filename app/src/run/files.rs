//! Files: opened, saved, renamed, deleted, brought back. The disk and the dialogs are waited for on other threads.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use callscope_wire::FlowId;
use poll_promise::Promise;
use rust_i18n::t;

use crate::app::App;
use crate::command::{Command, View};
use crate::model::compare::{Answers, Comparison};
use crate::model::draft::Draft;
use crate::model::log::Level;
use crate::model::tabs::{Tab, TabId};
use crate::model::tls::{Tls, TlsKey};
use crate::store::{self, Inherited, Kept, Loaded, Outside, Over, Scan, Stamp, StoreError};
use callscope_wire::{Say as _, say};

/// File work or a dialog under way.
pub(crate) type Pending = Promise<Done>;

/// A workspace as it lies on the disk.
pub(crate) struct Listing {
    scan: Scan,
    /// What calls directly below the root inherit.
    inherited: Inherited,
    of_tabs: Vec<(TabId, Inherited)>,
}

/// What came of it.
pub(crate) enum Done {
    /// The user chose a file or folder to open, or nothing.
    ToOpen(Option<PathBuf>),
    /// The user chose where to save, or nothing.
    ToSave(TabId, Option<PathBuf>),
    /// The user chose the file of one of a call's TLS values, or nothing.
    ToTls(TabId, TlsKey, Option<PathBuf>),
    /// The user chose where to write a message, or nothing.
    ToWrite(Bytes, Option<PathBuf>),
    /// A message was written.
    Written { path: PathBuf, bytes: u64, result: Result<(), StoreError> },
    /// A workspace was listed.
    Scanned { root: PathBuf, result: Result<Listing, StoreError>, show: bool },
    /// A call was read.
    Loaded { path: PathBuf, preview: bool, into: Option<TabId>, result: Result<(Box<Loaded>, Inherited), StoreError> },
    /// A call was written.
    Saved { tab: TabId, path: PathBuf, draft: Box<Draft>, result: Result<(Stamp, Inherited), StoreError> },
    /// A file or folder is elsewhere now.
    Moved { from: PathBuf, result: Result<(PathBuf, Option<Box<Loaded>>), StoreError> },
    /// A copy was made.
    Copied(Result<PathBuf, StoreError>),
    /// A file or folder was deleted.
    Deleted(Result<Kept, StoreError>),
    /// It is back.
    Restored { path: PathBuf, result: Result<(), StoreError> },
    /// A folder was made.
    Folder(Result<PathBuf, StoreError>),
    /// Two calls were compared.
    Compared(TabId, Arc<Comparison>),
    /// The answers of instances were compared; of the spread with this call.
    Answers(TabId, Option<FlowId>, Arc<Answers>),
    /// A file was read for its bytes.
    Attached { target: super::attach::Target, result: Result<Vec<u8>, String> },
    /// What others did to the files of open tabs.
    Outside(Vec<(TabId, Outside)>),
}

impl App {
    pub(super) fn run_files(&mut self, ctx: &egui::Context, command: Command) {
        let root = self.model.workspace.root.clone();
        match (command, root) {
            (Command::OpenPath(path), _) => self.open_path(ctx, path),
            (Command::OpenSaved(path, preview), Some(root)) => self.load(ctx, root.join(path), preview, None),
            (Command::Save(tab), _) => self.save_tab(ctx, tab, false),
            (Command::SaveMessage(flow, number), _) => self.save_message(ctx, flow, number),
            (Command::KeepMine(tab), _) => {
                if let Some(path) = self.model.tabs.get(tab).and_then(|tab| tab.file.clone()) {
                    self.write(ctx, tab, path, true);
                }
            }
            (Command::TakeTheirs(id), _) => {
                let Some(tab) = self.model.tabs.get(id) else { return };
                let Some(path) = tab.file.clone() else { return };
                let mine = Command::EditDraft(id, Box::new(tab.draft.clone()));
                let text = t!("run.took_theirs", name = tab.draft.name);
                self.model.toasts.undoable(self.model.now, text, mine);
                self.load(ctx, path, false, Some(id));
            }
            (Command::RenameSaved(from, name), Some(root)) => self.work(ctx, move || {
                let result = store::rename(&root, &from, &name);
                Done::Moved { from, result: result.map(|to| with_content(&root, to)) }
            }),
            (Command::MoveSaved(from, folder), Some(root)) => self.work(ctx, move || {
                let result = store::move_to(&root, &from, &folder);
                Done::Moved { from, result: result.map(|to| with_content(&root, to)) }
            }),
            (Command::DuplicateSaved(path), Some(root)) => {
                self.work(ctx, move || Done::Copied(store::duplicate(&root, &path)));
            }
            (Command::DeleteSaved(path), Some(root)) => {
                self.work(ctx, move || Done::Deleted(store::delete(&root, &path)));
            }
            (Command::RestoreSaved { path, kept }, Some(root)) => self.work(ctx, move || {
                let result = store::restore(&root, &Kept { path: path.clone(), kept });
                Done::Restored { path, result }
            }),
            (Command::NewFolder(parent), Some(root)) => {
                let name = t!("run.new_folder").into_owned();
                self.work(ctx, move || Done::Folder(store::new_folder(&root, &parent, &name)));
            }
            // The rest needs a workspace, and there is none: nothing on screen offers it then.
            _ => {}
        }
    }

    /// Runs file work on a thread of its own and wakes the window when it is done.
    pub(super) fn work(&mut self, ctx: &egui::Context, work: impl FnOnce() -> Done + Send + 'static) {
        let ctx = ctx.clone();
        let promise = Promise::spawn_thread("callscope-files", move || {
            let done = work();
            ctx.request_repaint();
            done
        });
        self.running.promises.push(promise);
    }

    /// Takes what is done out of what is under way.
    pub(crate) fn finish_promises(&mut self, ctx: &egui::Context) {
        let mut waiting = Vec::new();
        let mut done = Vec::new();
        for promise in self.running.promises.drain(..) {
            match promise.try_take() {
                Ok(result) => done.push(result),
                Err(promise) => waiting.push(promise),
            }
        }
        self.running.promises = waiting;
        for result in done {
            self.done(ctx, result);
        }
        let focused = ctx.input(|input| input.focused);
        if focused && !self.running.focused {
            self.look_outside(ctx);
        }
        self.running.focused = focused;
    }

    fn done(&mut self, ctx: &egui::Context, done: Done) {
        match done {
            Done::ToOpen(Some(path)) => self.open_path(ctx, path),
            Done::ToSave(tab, Some(path)) => self.write(ctx, tab, with_extension(path), false),
            Done::ToTls(tab, key, Some(path)) => self.set_tls_file(tab, key, &path),
            Done::ToWrite(bytes, Some(path)) => self.work(ctx, move || {
                let result = store::replace(&path, &bytes);
                Done::Written { path, bytes: bytes.len() as u64, result }
            }),
            Done::Written { path, bytes, result } => match result {
                Ok(()) => {
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    let bytes = crate::panel::call::figures::bytes(bytes);
                    self.model.toasts.say(self.model.now, t!("large.saved", bytes = bytes, name = name));
                }
                Err(error) => self.failed(&error),
            },
            Done::ToTls(_, _, None) | Done::ToOpen(None) | Done::ToSave(_, None) | Done::ToWrite(_, None) => {}
            Done::Scanned { root, result, show } => match result {
                Ok(listing) => self.scanned(root, listing, show),
                Err(error) => self.failed(&error),
            },
            Done::Loaded { path, preview, into, result } => match result {
                Ok((loaded, inherited)) => self.loaded(path, preview, into, *loaded, inherited),
                Err(error) => self.failed(&error),
            },
            Done::Saved { tab, path, draft, result } => self.saved(ctx, tab, path, *draft, result),
            Done::Moved { from, result } => match result {
                Ok((to, loaded)) => {
                    self.moved(&from, &to, loaded.as_deref());
                    self.rescan(ctx);
                }
                Err(error) => self.failed(&error),
            },
            Done::Copied(result) => match result {
                Ok(path) => {
                    self.rescan(ctx);
                    self.run_files(ctx, Command::OpenSaved(path, false));
                }
                Err(error) => self.failed(&error),
            },
            Done::Deleted(result) => match result {
                Ok(Kept { path, kept }) => {
                    let text = t!("run.deleted", name = store::stem(&path));
                    self.model.toasts.undoable(self.model.now, text, Command::RestoreSaved { path, kept });
                    self.rescan(ctx);
                }
                Err(error) => self.failed(&error),
            },
            Done::Restored { path, result } => match result {
                Ok(()) => {
                    self.model.toasts.say(self.model.now, t!("run.restored", name = store::stem(&path)));
                    self.rescan(ctx);
                }
                Err(error) => self.failed(&error),
            },
            Done::Folder(result) => match result {
                Ok(_) => self.rescan(ctx),
                Err(error) => self.failed(&error),
            },
            Done::Compared(tab, found) => self.compared(tab, found),
            Done::Answers(tab, first, found) => self.answers(tab, first, found),
            Done::Attached { target, result } => self.attached(&target, result),
            Done::Outside(changed) => {
                for (tab, outside) in changed {
                    if let Some(tab) = self.model.tabs.get_mut(tab) {
                        tab.outside = outside;
                    }
                }
            }
        }
    }

    fn failed(&mut self, error: &StoreError) {
        let sentence = error.say();
        self.model.log.push(self.model.now, Level::Error, sentence.clone());
        self.model.toasts.error(self.model.now, sentence);
    }

    /// What the program was started with, or what it had open last; the sample at the very first start.
    pub(crate) fn open_at_start(&mut self, ctx: &egui::Context, open: Option<PathBuf>, first_run: bool) {
        for address in self.model.settings.sources.clone() {
            self.add_source(address);
        }
        if let Some(path) = open {
            self.open_path(ctx, path);
        } else if let Some(root) = self.model.settings.workspace.clone() {
            self.scan(ctx, root, false);
        } else if first_run {
            self.unpack_sample(ctx, false);
        }
        // Tabs of the last run learn what their files are now; their drafts stay as they were left.
        for (tab, path) in self.tabs_with_files() {
            self.load(ctx, path, false, Some(tab));
        }
    }

    pub(crate) fn take_dropped_files(&mut self, ctx: &egui::Context) {
        let dropped: Vec<PathBuf> =
            ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
        for path in dropped {
            self.open_path(ctx, path);
        }
    }

    pub(super) fn ask_for_file(&mut self, ctx: &egui::Context) {
        let ask = self.running.dialogs.open_call();
        self.ask(ctx, ask, Done::ToOpen);
    }

    pub(super) fn ask_for_folder(&mut self, ctx: &egui::Context) {
        let ask = self.running.dialogs.open_folder();
        self.ask(ctx, ask, Done::ToOpen);
    }

    pub(super) fn ask_for_tls_file(&mut self, ctx: &egui::Context, id: TabId, key: TlsKey) {
        let ask = self.running.dialogs.open_pem();
        self.ask(ctx, ask, move |path| Done::ToTls(id, key, path));
    }

    /// Paths of TLS values of a call are seen from the workspace; those of a call outside of it from its folder.
    pub(super) fn tls_base(&self, tab: &Tab) -> PathBuf {
        let root = self.model.workspace.root.as_ref();
        let file = tab.file.as_ref();
        let within = root.filter(|root| file.is_none_or(|file| file.starts_with(root)));
        let folder = || file.and_then(|file| file.parent()).map(PathBuf::from).unwrap_or_default();
        within.cloned().unwrap_or_else(folder)
    }

    fn set_tls_file(&mut self, id: TabId, key: TlsKey, file: &Path) {
        let Some(tab) = self.model.tabs.get(id) else { return };
        let mut draft = tab.draft.clone();
        draft.tls.set(key, Some(Tls::written(file, &self.tls_base(tab))));
        self.edit_draft(id, draft);
        if let Some(tab) = self.model.tabs.get_mut(id) {
            // Written by somebody else than the form: it reads it anew.
            tab.revision += 1;
        }
    }

    fn ask(
        &mut self,
        ctx: &egui::Context,
        ask: Promise<Option<PathBuf>>,
        done: impl FnOnce(Option<PathBuf>) -> Done + Send + 'static,
    ) {
        self.work(ctx, move || done(ask.block_and_take()));
    }

    pub(super) fn open_sample(&mut self, ctx: &egui::Context) {
        self.unpack_sample(ctx, true);
    }

    fn unpack_sample(&mut self, ctx: &egui::Context, show: bool) {
        let Some(folder) = self.keeper.folder() else {
            self.model.toasts.error(self.model.now, t!("run.no_home"));
            return;
        };
        let root = folder.join("sample");
        let tabs = self.tabs_with_files();
        self.work(ctx, move || {
            let result = store::unpack_sample(&root).and_then(|()| list(&root, &tabs));
            Done::Scanned { root, result, show }
        });
    }

    fn open_path(&mut self, ctx: &egui::Context, path: PathBuf) {
        let path = std::path::absolute(&path).unwrap_or(path);
        if path.is_dir() { self.scan(ctx, path, true) } else { self.load(ctx, path, false, None) }
    }

    fn scan(&mut self, ctx: &egui::Context, root: PathBuf, show: bool) {
        let tabs = self.tabs_with_files();
        self.work(ctx, move || {
            let result = list(&root, &tabs);
            Done::Scanned { root, result, show }
        });
    }

    fn tabs_with_files(&self) -> Vec<(TabId, PathBuf)> {
        self.model.tabs.open.iter().filter_map(|tab| Some((tab.id, tab.file.clone()?))).collect()
    }

    fn rescan(&mut self, ctx: &egui::Context) {
        if let Some(root) = self.model.workspace.root.clone() {
            self.scan(ctx, root, false);
        }
    }

    fn scanned(&mut self, root: PathBuf, listing: Listing, show: bool) {
        let Listing { scan, inherited, of_tabs } = listing;
        if scan.truncated {
            let text = say!(
                "run.truncated",
                "%{name} holds more than can be listed; open a folder further down.",
                name = root.display().to_string()
            );
            self.model.log.push(self.model.now, Level::Warn, text);
        }
        for tab in self.model.tabs.open.iter_mut().filter(|tab| tab.file.is_none()) {
            tab.inherited = inherited.clone();
        }
        for (id, inherited) in of_tabs {
            if let Some(tab) = self.model.tabs.get_mut(id) {
                tab.inherited = inherited;
            }
        }
        let workspace = &mut self.model.workspace;
        workspace.root = Some(root.clone());
        workspace.entries = scan.entries;
        workspace.inherited = inherited;
        workspace.revision += 1;
        self.model.settings.workspace = Some(root);
        if show {
            self.show(View::Calls);
        }
    }

    fn load(&mut self, ctx: &egui::Context, path: PathBuf, preview: bool, into: Option<TabId>) {
        // A call that is open already is brought to the front; a draft in it is never replaced by its file.
        let open = self.model.tabs.open.iter().find(|tab| tab.file.as_deref() == Some(&path)).map(|tab| tab.id);
        if let (Some(open), None) = (open, into) {
            self.activate(open);
            if !preview && let Some(tab) = self.model.tabs.get_mut(open) {
                tab.preview = false;
            }
            return;
        }
        let root = self.model.workspace.root.clone();
        self.work(ctx, move || {
            let result =
                store::load(&path).and_then(|loaded| Ok((Box::new(loaded), store::inherited(root.as_deref(), &path)?)));
            Done::Loaded { path, preview, into, result }
        });
    }

    fn loaded(&mut self, path: PathBuf, preview: bool, into: Option<TabId>, loaded: Loaded, inherited: Inherited) {
        let Loaded { draft, stamp, newer } = loaded;
        if newer.is_some() {
            self.model.toasts.say(self.model.now, t!("run.newer", name = draft.name));
        }
        if let Some(tab) = into.and_then(|id| self.model.tabs.get_mut(id)) {
            // A tab of the last run keeps an unsaved draft; one that asked for the file takes it.
            let unsaved = tab.saved.as_ref().is_some_and(|saved| *saved != tab.draft);
            if !unsaved || tab.stamp.is_some() {
                tab.draft = draft.clone();
                tab.revision += 1;
            }
            tab.saved = Some(draft);
            tab.stamp = Some(stamp);
            tab.outside = Outside::Same;
            tab.read_only = newer.is_some();
            tab.inherited = inherited;
            return;
        }
        let tab = Tab {
            saved: Some(draft.clone()),
            draft,
            preview,
            file: Some(path),
            stamp: Some(stamp),
            read_only: newer.is_some(),
            inherited,
            ..Tab::default()
        };
        let reuse = self.model.tabs.open.iter_mut().find(|open| open.preview && open.running.is_none());
        if preview && let Some(open) = reuse {
            let (id, revision) = (open.id, open.revision + 1);
            let target = tab.draft.target.clone();
            *open = Tab { id, revision, ..tab };
            self.describe(&target, false);
            self.activate(id);
            return;
        }
        self.open_tab(tab);
    }

    pub(super) fn save_tab(&mut self, ctx: &egui::Context, id: TabId, elsewhere: bool) {
        let Some(tab) = self.model.tabs.get(id) else { return };
        if tab.read_only && !elsewhere {
            self.model.toasts.error(self.model.now, t!("run.read_only", name = tab.draft.name));
            return;
        }
        if let Some(path) = tab.file.clone().filter(|_| !elsewhere) {
            self.write(ctx, id, path, false);
        } else {
            let folder = self.model.workspace.root.clone();
            let ask = self.running.dialogs.save_call(folder.as_deref(), &store::file_name(&tab.draft.name));
            self.ask(ctx, ask, move |path| Done::ToSave(id, path));
        }
    }

    fn save_message(&mut self, ctx: &egui::Context, flow: FlowId, number: u64) {
        let Some(record) = self.model.flows.get(flow) else { return };
        let index = number.checked_sub(record.messages.dropped()).and_then(|index| usize::try_from(index).ok());
        let Some(message) = index.and_then(|index| record.messages.get(index)) else { return };
        let bytes = message.bytes.clone();
        let method = record.flow.method.rsplit(['/', '.']).next().unwrap_or_default();
        let many = record.flow.shape.client_streams() || record.flow.shape.server_streams();
        let suggested = if many { format!("{method}-{}.json", number + 1) } else { format!("{method}.json") };
        let ask = self.running.dialogs.save_message(&suggested);
        self.ask(ctx, ask, move |path| Done::ToWrite(bytes, path));
    }

    fn write(&mut self, ctx: &egui::Context, id: TabId, path: PathBuf, anything: bool) {
        let Some(tab) = self.model.tabs.get(id) else { return };
        let mut draft = tab.draft.clone();
        let same = tab.file.as_deref() == Some(&path);
        let chosen = path.file_name().is_none_or(|name| *name != *store::file_name(&draft.name));
        if !same && chosen {
            // Another name than the suggested one is meant for the call, too.
            draft.name = store::stem(&path);
        }
        let stamp = tab.stamp.clone().filter(|_| same);
        let root = self.model.workspace.root.clone();
        self.work(ctx, move || {
            let over = match &stamp {
                _ if anything => Over::Anything,
                Some(stamp) => Over::Read(stamp),
                // A dialog asked before it let somebody choose a file that exists.
                None if path.exists() => Over::Anything,
                None => Over::Nothing,
            };
            let result = store::save(&path, &draft, over)
                .and_then(|stamp| Ok((stamp, store::inherited(root.as_deref(), &path)?)));
            Done::Saved { tab: id, path, draft: Box::new(draft), result }
        });
    }

    fn saved(
        &mut self,
        ctx: &egui::Context,
        id: TabId,
        path: PathBuf,
        draft: Draft,
        result: Result<(Stamp, Inherited), StoreError>,
    ) {
        match result {
            Ok((stamp, inherited)) => {
                if let Some(tab) = self.model.tabs.get_mut(id) {
                    if tab.draft.name != draft.name {
                        tab.draft.name.clone_from(&draft.name);
                        tab.revision += 1;
                    }
                    tab.file = Some(path.clone());
                    tab.saved = Some(draft);
                    tab.stamp = Some(stamp);
                    tab.outside = Outside::Same;
                    tab.read_only = false;
                    tab.preview = false;
                    tab.inherited = inherited;
                }
                self.model.toasts.say(self.model.now, t!("run.saved", name = store::stem(&path)));
                match (&self.model.workspace.root, path.parent()) {
                    (None, Some(folder)) => self.scan(ctx, folder.to_owned(), false),
                    _ => self.rescan(ctx),
                }
            }
            Err(StoreError::Conflict { .. }) => {
                if let Some(tab) = self.model.tabs.get_mut(id) {
                    tab.outside = Outside::Changed;
                }
            }
            Err(error) => self.failed(&error),
        }
    }

    fn moved(&mut self, from: &Path, to: &Path, loaded: Option<&Loaded>) {
        let Some(root) = self.model.workspace.root.clone() else { return };
        let (from, to) = (root.join(from), root.join(to));
        for tab in &mut self.model.tabs.open {
            let Some(file) = &tab.file else { continue };
            let Ok(below) = file.strip_prefix(&from) else { continue };
            let file = if below.as_os_str().is_empty() { to.clone() } else { to.join(below) };
            if let Some(loaded) = loaded.filter(|_| below.as_os_str().is_empty()) {
                // A rename writes the name into the file, too: that was us, not somebody else.
                tab.draft.name.clone_from(&loaded.draft.name);
                if let Some(saved) = &mut tab.saved {
                    saved.name.clone_from(&tab.draft.name);
                }
                if tab.outside == Outside::Same {
                    tab.stamp = Some(loaded.stamp.clone());
                }
                tab.revision += 1;
            }
            tab.file = Some(file);
        }
    }

    /// Asks what others did to the files of open tabs, and to the workspace.
    fn look_outside(&mut self, ctx: &egui::Context) {
        let files: Vec<(TabId, PathBuf, Stamp)> = self
            .model
            .tabs
            .open
            .iter()
            .filter_map(|tab| Some((tab.id, tab.file.clone()?, tab.stamp.clone()?)))
            .collect();
        if !files.is_empty() {
            self.work(ctx, move || {
                Done::Outside(files.iter().map(|(tab, path, stamp)| (*tab, store::outside(path, stamp))).collect())
            });
        }
        self.rescan(ctx);
    }
}

/// Lists a workspace, and what the calls of these tabs inherit in it. A tab whose defaults cannot be read keeps what it
/// had: saving or opening it says why.
fn list(root: &Path, tabs: &[(TabId, PathBuf)]) -> Result<Listing, StoreError> {
    let scan = store::scan(root)?;
    // A file of that name need not exist: what counts is its folder.
    let inherited = store::inherited(Some(root), &root.join("call"))?;
    let of_tab = |(id, path): &(TabId, PathBuf)| Some((*id, store::inherited(Some(root), path).ok()?));
    Ok(Listing { scan, inherited, of_tabs: tabs.iter().filter_map(of_tab).collect() })
}

fn with_extension(path: PathBuf) -> PathBuf {
    let name = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
    if name.ends_with(store::EXTENSION) {
        return path;
    }
    let name = format!("{}{}", name.trim_end_matches(".yaml"), store::EXTENSION);
    path.with_file_name(name)
}

/// A call that was moved, read again: its name may be another, and its stamp is.
fn with_content(root: &Path, to: PathBuf) -> (PathBuf, Option<Box<Loaded>>) {
    let loaded = store::load(&root.join(&to)).ok().map(Box::new);
    (to, loaded)
}
