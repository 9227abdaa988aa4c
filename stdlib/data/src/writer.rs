//! Writing protobuf.

/// How a protobuf field's content is delimited.
///
/// Groups (3 and 4) do not exist here: they are never written, and rejected when read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireType {
    /// A base-128 integer.
    Varint = 0,
    /// Eight bytes, little endian.
    Fixed64 = 1,
    /// A length and as many bytes: strings, bytes, messages, packed lists.
    Bytes = 2,
    /// Four bytes, little endian.
    Fixed32 = 5,
}

/// Where a value is written: its field number, and what a missing field would mean there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldPosition {
    /// The field number, from 1.
    pub number: u32,
    /// Whether exactly one occurrence must be written, as for a list's item or a variant's content.
    ///
    /// Otherwise an empty scalar is left out, and optional and repeated values need no wrapper.
    pub item: bool,
}

impl FieldPosition {
    /// A message's field: missing means empty.
    pub const fn field(number: u32) -> Self {
        Self { number, item: false }
    }

    /// One occurrence that stands for one value.
    pub const fn item(number: u32) -> Self {
        Self { number, item: true }
    }
}

/// Collects an encoded message.
///
/// A nested message is written in place and its length put in front afterwards.
/// One byte is kept for it; only content of 128 bytes or more is moved.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// A writer with room for a small message.
    pub fn new() -> Self {
        Self { bytes: Vec::with_capacity(256) }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A base-128 integer, shortest form.
    #[expect(clippy::cast_possible_truncation, reason = "the low seven bits are meant")]
    #[inline]
    pub fn write_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// A field's number and how its content is delimited.
    #[inline]
    pub fn write_tag(&mut self, number: u32, wire: WireType) {
        self.write_varint(u64::from(number) << 3 | wire as u64);
    }

    /// Bytes as they are, after [`Writer::write_tag`].
    #[inline]
    pub fn write_raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A whole field of strings or bytes.
    #[inline]
    pub fn write_bytes(&mut self, number: u32, bytes: &[u8]) {
        self.write_tag(number, WireType::Bytes);
        self.write_varint(bytes.len() as u64);
        self.write_raw(bytes);
    }

    /// A whole field that holds a message, or a packed list.
    #[inline]
    pub fn write_message(&mut self, number: u32, content: impl FnOnce(&mut Self)) {
        self.write_tag(number, WireType::Bytes);
        let start = self.bytes.len();
        self.bytes.push(0);
        content(self);
        self.set_length(start);
    }

    fn set_length(&mut self, start: usize) {
        let length = self.bytes.len() - start - 1;
        match u8::try_from(length) {
            Ok(short) if short < 0x80 => {
                if let Some(place) = self.bytes.get_mut(start) {
                    *place = short;
                }
            }
            _ => {
                let mut prefix = Self { bytes: Vec::with_capacity(10) };
                prefix.write_varint(length as u64);
                self.bytes.splice(start..=start, prefix.bytes);
            }
        }
    }

    /// Writes a value that is itself optional or repeated: each occurrence is a wrapper message with field 1.
    #[inline]
    pub fn write_nested(&mut self, at: FieldPosition, content: impl FnOnce(&mut Self, u32)) {
        if at.item {
            self.write_message(at.number, |out| content(out, 1));
        } else {
            content(self, at.number);
        }
    }
}
