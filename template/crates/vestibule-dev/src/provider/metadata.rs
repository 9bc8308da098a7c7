//! What the provider publishes about itself: its metadata (OIDC Discovery 3) and
//! its keys.

use serde_json::json;

use super::{
    exchange::{Answer, Endpoint},
    requests::PushedRequests,
    state::Shared,
};

pub(super) fn answer(shared: &Shared) -> Answer {
    let at = |endpoint: Endpoint| format!("{}{}", shared.issuer, endpoint.path());
    let client_authentication = [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ];
    let assertion_algorithms = ["EdDSA", "RS256", "PS256", "ES256", "ES384"];
    let mut metadata = json!({
            "issuer": shared.issuer,
            "authorization_endpoint": at(Endpoint::Authorization),
            "token_endpoint": at(Endpoint::Token),
            "userinfo_endpoint": at(Endpoint::Userinfo),
            "jwks_uri": at(Endpoint::Keys),
            "revocation_endpoint": at(Endpoint::Revocation),
            "end_session_endpoint": at(Endpoint::EndSession),
            "scopes_supported": ["openid", "profile", "email", "roles", "offline_access"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "interaction_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [shared.keys.current().algorithm()],
            "userinfo_signing_alg_values_supported": [shared.keys.current().algorithm()],
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login", "select_account", "consent", "create"],
            "token_endpoint_auth_methods_supported": client_authentication,
            "token_endpoint_auth_signing_alg_values_supported": assertion_algorithms,
            "revocation_endpoint_auth_methods_supported": client_authentication,
            "revocation_endpoint_auth_signing_alg_values_supported": assertion_algorithms,
            "claims_supported": [
                "sub", "name", "given_name", "family_name", "preferred_username", "locale",
                "email", "email_verified", "roles", "groups", "sid", "auth_time", "acr", "amr",
            ],
            "claims_parameter_supported": false,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
            "authorization_response_iss_parameter_supported": true,
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
    });
    let pushed_requests = shared.state().pushed_requests;
    if pushed_requests != PushedRequests::NotOffered {
        metadata["pushed_authorization_request_endpoint"] =
            json!(at(Endpoint::PushedAuthorization));
        metadata["require_pushed_authorization_requests"] =
            json!(pushed_requests == PushedRequests::Required);
    }
    Answer::json(200, &metadata)
}

pub(super) fn keys(shared: &Shared) -> Answer {
    Answer::json(200, &shared.keys.published())
}
