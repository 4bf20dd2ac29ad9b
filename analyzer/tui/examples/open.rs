//! Opens the trace named on the command line, for the test in a real terminal. `--panic-after MILLISECONDS` makes a
//! thread panic meanwhile.

use afterimage_format::file::OpenOptions;
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(path) = arguments.first() else {
        eprintln!("usage: open FILE [--panic-after MILLISECONDS]");
        return ExitCode::from(2);
    };
    if let Some(after) = arguments.get(2).and_then(|after| after.parse().ok()) {
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(after));
            panic!("on purpose");
        });
    }
    match afterimage_tui::run(path.as_ref(), &OpenOptions::default()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
