//! A real Redis server for one test.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::ports::Port;

/// A Redis server of this test's own, stopped when it ends.
pub struct Server {
    pub address: SocketAddr,
    process: Child,
    program: PathBuf,
    arguments: Vec<String>,
    _port: Port,
    folder: tempfile::TempDir,
}

impl Server {
    /// Starts a server that forgets everything when it stops; without one on
    /// this machine, says so and returns `None`.
    ///
    /// # Panics
    /// There is none and `CI` is set, where nothing may be left out.
    pub fn start() -> Option<Self> {
        Self::start_with(&["--appendonly", "no"])
    }

    /// Starts a server that still has everything after a restart.
    ///
    /// # Panics
    /// See [`start`](Self::start).
    pub fn start_lasting() -> Option<Self> {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// Starts a server with more arguments.
    ///
    /// # Panics
    /// See [`start`](Self::start).
    pub fn start_with(arguments: &[&str]) -> Option<Self> {
        let Some(program) = program() else {
            assert!(
                std::env::var_os("CI").is_none(),
                "install redis-server or valkey-server: CI leaves no test out"
            );
            // Past the test runner, which keeps what a passed test prints.
            let _ = writeln!(
                std::io::stderr(),
                "LEFT OUT: a test of the Redis store; install redis-server to run it"
            );
            return None;
        };
        let port = Port::reserve();
        let address = port.address;
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<String> = ["--bind", "127.0.0.1", "--save", "", "--port"]
            .into_iter()
            .chain([address.port().to_string().as_str(), "--dir"])
            .chain(folder.path().to_str())
            .chain(arguments.iter().copied())
            .map(str::to_owned)
            .collect();
        Some(Self {
            process: run(&program, &arguments, address),
            address,
            program,
            arguments,
            _port: port,
            folder,
        })
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// All that a lasting server has on disk.
    pub fn dump(&self) -> Vec<u8> {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut dump = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    dump.extend(std::fs::read(path).unwrap());
                }
            }
        }
        dump
    }

    /// Stops it as a crash does.
    pub fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    pub fn restart(&mut self) {
        self.process = run(&self.program, &self.arguments, self.address);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    ["redis-server", "valkey-server"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
}

fn run(program: &PathBuf, arguments: &[String], address: SocketAddr) -> Child {
    let mut process = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        assert_eq!(process.try_wait().unwrap(), None, "it does not start");
        if TcpStream::connect(address).is_ok() {
            return process;
        }
        if Instant::now() > deadline {
            let _ = process.kill();
            panic!("it does not answer");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
