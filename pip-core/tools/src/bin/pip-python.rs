//! `pip-python`: see `pip_tools::python`.

fn main() -> std::process::ExitCode {
    pip_tools::python::main()
}
