//! `pipfc`: see `pip_tools::compiler`.

fn main() -> std::process::ExitCode {
    pip_tools::compiler::main()
}
