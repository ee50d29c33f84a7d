//! Writing a file so that a full disk or a killed process leaves the old one or the new one, never a half.
//!
//! temp file in the same folder → write → fsync → rename → fsync of the folder

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::{StoreError, Work};

/// What to do when the file is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clobber {
    Replace,
    Refuse,
}

/// Temp files of killed processes begin with this; a scan passes over hidden files.
pub(super) const TEMP_PREFIX: &str = ".callscope-";

pub(super) fn write(path: &Path, clobber: Clobber, bytes: &[u8]) -> Result<(), StoreError> {
    write_with(path, clobber, |file| file.write_all(bytes))
}

/// As [`write`], filled by the caller, so that tests can let the disk run full.
pub(super) fn write_with(
    path: &Path,
    clobber: Clobber,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), StoreError> {
    // A link stays a link: the file that it points to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let result = try_write(&target, clobber, fill);
    result.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => StoreError::Exists { path: path.to_owned() },
        _ => StoreError::Io { what: Work::Write, path: path.to_owned(), source },
    })
}

fn try_write(path: &Path, clobber: Clobber, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMP_PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any editor's new file: what the umask leaves of rw for all.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // Dropped on every early return, which removes it.
    let mut temp = builder.tempfile_in(folder)?;
    fill(temp.as_file_mut())?;
    temp.as_file_mut().flush()?;
    if let Ok(metadata) = fs::metadata(path) {
        temp.as_file().set_permissions(metadata.permissions())?;
    }
    temp.as_file().sync_all()?;
    match clobber {
        Clobber::Replace => temp.persist(path).map_err(|error| error.error)?,
        Clobber::Refuse => temp.persist_noclobber(path).map_err(|error| error.error)?,
    };
    sync_folder(folder)
}

/// Makes a rename survive a power cut. Windows has no such thing, and needs none.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{Clobber, write, write_with};
    use std::fs;
    use std::io;

    #[test]
    fn a_full_disk_leaves_the_old_file_and_no_rubbish() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.call.yaml");
        write(&path, Clobber::Refuse, b"old").unwrap();
        let error = write_with(&path, Clobber::Replace, |file| {
            file.write_all(b"half of the ne")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert!(error.to_string().contains("cannot write"), "{}", error.to_string());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_file_takes_nobodys_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.call.yaml");
        write(&path, Clobber::Refuse, b"first").unwrap();
        let error = write(&path, Clobber::Refuse, b"second").unwrap_err();
        assert_eq!(error.to_string(), "a.call.yaml exists already");
        assert_eq!(fs::read(&path).unwrap(), b"first");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.yaml"), folder.path().join("link.yaml"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(&link, Clobber::Replace, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
