//! `pip-mode`: see `pip_tools::mode`.

fn main() -> std::process::ExitCode {
    pip_tools::mode::main()
}
