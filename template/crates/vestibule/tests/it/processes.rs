//! The app as it is deployed: processes of its own, behind a reverse proxy that
//! sends each request to the next of them. They can be killed.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use url::Url;
use vestibule::internals::seal;
use vestibule_dev::testing::{Browser, TestApp, TestProvider, ports::Port};

use crate::fixture::process::{self, LISTEN};

/// Instances of the app that share a provider and their settings.
pub struct Instances {
    pub app: TestApp,
    pub proxy: Arc<Proxy>,
    processes: Vec<Option<Child>>,
    environment: Vec<(String, String)>,
    folder: tempfile::TempDir,
}

impl Instances {
    /// Starts so many instances with this store and these other settings.
    pub async fn start(count: usize, store: &str, more: &[(&str, &str)]) -> Self {
        let front = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let base = format!("http://localhost:{}", front.local_addr().unwrap().port());
        let base = Url::parse(&base).unwrap();
        let provider = TestProvider::start().await;
        let [issuer, client_id, secret] = provider.variables();
        let environment = [
            ("APP_BASE_URL", base.as_str()),
            ("SESSION_STORE", store),
            ("SESSION_SECRET", &seal::random_string().unwrap()),
            (issuer.0, &issuer.1),
            (client_id.0, &client_id.1),
            (secret.0, &secret.1),
            ("OIDC_SCOPES", "openid profile email offline_access"),
            // All the people of a test come from one address.
            ("APP_LOGIN_RATE", "1000000"),
            ("RUST_LOG", "warn"),
        ];
        let environment = environment.iter().chain(more);
        let mut instances = Self {
            app: TestApp::elsewhere(base.clone(), provider),
            proxy: Proxy::start(front, count),
            processes: (0..count).map(|_| None).collect(),
            environment: environment
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            folder: tempfile::tempdir().unwrap(),
        };
        for number in 0..count {
            instances.start_one(number);
        }
        instances
    }

