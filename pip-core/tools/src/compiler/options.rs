//! The command line of pipcc: its own options are taken out, everything else is kept in order for the compiler.

use std::ffi::OsString;

/// What the command line asks for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Options {
    pub root: bool,
    pub task: bool,
    pub nopip: bool,
    pub silent: bool,
    pub dryrun: bool,
    pub where_: bool,
    pub which: bool,
    pub version: bool,
    pub ccopts: bool,
    pub cflags: bool,
    pub lflags: bool,
    pub help: bool,
    pub place: Option<Place>,
    /// No program or library is linked: -c, -E, -S, -M, -r...
    pub compile_only: bool,
    /// A shared library is made, no program.
    pub library: bool,
    /// The compiler's result may go to standard output.
    pub prints: bool,
    /// For the compiler.
    pub rest: Vec<OsString>,
}

/// Which parts of PiP to compile with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The build tree.
    Build,
    /// The installation.
    Install,
}

/// Options that contradict PiP.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// -static and its kin.
    #[error("does not support static linking")]
    Static,
    /// The linker's default in some distributions, with which LD_LIBRARY_PATH would win over libpip's folder.
    #[error("does not allow the RUNPATH usage")]
    RunPath,
    /// Both at once.
    #[error("takes either --pipbuild or --pipinstall, not both")]
    TwoPlaces,
}

impl Options {
    /// Sorts the arguments.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Options, Refused> {
        let mut options = Options::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            if !options.own(&arg.to_string_lossy())? {
                let takes_a_word = arg == "-o";
                options.rest.push(arg);
                if takes_a_word {
                    options.rest.extend(args.next());
                }
            }
        }
        Ok(options)
    }

    /// Takes an option of this tool; false if it is the compiler's.
    fn own(&mut self, arg: &str) -> Result<bool, Refused> {
        let flag = match arg {
            "--piproot" | "-piproot" | "--pip-root" | "-pip-root" => &mut self.root,
            "--piptask" | "-piptask" | "--pip-task" | "-pip-task" => &mut self.task,
            "--nopip" => &mut self.nopip,
            "--silent" => &mut self.silent,
            "--dryrun" | "--dry" => &mut self.dryrun,
            "--where" => &mut self.where_,
            "--which" => &mut self.which,
            "--version" | "-v" => &mut self.version,
            "--ccopts" => &mut self.ccopts,
            "--cflags" => &mut self.cflags,
            "--lflags" => &mut self.lflags,
            "--help" => &mut self.help,
            "--pipbuild" => return self.from(Place::Build),
            "--pipinstall" => return self.from(Place::Install),
            "-static" | "--static" | "-Bstatic" | "-static-pie" | "--static-pie" => return Err(Refused::Static),
            "--enable-new-dtags" | "-Wl,--enable-new-dtags" => return Err(Refused::RunPath),
            _ => {
                self.compile_only |= matches!(arg, "-c" | "-E" | "-S" | "-M" | "-MM" | "-fsyntax-only" | "-r");
                self.library |= matches!(arg, "-shared" | "--shared");
                let printing = ["-E", "-M", "-MM", "-dump", "-print", "--print", "-###"];
                let depends = matches!(arg, "-MD" | "-MMD" | "-MP" | "-MF" | "-MT" | "-MQ" | "-MG");
                self.prints |= !depends && printing.iter().any(|start| arg.starts_with(start));
                return Ok(false);
            }
        };
        *flag = true;
        Ok(true)
    }

    fn from(&mut self, place: Place) -> Result<bool, Refused> {
        if self.place.is_some_and(|other| other != place) {
            return Err(Refused::TwoPlaces);
        }
        self.place = Some(place);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Refused> {
        Options::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_compilers_arguments_keep_their_order() {
        let options = parse("-O2 --silent a.c --piproot -o --where -lm").unwrap();
        assert_eq!(options.rest, ["-O2", "a.c", "-o", "--where", "-lm"]);
        assert!(options.silent && options.root && !options.where_ && !options.compile_only);
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(parse("-static a.c"), Err(Refused::Static));
        assert_eq!(parse("-Bstatic"), Err(Refused::Static));
        assert_eq!(parse("a.c --enable-new-dtags"), Err(Refused::RunPath));
        assert_eq!(parse("--pipbuild --pipinstall"), Err(Refused::TwoPlaces));
    }

    #[test]
    fn output_for_others_is_recognised() {
        assert!(parse("-E a.c").unwrap().prints && parse("-print-search-dirs").unwrap().prints);
        assert!(!parse("-MMD -c a.c").unwrap().prints);
    }
}
