//! What gives power over the kernel: refused wherever it would do something.

use super::{Done, at, c, call, p, shown, to};

pub(crate) fn run(out: &mut Done, dir: &str) {
    let (image, none) = (*b"no module", c("par=1"));
    let result = shown(call(libc::SYS_init_module, &[at(&image), 9, p(&none)]));
    out.say(format!("init_module res={result} img=no module length=9 uargs=par=1"));
    let f = call(libc::SYS_open, &[p(&c("f")), 0o102, 0o600]);
    let result = shown(call(libc::SYS_finit_module, &[f, p(&none), 3]));
    out.say(format!(
        "finit_module res={result} fd={f}(<f>{dir}/f) uargs=par=1 \
         flags=3(MODULE_INIT_IGNORE_MODVERSIONS|MODULE_INIT_IGNORE_VERMAGIC)"
    ));
    let result = shown(call(libc::SYS_delete_module, &[p(&c("no_such_module")), 0o4000]));
    out.say(format!(
        "delete_module res={result} name=no_such_module flags=2048(O_NONBLOCK)"
    ));
    let result = shown(call(libc::SYS_kexec_load, &[0, 99, 0, 0x1000]));
    out.say(format!(
        "kexec_load res={result} entry=0x0 nr_segments=99 flags=4096(0x1000)"
    ));
    let result = shown(call(libc::SYS_kexec_file_load, &[-1, -1, 4, p(&c("abc")), 0x800]));
    out.say(format!(
        "kexec_file_load res={result} kernel_fd=-1(EPERM) initrd_fd=-1(EPERM) cmdline=abc flags=2048(0x800)"
    ));
    // A map of one element: BPF_MAP_CREATE of an array.
    let attributes = [2u32, 4, 4, 1, 0, 0, 0];
    let map = call(libc::SYS_bpf, &[0, at(&attributes), 28]);
    let (fd, bytes) = if map < 0 {
        ("<NA>".to_owned(), map)
    } else {
        (map.to_string(), map)
    };
    let attr: String = attributes
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .map(|b| format!("\\x{b:02x}"))
        .collect();
    out.say(format!(
        "bpf res={} fd={fd} cmd=0(BPF_MAP_CREATE) \
         attr={attr} size=28",
        shown(bytes)
    ));
    call(libc::SYS_bpf, &[9999, 0, 0]);
    out.say("bpf res=-22(EINVAL) fd=<NA> cmd=9999 attr=<NA> size=0");
    let event = [0u32; 32];
    let result = shown(call(libc::SYS_perf_event_open, &[at(&event), -1, -1, -1, 8]));
    out.say(format!(
        "perf_event_open fd={result} type=0 config=0x0 pid=-1 cpu=-1 group_fd=-1 flags=8(PERF_FLAG_FD_CLOEXEC)"
    ));
    let mut sizes = [0u16; 3];
    call(libc::SYS_seccomp, &[3, 0, to(&mut sizes)]);
    out.say(format!(
        "seccomp res=0 op=3(SECCOMP_GET_NOTIF_SIZES) flags=0(0) instructions={}",
        sizes[0]
    ));
    // The version is no descriptor, but is given back like one.
    let result = call(libc::SYS_landlock_create_ruleset, &[0, 0, 1]);
    let version = super::open(result);
    out.say(format!(
        "landlock_create_ruleset fd={version} handled_access_fs=<NA> handled_access_net=<NA> \
         flags=1(LANDLOCK_CREATE_RULESET_VERSION)"
    ));
    let handled = [5u64];
    let rules = call(libc::SYS_landlock_create_ruleset, &[at(&handled), 8, 0]);
    let shows = super::open(rules);
    out.say(format!(
        "landlock_create_ruleset fd={shows} \
         handled_access_fs=5(LANDLOCK_ACCESS_FS_EXECUTE|LANDLOCK_ACCESS_FS_READ_FILE) handled_access_net=<NA> flags=0(0)"
    ));
    let rule = [4u32, 0, 900];
    let result = shown(call(libc::SYS_landlock_add_rule, &[900, 1, at(&rule), 0]));
    out.say(format!(
        "landlock_add_rule res={result} ruleset_fd=900 rule_type=1(LANDLOCK_RULE_PATH_BENEATH) allowed_access=0x4 \
         parent_fd=900 flags=0x0"
    ));
    let result = shown(call(libc::SYS_landlock_restrict_self, &[900, 0]));
    out.say(format!("landlock_restrict_self res={result} ruleset_fd=900 flags=0(0)"));
    let (user, name) = (c("user"), c("afterimage:none"));
    let result = shown(call(libc::SYS_request_key, &[p(&user), p(&name), 0, -3]));
    out.say(format!(
        "request_key res={result} type=user description=afterimage:none callout_info=<NA> \
         keyring=-3(KEY_SPEC_SESSION_KEYRING)"
    ));
    let result = shown(call(libc::SYS_add_key, &[p(&c("none")), p(&name), 0, 0, -2]));
    out.say(format!(
        "add_key res={result} type=none description=afterimage:none plen=0 keyring=-2(KEY_SPEC_PROCESS_KEYRING)"
    ));
    let result = shown(call(libc::SYS_keyctl, &[0, -3, 0, 0, 0]));
    out.say(format!(
        "keyctl res={result} operation=0(KEYCTL_GET_KEYRING_ID) arg2=0xfffffffffffffffd arg3=0x0 arg4=0x0 arg5=0x0"
    ));
    let result = shown(call(libc::SYS_reboot, &[1, 2, 0x0123_4567, 0]));
    out.say(format!(
        "reboot res={result} magic1=0x1 magic2=0x2 cmd=19088743(LINUX_REBOOT_CMD_RESTART)"
    ));
    let size = shown(call(libc::SYS_syslog, &[10, 0, 0]));
    out.say(format!("syslog res={size} type=10(SYSLOG_ACTION_SIZE_BUFFER) len=0"));
    let mut random = [0u8; 8];
    call(libc::SYS_getrandom, &[to(&mut random), 8, 1]);
    out.say("getrandom res=8 size=8 flags=1(GRND_NONBLOCK)");
    // Times that no clock can have.
    let result = shown(call(libc::SYS_clock_settime, &[1, at(&[5u64, 6])]));
    out.say(format!(
        "clock_settime res={result} clockid=1(CLOCK_MONOTONIC) time=5000000006"
    ));
    let result = shown(call(libc::SYS_settimeofday, &[at(&[5u64, 2_000_000]), 0]));
    out.say(format!("settimeofday res={result} time=<NA>"));
}
