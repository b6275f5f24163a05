//! Predefined operations on elements of predefined types (MPI-4.0 section 6.9.2): one atomic instruction or a compare-and-swap
//! loop per element, or plain loops where nobody else may interfere. It knows neither windows nor MPI's functions.

use crate::abi::{self, Datatype, Op};
use core::sync::atomic::Ordering::{AcqRel, Acquire};
use core::sync::atomic::{AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64};

/// Types whose operations are done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
}

/// What operations a type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Integer,
    Floating,
    Complex,
    Logical,
    Byte,
    Pair,
    /// Characters and packed data: only copies.
    Opaque,
}

fn class(datatype: Datatype) -> Option<(Class, Option<Number>)> {
    use Class::*;
    use Number::*;
    // MPI_FLOAT_INT to MPI_LONG_DOUBLE_INT have handles of derived types.
    if (0x8c00_0000..=0x8c00_0004).contains(&(datatype as u32)) {
        return Some((Pair, None));
    }
    abi::builtin_size(datatype)?;
    Some(match datatype & 0xff {
        0x01 | 0x18 | 0x2d | 0x37 => (Integer, Some(I8)),
        0x03 | 0x2f | 0x38 => (Integer, Some(I16)),
        0x05 | 0x1b | 0x30 | 0x39 => (Integer, Some(I32)),
        0x07 | 0x09 | 0x31 | 0x3a | 0x43..=0x45 => (Integer, Some(I64)),
        0x02 | 0x3b => (Integer, Some(U8)),
        0x04 | 0x3c => (Integer, Some(U16)),
        0x06 | 0x3d => (Integer, Some(U32)),
        0x08 | 0x19 | 0x3e => (Integer, Some(U64)),
        0x0a | 0x1c | 0x27 => (Floating, Some(F32)),
        0x0b | 0x1f | 0x29 => (Floating, Some(F64)),
        0x0c | 0x2b => (Floating, None),
        0x1e | 0x22 | 0x28 | 0x2a | 0x2c | 0x34..=0x36 | 0x40..=0x42 => (Complex, None),
        0x1d => (Logical, Some(I32)),
        0x33 | 0x3f => (Logical, Some(U8)),
        0x0d => (Byte, Some(U8)),
        0x16 | 0x20 | 0x21 | 0x23 => (Pair, None),
        _ => (Opaque, None),
    })
}

/// The number that elements of a predefined type are, if their operations are done here.
pub fn number(datatype: Datatype) -> Option<Number> {
    class(datatype)?.1
}

/// Whether `op` is defined for a predefined type.
pub fn is_defined(op: Op, datatype: Datatype) -> bool {
    let Some((class, _)) = class(datatype) else { return false };
    match op {
        abi::REPLACE | abi::NO_OP => true,
        abi::MAX | abi::MIN => matches!(class, Class::Integer | Class::Floating),
        abi::SUM | abi::PROD => matches!(class, Class::Integer | Class::Floating | Class::Complex),
        abi::LAND | abi::LOR | abi::LXOR => matches!(class, Class::Integer | Class::Logical | Class::Floating),
        abi::BAND | abi::BOR | abi::BXOR => matches!(class, Class::Integer | Class::Byte),
        abi::MINLOC | abi::MAXLOC => class == Class::Pair,
        _ => false,
    }
}

/// Whether MPI_Compare_and_swap is defined for a predefined type (MPI-4.0 section 12.3.4).
pub fn is_comparable(datatype: Datatype) -> bool {
    matches!(class(datatype), Some((Class::Integer | Class::Logical | Class::Byte, _)))
}

impl Number {
    /// Bytes of an element.
    pub fn size(self) -> usize {
        match self {
            Number::I8 | Number::U8 => 1,
            Number::I16 | Number::U16 => 2,
            Number::I32 | Number::U32 | Number::F32 => 4,
            Number::I64 | Number::U64 | Number::F64 => 8,
        }
    }
}

/// An element type with its operations.
trait Element: Copy {
    /// What `current` becomes.
    fn combine<const OP: i32>(current: Self, operand: Self) -> Self;
    /// The same in memory, atomically; returns what was there.
    ///
    /// # Safety
    /// `at` is aligned and can be written; others access it atomically only.
    unsafe fn fetch<const OP: i32>(at: *mut Self, operand: Self) -> Self;
}

