//! Runs a command N times at once as tasks of this process: `pip-run N PROGRAM [ARG...]`.

use std::ffi::{CString, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [count, name, ..] = args.as_slice() else { return Err("usage: pip-run N PROGRAM [ARG...]".into()) };
    let count: usize = count.to_str().unwrap_or_default().parse()?;
    let path = pip_core::search_path(name, std::env::var_os("PATH").as_deref(), &std::env::current_dir()?)?;
    let program = pip_core::Program::open(&path)?;
    let pairs = std::env::vars_os().map(|(key, value)| [key.as_bytes(), b"=", value.as_bytes()].concat());
    let options = pip_core::SpawnOptions {
        args: args[1..].iter().map(|arg| CString::new(arg.clone().into_vec())).collect::<Result<_, _>>()?,
        env: pairs.map(CString::new).collect::<Result<_, _>>()?,
        ..Default::default()
    };
    let root = pip_core::Root::new(count)?;
    let mut tasks: Vec<_> = (0..count).map(|_| root.spawn(&program, &options)).collect::<Result<_, _>>()?;
    for task in &mut tasks {
        let status = task.wait()?;
        if !status.success() {
            eprintln!("task {} (PID {}): {status}", task.id(), task.pid());
        }
    }
    Ok(())
}
