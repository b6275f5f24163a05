//! How agents are started and reached: from the options, and environment variables that have none.

use super::addresses::{self, InterfaceError};
use super::launchers::{Commands, Launcher, UnknownLauncher};
use super::resource_manager::ResourceManager;
use crate::command_line::Reach;
use std::env;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::Duration;

/// How long a host may be silent, in seconds, unless PIP_MPI_NODE_TIMEOUT says otherwise.
const TIMEOUT: u64 = 12;
/// How long the agents may take to connect, in seconds, unless PIP_MPI_START_TIMEOUT says otherwise: people type passwords.
const START: u64 = 60;

/// All of it, looked up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The launcher and its commands.
    pub commands: Commands,
    /// Whether the agent of this machine is a child in any case.
    pub autofork: bool,
    /// The addresses that agents shall connect to, if not any.
    pub addresses: Option<Vec<SocketAddr>>,
    /// The name that agents shall connect to.
    pub localhost: Option<String>,
    /// Ports to choose from.
    pub ports: Option<(u16, u16)>,
    /// After how much silence a host is lost; zero: never.
    pub timeout: Duration,
    /// How long agents may take to connect.
    pub start: Duration,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The launcher.
    #[error("-launcher: {0}")]
    Launcher(#[from] UnknownLauncher),
    /// The interface.
    #[error(transparent)]
    Interface(#[from] InterfaceError),
    /// A number.
    #[error("{0}={1:?}: {2}")]
    Number(&'static str, String, &'static str),
    /// This executable cannot be found, which is also the agent.
    #[error("the path of pip-mpiexec is unknown ({0}); set PIP_MPI_AGENT to its path on the hosts")]
    Agent(std::io::Error),
}

impl Settings {
    /// Looks everything up. A resource manager may bring a launcher.
    pub fn new(reach: &Reach, manager: Option<ResourceManager>) -> Result<Settings, SettingsError> {
        let launcher = match &reach.launcher {
            Some(name) => Launcher::parse(name)?,
            None => manager.and_then(ResourceManager::launcher).unwrap_or(Launcher::Ssh),
        };
        let extra = text("HYDRA_LAUNCHER_EXTRA_ARGS").unwrap_or_default();
        let agent = match env::var_os("PIP_MPI_AGENT").filter(|path| !path.is_empty()) {
            Some(path) => path.into(),
            None => env::current_exe().map_err(SettingsError::Agent)?,
        };
        Ok(Settings {
            commands: Commands {
                launcher,
                exec: reach.program.clone(),
                extra: extra.split_whitespace().map(OsString::from).collect(),
                forward_x: reach.forward_x,
                agent,
            },
            autofork: text("HYDRA_LAUNCHER_AUTOFORK").is_none_or(|value| is_true(&value)),
            addresses: reach.interface.as_deref().map(addresses::of_interface).transpose()?,
            localhost: reach.local_name.clone(),
            ports: ports()?,
            timeout: seconds("PIP_MPI_NODE_TIMEOUT", TIMEOUT)?,
            start: seconds("PIP_MPI_START_TIMEOUT", START)?,
        })
    }

    /// Whether the agent of a host is a child of the launcher.
    pub fn is_forked(&self, is_local: bool) -> bool {
        self.commands.launcher == Launcher::Fork || (is_local && self.autofork)
    }
}

/// A variable that is set and not empty.
fn text(name: impl AsRef<str>) -> Option<String> {
    env::var(name.as_ref()).ok().filter(|value| !value.is_empty())
}

fn is_true(value: &str) -> bool {
    !["0", "no", "false", "off", "disable"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

fn seconds(name: &'static str, default: u64) -> Result<Duration, SettingsError> {
    let Some(value) = text(name) else { return Ok(Duration::from_secs(default)) };
    match value.parse() {
        Ok(seconds) if seconds <= 86400 => Ok(Duration::from_secs(seconds)),
        _ => Err(SettingsError::Number(name, value, "give a whole number of seconds up to 86400, or 0 for no limit")),
    }
}

/// MPIEXEC_PORT_RANGE and its other name: `first:last`.
fn ports() -> Result<Option<(u16, u16)>, SettingsError> {
    let names = ["MPIEXEC_PORT_RANGE", "MPIR_CVAR_CH3_PORT_RANGE"];
    let Some((name, value)) = names.iter().find_map(|name| Some((*name, text(name)?))) else { return Ok(None) };
    let range = value.split_once(':').and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    match range {
        Some((first, last)) if first > 0 && first <= last => Ok(Some((first, last))),
        _ => Err(SettingsError::Number(name, value, "give two ports, FIRST:LAST")),
    }
}
