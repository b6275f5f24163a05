//! `pip-tgkill`: see `pip_tools::tgkill`.

fn main() -> std::process::ExitCode {
    pip_tools::tgkill::main()
}
