//! Asking the running app's routes as a stranger would.

use std::time::Duration;

use reqwest::{
    Client, Method, RequestBuilder,
    header::{ACCEPT, HOST, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};

/// The methods that routes usually have. HEAD is answered as GET is.
pub(super) const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// How long to wait for an answer: a handler may do more than we know.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request that a route should answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub method: String,
    pub path: String,
    /// What the route's guards want it to say.
    pub headers: Vec<(String, String)>,
}

impl Question {
    /// The method, as requests have it.
    pub fn method(&self) -> Method {
        Method::from_bytes(self.method.as_bytes()).unwrap_or_default()
    }

    /// Asks as a script does, with an empty body: guards answer it with a 401.
    pub fn put(&self, request: RequestBuilder) -> RequestBuilder {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert("sec-fetch-mode", HeaderValue::from_static("cors"));
        for (name, value) in &self.headers {
            // What is no header field is in no request that the guard lets pass.
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), value.parse()) {
                headers.insert(name, value);
            }
        }
        request.headers(headers)
    }
}

/// Asks them one by one. What is answered tells nothing: the library notes which guards ran.
pub(super) async fn ask(
    questions: Vec<Question>,
    address: &str,
    host: &str,
) -> Result<(), reqwest::Error> {
    // reqwest needs a crypto provider; does nothing if the app has installed one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .timeout(PATIENCE)
        .redirect(Policy::none())
        .no_proxy()
        .tls_certs_only([])
        .build()?;
    for question in questions {
        let url = format!("{address}{}", question.path);
        let request = client.request(question.method(), url).header(HOST, host);
        match question.put(request).send().await {
            Ok(_) => {}
            // A connection that is closed without an answer is an answer here.
            Err(error) if error.is_connect() => return Err(error),
            Err(error) => tracing::warn!(%error, "a route did not answer"),
        }
    }
    Ok(())
}