    /// Starts one instance, again if need be, and waits until it answers.
    pub fn start_one(&mut self, number: usize) {
        let address = self.proxy.backends[number].address;
        let process = process::command()
            // No `.env` lies there.
            .current_dir(self.folder.path())
            .envs(self.environment.iter().cloned())
            .env(LISTEN, address.to_string())
            .stdout(Stdio::null())
            .stderr(self.log_file(number))
            .spawn()
            .unwrap();
        // Ended with the test from now on, whether it starts or not.
        let process = self.processes[number].insert(process);
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            assert_eq!(process.try_wait().unwrap(), None, "it does not start");
            if answers(address) {
                break;
            }
            assert!(Instant::now() < deadline, "it does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A setting that the instances have.
    pub fn setting(&self, name: &str) -> &str {
        let mut set = self.environment.iter().rev();
        &set.find(|(known, _)| known == name).unwrap().1
    }

    /// Changes a setting of the instances that are started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Kills one instance as `kill -9` does.
    pub fn kill(&mut self, number: usize) {
        if let Some(mut process) = self.processes[number].take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Asks one instance to end, as a process manager does.
    #[cfg(unix)]
    pub fn terminate(&self, number: usize) {
        let pid = self.processes[number].as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// The most memory that one instance has had, in kB.
    #[cfg(target_os = "linux")]
    pub fn peak_memory(&self, number: usize) -> u64 {
        let pid = self.processes[number].as_ref().unwrap().id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let (_, peak) = status.split_once("VmHWM:").unwrap();
        peak.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Waits until one instance has ended by itself; whether it went well.
    pub async fn ended(&mut self, number: usize) -> bool {
        for _ in 0..1200 {
            let process = self.processes[number].as_mut().unwrap();
            if let Some(status) = process.try_wait().unwrap() {
                self.processes[number] = None;
                return status.success();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("instance {number} runs on:\n{}", self.log(number));
    }

    /// Everything that one instance has logged.
    pub fn log(&self, number: usize) -> String {
        let log = std::fs::read(self.log_path(number)).unwrap();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn log_path(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("{number}.log"))
    }

    fn log_file(&self, number: usize) -> File {
        let mut options = File::options();
        let options = options.create(true).append(true);
        options.open(self.log_path(number)).unwrap()
    }

    /// Waits until the provider is known everywhere.
    pub async fn ready(&self) {
        for number in 0..self.processes.len() {
            let ready = self.at(number, "/readyz");
            let browser = self.app.browser();
            self.app
                .eventually(async || browser.fetch(&ready).await.status == StatusCode::OK)
                .await;
        }
    }

    pub fn kill_all(&mut self) {
        (0..self.processes.len()).for_each(|number| self.kill(number));
    }

    pub fn start_all(&mut self) {
        (0..self.processes.len()).for_each(|number| self.start_one(number));
    }

    /// The address of a path on one instance, past the proxy.
    pub fn at(&self, number: usize, path: &str) -> String {
        format!("http://{}{path}", self.proxy.backends[number].address)
    }

    /// Whether this browser is signed in, as each of the instances says.
    pub async fn signed_in_at_each(&self, browser: &Browser) -> Vec<bool> {
        let mut said = Vec::new();
        for number in 0..self.processes.len() {
            let answer = browser.fetch(&self.at(number, "/api/me")).await;
            said.push(answer.is_of_somebody());
        }
        said
    }

    /// Waits until this browser is signed in at each of the instances; until then
    /// the store may be down.
    pub async fn serve_again(&self, browser: &Browser) {
        for number in 0..self.processes.len() {
            let target = self.at(number, "/api/me");
            let signed_in = async || browser.fetch(&target).await.status == StatusCode::OK;
            self.app.eventually(signed_in).await;
        }
    }

    /// The folder that the instances run in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Instances {
    fn drop(&mut self) {
        self.kill_all();
    }
}

fn answers(address: SocketAddr) -> bool {
    let ask = || -> io::Result<bool> {
        let mut connection = TcpStream::connect(address)?;
        write!(connection, "GET /healthz HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        Ok(answer.ends_with("ok"))
    };
    ask().unwrap_or(false)
}

/// A reverse proxy that sends each request to another instance than the one
/// before, past those that do not take connections.
pub struct Proxy {
    backends: Vec<Port>,
    /// How many requests each instance was sent.
    pub sent: Vec<AtomicUsize>,
    next: AtomicUsize,
}

impl Proxy {
    fn start(front: TcpListener, count: usize) -> Arc<Self> {
        let proxy = Arc::new(Self {
            backends: (0..count).map(|_| Port::reserve()).collect(),
            sent: (0..count).map(|_| AtomicUsize::new(0)).collect(),
            next: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&proxy);
        serve(front, move |client| serving.pass_on(client));
        proxy
    }

    /// One request for each connection, so that every request changes instance.
    fn pass_on(&self, mut client: TcpStream) -> io::Result<()> {
        let request = read_request(&mut client)?;
        let mut backend = self.connect()?;
        backend.write_all(&request)?;
        io::copy(&mut backend, &mut client)?;
        client.shutdown(Shutdown::Both)
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let mut failure = io::ErrorKind::NotConnected.into();
        for _ in 0..self.backends.len() {
            let number = self.next.fetch_add(1, Ordering::Relaxed) % self.backends.len();
            match TcpStream::connect(self.backends[number].address) {
                Ok(backend) => {
                    self.sent[number].fetch_add(1, Ordering::Relaxed);
                    return Ok(backend);
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// Gives each connection to `answer`, on threads that end with the test process.
pub fn serve(
    listener: TcpListener,
    answer: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
) {
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // A client that was cut off sees it by itself.
            std::thread::spawn(move || drop(answer(connection)));
        }
    });
}

/// The whole request, told to be the last on its connection.
pub fn read_request(client: &mut impl io::Read) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    let head_end = loop {
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        match client.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => request.extend_from_slice(&buffer[..count]),
        }
    };
    let head = String::from_utf8_lossy(&request[..head_end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().unwrap())
    });
    let whole = head_end + 4 + length.unwrap_or(0);
    while request.len() < whole {
        match client.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
    request.splice(head_end..head_end, *b"\r\nconnection: close");
    Ok(request)
}
