//! The `extends` chain: from one path to the trees of all its files, base first.

use std::io::ErrorKind;

use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostics, FileId, SourceMap, Span, nearest};
use bp_system::{EntryKind, System};
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::parse::parse;
use crate::{Grammar, Item, Table, Value, guard};

/// Most files in a chain.
const MAX_FILES: usize = 64;

/// One file of the chain.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) path: Utf8PathBuf,
    pub(crate) file: FileId,
    pub(crate) root: Table,
}

/// The chain, base first.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    pub(crate) layers: Vec<Layer>,
    /// Some text of the chain could not be read, so what seems to be missing may stand there.
    pub(crate) broken: bool,
}

/// Reads a file and everything that it extends.
pub(crate) fn load(
    system: &dyn System,
    sources: &mut SourceMap,
    grammar: &Grammar,
    path: &Utf8Path,
    out: &mut Diagnostics,
) -> Chain {
    let mut chain = Chain::default();
    let here = system.current_directory().unwrap_or_default();
    let mut path = normalize(path);
    let mut named_at: Option<Span> = None;
    loop {
        let bytes = match read(system, &path) {
            Ok(bytes) => bytes,
            Err(reason) => {
                chain.broken = true;
                out.push(match named_at {
                    None => codes::unreadable_file(path.as_str(), &reason),
                    Some(span) => {
                        let names = list_siblings(system, &path);
                        let suggestion = path
                            .file_name()
                            .and_then(|n| nearest(n, names.iter().map(String::as_str)));
                        codes::unreadable_base(span, path.as_str(), &reason, suggestion)
                    }
                });
                break;
            }
        };
        let (file, scan) = guard::decode_and_scan(bytes, path.as_str(), sources);
        let text = sources.get(file).map(|s| s.text.clone()).unwrap_or_default();
        let mut root = Table::default();
        match scan {
            Ok(scan) => {
                let parsed = parse(file, &text, &scan, grammar, out);
                root = parsed.root;
                chain.broken |= parsed.broken;
            }
            Err(diagnostic) => {
                chain.broken = true;
                out.push(diagnostic);
            }
        }
        let extends = root.entries.remove("extends");
        chain.layers.push(Layer { path: path.clone(), file, root });
        let Some(extends) = extends else { break };
        let Some(named) = read_extends(&extends, &here, &path, out) else {
            chain.broken = true;
            break;
        };
        let again = chain.layers.iter().position(|l| l.path == named);
        // Through a symbolic link a circle never names the same path twice.
        let endless = (chain.layers.len() >= MAX_FILES).then_some(0);
        if let Some(start) = again.or(endless) {
            let mut circle: Vec<String> =
                chain.layers.iter().skip(start).map(|l| l.path.to_string()).collect();
            circle.push(named.to_string());
            out.push(codes::extends_cycle(extends.span, &circle));
            chain.broken = true;
            break;
        }
        named_at = Some(extends.span);
        path = named;
    }
    chain.layers.reverse();
    chain
}

fn read(system: &dyn System, path: &Utf8Path) -> Result<Vec<u8>, String> {
    match system.kind(path) {
        Some(EntryKind::Directory) => return Err("it is a folder".to_owned()),
        Some(EntryKind::Other) => return Err("it is not a regular file".to_owned()),
        Some(EntryKind::File) | None => {}
    }
    system.read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        kind => kind.to_string(),
    })
}

