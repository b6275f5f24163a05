//! The ways to start agents: a table of launchers and the commands they run.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// A way to start agents on hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Launcher {
    /// One ssh per host.
    Ssh,
    /// One rsh per host.
    Rsh,
    /// One srun for all hosts.
    Slurm,
    /// One blaunch per host.
    Lsf,
    /// One qrsh per host.
    Sge,
    /// A child of the launcher per host, whatever the host's name.
    Fork,
    /// The user, by commands that are printed.
    Manual,
}

/// Names of the launchers, for `-launcher` and HYDRA_LAUNCHER.
const NAMES: [(&str, Launcher); 7] = [
    ("ssh", Launcher::Ssh),
    ("rsh", Launcher::Rsh),
    ("slurm", Launcher::Slurm),
    ("lsf", Launcher::Lsf),
    ("sge", Launcher::Sge),
    ("fork", Launcher::Fork),
    ("manual", Launcher::Manual),
];

/// A launcher that we do not have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("no launcher {0:?}; there are ssh, rsh, slurm (or srun), lsf, sge, fork and manual")]
pub struct UnknownLauncher(String);

impl Launcher {
    /// The launcher of this name, in any case.
    pub fn parse(name: &str) -> Result<Launcher, UnknownLauncher> {
        let wanted = if name.eq_ignore_ascii_case("srun") { "slurm" } else { name };
        let found = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(wanted));
        found.map(|&(_, launcher)| launcher).ok_or_else(|| UnknownLauncher(name.to_owned()))
    }

    /// The program it runs, if it runs one of its own.
    fn program(self) -> Option<&'static str> {
        Some(match self {
            Launcher::Ssh => "ssh",
            Launcher::Rsh => "rsh",
            Launcher::Slurm => "srun",
            Launcher::Lsf => "blaunch",
            Launcher::Sge => "qrsh",
            Launcher::Fork | Launcher::Manual => return None,
        })
    }
}

/// What the commands are made of.
#[derive(Debug, Clone)]
pub struct Commands {
    /// How agents on other machines are started.
    pub launcher: Launcher,
    /// The program in place of the launcher's usual one.
    pub exec: Option<PathBuf>,
    /// More arguments for it, before the host.
    pub extra: Vec<OsString>,
    /// Whether ssh forwards the ranks' displays.
    pub forward_x: bool,
    /// The agent's path on the hosts.
    pub agent: PathBuf,
}

/// A host as commands need it.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Its name or address.
    pub host: &'a str,
    /// Whom to log in as.
    pub user: Option<&'a str>,
}

/// First argument of an agent. The second is the name of its host, for people who look at a list of processes.
pub const AGENT: &str = "-agent";

impl Commands {
    /// The command line that starts the agents of these hosts. Only slurm takes several.
    pub fn remote(&self, targets: &[Target<'_>]) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let Some(program) = self.launcher.program() else { return words };
        words.push(self.exec.as_ref().map_or_else(|| program.into(), |exec| exec.clone().into_os_string()));
        let count = targets.len().to_string();
        let hosts: Vec<&str> = targets.iter().map(|target| target.host).collect();
        let (host, user) = targets.first().map_or(("", None), |target| (target.host, target.user));
        let own: Vec<String> = match self.launcher {
            Launcher::Ssh => vec![if self.forward_x { "-X" } else { "-x" }.into()],
            Launcher::Sge => vec!["-inherit".into(), "-V".into()],
            Launcher::Slurm => [
                ["--nodelist", &hosts.join(",")].map(str::to_owned).to_vec(),
                ["-N", &count, "-n", &count].map(str::to_owned).to_vec(),
                ["--ntasks-per-node=1", "--input=all", "--mpi=none", "--kill-on-bad-exit=0"]
                    .map(str::to_owned)
                    .to_vec(),
            ]
            .concat(),
            _ => Vec::new(),
        };
        words.extend(own.into_iter().map(OsString::from));
        words.extend(self.extra.iter().cloned());
        if self.launcher == Launcher::Slurm {
            words.extend([self.agent.clone().into_os_string(), AGENT.into()]);
            return words;
        }
        if let Some(user) = user.filter(|_| matches!(self.launcher, Launcher::Ssh | Launcher::Rsh)) {
            words.extend(["-l".into(), user.into()]);
        }
        words.push(host.into());
        // ssh, rsh and their like hand the words to a shell.
        words.extend([quoted(self.agent.as_os_str()), AGENT.into(), host.into()]);
        words
    }

    /// The line that the user types on a host to start its agent.
    pub fn manual(&self, host: &str, invitation: &str) -> OsString {
        // printf is part of the shell, so that the secret stands on no command line.
        let mut line = OsString::from(format!("printf '%s\\n' '{}' | ", invitation.trim_end()));
        line.push(quoted(self.agent.as_os_str()));
        line.push(format!(" {AGENT} {host}"));
        line
    }
}

/// A word that a shell takes as it is.
fn quoted(word: &OsStr) -> OsString {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return word.to_owned();
    }
    let mut result = OsString::from("'");
    let parts = std::os::unix::ffi::OsStrExt::as_bytes(word).split(|&byte| byte == b'\'');
    for (index, part) in parts.enumerate() {
        if index > 0 {
            result.push("'\\''");
        }
        result.push(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(part));
    }
    result.push("'");
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(launcher: Launcher, targets: &[Target<'_>]) -> String {
        let agent = PathBuf::from("/opt/my tools/pip-mpiexec");
        let commands = Commands { launcher, exec: None, extra: vec!["-q".into()], forward_x: false, agent };
        let words = commands.remote(targets);
        words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn commands_are_what_people_would_type() {
        let (a, b) = (Target { host: "a", user: Some("joe") }, Target { host: "b", user: None });
        assert_eq!(command(Launcher::Ssh, &[a]), "ssh -x -q -l joe a '/opt/my tools/pip-mpiexec' -agent a");
        assert_eq!(command(Launcher::Rsh, &[b]), "rsh -q b '/opt/my tools/pip-mpiexec' -agent b");
        assert_eq!(command(Launcher::Sge, &[b]), "qrsh -inherit -V -q b '/opt/my tools/pip-mpiexec' -agent b");
        assert_eq!(
            command(Launcher::Slurm, &[a, b]),
            "srun --nodelist a,b -N 2 -n 2 --ntasks-per-node=1 --input=all --mpi=none --kill-on-bad-exit=0 -q \
             /opt/my tools/pip-mpiexec -agent"
        );
        assert_eq!(command(Launcher::Fork, &[a]), "");
    }

    #[test]
    fn a_manual_start_needs_nothing_but_a_shell() {
        let commands = Commands {
            launcher: Launcher::Manual,
            exec: None,
            extra: vec![],
            forward_x: true,
            agent: "/bin/it's".into(),
        };
        let line = commands.manual("b", "pip-agent 1 ff 2 h\n");
        assert_eq!(line, "printf '%s\\n' 'pip-agent 1 ff 2 h' | '/bin/it'\\''s' -agent b");
    }

    #[test]
    fn launchers_have_hydras_names() {
        assert_eq!(Launcher::parse("SSH"), Ok(Launcher::Ssh));
        assert_eq!(Launcher::parse("srun"), Ok(Launcher::Slurm));
        assert!(Launcher::parse("persist").expect_err("none").to_string().contains("\"persist\""));
    }
}
