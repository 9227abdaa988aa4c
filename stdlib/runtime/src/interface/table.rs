//! The names of an interface and its table of methods, put together while it is compiled.

use bp_contract::units::is_same_text;

use super::{Declaration, Origin};
use crate::method::Method;

/// The method of a table by its name.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
pub(super) const fn find<'a>(methods: &'a [Method], name: &str) -> Option<&'a Method> {
    let mut i = 0;
    while i < methods.len() {
        if is_same_text(methods[i].name, name) {
            return Some(&methods[i]);
        }
        i += 1;
    }
    None
}

/// How many methods an interface has: of all that it extends, each once, and its own.
///
/// # Panics
/// Only while constants are evaluated: two methods have one name.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; indices are in range")]
pub const fn count_methods(
    path: &'static str,
    extends: &'static [&'static Declaration],
    own: &[Method],
) -> usize {
    let (mut count, mut i) = (own.len(), 0);
    while i < extends.len() {
        let methods = extends[i].interface.methods;
        let mut j = 0;
        while j < methods.len() {
            if is_first(path, extends, i, methods[j].name) {
                count += 1;
            }
            if find(own, methods[j].name).is_some() {
                refuse(methods[j].name, path, &extends[i].find_declarer(methods[j].name));
            }
            j += 1;
        }
        i += 1;
    }
    assert!(count <= MAX_METHODS, "an interface has more than 65535 methods");
    count
}

/// Methods are numbered with 16 bits.
const MAX_METHODS: usize = 0xFFFF;

/// Whether no interface before the one at `at` has the method.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
const fn is_first(
    path: &'static str,
    extends: &'static [&'static Declaration],
    at: usize,
    name: &'static str,
) -> bool {
    let mut i = 0;
    while i < at {
        if find(extends[i].interface.methods, name).is_some() {
            let (left, right) = (extends[i].find_declarer(name), extends[at].find_declarer(name));
            if !left.is(&right) {
                refuse_inherited(name, path, &left, &right);
            }
            return false;
        }
        i += 1;
    }
    true
}

/// The methods of an interface, in order: of all that it extends, each once, then its own.
///
/// # Panics
/// Only while constants are evaluated: two methods have one name.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; indices are in range")]
pub const fn join_methods<const N: usize>(
    path: &'static str,
    extends: &'static [&'static Declaration],
    own: &[Method],
) -> [Method; N] {
    let mut all = [Method::new(0, "", &[]); N];
    let (mut next, mut i) = (0, 0);
    while i < extends.len() {
        let methods = extends[i].interface.methods;
        let mut j = 0;
        while j < methods.len() {
            if is_first(path, extends, i, methods[j].name) {
                all[next] = methods[j];
                next += 1;
            }
            j += 1;
        }
        i += 1;
    }
    let mut i = 0;
    while i < own.len() {
        all[next] = own[i];
        next += 1;
        i += 1;
    }
    let mut index: u16 = 0;
    while (index as usize) < N {
        all[index as usize].index = index;
        index += 1;
    }
    all
}

/// The index of the first of an interface's own methods, which are its last.
#[expect(clippy::cast_possible_truncation, reason = "an interface has at most 65535 methods")]
pub const fn first_own(all: &[Method], own: &[Method]) -> u16 {
    (all.len() - own.len()) as u16
}

const fn refuse(name: &str, path: &str, other: &Origin) -> ! {
    refuse_with(&[
        "the interface `",
        path,
        "` declares `",
        name,
        "`, which it has from `",
        other.module,
        "::",
        other.name,
        "`: a call could mean either, so give it another name",
    ])
}

const fn refuse_inherited(name: &str, path: &str, left: &Origin, right: &Origin) -> ! {
    refuse_with(&[
        "the interface `",
        path,
        "` has `",
        name,
        "` from `",
        left.module,
        "::",
        left.name,
        "` of version ",
        left.version,
        " and another from `",
        right.module,
        "::",
        right.name,
        "` of version ",
        right.version,
        ": a call could mean either, so it cannot extend both",
    ])
}

/// Fails the evaluation of a constant; a message that is too long for the room is cut after a part.
#[expect(clippy::panic, reason = "this is how a constant refuses to be compiled")]
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; indices are in range")]
const fn refuse_with(parts: &[&str]) -> ! {
    let mut room = [0; 1024];
    let (mut next, mut i) = (0, 0);
    while i < parts.len() && next + parts[i].len() <= room.len() {
        next = copy_text(parts[i], &mut room, next);
        i += 1;
    }
    panic!("{}", read_text(room.split_at(next).0))
}

/// Copies a text to `at`, and gives where it ends.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; indices are in range")]
const fn copy_text(text: &str, room: &mut [u8], at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        room[at + i] = bytes[i];
        i += 1;
    }
    at + bytes.len()
}

/// The parts of the path of an interface, `acme_queue::Queue`, which its crate exports at the root whatever module has it.
pub const fn name_of(module: &'static str, name: &'static str) -> [&'static str; 3] {
    [find_crate(module), "::", name]
}

/// The parts of an interface's name in telemetry, `acme_queue.Queue`; `bp.Cache` for those of the standard library.
pub const fn wire_name_of(module: &'static str, name: &'static str) -> [&'static str; 3] {
    let package = find_crate(module);
    [if is_same_text(package, "bp_backend") { "bp" } else { package }, ".", name]
}

/// `acme_queue` of `acme_queue::queue`.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
const fn find_crate(module: &'static str) -> &'static str {
    let bytes = module.as_bytes();
    let mut i = 0;
    while i < bytes.len() && bytes[i] != b':' {
        i += 1;
    }
    read_text(bytes.split_at(i).0)
}

/// How long the parts are together.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
pub const fn count_bytes(parts: &[&str]) -> usize {
    let (mut count, mut i) = (0, 0);
    while i < parts.len() {
        count += parts[i].len();
        i += 1;
    }
    count
}

/// The parts as one text of [`count_bytes`] bytes.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
pub const fn join_text<const N: usize>(parts: &[&str]) -> [u8; N] {
    let mut room = [0; N];
    let (mut next, mut i) = (0, 0);
    while i < parts.len() {
        next = copy_text(parts[i], &mut room, next);
        i += 1;
    }
    room
}

/// Whole texts, put together, are a text.
///
/// # Panics
/// Only while constants are evaluated: the bytes are not UTF-8.
#[expect(clippy::panic, reason = "this is how a constant refuses to be compiled")]
pub const fn read_text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("not UTF-8"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_numbered_with_16_bits() {
        let methods = vec![Method::new(0, "m", &[]); MAX_METHODS + 1];
        let (_, most) = methods.split_first().unwrap();
        assert_eq!(count_methods("t::Big", &[], most), MAX_METHODS);
        let refused = std::panic::catch_unwind(|| count_methods("t::Big", &[], &methods));
        assert_eq!(
            crate::panic::panic_text(&*refused.unwrap_err()),
            "an interface has more than 65535 methods"
        );
    }
}
