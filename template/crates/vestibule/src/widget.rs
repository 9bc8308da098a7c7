//! The Okta Sign-In Widget in a page of this app: what the page loads and the
//! widget's settings. State, nonce and PKCE are the server's; the browser only gets
//! the challenge, so what the widget returns is of no use anywhere else.

use serde_json::{Value, json};

use crate::{
    csp::Sources,
    oidc::Oidc,
    pages::{Widget, WidgetFile},
    protocol::{self, ProtocolError},
    provider::Provider,
    settings::widget::{Engine, Pinned, SCRIPT, STYLE, VERSION, WidgetAssets},
    transaction::Transaction,
};

const CDN: &str = "https://global.oktacdn.com";

/// The widget for one transaction, in a page whose scripts carry `csp_nonce`.
/// `login_hint`: who the person claims to be; `otp`: the one-time code from a link
/// in an e-mail, which continues a transaction.
///
/// # Errors
/// The transaction is finished.
pub(crate) fn for_transaction(
    oidc: &Oidc,
    provider: &Provider,
    transaction: &Transaction,
    csp_nonce: &str,
    login_hint: Option<&str>,
    otp: Option<&str>,
) -> Result<Widget, ProtocolError> {
    let folder = folder(oidc, provider);
    let asset = |pinned: &Pinned| WidgetFile {
        url: format!("{folder}/{}", pinned.path),
        integrity: pinned.integrity,
    };
    let mut settings = settings(provider, transaction)?;
    settings["cspNonce"] = json!(csp_nonce);
    settings["assets"] = json!({ "baseUrl": folder });
    // It would leave the person's name in a cookie.
    settings["features"] = json!({ "rememberMe": false });
    if let Some(login_hint) = login_hint {
        settings["username"] = json!(login_hint);
    }
    if let Some(otp) = otp {
        settings["otp"] = json!(otp);
    }
    Ok(Widget {
        script: asset(&SCRIPT),
        style: asset(&STYLE),
        settings: settings.to_string(),
    })
}

/// The widget's settings for the engine. The classic engine reads the nonce only
/// from `authParams`.
fn settings(provider: &Provider, transaction: &Transaction) -> Result<Value, ProtocolError> {
    let relying_party = provider.relying_party();
    let expected = transaction.expected();
    let mut settings = json!({
        "issuer": provider.issuer(),
        "clientId": provider.client_id(),
        "redirectUri": relying_party.login_redirect_uri,
        "scopes": relying_party.scopes,
        "state": transaction.state(),
        "codeChallenge": protocol::code_challenge(expected.pkce_verifier)?,
        "codeChallengeMethod": "S256",
    });
    let nonce = expected.nonce.expose();
    match provider.settings().widget.engine {
        Engine::Identity => {
            settings["useClassicEngine"] = json!(false);
            settings["nonce"] = json!(nonce);
        }
        Engine::Classic => {
            settings["useClassicEngine"] = json!(true);
            settings["authParams"] = json!({ "responseType": "code", "nonce": nonce });
        }
    }
    Ok(settings)
}

/// What the page with the widget loads and calls outside this app: Okta's CDN,
/// unless the app serves the files, and the provider.
pub(crate) fn sources(provider: &Provider) -> Sources {
    let cdn = match provider.settings().widget.assets {
        WidgetAssets::Cdn => Some(CDN.to_owned()),
        WidgetAssets::Here(_) => None,
    };
    Sources {
        // The script fetches languages other than English.
        calls: [provider.origin().to_owned()]
            .into_iter()
            .chain(cdn.clone())
            .collect(),
        files: cdn.into_iter().collect(),
    }
}

fn folder(oidc: &Oidc, provider: &Provider) -> String {
    match provider.settings().widget.assets {
        WidgetAssets::Cdn => format!("{CDN}/okta-signin-widget/{VERSION}"),
        WidgetAssets::Here(_) => oidc.path(&format!("{}/{VERSION}", oidc.paths().widget_files)),
    }
}