macro_rules! integers {
    ($($type:ident $atomic:ident;)*) => {$( impl Element for $type {
        #[inline(always)]
        fn combine<const OP: i32>(current: Self, operand: Self) -> Self {
            let (a, b) = (current != 0, operand != 0);
            match OP {
                abi::MAX => current.max(operand),
                abi::MIN => current.min(operand),
                abi::SUM => current.wrapping_add(operand),
                abi::PROD => current.wrapping_mul(operand),
                abi::LAND => $type::from(a & b),
                abi::LOR => $type::from(a | b),
                abi::LXOR => $type::from(a ^ b),
                abi::BAND => current & operand,
                abi::BOR => current | operand,
                abi::BXOR => current ^ operand,
                abi::REPLACE => operand,
                _ => current,
            }
        }

        #[inline(always)]
        unsafe fn fetch<const OP: i32>(at: *mut Self, operand: Self) -> Self {
            // SAFETY: the caller's promise.
            let cell = unsafe { $atomic::from_ptr(at) };
            match OP {
                abi::SUM => cell.fetch_add(operand, AcqRel),
                abi::BAND => cell.fetch_and(operand, AcqRel),
                abi::BOR => cell.fetch_or(operand, AcqRel),
                abi::BXOR => cell.fetch_xor(operand, AcqRel),
                abi::REPLACE => cell.swap(operand, AcqRel),
                abi::NO_OP => cell.load(Acquire),
                _ => {
                    let update = |current| Some(Self::combine::<OP>(current, operand));
                    cell.fetch_update(AcqRel, Acquire, update).unwrap_or_else(|current| current)
                }
            }
        }
    } )*};
}

integers! { i8 AtomicI8; i16 AtomicI16; i32 AtomicI32; i64 AtomicI64; u8 AtomicU8; u16 AtomicU16; u32 AtomicU32; u64 AtomicU64; }

macro_rules! floats {
    ($($type:ident $bits:ident $atomic:ident;)*) => {$( impl Element for $type {
        #[inline(always)]
        fn combine<const OP: i32>(current: Self, operand: Self) -> Self {
            let (a, b) = (current != 0.0, operand != 0.0);
            let truth = |value| if value { 1.0 } else { 0.0 };
            match OP {
                abi::MAX => if current > operand { current } else { operand },
                abi::MIN => if current < operand { current } else { operand },
                abi::SUM => current + operand,
                abi::PROD => current * operand,
                abi::LAND => truth(a & b),
                abi::LOR => truth(a | b),
                abi::LXOR => truth(a ^ b),
                abi::REPLACE => operand,
                _ => current,
            }
        }

        #[inline(always)]
        unsafe fn fetch<const OP: i32>(at: *mut Self, operand: Self) -> Self {
            // SAFETY: the caller's promise; an integer of the same size and alignment.
            let cell = unsafe { $atomic::from_ptr(at.cast::<$bits>()) };
            match OP {
                abi::REPLACE => $type::from_bits(cell.swap(operand.to_bits(), AcqRel)),
                abi::NO_OP => $type::from_bits(cell.load(Acquire)),
                _ => {
                    let update = |current| Some(Self::combine::<OP>($type::from_bits(current), operand).to_bits());
                    $type::from_bits(cell.fetch_update(AcqRel, Acquire, update).unwrap_or_else(|current| current))
                }
            }
        }
    } )*};
}

floats! { f32 u32 AtomicU32; f64 u64 AtomicU64; }

/// Whether others may work on the same elements meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Yes: each element is updated by an atomic instruction. It must be aligned.
    Shared,
    /// No.
    Alone,
}

/// Updates `count` elements at `target` with those at `operand`, and puts what was there to `result` unless it is null.
/// `op` is defined for the number ([`is_defined`]).
///
/// # Safety
/// `target` can be written and `operand` read for `count` elements (the latter need not with MPI_NO_OP), and `result` written
/// unless it is null; they do not overlap. With [`Access::Shared`] `target` is aligned.
pub unsafe fn update(
    number: Number,
    op: Op,
    access: Access,
    target: *mut u8,
    operand: *const u8,
    result: *mut u8,
    count: usize,
) {
    macro_rules! by_type {
        ($($number:ident $type:ident;)*) => {
            // SAFETY: the caller's promise.
            match number { $(Number::$number => unsafe { by_op::<$type>(op, access, target.cast(), operand.cast(), result.cast(), count) },)* }
        };
    }
    by_type! { I8 i8; I16 i16; I32 i32; I64 i64; U8 u8; U16 u16; U32 u32; U64 u64; F32 f32; F64 f64; }
}

