//! Hosts h1, h2, ...: processes with namespaces of their own, which all end when this process does. h1 is where jobs are launched.

use anyhow::{Context, Result, bail, ensure};
use pip_tests::cases::needs;
use pip_tests::places;
use pip_tests::run::Run;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Where Debian's openssh-server has it.
const SSHD: &str = "/usr/sbin/sshd";
/// UCX takes processes that see the same number for neighbours, who reach each other through shared memory.
const BOOT_ID: &str = "cat /proc/sys/kernel/random/uuid > /run/boot_id && \
    mount --bind /run/boot_id /proc/sys/kernel/random/boot_id";
/// How long a host may take to be there, and what is left of a job to go.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which addresses hosts have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// 10.77.0.1, ...
    V4,
    /// fd77::1, ... and fe80::77:1, ..., nothing else.
    V6,
}

/// Hosts and the bridge between them.
pub struct Network {
    family: Family,
    folder: tempfile::TempDir,
    switch: Child,
    hosts: Vec<Host>,
}

struct Host {
    holder: Child,
    /// Its first process.
    init: u32,
}

/// Whether hosts can be made here; if not, why.
pub fn possible() -> Result<(), String> {
    for program in ["ip", "nsenter", "unshare", "ssh", "ssh-keygen", "pgrep"] {
        needs(program)?;
    }
    if !Path::new(SSHD).exists() {
        return Err(format!("{SSHD} is not installed"));
    }
    let trial = "mount -t tmpfs none /run && hostname h0 && ip link add v0 type veth peer name v1 && ip link add br0 type bridge \
        && echo 0 > /run/id && mount --bind /run/id /proc/sys/kernel/random/boot_id";
    let mut command = Command::new("unshare");
    command.args(["--net", "--uts", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", trial]);
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let error = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
            Err(format!("network namespaces are not permitted: {error}"))
        }
        Err(error) => Err(format!("unshare cannot be run: {error}")),
    }
}

impl Network {
    /// Makes so many hosts.
    pub fn new(count: usize, family: Family) -> Result<Network> {
        let folder = places::temporary()?;
        let switch = holder("--net")?;
        let mut network = Network { family, folder, switch, hosts: Vec::new() };
        network.enter(network.switch.id(), "-n", "ip link add br0 type bridge && ip link set br0 up")?;
        let path = network.folder.path().canonicalize()?.display().to_string();
        shell(&format!(
            "cd '{path}' && ssh-keygen -q -t ed25519 -N '' -f key && ssh-keygen -q -t ed25519 -N '' -f host"
        ))?;
        let mut config = format!(
            "Host *\nIdentityFile {path}/key\nIdentitiesOnly yes\nStrictHostKeyChecking no\n\
             UserKnownHostsFile /dev/null\nLogLevel ERROR\nBatchMode yes\n"
        );
        for number in 1..=count {
            network.add_host(number, &path)?;
            config.push_str(&format!("Host h{number}\nHostName {}\n", network.address(number)));
        }
        std::fs::write(network.folder.path().join("ssh_config"), config)?;
        Ok(network)
    }

    fn add_host(&mut self, number: usize, path: &str) -> Result<()> {
        let holder = holder("--net --uts --mount --pid --fork --kill-child --mount-proc")?;
        let init = first_child(holder.id())?;
        self.hosts.push(Host { holder, init });
        let switch = self.switch.id();
        shell(&format!("ip link add eth0 netns {init} type veth peer name p{number} netns {switch}"))?;
        self.enter(switch, "-n", &format!("ip link set p{number} master br0 && ip link set p{number} up"))?;
        let config = format!(
            "ListenAddress {}\nHostKey {path}/host\nAuthorizedKeysFile {path}/key.pub\nPidFile none\n\
             UsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\n",
            if self.family == Family::V4 { self.address(number) } else { "::".to_owned() },
        );
        std::fs::write(self.folder.path().join(format!("sshd{number}")), config)?;
        self.on(
            number,
            &format!(
                "hostname h{number} && mount -t tmpfs none /run && mkdir /run/sshd && ip link set lo up && \
                 {} && {BOOT_ID} && {SSHD} -f {path}/sshd{number} -E {path}/log{number}",
                match self.family {
                    Family::V4 => format!("ip addr add 10.77.0.{number}/24 dev eth0 && ip link set eth0 up"),
                    // Without the kernel's search for others who have the address.
                    Family::V6 => format!(
                        "echo 1 > /proc/sys/net/ipv6/conf/eth0/addr_gen_mode && ip link set eth0 up && \
                         ip addr add fd77::{number}/64 dev eth0 nodad && ip addr add fe80::77:{number}/64 dev eth0 nodad"
                    ),
                }
            ),
        )
    }

    /// The address of a host.
    fn address(&self, number: usize) -> String {
        match self.family {
            Family::V4 => format!("10.77.0.{number}"),
            Family::V6 => format!("fd77::{number}"),
        }
    }

