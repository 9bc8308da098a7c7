//! A real Redis server for one test.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};
use vestibule_dev::testing::ports::Port;

use crate::{authority::Authority, outage::Outage};

/// With other processes, before the test counts as failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Redis server of this test's own, stopped when it ends.
pub struct Server {
    pub address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
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
        Self::start_over(None, arguments)
    }

    /// The same over TLS alone, if somebody certifies the server.
    ///
    /// # Panics
    /// See [`start`](Self::start).
    pub fn start_over(tls: Option<&Authority>, arguments: &[&str]) -> Option<Self> {
        let (program, port, folder) = (program()?, Port::reserve(), folder());
        let own = settings(&port, &folder, tls);
        let own = own
            .into_iter()
            .flat_map(|(name, value)| [format!("--{name}"), value]);
        let no_dumps = ["--save", ""];
        let more = no_dumps.iter().chain(arguments).map(ToString::to_string);
        let arguments = own.chain(more).collect();
        Some(Self::launch(program, arguments, port, folder, tls))
    }

    /// Starts a sentinel with these lines in its configuration, over TLS alone if
    /// somebody certifies it.
    ///
    /// # Panics
    /// See [`start`](Self::start).
    pub fn start_sentinel(tls: Option<&Authority>, lines: &str) -> Option<Self> {
        let (program, port, folder) = (program()?, Port::reserve(), folder());
        let file = folder.path().join("sentinel.conf");
        let own = settings(&port, &folder, tls);
        let own = own
            .into_iter()
            .map(|(name, value)| format!("{name} {value}\n"));
        std::fs::write(&file, format!("{}{lines}\n", own.collect::<String>())).unwrap();
        let arguments = vec![file.display().to_string(), "--sentinel".to_owned()];
        Some(Self::launch(program, arguments, port, folder, tls))
    }

    fn launch(
        program: PathBuf,
        arguments: Vec<String>,
        port: Port,
        folder: tempfile::TempDir,
        tls: Option<&Authority>,
    ) -> Self {
        let address = port.address;
        Self {
            process: run(&program, &arguments, address),
            address,
            tls: tls.map(Authority::client),
            program,
            arguments,
            _port: port,
            folder,
        }
    }

    pub fn url(&self) -> String {
        match self.tls {
            None => format!("redis://{}", self.address),
            Some(_) => format!("rediss://localhost:{}", self.address.port()),
        }
    }

    /// The answer to an inline command, as the server writes it. Over TLS, it has
    /// to be certified as `localhost`.
    pub fn ask(&self, command: &str) -> String {
        let mut connection = self.connect();
        // A sentinel knows no `QUIT`.
        write!(connection, "{command}\r\nPING\r\n").unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"+PONG\r\n") {
            let mut part = [0; 4096];
            let length = connection.read(&mut part).unwrap();
            assert_ne!(length, 0, "it does not answer");
            answer.extend_from_slice(&part[..length]);
        }
        let answer = String::from_utf8(answer).unwrap();
        answer.trim_end_matches("+PONG\r\n").to_owned()
    }

    fn connect(&self) -> Box<dyn Connection> {
        let connection = TcpStream::connect(self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        match &self.tls {
            None => Box::new(connection),
            Some(config) => {
                let name = ServerName::try_from("localhost").unwrap();
                let tls = ClientConnection::new(Arc::clone(config), name).unwrap();
                Box::new(StreamOwned::new(tls, connection))
            }
        }
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

    /// Stops it, or has it stand still: then it takes connections and answers
    /// nobody.
    pub fn fail(&mut self, outage: Outage) {
        match outage {
            Outage::Down => self.stop(),
            Outage::Frozen => self.signal("-STOP"),
        }
    }

    /// Has it serve again.
    pub fn recover(&mut self, outage: Outage) {
        match outage {
            Outage::Down => self.restart(),
            Outage::Frozen => self.signal("-CONT"),
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
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

trait Connection: Read + Write {}

impl<T: Read + Write> Connection for T {}

/// Waits for something that other processes bring about.
pub fn until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "it does not come about");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// What servers and sentinels alike are told.
fn settings(
    port: &Port,
    folder: &tempfile::TempDir,
    tls: Option<&Authority>,
) -> Vec<(&'static str, String)> {
    let port = port.address.port().to_string();
    let mut settings = vec![
        ("bind", "127.0.0.1".to_owned()),
        ("dir", folder.path().display().to_string()),
    ];
    match tls {
        None => settings.push(("port", port)),
        Some(authority) => settings.extend([
            ("port", "0".to_owned()),
            ("tls-port", port),
            ("tls-ca-cert-file", authority.file().display().to_string()),
            (
                "tls-cert-file",
                authority.certificate_file().display().to_string(),
            ),
            ("tls-key-file", authority.key_file().display().to_string()),
            ("tls-auth-clients", "no".to_owned()),
            ("tls-replication", "yes".to_owned()),
            ("tls-cluster", "yes".to_owned()),
        ]),
    }
    settings
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let program = ["redis-server", "valkey-server"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file());
    if program.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "install redis-server or valkey-server: CI leaves no test out"
        );
        // Past the test runner, which keeps what a passed test prints.
        let _ = writeln!(
            std::io::stderr(),
            "LEFT OUT: a test of the Redis store; install redis-server to run it"
        );
    }
    program
}

fn run(program: &PathBuf, arguments: &[String], address: SocketAddr) -> Child {
    let mut process = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until(|| {
        let ended = process.try_wait().unwrap();
        assert!(ended.is_none(), "it does not start with {arguments:?}");
        TcpStream::connect(address).is_ok()
    });
    process
}
