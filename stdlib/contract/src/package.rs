//! A package of cargo as data, so that a compiler can write a crate that lies elsewhere beside generated code.

/// A package that travels inside of a program: its name and the text of its files.
///
/// A crate makes its own with [`package!`](crate::package) and exports it as `pub const PACKAGE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    /// The name that its manifest gives it: `bp-rt-pause`.
    pub name: &'static str,
    /// The text of each file, by its path below the package's folder, with `/` between the parts; sorted by path.
    pub files: &'static [(&'static str, &'static str)],
}

impl Package {
    /// The text of a file, by its path below the package's folder.
    ///
    /// ```
    /// use bp_contract::Package;
    ///
    /// const PACKAGE: Package = Package { name: "p", files: &[("src/lib.rs", "//! Nothing.")] };
    /// const SOURCE: &str = PACKAGE.file("src/lib.rs");
    /// assert_eq!(SOURCE, "//! Nothing.");
    /// ```
    ///
    /// # Panics
    /// When there is no such file; in a constant, the program does not compile then:
    ///
    /// ```compile_fail,E0080
    /// # use bp_contract::Package;
    /// const PACKAGE: Package = Package { name: "p", files: &[("src/lib.rs", "//! Nothing.")] };
    /// const SOURCE: &str = PACKAGE.file("src/queue.rs");
    /// ```
    #[expect(clippy::panic, reason = "it is for constants, where this is an error of the compiler")]
    pub const fn file(&self, path: &str) -> &'static str {
        match self.find_file(path) {
            Some(text) => text,
            None => panic!("the package has no file of this path"),
        }
    }

    /// The text of a file, if there is one of this path.
    pub const fn find_file(&self, path: &str) -> Option<&'static str> {
        let mut files = self.files;
        while let Some(((name, text), rest)) = files.split_first() {
            if crate::units::is_same_text(name, path) {
                return Some(text);
            }
            files = rest;
        }
        None
    }
}
