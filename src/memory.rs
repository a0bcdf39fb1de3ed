//! Returns freed memory to the system.
//!
//! The allocator of glibc keeps freed blocks of up to 32 MiB for later use, after the first large block was freed. Large
//! messages then stay in the size of the process. With fixed thresholds a large block is a mapping of its own, which
//! ends when the block is freed (`docs/adr/0018-large-blocks-of-memory-are-mappings.md`).

/// Sets the thresholds, once for the process, unless its environment sets them.
pub(crate) fn return_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::set_thresholds();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use std::sync::Once;

    /// Blocks of this size and above are mappings of their own.
    const MAPPED_BYTES: libc::c_int = 1 << 20;
    /// Free bytes at the end of the heap above which the rest is returned.
    const KEPT_BYTES: libc::c_int = 8 << 20;

    static ONCE: Once = Once::new();

    pub(super) fn set_thresholds() {
        ONCE.call_once(|| {
            let names = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"];
            let is_set = names.iter().any(|name| std::env::var_os(name).is_some());
            let tunables = std::env::var("GLIBC_TUNABLES").unwrap_or_default();
            if is_set || tunables.contains("glibc.malloc.") {
                return;
            }
            // SAFETY: the function takes plain numbers, and glibc protects its settings with a lock. When it refuses a
            // value, the default stays.
            unsafe {
                libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_BYTES);
                libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES);
            }
        });
    }
}
