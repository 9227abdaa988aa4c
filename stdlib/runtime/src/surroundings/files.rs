//! The few files that the runtime itself reads and writes.

use std::fmt;
use std::io;
use std::path::Path;

/// The files of a process: the plan, the configuration, secrets, lists of endpoints and the list of its ports.
pub trait Files: Send + Sync + fmt::Debug {
    /// The text of a file.
    ///
    /// # Errors
    /// There is no such file, or it cannot be read, or is not UTF-8.
    fn read(&self, path: &Path) -> io::Result<String>;

    /// Makes this the text of a file, which appears whole: others may read it at any time. Its folder is made if there is none.
    ///
    /// # Errors
    /// It cannot be written.
    fn write(&self, path: &Path, text: &str) -> io::Result<()>;
}

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemFiles;

impl Files for SystemFiles {
    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut unfinished = path.to_owned().into_os_string();
        unfinished.push(format!(".{}", std::process::id()));
        std::fs::write(&unfinished, text)?;
        std::fs::rename(&unfinished, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_into_a_folder_that_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/ports.json");
        assert_eq!(SystemFiles.read(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        for text in ["{}", "[1]"] {
            SystemFiles.write(&path, text).unwrap();
            assert_eq!(SystemFiles.read(&path).unwrap(), text);
        }
        let left = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "nothing unfinished stays");
    }
}
