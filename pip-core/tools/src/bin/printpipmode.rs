//! `printpipmode`: see `pip_tools::print_mode`.

fn main() -> std::process::ExitCode {
    pip_tools::print_mode::main()
}
