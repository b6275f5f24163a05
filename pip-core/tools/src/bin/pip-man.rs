//! `pip-man`: see `pip_tools::man`.

fn main() -> std::process::ExitCode {
    pip_tools::man::main()
}
