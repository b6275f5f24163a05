//! `pips`: see `pip_tools::pips`.

fn main() -> std::process::ExitCode {
    pip_tools::pips::main()
}
