//! Loops over columns with the widest instructions that the processor has: programs are built for any x86-64, whose
//! 64-bit lanes cannot even be compared.

/// Runs `work`; what of it is inlined is compiled for AVX2 as well, and that is taken where the processor has it.
#[inline(always)]
pub fn wide<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
        fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
        {
            // SAFETY: the processor has all of these.
            return unsafe { with_avx2(work) };
        }
    }
    work()
}
