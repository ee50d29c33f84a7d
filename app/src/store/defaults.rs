//! What a call inherits from the `defaults.yaml` of the folders above it, nearest first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use callscope_wire::policy::Policy;
use callscope_wire::{Codec, Compression};

use super::call::{self, Settings};
use super::{StoreError, read};
use crate::model::draft::{Draft, MetadataRow};
use crate::model::tls::{Tls, TlsKey};

const FILE: &str = "defaults.yaml";

/// What a call gets that it does not set itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inherited {
    /// The nearest folder's.
    pub deadline: Option<Duration>,
    /// The nearest folder's.
    pub codec: Option<Codec>,
    /// The nearest folder's.
    pub compression: Option<Compression>,
    /// Outermost folder first; a nearer folder's row of the same name replaces a farther one.
    pub metadata: Vec<MetadataRow>,
    /// The nearest folder's, value by value.
    pub tls: Tls,
    /// The files that these come from.
    pub tls_from: BTreeMap<TlsKey, PathBuf>,
    /// The nearest folder's, policy by policy.
    pub policy: Policy,
    /// The files that it comes from, outermost first.
    pub files: Vec<PathBuf>,
}

/// What the call in `file` inherits from the folders between `root` and it. A file outside of `root` inherits from its
/// own folder alone.
pub fn inherited(root: Option<&Path>, file: &Path) -> Result<Inherited, StoreError> {
    let mut folders: Vec<&Path> = Vec::new();
    for folder in file.ancestors().skip(1) {
        folders.push(folder);
        if root.is_none_or(|root| folder == root || !file.starts_with(root)) {
            break;
        }
    }
    let mut all = Inherited::default();
    for folder in folders.into_iter().rev() {
        let path = folder.join(FILE);
        if path.is_file() {
            let (text, _) = read(&path)?;
            all.add(&path, &text)?;
        }
    }
    Ok(all)
}

impl Inherited {
    /// The draft with everything it inherits filled in: what is sent.
    pub fn effective(&self, draft: &Draft) -> Draft {
        let mut all = draft.clone();
        all.deadline = draft.deadline.or(self.deadline);
        all.codec = draft.codec.or(self.codec);
        all.compression = draft.compression.or(self.compression);
        all.metadata = over(&self.metadata, &draft.metadata);
        all.tls = draft.tls.over(&self.tls);
        all.policy = draft.effective_policy(&self.policy);
        all
    }

    fn add(&mut self, path: &Path, text: &str) -> Result<(), StoreError> {
        let values = call::values(path, text)?;
        if let Some(version) = call::version(path, text, &values)? {
            return Err(StoreError::Newer { path: path.to_owned(), version });
        }
        let settings: Settings = call::typed(path, text)?;
        self.deadline = settings.deadline().or(self.deadline);
        self.codec = settings.codec.or(self.codec);
        self.compression = settings.compression.or(self.compression);
        self.metadata = over(&self.metadata, &settings.metadata());
        if let Some(tls) = &settings.tls {
            let here = TlsKey::ALL.into_iter().filter(|key| tls.get(*key).is_some());
            self.tls_from.extend(here.map(|key| (key, path.to_owned())));
            self.tls = tls.over(&self.tls);
        }
        let (policy, off) = settings.policy();
        self.policy = Draft { policy, off, ..Draft::default() }.effective_policy(&self.policy);
        self.files.push(path.to_owned());
        Ok(())
    }
}

/// `near` after those of `far` whose names it does not have.
fn over(far: &[MetadataRow], near: &[MetadataRow]) -> Vec<MetadataRow> {
    let replaced = |row: &&MetadataRow| !near.iter().any(|own| own.name.eq_ignore_ascii_case(&row.name));
    far.iter().filter(replaced).chain(near).cloned().collect()
}
