use std::fs;
use std::os::unix::fs::FileExt;

use rustix::io::Errno;

use super::*;

const FACTS: Facts = Facts { instance_bytes: 70_000, memories: 3 };

fn filled() -> CodeFile {
    let file = CodeFile::new().unwrap();
    file.write(b"native code").unwrap();
    file
}

#[test]
fn sealed_code_cannot_be_changed() {
    let file = filled();
    // A process that inherits the file shares its description.
    let inherited = file.file().try_clone().unwrap();
    let code = file.seal(6, FACTS).unwrap();
    let opened = fs::OpenOptions::new().read(true).write(true).open(code.path());
    for file in opened.iter().chain([&inherited]) {
        let denied = Some(Errno::PERM.raw_os_error());
        assert_eq!(file.write_at(b"other", 0).unwrap_err().raw_os_error(), denied);
        assert_eq!(file.set_len(5).unwrap_err().raw_os_error(), denied);
        assert_eq!(file.set_len(7).unwrap_err().raw_os_error(), denied);
        assert_eq!(rustix::fs::fcntl_add_seals(file, SealFlags::FUTURE_WRITE), Err(Errno::PERM));
    }
    assert_eq!(code.with_bytes(<[u8]>::to_vec).unwrap(), b"native");
    assert_eq!(fs::read(code.path()).unwrap(), b"native");
    assert_eq!(code.facts(), FACTS);
}

#[test]
fn what_is_shorter_than_it_should_be_is_not_code() {
    assert!(format!("{:?}", filled().seal(12, FACTS).unwrap_err()).contains("cannot seal a file in memory"));
    assert_eq!(filled().seal(11, FACTS).unwrap().with_bytes(<[u8]>::len).unwrap(), 11);
    let short = filled();
    let error = CodeFile::new().unwrap().copy(short.file(), 12).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}
