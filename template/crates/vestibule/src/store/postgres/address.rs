//! The form of a PostgreSQL address in `SESSION_STORE`. Nothing here connects.

use std::{fmt, fs::File};

use sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgSslMode},
};
use url::Url;

use crate::loopback::is_loopback_host;

const FORM: &str = "postgres://[USER[:PASSWORD]@]HOST[:PORT]/DATABASE[?sslmode=verify-full], \
    with %XX for characters other than letters and digits in user and password";
const SEVERAL: &str = "postgres://HOST/DATABASE with one host, whose name leads to the server \
    that takes writes";
const PARAMETERS: &str = "postgres://HOST/DATABASE with no other parameters than sslmode (disable, \
    prefer, require or verify-full), sslrootcert, sslcert, sslkey, host, port, dbname, \
    user, password, application_name and options";
const FILES: &str = "postgres://HOST/DATABASE with files that the app can read in sslrootcert, \
    sslcert and sslkey";

/// A parsed `SESSION_STORE`, with its password. It is displayed as host, port and
/// database.
pub(crate) struct Address {
    pub(super) options: PgConnectOptions,
}

impl Address {
    /// Whether an address is meant to be one of PostgreSQL.
    pub(crate) fn has_scheme(address: &str) -> bool {
        let scheme = address.split(':').next().unwrap_or_default();
        ["postgres", "postgresql"].contains(&scheme)
    }

    /// Reads an address.
    ///
    /// # Errors
    /// The form that the address should have. The address is not repeated, since it
    /// may contain a password.
    pub(crate) fn parse(address: &str) -> Result<Self, &'static str> {
        let (_, rest) = address.split_once("://").ok_or(FORM)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let hosts = authority.rsplit('@').next().unwrap_or_default();
        if hosts.contains(',') {
            return Err(SEVERAL);
        }
        let url = Url::parse(address).map_err(|_| FORM)?;
        if !Self::has_scheme(address) || url.fragment().is_some() {
            return Err(FORM);
        }
        if !url.query_pairs().all(|(name, _)| is_known(&name)) {
            return Err(PARAMETERS);
        }
        let value_of = |wanted: &str| {
            let mut pairs = url.query_pairs();
            pairs.find_map(|(name, value)| (name == wanted).then_some(value))
        };
        let files = ["sslrootcert", "sslcert", "sslkey"].map(value_of);
        let can_be_read = |file: &str| File::open(file).is_ok();
        if !files.iter().flatten().all(|file| can_be_read(file)) {
            return Err(FILES);
        }
        let mut options = PgConnectOptions::from_url(&url).map_err(|_| PARAMETERS)?;
        if options.get_host().contains(',') {
            return Err(SEVERAL);
        }
        if options.get_database().is_none_or(str::is_empty) {
            return Err(FORM);
        }
        // Whoever names an authority wants it to vouch for the server: so has libpq it. (sqlx
        // 0.8 checks the host too, as with verify-full.)
        let has_authority = files.first().is_some_and(Option::is_some);
        if has_authority && matches!(options.get_ssl_mode(), PgSslMode::Require) {
            options = options.ssl_mode(PgSslMode::VerifyCa);
        }
        if options.get_application_name().is_none() {
            options = options.application_name("vestibule");
        }
        // In a URL, IPv6 addresses are in brackets; in certificates they are not.
        let host = options.get_host().trim_matches(['[', ']']).to_owned();
        Ok(Self {
            options: options.host(&host).disable_statement_logging(),
        })
    }

    /// The host that others on the way could pretend to be, or read the password for.
    pub(crate) fn unprotected_host(&self) -> Option<&str> {
        let is_protected = matches!(
            self.options.get_ssl_mode(),
            PgSslMode::VerifyCa | PgSslMode::VerifyFull
        );
        let host = self.options.get_host();
        let is_local =
            self.options.get_socket().is_some() || host.starts_with('/') || is_loopback_host(host);
        (!is_protected && !is_local).then_some(host)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.options.get_database().unwrap_or_default();
        match self.options.get_socket() {
            Some(socket) => write!(f, "{}", socket.display())?,
            None => write!(f, "{}:{}", self.options.get_host(), self.options.get_port())?,
        }
        write!(f, ", database {database}")
    }
}

/// Whether a parameter is known here. Others would be left out silently, and some of
/// them protect; a name is never shown, as it may be the rest of a password.
fn is_known(name: &str) -> bool {
    const KNOWN: [&str; 11] = [
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "host",
        "port",
        "dbname",
        "user",
        "password",
        "application_name",
        "options",
    ];
    KNOWN.contains(&name) || name.starts_with("options[") && name.ends_with(']')
}
