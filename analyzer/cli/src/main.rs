//! `analyze`: see the library.

fn main() -> std::process::ExitCode {
    afterimage_analyze::run()
}
