//! One run of the emulator.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// The emulator's program.
pub(crate) const QEMU: &str = "qemu-system-x86_64";

/// What the recorder's rings, the tests and the files in memory need.
const MEMORY: &str = "1536M";

/// Boots, and returns what was said on the console until the machine turned itself off, or `limit` was over; `aloud`
/// prints it meanwhile.
pub(crate) fn run(kernel: &Path, root_fs: &Path, limit: Duration, aloud: bool) -> Result<String> {
    let mut qemu = Command::new(QEMU);
    // Without acceleration on purpose: nested machines often have none that works, and the result is the same.
    qemu.args(["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", MEMORY])
        .args(["-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot"])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(root_fs)
        // Nothing but the tests may speak; an end of the kernel ends the machine.
        .args(["-append", "console=ttyS0 loglevel=1 panic=-1 lsm=landlock,bpf"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = qemu.spawn().with_context(|| format!("cannot start {QEMU}"))?;
    let console = child.stdout.take().context("the machine has no console")?;
    let over = AtomicBool::new(false);
    let said = thread::scope(|scope| {
        scope.spawn(|| stop_after(&mut child, limit, &over));
        let mut said = String::new();
        // A line that is no text is of the firmware.
        for line in BufReader::new(console).split(b'\n').map_while(std::io::Result::ok) {
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches('\r');
            if aloud {
                println!("{line}");
            }
            said.push_str(line);
            said.push('\n');
        }
        over.store(true, Ordering::Relaxed);
        said
    });
    Ok(said)
}

/// Kills the machine when its time is up.
fn stop_after(child: &mut Child, limit: Duration, over: &AtomicBool) {
    let start = Instant::now();
    while !over.load(Ordering::Relaxed) && start.elapsed() < limit {
        thread::sleep(Duration::from_millis(50));
    }
    // It fails only where it has ended already.
    let _ = child.kill();
    let _ = child.wait();
}