/// SAFETY of callers: as [`update`].
unsafe fn by_op<T: Element>(op: Op, access: Access, target: *mut T, operand: *const T, result: *mut T, count: usize) {
    macro_rules! by_op {
        ($($op:ident)*) => {
            // SAFETY: the caller's promise.
            match op { $(abi::$op => unsafe { run::<T, { abi::$op }>(access, target, operand, result, count) },)* _ => {} }
        };
    }
    by_op! { MAX MIN SUM PROD LAND LOR LXOR BAND BOR BXOR REPLACE NO_OP }
}

/// SAFETY of callers: as [`update`].
#[inline(always)]
unsafe fn run<T: Element, const OP: i32>(
    access: Access,
    target: *mut T,
    operand: *const T,
    result: *mut T,
    count: usize,
) {
    // SAFETY: the caller's promise, for all elements below `count`; zero is a value of every number.
    unsafe {
        if access == Access::Alone {
            if !result.is_null() {
                core::ptr::copy_nonoverlapping(target.cast::<u8>(), result.cast::<u8>(), count * size_of::<T>());
            }
            for i in 0..if OP == abi::NO_OP { 0 } else { count } {
                let at = target.add(i);
                at.write_unaligned(T::combine::<OP>(at.read_unaligned(), operand.add(i).read_unaligned()));
            }
            return;
        }
        for i in 0..count {
            let at = target.add(i);
            let operand = if OP == abi::NO_OP { core::mem::zeroed() } else { operand.add(i).read_unaligned() };
            let former = T::fetch::<OP>(at, operand);
            if !result.is_null() {
                result.add(i).write_unaligned(former);
            }
        }
    }
}

/// Combines `count` elements at `left` with those at `right` into `result`, which may be `left`; nobody else works on them.
/// `op` is defined for the number ([`is_defined`]).
///
/// # Safety
/// All can be accessed for `count` elements; `result` is `left` or overlaps neither.
pub unsafe fn combine(number: Number, op: Op, result: *mut u8, left: *const u8, right: *const u8, count: usize) {
    static WIDE: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| std::arch::is_x86_feature_detected!("avx2"));
    // SAFETY: the caller's promise; the processor has what the first needs.
    unsafe {
        if count > 8 && *WIDE {
            combine_wide(number, op, result, left, right, count);
        } else {
            combine_plain(number, op, result, left, right, count);
        }
    }
}

/// SAFETY of callers: as [`combine`]; the processor has AVX2.
#[target_feature(enable = "avx2")]
unsafe fn combine_wide(number: Number, op: Op, result: *mut u8, left: *const u8, right: *const u8, count: usize) {
    // SAFETY: the caller's promise.
    unsafe { combine_plain(number, op, result, left, right, count) }
}

/// SAFETY of callers: as [`combine`].
#[inline(always)]
unsafe fn combine_plain(number: Number, op: Op, result: *mut u8, left: *const u8, right: *const u8, count: usize) {
    macro_rules! by_type {
        ($($number:ident $type:ident;)*) => {
            // SAFETY: the caller's promise.
            match number { $(Number::$number => unsafe { combine_by_op::<$type>(op, result.cast(), left.cast(), right.cast(), count) },)* }
        };
    }
    by_type! { I8 i8; I16 i16; I32 i32; I64 i64; U8 u8; U16 u16; U32 u32; U64 u64; F32 f32; F64 f64; }
}

/// SAFETY of callers: as [`combine`].
#[inline(always)]
unsafe fn combine_by_op<T: Element>(op: Op, result: *mut T, left: *const T, right: *const T, count: usize) {
    macro_rules! by_op {
        ($($op:ident)*) => {
            match op {
                $(abi::$op => for i in 0..count {
                    // SAFETY: the caller's promise.
                    unsafe {
                        let value = T::combine::<{ abi::$op }>(left.add(i).read_unaligned(), right.add(i).read_unaligned());
                        result.add(i).write_unaligned(value);
                    }
                },)*
                _ => {}
            }
        };
    }
    by_op! { MAX MIN SUM PROD LAND LOR LXOR BAND BOR BXOR }
}

