//! Makes cargo treat the code of each mirror as different packages.
//!
//! Cargo names what it builds by the package's name, its version, and its path below the workspace's root; whether that is up to date then depends on file times alone.
//! All mirrors share one target folder, so packages at the same path below their roots would be the same to cargo, and all mirrors would get the one built last.
//! Therefore the folder of each member of a mirror has the mirror's identity in its name, so that no two texts share packages, programs or tests.
//! Everything else that a mirror builds comes from a registry or lies outside the workspace, where cargo uses the whole path: that is shared.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use toml::Value;

/// The identity of a mirror: a hash of its path, whose last part is the hash of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MirrorIdentity(String);

impl MirrorIdentity {
    /// The identity of the mirror at this absolute path, so that applications that share a target folder differ too.
    pub(crate) fn of(mirror: &Utf8Path) -> Self {
        let mut name = blake3::hash(mirror.as_str().as_bytes()).to_hex().to_string();
        name.truncate(16);
        Self(name)
    }

    /// The name of a member's folder in the mirror: `app-0123456789abcdef`.
    pub(crate) fn member_folder(&self, member: &str) -> String {
        format!("{member}-{}", self.0)
    }

    /// The generated workspace with its members' folders renamed.
    ///
    /// A text that is not a manifest stays as it is; cargo says what is wrong with it.
    pub(crate) fn rename(
        &self,
        files: Vec<(Utf8PathBuf, Vec<u8>)>,
    ) -> BTreeMap<Utf8PathBuf, Vec<u8>> {
        let members: Vec<String> = files
            .iter()
            .filter_map(|(path, _)| Some(path.as_str().strip_suffix("/Cargo.toml")?.to_owned()))
            .filter(|folder| !folder.contains('/'))
            .collect();
        files
            .into_iter()
            .map(|(path, bytes)| {
                let is_manifest = path.file_name() == Some("Cargo.toml");
                let bytes =
                    if is_manifest { self.rename_in_manifest(&bytes, &members) } else { None }
                        .unwrap_or(bytes);
                (self.rename_path(&path, &members), bytes)
            })
            .collect()
    }

    fn rename_path(&self, path: &Utf8Path, members: &[String]) -> Utf8PathBuf {
        let mut parts = path.iter();
        match parts.next() {
            Some(first) if members.iter().any(|m| m == first) => {
                Utf8Path::new(&self.member_folder(first)).join(parts.as_path())
            }
            _ => path.to_owned(),
        }
    }

    fn rename_in_manifest(&self, bytes: &[u8], members: &[String]) -> Option<Vec<u8>> {
        let mut manifest: toml::Table = std::str::from_utf8(bytes).ok()?.parse().ok()?;
        for (key, value) in &mut manifest {
            if key == "workspace"
                && let Some(named) = value.get_mut("members").and_then(Value::as_array_mut)
            {
                for member in named {
                    self.rename_member(member, "", members);
                }
            }
            self.rename_references(value, members);
        }
        Some(toml::to_string(&manifest).ok()?.into_bytes())
    }

    /// Renames the member in each `path = "../MEMBER"` at any depth, because dependencies stand in several tables.
    fn rename_references(&self, value: &mut Value, members: &[String]) {
        match value {
            Value::Table(table) => {
                for (key, value) in table {
                    if key == "path" {
                        self.rename_member(value, "../", members);
                    }
                    self.rename_references(value, members);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.rename_references(item, members);
                }
            }
            _ => {}
        }
    }

    fn rename_member(&self, value: &mut Value, before: &str, members: &[String]) {
        let member = value.as_str().and_then(|text| text.strip_prefix(before));
        if let Some(member) = member.filter(|member| members.iter().any(|m| m == member)) {
            *value = Value::String(format!("{before}{}", self.member_folder(member)));
        }
    }

    /// Whether one of cargo's dependency files belongs to a member of this mirror: its sources then begin with the member's folder.
    pub(crate) fn occurs_in(&self, text: &str) -> bool {
        text.contains(&format!("-{}/", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<(Utf8PathBuf, Vec<u8>)> {
        [
            ("Cargo.toml", "[workspace]\nmembers = [\"app\", \"elsewhere/*\"]\n"),
            (
                "app/Cargo.toml",
                "[package]\nname = \"a-app\"\n\n[dependencies]\nbp-rt-x = { path = \"../bp-rt-x\" }\nw = { path = \"../../../../w\" }\n",
            ),
            ("app/src/lib.rs", "path = \"../bp-rt-x\"\n"),
            ("bp-rt-x/Cargo.toml", "[package]\nname = \"bp-rt-x\"\n"),
            ("Cargo.lock", "version = 4\n"),
        ]
        .map(|(path, text)| (path.into(), text.as_bytes().to_vec()))
        .to_vec()
    }

    #[test]
    fn members_have_the_mirror_s_identity_and_nothing_else_changes() {
        let identity = MirrorIdentity::of("/home/ann/shop/.bp/code/0123456789abcdef".into());
        let mark = identity.0.clone();
        let renamed = identity.rename(files());
        let text =
            |path: &str| String::from_utf8(renamed[Utf8Path::new(path)].clone()).expect("text");
        let paths: Vec<String> = renamed.keys().map(ToString::to_string).collect();
        let app = format!("app-{mark}");
        let expected = [
            "Cargo.lock".to_owned(),
            "Cargo.toml".to_owned(),
            format!("{app}/Cargo.toml"),
            format!("{app}/src/lib.rs"),
            format!("bp-rt-x-{mark}/Cargo.toml"),
        ];
        assert_eq!(paths, expected);
        let root: toml::Table = text("Cargo.toml").parse().expect("TOML");
        let members = root["workspace"]["members"].as_array().expect("a list");
        assert_eq!(members[0].as_str(), Some(app.as_str()));
        assert_eq!(members[1].as_str(), Some("elsewhere/*"));
        let member: toml::Table = text(&format!("{app}/Cargo.toml")).parse().expect("TOML");
        let path = |name: &str| member["dependencies"][name]["path"].as_str().map(str::to_owned);
        assert_eq!(path("bp-rt-x"), Some(format!("../bp-rt-x-{mark}")));
        assert_eq!(path("w").as_deref(), Some("../../../../w"));
        assert_eq!(text(&format!("{app}/src/lib.rs")), "path = \"../bp-rt-x\"\n");
        assert!(identity.occurs_in(&format!("/t/a-1.d: {app}/src/lib.rs")));
        assert!(!identity.occurs_in("/t/a-1.d: app-0000000000000000/src/lib.rs"));
    }

    #[test]
    fn the_same_text_elsewhere_has_another_identity() {
        let of = |path: &str| MirrorIdentity::of(path.into());
        assert_ne!(of("/a/.bp/code/0123456789abcdef"), of("/b/.bp/code/0123456789abcdef"));
        assert_ne!(of("/a/.bp/code/0123456789abcdef"), of("/a/.bp/code/0123456789abcdee"));
    }
}
