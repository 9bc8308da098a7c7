//! Real PostgreSQL servers: one that the tests share, each with a schema of its own, and
//! others for those that stop theirs.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use vestibule::{Secret, store::SessionStore};
use vestibule_dev::testing::ports::Port;

use crate::{authority::Authority, outage::Outage};

/// With other processes, before the test counts as failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A PostgreSQL server, stopped when it is dropped or the test program ends.
pub struct Server {
    pub address: SocketAddr,
    pid: String,
    to_keeper: Option<ChildStdin>,
    from_keeper: BufReader<ChildStdout>,
    keeper: Child,
    _port: Port,
}

impl Server {
    pub fn start() -> Self {
        Self::start_over(None)
    }

    /// Starts a server that offers TLS, if somebody certifies it.
    pub fn start_over(tls: Option<&Authority>) -> Self {
        let port = Port::reserve();
        let file = |file: PathBuf| file.display().to_string();
        let mut keeper = Command::new("sh")
            .args(["-c", include_str!("server.sh"), "server"])
            .arg(programs())
            .arg(port.address.port().to_string())
            .arg(tls.map_or_else(String::new, |tls| file(tls.certificate_file())))
            .arg(tls.map_or_else(String::new, |tls| file(tls.key_file())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut server = Self {
            address: port.address,
            pid: String::new(),
            to_keeper: keeper.stdin.take(),
            from_keeper: BufReader::new(keeper.stdout.take().unwrap()),
            keeper,
            _port: port,
        };
        server.restart();
        server
    }

    /// Starts it again, and waits until it answers.
    pub fn restart(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            writeln!(self.to_keeper.as_ref().unwrap(), "start").unwrap();
            self.pid.clear();
            self.from_keeper.read_line(&mut self.pid).unwrap();
            self.pid.truncate(self.pid.trim_end().len());
            // The processes of the server that was killed may have to end first.
            while is_running(&self.pid) {
                if self.try_ask("SELECT 1").is_ok() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            assert!(Instant::now() < deadline, "it does not start");
        }
    }

    /// Stops it as a crash does.
    pub fn stop(&mut self) {
        self.signal("-KILL", std::slice::from_ref(&self.pid));
        until(|| !is_running(&self.pid));
    }

    /// Stops it, or has it stand still: then it takes connections and answers
    /// nobody.
    pub fn fail(&mut self, outage: Outage) {
        match outage {
            Outage::Down => self.stop(),
            // First the one that would start others.
            Outage::Frozen => {
                self.signal("-STOP", std::slice::from_ref(&self.pid));
                self.signal("-STOP", &self.children());
            }
        }
    }

    /// Has it serve again.
    pub fn recover(&mut self, outage: Outage) {
        match outage {
            Outage::Down => self.restart(),
            Outage::Frozen => {
                self.signal("-CONT", &self.children());
                self.signal("-CONT", std::slice::from_ref(&self.pid));
            }
        }
    }

    fn children(&self) -> Vec<String> {
        let found = Command::new("pgrep").args(["-P", &self.pid]).output();
        let found = String::from_utf8(found.unwrap().stdout).unwrap();
        found.split_whitespace().map(str::to_owned).collect()
    }

    fn signal(&self, signal: &str, pids: &[String]) {
        let sent = Command::new("kill").arg(signal).args(pids).status();
        assert!(sent.unwrap().success(), "{signal}: {pids:?}");
    }

    /// What a statement of the administrator's returns, without its decoration.
    pub fn ask(&self, sql: &str) -> String {
        self.try_ask(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn try_ask(&self, sql: &str) -> Result<String, String> {
        let port = self.address.port().to_string();
        let asked = Command::new(programs().join("psql"))
            .args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres"])
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .env("PGCONNECT_TIMEOUT", "10")
            .output()
            .unwrap();
        if asked.status.success() {
            Ok(String::from_utf8(asked.stdout).unwrap().trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&asked.stderr).into_owned())
        }
    }

    /// A new schema of this server.
    pub fn schema(&self) -> Schema<'_> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.ask(&format!("CREATE SCHEMA {name}"));
        Schema { server: self, name }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.to_keeper = None;
        let _ = self.keeper.wait();
    }
}

/// A schema for one store, on a server that others may use too.
pub struct Schema<'a> {
    pub server: &'a Server,
    pub name: String,
}

impl Schema<'static> {
    /// Of the server that tests share.
    pub fn new() -> Self {
        static SHARED: LazyLock<Server> = LazyLock::new(Server::start);
        SHARED.schema()
    }
}

impl Schema<'_> {
    pub fn url(&self) -> String {
        self.url_as("postgres")
    }

    /// For another role.
    pub fn url_as(&self, role: &str) -> String {
        let (address, name) = (self.server.address, &self.name);
        format!("postgres://{role}@{address}/postgres?options=-csearch_path%3D{name}")
    }

    pub fn store(&self) -> SessionStore {
        postgres_at(self.url())
    }

    /// What a statement of the administrator's returns, in this schema.
    pub fn ask(&self, sql: &str) -> String {
        let name = &self.name;
        self.server
            .ask(&format!("SET search_path TO {name}; {sql}"))
    }
}

pub fn postgres_at(url: impl Into<String>) -> SessionStore {
    SessionStore::Postgres(Secret::new(url.into()))
}

/// Waits for something that other processes bring about.
pub fn until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "it does not come about");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process is there and not a zombie.
fn is_running(pid: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", pid]).output();
    let state = String::from_utf8(state.unwrap().stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

/// The folder with the newest server's programs.
fn programs() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let of_debian = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten();
        let mut folders: Vec<PathBuf> = of_debian
            .map(|entry| entry.unwrap().path().join("bin"))
            .collect();
        let version = |folder: &PathBuf| {
            let name = folder.parent()?.file_name()?.to_str()?;
            name.parse::<u32>().ok()
        };
        folders.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
        let mut folders = folders.into_iter().chain(std::env::split_paths(&path));
        let found = folders.find(|folder| folder.join("initdb").is_file());
        found.unwrap_or_else(|| {
            panic!("these tests start PostgreSQL servers: install one (apt-get install postgresql)")
        })
    });
    &FOUND
}
