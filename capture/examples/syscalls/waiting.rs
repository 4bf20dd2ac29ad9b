//! Sleeping, timers, and waiting for descriptors.

use super::{Done, at, call, to};

pub(crate) fn run(out: &mut Done) {
    let milli = [0u64, 1_000_000];
    call(libc::SYS_nanosleep, &[at(&milli), 0]);
    out.say("nanosleep res=0 interval=1000000(1ms)");
    call(libc::SYS_nanosleep, &[at(&[0u64, 1 << 40]), 0]);
    out.say("nanosleep res=-22(EINVAL) interval=<NA>");
    call(libc::SYS_clock_nanosleep, &[1, 0, at(&milli), 0]);
    out.say("clock_nanosleep res=0 clockid=1(CLOCK_MONOTONIC) flags=0(0) interval=1000000(1ms)");
    let timer = [0u64, 0, 3600, 0];
    call(libc::SYS_setitimer, &[1, at(&timer), 0]);
    out.say("setitimer res=0 which=1(ITIMER_VIRTUAL) interval=0(0ns) value=3600000000000(3600s)");
    let mut id = 0i32;
    call(libc::SYS_timer_create, &[1, 0, to(&mut id)]);
    out.say(format!(
        "timer_create res=0 clockid=1(CLOCK_MONOTONIC) sig=<NA> notify=<NA> timerid={id}"
    ));
    call(
        libc::SYS_timer_settime,
        &[i64::from(id), 1, at(&[0u64, 0, 1 << 40, 0]), 0],
    );
    out.say(format!(
        "timer_settime res=0 timerid={id} flags=1(TIMER_ABSTIME) interval=0(0ns) value=9223372036854775807(\
         9223372036.854776s)"
    ));
    let fd = call(libc::SYS_timerfd_create, &[1, 0o2000000]);
    out.say(format!(
        "timerfd_create fd={fd}(<t>) clockid=1(CLOCK_MONOTONIC) flags=524288(O_CLOEXEC)"
    ));
    call(libc::SYS_timerfd_settime, &[fd, 0, at(&[0u64, 5, 7, 0]), 0]);
    out.say(format!(
        "timerfd_settime res=0 fd={fd}(<t>) flags=0(0) interval=5(5ns) value=7000000000(7s)"
    ));
    let event = call(libc::SYS_eventfd2, &[3, 0o4001]);
    out.say(format!(
        "eventfd2 fd={event}(<e>) initval=3 flags=2049(EFD_SEMAPHORE|O_NONBLOCK)"
    ));

    let fds = [event as u32, 5, fd as u32, 1];
    call(libc::SYS_poll, &[at(&fds), 2, 0]);
    out.say(format!("poll res=1 fds={event}:POLLIN|POLLOUT {fd}:POLLIN timeout=0"));
    let mask = 1u64 << 11;
    call(libc::SYS_ppoll, &[at(&fds), 1, at(&[0u64, 0]), at(&mask), 8]);
    out.say(format!(
        "ppoll res=1 fds={event}:POLLIN|POLLOUT timeout=0(0ns) sigmask=2048(SIGUSR2)"
    ));
    let mut none = [0u64; 2];
    call(libc::SYS_select, &[0, 0, 0, 0, to(&mut none)]);
    out.say("select res=0 nfds=0 timeout=0(0ns)");
    let epoll = call(libc::SYS_epoll_create1, &[0o2000000]);
    out.say(format!("epoll_create1 fd={epoll}(<l>) flags=524288(O_CLOEXEC)"));
    let interest = [0x8000_0001u32, 0x1234, 0];
    call(libc::SYS_epoll_ctl, &[epoll, 1, event, at(&interest)]);
    out.say(format!(
        "epoll_ctl res=0 epfd={epoll}(<l>) op=1(EPOLL_CTL_ADD) fd={event} events=2147483649(EPOLLIN|EPOLLET) data=0x1234"
    ));
    call(libc::SYS_epoll_ctl, &[epoll, 2, 900, 0]);
    out.say(format!(
        "epoll_ctl res=-9(EBADF) epfd={epoll}(<l>) op=2(EPOLL_CTL_DEL) fd=900 events=<NA> data=<NA>"
    ));
    let mut events = [0u32; 12];
    call(libc::SYS_epoll_wait, &[epoll, to(&mut events), 4, 0]);
    out.say(format!("epoll_wait res=1 epfd={epoll}(<l>) maxevents=4 timeout=0"));
    call(libc::SYS_epoll_pwait2, &[epoll, to(&mut events), 4, at(&milli), 0, 0]);
    out.say(format!(
        "epoll_pwait2 res=0 epfd={epoll}(<l>) maxevents=4 timeout=1000000(1ms) sigmask=<NA>"
    ));
}