/// Wiring files beside a path.
fn list_siblings(system: &dyn System, path: &Utf8Path) -> Vec<String> {
    let folder = path.parent().filter(|p| !p.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    let names = system.list(folder).unwrap_or_default();
    names
        .into_iter()
        .map(|(name, _)| name)
        .filter(|n| Utf8Path::new(n).extension() == Some("toml"))
        .collect()
}

fn read_extends(
    extends: &Item,
    here: &Utf8Path,
    from: &Utf8Path,
    out: &mut Diagnostics,
) -> Option<Utf8PathBuf> {
    let what = "`extends`";
    let Value::String(text) = &extends.value else {
        let found = extends.type_name();
        out.push(codes::wrong_shape(
            extends.span,
            what,
            "the path of one file",
            found,
            "extends = \"micro.toml\"",
        ));
        return None;
    };
    if text.is_empty() {
        out.push(codes::wrong_shape(
            extends.span,
            what,
            "the path of one file",
            "empty",
            "extends = \"micro.toml\"",
        ));
        return None;
    }
    if let Some(found) = describe_unportable(here, from, text) {
        let expected = "the path of one file, relative to this one";
        out.push(codes::wrong_shape(
            extends.span,
            what,
            expected,
            found,
            "extends = \"micro.toml\"",
        ));
        return None;
    }
    Some(resolve_path(from, text))
}

/// What kind of path this is, in words, if it would mean another place on another machine, so that the output would differ too; `None` otherwise. `from` is the file that has it.
pub(crate) fn describe_unportable(
    here: &Utf8Path,
    from: &Utf8Path,
    text: &str,
) -> Option<&'static str> {
    if text.starts_with('/') {
        return Some("an absolute path");
    }
    if text == "~" || text.starts_with("~/") {
        return Some("a path in the home folder, which only a shell knows");
    }
    let folder = normalize(&here.join(from.parent().unwrap_or(Utf8Path::new(""))));
    let mut above = folder.components().filter(|c| matches!(c, Utf8Component::Normal(_))).count();
    for part in Utf8Path::new(text).components() {
        match part {
            Utf8Component::Normal(_) => above += 1,
            Utf8Component::ParentDir if above == 0 => {
                return Some("a path above the root of this machine's file system");
            }
            Utf8Component::ParentDir => above -= 1,
            _ => {}
        }
    }
    None
}

/// The relative path from the folder of the file `from` to the path `to`; both are seen from `here`, which is absolute.
pub(crate) fn relative_path(here: &Utf8Path, from: &Utf8Path, to: &Utf8Path) -> Utf8PathBuf {
    let from = normalize(&here.join(from.parent().unwrap_or(Utf8Path::new(""))));
    let to = normalize(&here.join(to));
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| "..");
    let down = to.components().skip(shared).map(|part| part.as_str());
    let path: Utf8PathBuf = up.chain(down).collect();
    if path.as_str().is_empty() { Utf8PathBuf::from(".") } else { path }
}

/// A path written in the file `from`, relative to that file's folder.
pub(crate) fn resolve_path(from: &Utf8Path, text: &str) -> Utf8PathBuf {
    normalize(&from.parent().unwrap_or(Utf8Path::new("")).join(text))
}

/// Resolves `.` and `..` by text; a relative path stays relative.
pub(crate) fn normalize(path: &Utf8Path) -> Utf8PathBuf {
    let mut out = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                let last = out.components().next_back();
                match last {
                    Some(Utf8Component::Normal(_)) => {
                        out.pop();
                    }
                    Some(Utf8Component::RootDir) => {}
                    _ => out.push(".."),
                }
            }
            part => out.push(part.as_str()),
        }
    }
    if out.as_str().is_empty() { Utf8PathBuf::from(".") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_told_from_others() {
        let (here, from) = (Utf8Path::new("/srv/shop"), Utf8Path::new("wiring/local.toml"));
        for (text, is) in [
            ("../vendor/bp/", false),
            ("../../../elsewhere", false),
            ("../../../../elsewhere", true),
            ("a/../../../../..", true),
            ("/srv/shop/vendor/bp", true),
            ("~/bp", true),
            ("~", true),
            ("~bp", false),
        ] {
            assert_eq!(describe_unportable(here, from, text).is_some(), is, "{text}");
        }
        let relative = |to: &str| relative_path(here, from, Utf8Path::new(to));
        assert_eq!(relative("/srv/shop/vendor/bp"), "../vendor/bp");
        assert_eq!(relative("/opt/bp/"), "../../../opt/bp");
        assert_eq!(relative("wiring"), ".");
    }
}
