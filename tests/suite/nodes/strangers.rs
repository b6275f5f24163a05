//! Whoever connects to the control port without the job's secret neither starts nor stops anything.

use super::on;
use anyhow::{Context, Result, ensure};
use pip_tests::cases::Cases;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

pub fn add(cases: &mut Cases) {
    cases.add("nodes::strangers_on_the_control_port_change_nothing", || {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let script = "echo here; while [ ! -e $DONE ]; do sleep 0.05; done; echo there";
        let folder = pip_tests::places::temporary()?;
        let done = folder.path().join("done");
        let run = on("-hosts a,b -n 2 sh -c").arg(script).env("DONE", &done);
        let mut job = run.env("MPIEXEC_PORT_RANGE", format!("{port}:{port}")).limit(40).start()?;
        job.await_lines(2, "here")?;
        let outcome = disturb(port);
        std::fs::write(&done, "")?;
        job.end()?.expect_code(0)?.expect_quiet()?.expect_lines(&["here", "here", "there", "there"])?;
        outcome
    });
}

/// Connects many times, says this and that, and expects to hear nothing but a challenge.
fn disturb(port: u16) -> Result<()> {
    let pieces: [&[u8]; 6] =
        [b"", b"GET / HTTP/1.0\r\n\r\n", &[0xff; 4000], &[0; 140], b"PIPMPI\x00\x01", &[b'P'; 139]];
    let mut connections = Vec::new();
    for round in 0..60 {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("the port is closed")?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let _ = stream.write_all(pieces[round % pieces.len()]);
        connections.push(stream);
    }
    // The challenge sent back, as an answer: 40 bytes of it, and 100 more.
    let mut mirror = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let mut challenge = [0; 40];
    mirror.set_read_timeout(Some(Duration::from_secs(10)))?;
    mirror.read_exact(&mut challenge)?;
    mirror.write_all(&[&challenge[..], &[7; 100]].concat())?;
    connections.push(mirror);
    for mut stream in connections {
        let mut heard = Vec::new();
        // A reset is an answer too.
        let _ = stream.read_to_end(&mut heard);
        ensure!(heard.len() <= 40, "a stranger heard {} bytes", heard.len());
    }
    Ok(())
}
