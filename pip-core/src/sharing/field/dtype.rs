//! The type of an array's elements as numpy writes it (`<f8`), which programs in every language know.

use bytemuck::Pod;
use core::fmt;

/// Byte order, kind and size of an element: `<f8` is an f64, `|u1` a byte, `<c16` a complex number of two f64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Dtype([u8; 8]);

/// Kinds with the sizes in bytes that numpy has for them.
const KINDS: [(u8, &[usize]); 5] =
    [(b'b', &[1]), (b'i', &[1, 2, 4, 8]), (b'u', &[1, 2, 4, 8]), (b'f', &[2, 4, 8]), (b'c', &[8, 16])];

impl Dtype {
    const fn new(text: &str) -> Dtype {
        let (bytes, mut code, mut i) = (text.as_bytes(), [0; 8], 0);
        while i < bytes.len() {
            code[i] = bytes[i];
            i += 1;
        }
        Dtype(code)
    }

    /// The type that `text` names; None if it is none of this machine's byte order. Single bytes have no order: `|u1`.
    pub fn parse(text: &str) -> Option<Dtype> {
        let (order, rest) = text.split_at_checked(1)?;
        let (kind, size) = rest.split_at_checked(1)?;
        let size: usize = size.parse().ok()?;
        let (_, sizes) = KINDS.iter().find(|(known, _)| [*known] == kind.as_bytes())?;
        let right = sizes.contains(&size) && order == if size == 1 { "|" } else { "<" };
        // The canonical text: `parse` of a number takes "+8" too.
        right.then(|| Dtype::new(&format!("{order}{kind}{size}")))
    }

    /// What another task wrote, if it is a type.
    pub(super) fn from_bytes(bytes: [u8; 8]) -> Option<Dtype> {
        Dtype::parse(core::str::from_utf8(&bytes).ok()?.trim_end_matches('\0'))
    }

    pub(super) fn bytes(self) -> [u8; 8] {
        self.0
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        core::str::from_utf8(&self.0[..len]).unwrap_or_default() // made of ASCII
    }

    /// Bytes per element.
    pub fn size(&self) -> usize {
        self.as_str()[2..].parse().unwrap_or(1) // made of a number
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A Rust type that has a code.
pub trait Element: Pod {
    /// Its code.
    const DTYPE: Dtype;
}

macro_rules! elements {
    ($($type:ty: $code:literal),*) => { $(impl Element for $type { const DTYPE: Dtype = Dtype::new($code); })* };
}
elements!(i8: "|i1", i16: "<i2", i32: "<i4", i64: "<i8", u8: "|u1", u16: "<u2", u32: "<u4", u64: "<u8", f32: "<f4", f64: "<f8");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numpys() {
        assert_eq!((f64::DTYPE.as_str(), f64::DTYPE.size(), u8::DTYPE.size()), ("<f8", 8, 1));
        for code in ["<f8", "<i4", "|u1", "|b1", "<c16", "<f2"] {
            let dtype = Dtype::parse(code).expect(code);
            assert_eq!((dtype.as_str(), Dtype::from_bytes(dtype.bytes())), (code, Some(dtype)));
        }
        for wrong in
            ["", "<", "f8", ">f8", "<u1", "|f8", "<f3", "<U8", "<f8 ", "<f99999999999999999999", "<M8[ns]", "é"]
        {
            assert_eq!(Dtype::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Dtype::parse("<f+8").map(|dtype| dtype.to_string()).as_deref(), Some("<f8"));
    }
}
