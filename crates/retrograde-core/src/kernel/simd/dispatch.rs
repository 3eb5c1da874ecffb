//! Running safe code compiled for the instruction set that the processor has.
//!
//! The compiler turns plain loops into vector instructions, but only into those that every processor of the
//! target has. So each [`Body`] is compiled several times, once for each level of instruction set, and the right
//! one is chosen while the program runs. A body is inlined into each of these functions, and is itself safe code.

use super::vector::{self, Vector};
use std::sync::OnceLock;

/// A piece of work to be compiled for each instruction set.
pub trait Body {
    /// What it returns.
    type Output;

    /// Does the work. Implementations carry `#[inline(always)]`, as must the functions with loops which they
    /// call: what is not inlined is compiled for the plain instruction set.
    fn run<I: InstructionSet>(self) -> Self::Output;
}

/// What a body may want to know of the instruction set it is compiled for.
pub trait InstructionSet {
    /// A register of `f32`.
    type Single: Vector<f32>;
    /// A register of `f64`.
    type Double: Vector<f64>;
    /// Whether there are 32 registers rather than 16.
    const MANY_REGISTERS: bool;
}

/// What every processor of the target has.
struct Plain;

impl InstructionSet for Plain {
    type Single = vector::Plain<f32, 4>;
    type Double = vector::Plain<f64, 2>;
    const MANY_REGISTERS: bool = cfg!(target_arch = "aarch64");
}

/// The levels that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// What every processor of the target has.
    Plain,
    /// AVX2 with fused multiply-add: 256 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 (F, VL, DQ, BW): 512 bits.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// NEON: 128 bits, 32 registers.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

/// The best level of this processor, found out once. The environment variable `RETROGRADE_INSTRUCTION_SET`
/// (`plain`, `avx2`, `avx512`, `neon`) asks for a lower one, for tests and measurements; a higher one is not granted.
pub(crate) fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let asked = std::env::var("RETROGRADE_INSTRUCTION_SET").unwrap_or_default();
        detect(&asked)
    })
}

#[cfg(target_arch = "x86_64")]
fn detect(asked: &str) -> Level {
    let avx2 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt");
    let avx512 = avx2
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw");
    match asked {
        "plain" => Level::Plain,
        "avx2" if avx2 => Level::Avx2,
        _ if avx512 => Level::Avx512,
        _ if avx2 => Level::Avx2,
        _ => Level::Plain,
    }
}

#[cfg(target_arch = "aarch64")]
fn detect(asked: &str) -> Level {
    if asked == "plain" { Level::Plain } else { Level::Neon }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detect(_asked: &str) -> Level {
    Level::Plain
}

/// The instruction set in use, for reports: `"plain"`, `"avx2"`, `"avx512"` or `"neon"`.
pub fn instruction_set() -> &'static str {
    match level() {
        Level::Plain => "plain",
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => "avx2",
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => "avx512",
        #[cfg(target_arch = "aarch64")]
        Level::Neon => "neon",
    }
}

#[cfg(target_arch = "x86_64")]
struct Avx2;

#[cfg(target_arch = "x86_64")]
impl InstructionSet for Avx2 {
    type Single = std::arch::x86_64::__m256;
    type Double = std::arch::x86_64::__m256d;
    const MANY_REGISTERS: bool = false;
}

#[cfg(target_arch = "x86_64")]
struct Avx512;

#[cfg(target_arch = "x86_64")]
impl InstructionSet for Avx512 {
    type Single = std::arch::x86_64::__m512;
    type Double = std::arch::x86_64::__m512d;
    const MANY_REGISTERS: bool = true;
}

#[cfg(target_arch = "aarch64")]
struct Neon;

#[cfg(target_arch = "aarch64")]
impl InstructionSet for Neon {
    type Single = std::arch::aarch64::float32x4_t;
    type Double = std::arch::aarch64::float64x2_t;
    const MANY_REGISTERS: bool = true;
}

/// Whether the processor can move the bytes of a register together (AVX-512 VBMI2), and the level allows it.
#[cfg(target_arch = "x86_64")]
pub(crate) fn compresses_bytes() -> bool {
    static COMPRESSES: OnceLock<bool> = OnceLock::new();
    *COMPRESSES.get_or_init(|| level() == Level::Avx512 && is_x86_feature_detected!("avx512vbmi2"))
}

/// Runs `body` compiled for the best instruction set of this processor.
#[inline]
pub fn dispatch<B: Body>(body: B) -> B::Output {
    // SAFETY: `level` has seen that the processor has it.
    unsafe { dispatch_to(level(), body) }
}

/// Runs `body` compiled for this instruction set.
///
/// # Safety
/// The processor has it.
#[inline]
pub(crate) unsafe fn dispatch_to<B: Body>(level: Level, body: B) -> B::Output {
    match level {
        Level::Plain => body.run::<Plain>(),
        // SAFETY: the caller promises it.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2(body) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512(body) },
        #[cfg(target_arch = "aarch64")]
        Level::Neon => body.run::<Neon>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt,lzcnt")]
fn avx2<B: Body>(body: B) -> B::Output {
    body.run::<Avx2>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,bmi1,bmi2,popcnt,lzcnt")]
fn avx512<B: Body>(body: B) -> B::Output {
    body.run::<Avx512>()
}

/// All instruction sets of this processor.
#[cfg(test)]
pub(crate) fn levels() -> Vec<Level> {
    let mut levels: Vec<Level> = ["plain", "avx2", "avx512", "neon"].map(detect).to_vec();
    levels.dedup();
    levels
}