/// Swaps `size` bytes at `target` for those at `origin` if they are those at `compare`, and puts what was there to `result`.
/// False if that takes more than one instruction.
///
/// # Safety
/// All can be accessed for `size` bytes.
pub unsafe fn compare_and_swap(size: usize, target: *mut u8, origin: *const u8, compare: *const u8, result: *mut u8) -> bool {
    macro_rules! by_size {
        ($($size:literal $type:ident $atomic:ident;)*) => {
            match size {
                // SAFETY: the caller's promise; the target's alignment was looked at.
                $($size if target.addr().is_multiple_of($size) => unsafe {
                    let (new, old) = (origin.cast::<$type>().read_unaligned(), compare.cast::<$type>().read_unaligned());
                    let cell = $atomic::from_ptr(target.cast());
                    let (Ok(former) | Err(former)) = cell.compare_exchange(old, new, AcqRel, Acquire);
                    result.cast::<$type>().write_unaligned(former);
                    true
                },)*
                _ => false,
            }
        };
    }
    by_size! { 1 u8 AtomicU8; 2 u16 AtomicU16; 4 u32 AtomicU32; 8 u64 AtomicU64; }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPS: [Op; 12] = [
        abi::MAX, abi::MIN, abi::SUM, abi::PROD, abi::LAND, abi::LOR, abi::LXOR, abi::BAND, abi::BOR, abi::BXOR,
        abi::REPLACE, abi::NO_OP,
    ];

    #[test]
    fn atomic_and_plain_agree() {
        let operands: Vec<i32> = (-20..20).collect();
        for op in OPS {
            let (mut shared, mut alone) = ([7i32; 40], [7i32; 40]);
            let (mut former, mut former_alone) = ([0i32; 40], [0i32; 40]);
            // SAFETY: arrays of 40 elements each.
            unsafe {
                let operand = operands.as_ptr().cast();
                update(Number::I32, op, Access::Shared, shared.as_mut_ptr().cast(), operand, former.as_mut_ptr().cast(), 40);
                update(Number::I32, op, Access::Alone, alone.as_mut_ptr().cast(), operand, former_alone.as_mut_ptr().cast(), 40);
            }
            assert_eq!(shared, alone, "op {op:#x}");
            assert_eq!((former, former_alone), ([7; 40], [7; 40]));
        }
    }

    #[test]
    fn unaligned_elements_are_updated_alone() {
        let mut bytes = [0u8; 25];
        let operand = [1.5f64, 2.5, 3.5];
        // SAFETY: 24 bytes from the second on.
        unsafe {
            let target = bytes.as_mut_ptr().add(1);
            for _ in 0..2 {
                update(Number::F64, abi::SUM, Access::Alone, target, operand.as_ptr().cast(), core::ptr::null_mut(), 3);
            }
            assert_eq!(target.cast::<[f64; 3]>().read_unaligned(), [3.0, 5.0, 7.0]);
        }
    }

    #[test]
    fn contended_updates_are_not_lost() {
        let sum = AtomicU64::new(0);
        let at = sum.as_ptr() as usize;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        let one = 1.0f64;
                        // SAFETY: an aligned element that is only accessed atomically.
                        unsafe {
                            let operand = core::ptr::from_ref(&one).cast();
                            update(Number::F64, abi::SUM, Access::Shared, at as *mut u8, operand, core::ptr::null_mut(), 1);
                        }
                    }
                });
            }
        });
        assert_eq!(f64::from_bits(sum.into_inner()), 40_000.0);
    }

    #[test]
    fn what_is_defined_for_which_type() {
        let (int, double, complex, pair, byte, logical) =
            (0x4c00_0405, 0x4c00_080b, 0x4c00_1041, 0x8c00_0001u32 as i32, abi::BYTE, 0x4c00_041d);
        assert!([int, double, complex].iter().all(|&datatype| is_defined(abi::SUM, datatype)));
        assert!(![pair, byte, logical].iter().any(|&datatype| is_defined(abi::SUM, datatype)));
        assert!(is_defined(abi::BAND, byte) && !is_defined(abi::BAND, double) && is_defined(abi::MAXLOC, pair));
        assert!(is_comparable(int) && is_comparable(logical) && !is_comparable(double) && !is_comparable(complex));
    }

    #[test]
    fn compare_and_swap_of_all_sizes() {
        for size in [1, 2, 4, 8] {
            let (mut target, new, mut result) = ([5u64, 0], 9u64, 0u64);
            let at = target.as_mut_ptr().cast::<u8>();
            // SAFETY: eight bytes each.
            let mut swap = |compare: u64| unsafe {
                let (new, compare) = (core::ptr::from_ref(&new).cast(), core::ptr::from_ref(&compare).cast());
                compare_and_swap(size, at, new, compare, core::ptr::from_mut(&mut result).cast())
            };
            assert!(swap(4) && swap(5));
            assert_eq!((target[0], result), (9, 5));
        }
    }
}
