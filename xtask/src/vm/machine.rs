//! The machines, and one run of one.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::apt::Apt;
use crate::packages::Need;
use crate::workspace;

/// What the recorder's rings, the tests and the files in memory need.
const MEMORY: &str = "1536M";

/// A kind of machine.
pub(crate) struct Machine {
    /// Debian's name of its architecture.
    pub(crate) architecture: &'static str,
    /// Whether the programs of this machine run on it.
    pub(crate) is_native: bool,
    qemu: &'static str,
    /// What it is made of.
    arguments: &'static [&'static str],
    /// The kernel's name of its serial console.
    console: &'static str,
    /// What has to be installed here.
    pub(crate) needs: &'static [Need],
}

const QEMU_X86: &str = "qemu-system-x86_64";
const QEMU_ARM: &str = "qemu-system-aarch64";

/// As most that this project runs on; the live tests run in it.
pub(crate) const X86_64: Machine = Machine {
    architecture: "amd64",
    is_native: true,
    qemu: QEMU_X86,
    arguments: &["-cpu", "max"],
    console: "ttyS0",
    needs: &[
        Need::program(QEMU_X86, "qemu-system-x86"),
        Need::program("busybox", "busybox-static"),
        Need::program("runc", "runc"),
    ],
};

/// For which the recorder is compiled with another compiler; only it runs there, not its tests.
pub(crate) const ARM64: Machine = Machine {
    architecture: "arm64",
    is_native: false,
    qemu: QEMU_ARM,
    // The processor's own signing of pointers would be most of what the emulator does.
    arguments: &["-M", "virt", "-cpu", "max,pauth-impdef=on"],
    console: "ttyAMA0",
    needs: &[
        Need::program(QEMU_ARM, "qemu-system-arm"),
        Need::program("busybox", "busybox-static"),
        Need::program("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
        Need::package("libc6-dev-arm64-cross"),
    ],
};

impl Machine {
    /// Where its packages come from.
    pub(crate) fn apt(&self, root: &Path) -> Result<Apt> {
        if self.is_native {
            return Ok(Apt::native());
        }
        let folder = workspace::target_dir(root).join("vm/apt").join(self.architecture);
        Apt::foreign(self.architecture, &folder)
    }

    /// Boots, and returns what was said on the console until the machine turned itself off, or `limit` was over; `aloud`
    /// prints it meanwhile.
    pub(crate) fn run(&self, kernel: &Path, root_fs: &Path, limit: Duration, aloud: bool) -> Result<String> {
        let mut qemu = Command::new(self.qemu);
        // Without acceleration on purpose: nested machines often have none that works, and the result is the same.
        qemu.args(["-accel", "tcg,thread=multi", "-smp", "2", "-m", MEMORY])
            .args(self.arguments)
            .args(["-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot"])
            .arg("-kernel")
            .arg(kernel)
            .arg("-initrd")
            .arg(root_fs)
            .arg("-append")
            // Nothing but the tests may speak; an end of the kernel ends the machine.
            .arg(format!("console={} loglevel=1 panic=-1 lsm=landlock,bpf", self.console))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = qemu.spawn().with_context(|| format!("cannot start {}", self.qemu))?;
        let console = child.stdout.take().context("the machine has no console")?;
        let over = AtomicBool::new(false);
        Ok(thread::scope(|scope| {
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
        }))
    }
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
