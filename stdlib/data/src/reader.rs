//! Reading protobuf.
//!
//! A message is indexed once: a small list of (tag, offset) pairs, sorted by field number, from which each field takes its own.
//! An index entry is eight bytes for at least two bytes of input, so that hostile input cannot make it use much memory;
//! a length is compared with the bytes that are there before it is used.

use smallvec::SmallVec;

use crate::MAX_DEPTH;
use crate::error::{DecodeError, Problem};
use crate::writer::WireType;

/// One field's occurrence, an entry of a message's index: its tag as on the wire, and where in the root buffer its content starts.
#[derive(Debug, Clone, Copy)]
struct Occurrence {
    tag: u32,
    at: u32,
}

impl Occurrence {
    fn number(self) -> u32 {
        self.tag >> 3
    }
}

/// An indexed message.
#[derive(Debug)]
pub struct Message<'a> {
    root: &'a [u8],
    entries: SmallVec<[Occurrence; 24]>,
    depth: u32,
}

/// All occurrences of one field, in the order of the wire; none of them means that it is missing.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    root: &'a [u8],
    entries: &'a [Occurrence],
    depth: u32,
    item: bool,
}

impl<'a> Message<'a> {
    /// Indexes a whole buffer.
    pub fn parse(root: &'a [u8]) -> Result<Self, DecodeError> {
        if u32::try_from(root.len()).is_err() {
            return Err(DecodeError::malformed("a message of 4 GiB or more"));
        }
        let mut message = Self { root, entries: SmallVec::new(), depth: 1 };
        message.index(0, root.len())?;
        message.sort();
        Ok(message)
    }

    #[expect(clippy::cast_possible_truncation, reason = "parse() bounds every offset by u32")]
    fn index(&mut self, mut at: usize, end: usize) -> Result<(), DecodeError> {
        while at < end {
            let (tag, content) = read_varint_at(self.root, at, end)?;
            let tag = u32::try_from(tag).ok().filter(|tag| tag >> 3 != 0);
            let Some(tag) = tag else {
                return Err(DecodeError::malformed("a field number out of range"));
            };
            self.entries.push(Occurrence { tag, at: content as u32 });
            at = skip(self.root, content, end, parse_wire_type(tag)?)?;
        }
        Ok(())
    }

    /// Occurrences of one number become neighbours and keep their order.
    fn sort(&mut self) {
        if !self.entries.is_sorted_by_key(|entry| entry.number()) {
            self.entries.sort_by_key(|entry| entry.number());
        }
    }

    /// The occurrences of one field.
    #[inline]
    pub fn field(&self, number: u32) -> Field<'_> {
        let start = self.entries.partition_point(|entry| entry.number() < number);
        let rest = self.entries.get(start..).unwrap_or_default();
        let count = rest.iter().take_while(|entry| entry.number() == number).count();
        let entries = rest.get(..count).unwrap_or_default();
        Field { root: self.root, entries, depth: self.depth, item: false }
    }

    /// Which of an enum's variants the message holds, as an index into `numbers`.
    ///
    /// Of several variants the last one counts, as for any protobuf `oneof`.
    pub fn read_variant(&self, of: &'static str, numbers: &[u32]) -> Result<usize, DecodeError> {
        let mut found = None;
        for entry in &self.entries {
            if let Some(index) = numbers.iter().position(|number| *number == entry.number())
                && found.is_none_or(|(at, _)| at < entry.at)
            {
                found = Some((entry.at, index));
            }
        }
        match (found, self.entries.first()) {
            (Some((_, index)), _) => Ok(index),
            (None, Some(unknown)) => Err(DecodeError::unknown_variant(of, unknown.number())),
            (None, None) => Err(DecodeError::missing_variant(of)),
        }
    }
}

impl<'a> Field<'a> {
    /// A field that is not there.
    pub const fn absent() -> Self {
        Self { root: &[], entries: &[], depth: 0, item: false }
    }

    /// Whether the field is missing.
    #[inline]
    pub fn is_absent(&self) -> bool {
        self.entries.is_empty()
    }

    /// The same occurrences, each standing for one value (see [`crate::FieldPosition::item`]).
    #[inline]
    #[must_use]
    pub fn item(self) -> Self {
        Self { item: true, ..self }
    }

    /// The content of a value that is itself optional or repeated, taken out of its wrapper if it has one.
    #[inline]
    pub fn read_nested<T>(
        self,
        read: impl FnOnce(Field<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        if self.item { read(self.read_message()?.field(1)) } else { read(self) }
    }

    /// The message in the field; several occurrences are merged, as protobuf requires.
    pub fn read_message(self) -> Result<Message<'a>, DecodeError> {
        if self.depth >= MAX_DEPTH {
            return Err(DecodeError::new(Problem::TooDeep));
        }
        let mut message =
            Message { root: self.root, entries: SmallVec::new(), depth: self.depth + 1 };
        for entry in self.entries {
            let (start, end) = self.span(*entry, "a message")?;
            message.index(start, end)?;
        }
        message.sort();
        Ok(message)
    }

    /// The integer in the field, `None` if it is missing.
    #[inline]
    pub fn read_varint(self, expected: &'static str) -> Result<Option<u64>, DecodeError> {
        let Some(entry) = self.entries.last() else { return Ok(None) };
        check_wire_type(*entry, WireType::Varint, expected)?;
        Ok(Some(read_varint_at(self.root, entry.at as usize, self.root.len())?.0))
    }

