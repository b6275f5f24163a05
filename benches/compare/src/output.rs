//! Files that a run leaves. Each is written beside its place and moved there, so that there is never half of one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The file's name while it is written.
fn part(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// Finds out before hours of measuring whether `path` can be written.
///
/// # Errors
/// When it cannot be.
pub fn check(path: &Path) -> Result<()> {
    anyhow::ensure!(!path.is_dir(), "cannot write {}: it is a folder", path.display());
    let part = part(path);
    std::fs::write(&part, "").with_context(|| format!("cannot write {}", path.display()))?;
    std::fs::remove_file(&part).with_context(|| format!("cannot remove {}", part.display()))
}

/// Writes `text` to `path`.
///
/// # Errors
/// When that fails.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let part = part(path);
    let written = std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, path));
    written.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_known_before_it_is_needed() {
        let folder = std::env::temp_dir().join(format!("compare-output-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("temporary folder");
        let path = folder.join("page.html");
        check(&path).expect("writable");
        assert!(!path.exists());
        write(&path, "a").and_then(|()| write(&path, "b")).expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "b");
        assert_eq!(std::fs::read_dir(&folder).expect("there").count(), 1);
        let why = check(&folder).expect_err("a folder").to_string();
        assert!(why.contains("is a folder"), "{why}");
        std::fs::remove_dir_all(&folder).expect("removed");
        let why = check(&path).expect_err("no folder").to_string();
        assert!(why.contains("page.html"), "{why}");
    }
}
