//! Secret files: modes, sizes, and writing that leaves no half file.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

#[path = "support/folder.rs"]
mod folder;

use std::fs;

use aster_trust::files::{FileError, create_secret, read_secret, read_secret_text, read_text, write_secret};
use folder::Folder;

#[test]
fn what_is_written_is_read_again() {
    let folder = Folder::new("files");
    let path = folder.path("secret");
    write_secret(&path, b"one").unwrap();
    write_secret(&path, b"two \xc3\xa9").unwrap();
    assert_eq!(*read_secret(&path, 100).unwrap(), b"two \xc3\xa9");
    assert_eq!(*read_secret_text(&path, 100).unwrap(), "two é");
    assert_eq!(read_text(&path, 100).unwrap(), "two é");
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn a_secret_is_created_only_where_nothing_is() {
    let folder = Folder::new("files");
    let path = folder.path("secret");
    create_secret(&path, b"one").unwrap();
    let again = create_secret(&path, b"two");
    assert!(
        matches!(&again, Err(FileError::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists),
        "{again:?}"
    );
    assert_eq!(*read_secret(&path, 100).unwrap(), b"one");
}

#[test]
fn files_are_bounded_and_have_to_be_files_and_text() {
    let folder = Folder::new("files");
    let path = folder.path("secret");
    create_secret(&path, b"four").unwrap();
    assert!(read_secret(&path, 4).is_ok());
    for error in [read_secret(&path, 3).map(drop).unwrap_err(), read_text(&path, 3).map(drop).unwrap_err()] {
        assert!(matches!(error, FileError::TooLarge { limit: 3, .. }), "{error}");
    }
    let parent = path.parent().unwrap();
    assert!(matches!(read_text(parent, 3), Err(FileError::NoFile(_))));
    assert!(matches!(read_text(&folder.path("absent"), 3), Err(FileError::Io { .. })));
    write_secret(&path, b"\xff").unwrap();
    assert!(matches!(read_text(&path, 3), Err(FileError::NoText(_))));
    assert!(matches!(read_secret_text(&path, 3), Err(FileError::NoText(_))));
    assert!(write_secret(&folder.path("absent/secret"), b"x").is_err());
    assert!(matches!(write_secret(std::path::Path::new("/"), b"x"), Err(FileError::NoFile(_))));
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_tells_no_size_is_bounded_too() {
    let path = std::path::Path::new("/proc/self/maps");
    assert!(matches!(read_text(path, 10), Err(FileError::TooLarge { limit: 10, .. })));
    assert!(read_text(path, 1 << 20).unwrap().contains("[stack]"));
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_may_touch_is_refused_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("files");
    let path = folder.path("a \u{1b}[31m'b");
    create_secret(&path, b"x").unwrap();
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    for open in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644] {
        mode(open);
        let error = read_secret(&path, 9).unwrap_err();
        assert!(matches!(error, FileError::Permissions { mode, .. } if mode == open), "{error}");
        let text = error.to_string();
        assert!(text.contains("chmod 600") && !text.contains('\u{1b}'), "{text}");
        assert!(read_text(&path, 9).is_ok(), "what is no secret may be read by others");
    }
    for closed in [0o600, 0o400] {
        mode(closed);
        assert!(read_secret(&path, 9).is_ok());
    }
    write_secret(&path, b"y").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
