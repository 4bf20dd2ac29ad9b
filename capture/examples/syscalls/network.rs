//! Options and addresses of sockets.

use super::{Done, at, c, call, p, shown, to};

pub(crate) fn run(out: &mut Done) {
    let s = call(libc::SYS_socket, &[2, 1, 6]);
    out.say(format!(
        "socket fd={s}(<4t>) domain=2(AF_INET) type=1(SOCK_STREAM) proto=6"
    ));
    let shows = format!("fd={s}(<4t>)");
    let one = 1i32;
    call(libc::SYS_setsockopt, &[s, 1, 2, at(&one), 4]);
    out.say(format!(
        "setsockopt res=0 {shows} level=1(SOL_SOCKET) optname=2(SO_REUSEADDR) val=1 val_bytes=\\x01\\x00\\x00\\x00 optlen=4"
    ));
    call(libc::SYS_setsockopt, &[s, 6, 1, at(&one), 4]);
    out.say(format!(
        "setsockopt res=0 {shows} level=6(SOL_TCP) optname=1(TCP_NODELAY) val=1 val_bytes=\\x01\\x00\\x00\\x00 optlen=4"
    ));
    let result = shown(call(libc::SYS_setsockopt, &[s, 1, 25, p(&c("none7")), 5]));
    out.say(format!(
        "setsockopt res={result} {shows} level=1(SOL_SOCKET) optname=25(SO_BINDTODEVICE) val=<NA> val_bytes=none7 \
         optlen=5"
    ));
    call(libc::SYS_setsockopt, &[s, 99, 7, 0, 0]);
    out.say(format!(
        "setsockopt res=-92(ENOPROTOOPT) {shows} level=99 optname=7 val=<NA> val_bytes=<NA> optlen=0"
    ));
    let (mut value, mut length) = (0i32, 4u32);
    call(libc::SYS_getsockopt, &[s, 1, 3, to(&mut value), to(&mut length)]);
    out.say(format!(
        "getsockopt res=0 {shows} level=1(SOL_SOCKET) optname=3(SO_TYPE) val=1 val_bytes=\\x01\\x00\\x00\\x00 optlen=4"
    ));
    let address = [2u8, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    call(libc::SYS_bind, &[s, at(&address), 16]);
    let mut name = [0u8; 16];
    let mut length = 16u32;
    call(libc::SYS_getsockname, &[s, to(&mut name), to(&mut length)]);
    let port = u16::from_be_bytes([name[2], name[3]]);
    out.say(format!(
        "getsockname res=0 fd={s}(<4t>127.0.0.1:{port}) addr=127.0.0.1:{port}"
    ));
    call(libc::SYS_getpeername, &[s, to(&mut name), to(&mut length)]);
    out.say(format!(
        "getpeername res=-107(ENOTCONN) fd={s}(<4t>127.0.0.1:{port}) addr=<NA>"
    ));
    call(libc::SYS_listen, &[s, -1]);
    out.say(format!("listen res=0 fd={s}(<4t>127.0.0.1:{port}) backlog=-1"));
    call(libc::SYS_shutdown, &[s, 2]);
    out.say(format!("shutdown res=0 fd={s}(<4t>127.0.0.1:{port}) how=2(SHUT_RDWR)"));
    let mut pair = [0i32; 2];
    call(libc::SYS_socketpair, &[1, 0o2000001, 0, to(&mut pair)]);
    out.say(format!(
        "socketpair res=0 fd1={} fd2={} domain=1(AF_UNIX) type=524289(SOCK_STREAM|SOCK_CLOEXEC) proto=0",
        pair[0], pair[1]
    ));
    call(libc::SYS_socket, &[2, 3, 999]);
    out.say("socket fd=-22(EINVAL) domain=2(AF_INET) type=3(SOCK_RAW) proto=999");
}
