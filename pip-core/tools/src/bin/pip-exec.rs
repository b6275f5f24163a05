//! `pip-exec`: see `pip_tools::exec`.

fn main() -> std::process::ExitCode {
    pip_tools::exec::main()
}