    /// Which of an enum's variants the field holds, as an index into `numbers`.
    pub fn read_enumerator(self, of: &'static str, numbers: &[u32]) -> Result<usize, DecodeError> {
        match self.read_varint("a variant's number")? {
            None | Some(0) => Err(DecodeError::missing_variant(of)),
            Some(number) => numbers
                .iter()
                .position(|known| u64::from(*known) == number)
                .ok_or_else(|| DecodeError::unknown_variant(of, number)),
        }
    }

    /// Four bytes, `None` if the field is missing.
    pub fn read_fixed32(self, expected: &'static str) -> Result<Option<[u8; 4]>, DecodeError> {
        self.read_fixed(WireType::Fixed32, expected)
    }

    /// Eight bytes, `None` if the field is missing.
    pub fn read_fixed64(self, expected: &'static str) -> Result<Option<[u8; 8]>, DecodeError> {
        self.read_fixed(WireType::Fixed64, expected)
    }

    fn read_fixed<const N: usize>(
        self,
        wire: WireType,
        expected: &'static str,
    ) -> Result<Option<[u8; N]>, DecodeError> {
        let Some(entry) = self.entries.last() else { return Ok(None) };
        check_wire_type(*entry, wire, expected)?;
        let content = self.root.get(entry.at as usize..).and_then(|rest| rest.first_chunk());
        content.copied().map(Some).ok_or_else(cut_short)
    }

    /// The string or bytes in the field, `None` if it is missing.
    #[inline]
    pub fn read_bytes(self, expected: &'static str) -> Result<Option<&'a [u8]>, DecodeError> {
        let Some(entry) = self.entries.last() else { return Ok(None) };
        let (start, end) = self.span(*entry, expected)?;
        Ok(Some(self.root.get(start..end).unwrap_or_default()))
    }

    fn span(
        self,
        entry: Occurrence,
        expected: &'static str,
    ) -> Result<(usize, usize), DecodeError> {
        check_wire_type(entry, WireType::Bytes, expected)?;
        let (length, start) = read_varint_at(self.root, entry.at as usize, self.root.len())?;
        Ok((start, advance(start, length, self.root.len())?))
    }

    /// Gives each item of a repeated field, packed or not, to `keep`.
    #[expect(clippy::cast_possible_truncation, reason = "parse() bounds every offset by u32")]
    pub(crate) fn visit_items(
        self,
        packed: Option<WireType>,
        mut keep: impl FnMut(Field<'_>) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let mut one = |entry: &Occurrence| {
            let entries = std::slice::from_ref(entry);
            keep(Field { root: self.root, entries, depth: self.depth, item: true })
        };
        for entry in self.entries {
            match packed {
                Some(packed) if parse_wire_type(entry.tag)? == WireType::Bytes => {
                    let (mut at, end) = self.span(*entry, "a packed list")?;
                    while at < end {
                        let next = skip(self.root, at, end, packed)?;
                        one(&Occurrence { tag: 8 | packed as u32, at: at as u32 })?;
                        at = next;
                    }
                }
                _ => one(entry)?,
            }
        }
        Ok(())
    }

    /// How many occurrences there are: a hint for capacity that is never larger than the input.
    pub fn occurrences(self) -> usize {
        self.entries.len()
    }
}

fn check_wire_type(
    entry: Occurrence,
    wanted: WireType,
    expected: &'static str,
) -> Result<(), DecodeError> {
    let found = parse_wire_type(entry.tag)?;
    if found == wanted {
        return Ok(());
    }
    let found = match found {
        WireType::Varint => "an integer",
        WireType::Fixed64 => "eight fixed bytes",
        WireType::Bytes => "bytes or a message",
        WireType::Fixed32 => "four fixed bytes",
    };
    Err(DecodeError::expected(expected, found))
}

fn parse_wire_type(tag: u32) -> Result<WireType, DecodeError> {
    match tag & 7 {
        0 => Ok(WireType::Varint),
        1 => Ok(WireType::Fixed64),
        2 => Ok(WireType::Bytes),
        5 => Ok(WireType::Fixed32),
        3 | 4 => Err(DecodeError::malformed("a protobuf group, which is not supported")),
        _ => Err(DecodeError::malformed("an unknown protobuf wire type")),
    }
}

/// A base-128 integer of at most 64 bits: its value, and where it ends.
#[inline]
fn read_varint_at(bytes: &[u8], at: usize, end: usize) -> Result<(u64, usize), DecodeError> {
    let mut value = 0;
    for (index, byte) in bytes.get(at..end).unwrap_or_default().iter().take(10).enumerate() {
        if index == 9 && *byte > 1 {
            return Err(DecodeError::malformed("an integer of more than 64 bits"));
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if *byte < 0x80 {
            return Ok((value, at + index + 1));
        }
    }
    Err(cut_short())
}

fn skip(bytes: &[u8], at: usize, end: usize, wire: WireType) -> Result<usize, DecodeError> {
    match wire {
        WireType::Varint => Ok(read_varint_at(bytes, at, end)?.1),
        WireType::Fixed64 => advance(at, 8, end),
        WireType::Fixed32 => advance(at, 4, end),
        WireType::Bytes => {
            let (length, start) = read_varint_at(bytes, at, end)?;
            advance(start, length, end)
        }
    }
}

fn advance(at: usize, length: u64, end: usize) -> Result<usize, DecodeError> {
    let next = usize::try_from(length).ok().and_then(|length| at.checked_add(length));
    next.filter(|next| *next <= end).ok_or_else(cut_short)
}

#[cold]
fn cut_short() -> DecodeError {
    DecodeError::malformed("the message is cut short")
}
