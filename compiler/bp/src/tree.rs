//! Removes folders below `.bp`, without following links out of them.

use std::io;

use bp_system::{EntryKind, System};
use camino::Utf8Path;

/// Removes everything below a folder, and leaves the folder.
///
/// # Errors
/// The system's first refusal.
pub(crate) fn empty(system: &dyn System, folder: &Utf8Path) -> io::Result<()> {
    // A link to a folder elsewhere must not be emptied.
    if system.entry(folder) != Some(EntryKind::Directory) {
        return Ok(());
    }
    for (name, _) in system.list(folder)? {
        let path = folder.join(name);
        if system.entry(&path) == Some(EntryKind::Directory) {
            empty(system, &path)?;
            system.remove_empty_directory(&path)?;
        } else {
            system.remove_file(&path)?;
        }
    }
    Ok(())
}

/// Removes a folder and everything below it.
///
/// # Errors
/// As [`empty`].
pub(crate) fn remove(system: &dyn System, folder: &Utf8Path) -> io::Result<()> {
    empty(system, folder)?;
    system.remove_empty_directory(folder)
}

#[cfg(test)]
mod tests {
    use bp_system::RealSystem;
    use camino::Utf8PathBuf;

    use super::*;

    #[test]
    fn what_a_link_leads_to_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
        let system = RealSystem::new();
        system.write(&root.join("mine/a"), b"mine").expect("a file");
        system.write(&root.join("data/b/c"), b"ours").expect("a file");
        std::os::unix::fs::symlink(root.join("mine"), root.join("data/link")).expect("a link");
        std::os::unix::fs::symlink(root.join("mine"), root.join("all")).expect("a link");
        empty(&system, &root.join("data")).expect("emptied");
        assert_eq!(system.list(&root.join("data")).expect("there").len(), 0);
        empty(&system, &root.join("all")).expect("left alone");
        remove(&system, &root.join("data")).expect("removed");
        assert!(root.join("mine/a").exists() && !root.join("data").exists());
    }
}
