//! Opens the trace named on the command line, for the test in a real terminal. `--panic-after MILLISECONDS` makes a
//! thread panic meanwhile; `--follow` keeps up with a trace that grows.

use afterimage_format::file::OpenOptions;
use afterimage_tui::Growth;
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
    let growth = match arguments.iter().any(|argument| argument == "--follow") {
        true => Growth::Recording,
        false => Growth::None,
    };
    match afterimage_tui::run_as(path.as_ref(), path.as_ref(), &OpenOptions::default(), growth) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
