//! Which addresses may be used without TLS.

use std::net::IpAddr;

use url::Url;

/// Whether the URL's host is this machine.
pub fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback_host)
}

/// Whether a host, by name or address, is this machine.
pub fn is_loopback_host(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Whether credentials and people may be sent to the URL: it uses TLS or is on this
/// machine (OIDC Core 16.17).
pub fn is_https_or_loopback(url: &Url) -> bool {
    url.scheme() == "https" || url.scheme() == "http" && is_loopback(url)
}
