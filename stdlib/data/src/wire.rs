//! Field, variant and argument numbers.
//!
//! Numbers come from the application's `wire.lock` through the run plan, and are installed once at start-up.
//! Without a table, as in a workflow's unit tests, they follow the order of declaration from 1.
//! A [`Slot`] looks its numbers up at its first use and afterwards costs two atomic loads.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::OnceLock;

pub use bp_contract::wire::{TypeNumbers, VariantNumbers, WireTable};

/// Why a table cannot be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallError {
    /// Another table is in force; numbers must not change while messages are under way.
    Different,
    /// A number that protobuf does not have, with its place.
    Number(String, u32),
    /// A number that is used for two things, with its place.
    Twice(String, u32),
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Different => f.write_str("another wire table is already installed"),
            Self::Number(place, number) => {
                write!(f, "wire table, {place}: {number} is not a field number")
            }
            Self::Twice(place, number) => {
                write!(f, "wire table, {place}: {number} is used for two things")
            }
        }
    }
}

impl std::error::Error for InstallError {}

static TABLE: OnceLock<WireTable> = OnceLock::new();

/// Protobuf's greatest field number.
const GREATEST: u32 = (1 << 29) - 1;

/// Makes `table` the numbers of this process, before the first message.
///
/// Installing an equal table again is fine, so that a test binary can build its application for every test.
pub fn install(table: WireTable) -> Result<(), InstallError> {
    check(&table)?;
    let mut ours = Some(table);
    let installed = TABLE.get_or_init(|| ours.take().unwrap_or_default());
    match ours {
        Some(other) if other != *installed => Err(InstallError::Different),
        _ => Ok(()),
    }
}

fn check(table: &WireTable) -> Result<(), InstallError> {
    for (path, numbers) in &table.types {
        check_unique(path, numbers.fields.values())?;
        check_unique(path, numbers.variants.values().map(|variant| &variant.number))?;
        for (variant, numbers) in &numbers.variants {
            check_unique(&format!("{path}::{variant}"), numbers.fields.values())?;
        }
    }
    for (path, methods) in &table.methods {
        for (method, arguments) in methods {
            check_unique(&format!("{path}::{method}"), arguments.values())?;
        }
    }
    Ok(())
}

fn check_unique<'a>(
    place: &str,
    numbers: impl Iterator<Item = &'a u32>,
) -> Result<(), InstallError> {
    let mut seen = BTreeSet::new();
    for number in numbers {
        if *number == 0 || *number > GREATEST {
            return Err(InstallError::Number(place.into(), *number));
        }
        if !seen.insert(*number) {
            return Err(InstallError::Twice(place.into(), *number));
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy)]
enum NumberedPart {
    Fields,
    Variants,
    VariantFields(&'static str),
}

/// The numbers of a derived type's `N` fields or variants.
///
/// A `static` in the derived code; the type's path is its key in the table.
#[derive(Debug)]
pub struct Slot<const N: usize> {
    path: &'static str,
    part: NumberedPart,
    names: [&'static str; N],
    declared: [u32; N],
    installed: OnceLock<[u32; N]>,
}

impl<const N: usize> Slot<N> {
    /// The fields of a struct.
    pub const fn fields(path: &'static str, names: [&'static str; N]) -> Self {
        Self::new(path, NumberedPart::Fields, names)
    }

    /// The variants of an enum.
    pub const fn variants(path: &'static str, names: [&'static str; N]) -> Self {
        Self::new(path, NumberedPart::Variants, names)
    }

    /// The fields of an enum's variant.
    pub const fn variant_fields(
        path: &'static str,
        variant: &'static str,
        names: [&'static str; N],
    ) -> Self {
        Self::new(path, NumberedPart::VariantFields(variant), names)
    }

    #[expect(clippy::cast_possible_truncation, reason = "no type has 2^32 fields")]
    #[expect(clippy::indexing_slicing, reason = "a const fn has no iterators; bounded by the loop")]
    const fn new(path: &'static str, part: NumberedPart, names: [&'static str; N]) -> Self {
        let mut declared = [0; N];
        let mut index = 0;
        while index < N {
            declared[index] = index as u32 + 1;
            index += 1;
        }
        Self { path, part, names, declared, installed: OnceLock::new() }
    }

    /// The numbers, in the order of declaration.
    #[inline]
    pub fn numbers(&self) -> &[u32; N] {
        match TABLE.get() {
            None => &self.declared,
            Some(table) => self.installed.get_or_init(|| {
                let numbers = table.types.get(&*canonical_path(self.path));
                let numbers = numbers.map(|numbers| match self.part {
                    NumberedPart::Fields => numbers.fields.clone(),
                    NumberedPart::Variants => {
                        let numbered = |(name, variant): (&String, &VariantNumbers)| {
                            (name.clone(), variant.number)
                        };
                        numbers.variants.iter().map(numbered).collect()
                    }
                    NumberedPart::VariantFields(variant) => {
                        let variant = numbers.variants.get(variant);
                        variant.map(|variant| variant.fields.clone()).unwrap_or_default()
                    }
                });
                let mut numbers = assign_numbers(numbers.as_ref(), &self.names).into_iter();
                std::array::from_fn(|_| numbers.next().unwrap_or_default())
            }),
        }
    }
}

/// A type's key in the table: its path without `r#`, which rustc writes when a module's name is a keyword.
fn canonical_path(path: &str) -> Cow<'_, str> {
    if path.contains("::r#") { path.replace("::r#", "::").into() } else { path.into() }
}

/// A name that is not in the table gets the next number above all of the table's, so that numbers stay unique.
fn assign_numbers(numbers: Option<&BTreeMap<String, u32>>, names: &[&str]) -> Vec<u32> {
    let mut next = numbers.and_then(|numbers| numbers.values().max().copied()).unwrap_or(0);
    let number = |name: &&str| {
        numbers.and_then(|numbers| numbers.get(*name).copied()).unwrap_or_else(|| {
            next += 1;
            next
        })
    };
    names.iter().map(number).collect()
}

/// The numbers of a method's arguments, looked up once by each caller and each server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentNumbers {
    pub(crate) names: &'static [&'static str],
    pub(crate) numbers: Box<[u32]>,
}

impl ArgumentNumbers {
    /// The names, in the order of declaration.
    pub fn names(&self) -> &'static [&'static str] {
        self.names
    }

    /// The numbers, in the order of declaration.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// Name and number of argument `index`; if there is no such argument, a number that no message contains.
    pub(crate) fn argument(&self, index: usize) -> (&'static str, u32) {
        match (self.names.get(index), self.numbers.get(index)) {
            (Some(name), Some(number)) => (name, *number),
            _ => ("?", GREATEST),
        }
    }
}

/// The numbers of a method's arguments; `interface` is a path as `leaf_workflow::Cart`.
pub fn arguments(interface: &str, method: &str, names: &'static [&'static str]) -> ArgumentNumbers {
    let table = TABLE.get();
    let numbers = table.and_then(|table| table.methods.get(interface)?.get(method));
    ArgumentNumbers { names, numbers: assign_numbers(numbers, names).into() }
}
