//! `pip-check`: see `pip_tools::check`.

fn main() -> std::process::ExitCode {
    pip_tools::check::main()
}