    /// Runs a command on a host.
    fn on(&self, number: usize, command: &str) -> Result<()> {
        self.enter(self.hosts[number - 1].init, "-n -u -m -p", command)
    }

    fn enter(&self, pid: u32, namespaces: &str, command: &str) -> Result<()> {
        let mut enter = Command::new("nsenter");
        enter.arg("-t").arg(pid.to_string()).args(namespaces.split(' ')).args(["sh", "-c", command]);
        finish(enter)
    }

    /// `pip-mpiexec` on h1.
    pub fn launch(&self, args: &str) -> Run {
        let init = self.hosts[0].init.to_string();
        let run = Run::new("nsenter").arg("-t").arg(init).words("-n -u -m -p").arg(format!("--wd={}", here()));
        let run = run.arg(places::built("pip-mpiexec")).words(args);
        run.env("HYDRA_LAUNCHER_EXTRA_ARGS", format!("-F {}/ssh_config", self.folder.path().display()))
    }

    /// PIDs and command lines of a host's processes whose command line contains `text`.
    fn processes(&self, host: &str, text: &str) -> Result<Vec<(i32, String)>> {
        let init = self.hosts[number(host)? - 1].init.to_string();
        let output = Command::new("pgrep").args(["--ns", &init, "--nslist", "pid", "-a", "-f", "."]).output()?;
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        let of_line = |line: &str| {
            let (pid, command) = line.split_once(' ')?;
            let pid = pid.parse().ok()?;
            // Zombies have no command line.
            (command.contains(text) && alive(pid)).then(|| (pid, command.to_owned()))
        };
        Ok(lines.lines().filter_map(of_line).collect())
    }

    /// Kills processes of a host by their command line.
    pub fn kill(&self, host: &str, text: &str) -> Result<()> {
        let found = self.processes(host, text)?;
        ensure!(!found.is_empty(), "nothing on {host} is called {text:?}");
        for (pid, _) in found {
            // Tasks and the janitor show the agent's command line too.
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            if !text.contains("mpiexec") && !text.contains("agent") || name.starts_with("pip-mpiexec") {
                // SAFETY: kill touches no memory; the PID was just seen on a host of this test.
                unsafe { libc::kill(pid, libc::SIGKILL) };
            }
        }
        Ok(())
    }

    /// Brings a host's link up or down.
    pub fn set_link(&self, host: &str, state: &str) -> Result<()> {
        self.on(number(host)?, &format!("ip link set eth0 {state}"))
    }

    /// Waits until nothing is left of processes called so.
    pub fn expect_ended(&self, host: &str, text: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = self.processes(host, text)?;
            if left.is_empty() {
                return Ok(());
            }
            ensure!(Instant::now() < until, "left on {host}: {left:?}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Waits until nothing of any job is left on any host.
    pub fn expect_empty(&self) -> Result<()> {
        for host in 1..=self.hosts.len() {
            self.expect_ended(&format!("h{host}"), "pip-mpiexec")?;
            self.expect_ended(&format!("h{host}"), "sleep 1000")?;
        }
        Ok(())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let holders = self.hosts.iter_mut().map(|host| &mut host.holder).chain([&mut self.switch]);
        for holder in holders {
            let _ = holder.kill().and_then(|()| holder.wait());
        }
    }
}

/// A process that holds namespaces until it ends, which it does with this thread.
fn holder(namespaces: &str) -> Result<Child> {
    let mut command = Command::new("unshare");
    command.args(namespaces.split(' ')).args(["sleep", "infinity"]).stdin(Stdio::null()).stdout(Stdio::null());
    // SAFETY: prctl is async-signal-safe.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        })
    };
    let mut child = command.spawn().context("unshare cannot be started")?;
    // Its namespaces are there once it has become, or made, something else.
    let until = Instant::now() + PATIENCE;
    let own = std::fs::read_link("/proc/self/ns/net")?;
    while std::fs::read_link(format!("/proc/{}/ns/net", child.id())).is_ok_and(|net| net == own) {
        if Instant::now() > until || child.try_wait()?.is_some() {
            bail!("unshare {namespaces} failed");
        }
        sleep(Duration::from_millis(5));
    }
    Ok(child)
}

/// The child that `unshare --fork` makes, once it runs its program: then its mounts are in place.
fn first_child(pid: u32) -> Result<u32> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        if let Some(child) = children.split_whitespace().next().and_then(|child| child.parse().ok())
            && std::fs::read_to_string(format!("/proc/{child}/comm")).is_ok_and(|name| name.trim() == "sleep")
        {
            return Ok(child);
        }
        sleep(Duration::from_millis(5));
    }
    bail!("unshare made no child")
}

fn number(host: &str) -> Result<usize> {
    host[1..].parse().with_context(|| format!("{host} is no host"))
}

fn alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

fn here() -> String {
    std::env::current_dir().unwrap_or_default().display().to_string()
}

fn shell(command: &str) -> Result<()> {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    finish(shell)
}

fn finish(mut command: Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
