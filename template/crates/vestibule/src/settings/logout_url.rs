//! Where people sign out at a provider that does not follow RP-Initiated Logout 1.0.

use url::{Url, form_urlencoded};

use super::{LogoutParameter, LogoutUrl, has_user};
use crate::loopback::is_https_or_loopback;

/// A URL, or a path on the host where people sign in. Its query, if there is one,
/// takes the place of the parameters of the specification.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(value: &str) -> Result<LogoutUrl, String> {
    let (location, query) = match value.split_once('?') {
        Some((location, query)) => (location, Some(query)),
        None => (value, None),
    };
    check_location(location)?;
    let parameters = query.map(|query| {
        let pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .map(|(name, value)| Ok((name.into_owned(), parameter(&value)?)))
            .collect::<Result<Vec<_>, String>>()
    });
    Ok(LogoutUrl {
        location: location.to_owned(),
        parameters: parameters.transpose()?,
    })
}

fn check_location(location: &str) -> Result<(), String> {
    let is_plain = |c: char| c.is_ascii_graphic() && !"\\{}<>#".contains(c);
    if !location.chars().all(is_plain) {
        return Err(format!(
            "«{location}» is not a URL or path in plain ASCII without \\, {{, }}, <, > and #. \
             Placeholders are for the query."
        ));
    }
    if location.starts_with('/') && !location.starts_with("//") {
        return Ok(());
    }
    match Url::parse(location) {
        Ok(url) if has_user(&url) => Err("must not contain a user.".to_owned()),
        Ok(url) if is_https_or_loopback(&url) => Ok(()),
        Ok(_) => Err(format!(
            "«{location}» must start with https:// (http is only for localhost)."
        )),
        Err(_) => Err(format!(
            "«{location}» is neither an absolute URL nor a path such as /v2/logout."
        )),
    }
}

fn parameter(value: &str) -> Result<LogoutParameter, String> {
    Ok(match value {
        "{client_id}" => LogoutParameter::ClientId,
        "{redirect_uri}" => LogoutParameter::RedirectUri,
        "{id_token}" => LogoutParameter::IdToken,
        "{state}" => LogoutParameter::State,
        text if text.contains(['{', '}']) => {
            return Err(format!(
                "«{text}» is not known. A parameter is {{client_id}}, {{redirect_uri}}, \
                 {{id_token}}, {{state}} or plain text."
            ));
        }
        text => LogoutParameter::Text(text.to_owned()),
    })
}
