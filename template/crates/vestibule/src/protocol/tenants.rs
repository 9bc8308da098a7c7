//! Issuers that stand for many tenants: Microsoft Entra's `organizations` and `common`. Its
//! metadata has a placeholder where each token names its own tenant, in `iss` and in `tid`.

use serde_json::{Map, Value};

/// The tenants whose people may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenants {
    /// Anybody's: whoever makes a tenant of their own can sign in.
    All,
    /// Those with these ids, in lowercase.
    These(Vec<String>),
}

impl Tenants {
    fn include(&self, tenant: &str) -> bool {
        match self {
            Self::All => is_tenant_id(tenant),
            Self::These(ids) => ids.iter().any(|id| id == tenant),
        }
    }
}

/// Whether it is an id as Entra writes it, such as `6f1d2c3b-4a59-4e68-9777-8a9b0c1d2e3f`.
pub(crate) fn is_tenant_id(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    let is_of_id = |c: char| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c);
    lengths.eq([8, 4, 4, 4, 12]) && text.chars().all(is_of_id)
}

/// What stands for the tenant in metadata.
const PLACEHOLDER: &str = "{tenantid}";

/// The parts of a shared issuer before and after the word that stands for all tenants.
pub(crate) fn parts(issuer: &str) -> Option<(&str, &str)> {
    ["/organizations", "/common"].into_iter().find_map(|word| {
        let (before, after) = issuer.split_once(word)?;
        (after.is_empty() || after.starts_with('/')).then_some((before, after))
    })
}

/// Who may have issued what an app gets from its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuers {
    issuer: String,
    tenants: Option<Tenants>,
}

impl Issuers {
    /// One issuer, or a shared one of these tenants.
    pub fn new(issuer: &str, tenants: Option<&Tenants>) -> Self {
        Self {
            issuer: issuer.to_owned(),
            tenants: tenants.cloned(),
        }
    }

    /// The issuer as the metadata has it.
    pub fn in_metadata(&self) -> String {
        self.of_tenant(PLACEHOLDER)
            .unwrap_or_else(|| self.issuer.clone())
    }

    /// Whether each tenant is an issuer of its own.
    pub fn are_many(&self) -> bool {
        self.tenants.is_some()
    }

    /// Whether this issuer is one of them, and its people may sign in.
    pub fn include(&self, issuer: &str) -> bool {
        match (&self.tenants, parts(&self.issuer)) {
            (None, _) => issuer == self.issuer,
            (Some(tenants), Some((before, after))) => {
                let tenant = issuer.strip_prefix(before);
                let tenant = tenant.and_then(|rest| rest.strip_prefix('/'));
                let tenant = tenant.and_then(|rest| rest.strip_suffix(after));
                tenant.is_some_and(|tenant| tenants.include(tenant))
            }
            (Some(_), None) => false,
        }
    }

    /// The issuer of the tenant that a token's `tid` names, which its `iss` has to be.
    pub fn named_by(&self, claims: &Map<String, Value>) -> Option<String> {
        let tenant = claims.get("tid")?.as_str()?;
        is_tenant_id(tenant).then(|| self.of_tenant(tenant))?
    }

    fn of_tenant(&self, tenant: &str) -> Option<String> {
        self.tenants.as_ref()?;
        let (before, after) = parts(&self.issuer)?;
        Some(format!("{before}/{tenant}{after}"))
    }
}

/// Whether a key may sign for an issuer. Entra says of each key whose it is, of most of them with
/// the placeholder.
pub(super) fn may_sign_for(key_issuer: &str, claims: &Map<String, Value>, issuer: &str) -> bool {
    let tenant = claims.get("tid").and_then(Value::as_str);
    key_issuer.replace(PLACEHOLDER, tenant.unwrap_or_default()) == issuer
}
