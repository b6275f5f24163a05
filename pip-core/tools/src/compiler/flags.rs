//! Which compiler, and which options it gets.

use super::options::Options;
use crate::API_VERSION;
use crate::places::Layout;
use anyhow::Result;
use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The compiler and the options that came with it in CC, CXX or FC.
pub fn compiler(name: &str, options: &Options) -> Result<Vec<OsString>> {
    let (variable, default) = match name {
        "pipfc" => ("FC", "gfortran"),
        _ if options.rest.iter().any(|arg| is_cxx(arg)) => ("CXX", "c++"),
        _ => ("CC", "cc"),
    };
    let value = env::var_os(variable).unwrap_or_default();
    let words = value.as_bytes().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let words: Vec<OsString> = words.map(|word| OsStr::from_bytes(word).to_owned()).collect();
    Ok(if words.is_empty() { vec![default.into()] } else { words })
}

/// Whether an argument is a C++ source.
fn is_cxx(arg: &OsStr) -> bool {
    let extension = Path::new(arg).extension().and_then(OsStr::to_str);
    !arg.as_bytes().starts_with(b"-") && matches!(extension, Some("C" | "cc" | "cpp" | "cxx"))
}

/// The options of PiP.
#[derive(Debug)]
pub struct Flags {
    compile: Vec<OsString>,
    link: Vec<OsString>,
}

impl Flags {
    /// For what the command line asks, with this library and header.
    pub fn new(options: &Options, layout: &Layout) -> Flags {
        let root_only = options.root && !options.task;
        let mut compile: Vec<OsString> = vec!["-DPIPCC".into(), format!("-DPIP_VERSION={API_VERSION}").into()];
        for (name, value) in ["MAJOR", "MINOR", "SUBMINOR"].iter().zip(API_VERSION.split('.')) {
            compile.push(format!("-DPIP_VERSION_{name}={value}").into());
        }
        compile.push(joined("-I", &layout.include));
        let mut link: Vec<OsString> = Vec::new();
        if !root_only {
            compile.push("-fPIC".into());
        }
        // -pie contradicts -shared, and compilers do not agree on which of the two wins.
        if !root_only && !options.library {
            link.extend(["-pie".into(), "-rdynamic".into()]);
        }
        compile.push("-pthread".into());
        link.extend(["-pthread".into(), joined("-L", &layout.lib), joined("-Wl,-rpath=", &layout.lib)]);
        link.extend(["-Wl,--disable-new-dtags", "-lpip", "-ldl"].map(OsString::from));
        Flags { compile, link }
    }

    /// What --ccopts, --cflags and --lflags print.
    pub fn chosen(&self, options: &Options) -> Vec<OsString> {
        let all = options.ccopts;
        let link = if all { !options.compile_only } else { options.lflags };
        let mut words = Vec::new();
        if all || options.cflags {
            words.extend_from_slice(&self.compile);
        }
        if all {
            words.extend_from_slice(&options.rest);
        }
        if link {
            words.extend_from_slice(&self.link);
        }
        words
    }

    /// The user's arguments between the options for compiling and those for linking: a linker that drops libraries that
    /// nothing needed so far must see the objects first.
    pub fn around(&self, options: &Options) -> Vec<OsString> {
        let mut words = self.compile.clone();
        words.extend_from_slice(&options.rest);
        if !options.compile_only {
            words.extend_from_slice(&self.link);
        }
        words
    }
}

fn joined(option: &str, path: &Path) -> OsString {
    let mut word = OsString::from(option);
    word.push(path);
    word
}
