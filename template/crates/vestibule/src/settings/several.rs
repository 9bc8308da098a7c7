//! Several providers in one app: the settings of each.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use url::Url;

use super::{
    Environment, Joining, LoginMode, ProviderSettings, RelyingParty, Secret, Settings,
    WidgetSettings, below,
    declarations::{self, ALL, Setting},
    environment::words,
};
use crate::paths::Paths;

/// A provider that people sign in with, one of several.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NamedProvider {
    /// In addresses, variables and logs: lowercase letters, digits and hyphens.
    pub name: String,
    /// What people call it, such as "Microsoft".
    pub title: String,
    /// A picture of it, as a path of the app.
    pub icon: Option<String>,
    /// Whoever gives an e-mail address in one of these domains, in lowercase, is led to this
    /// provider.
    pub domains: Vec<String>,
    /// This app's registration there; `None`: the development provider plays it.
    pub registration: Option<ProviderSettings>,
    /// How the app behaves as its relying party.
    pub relying_party: RelyingParty,
    /// Who may join from there, and with which roles.
    pub joining: Joining,
    /// What `/login` does first, once the provider is chosen.
    pub login_mode: LoginMode,
    /// The Okta Sign-In Widget, for [`LoginMode::Widget`].
    pub widget: WidgetSettings,
}

impl NamedProvider {
    /// The provider of an app that has only one, which nobody has to choose.
    pub(crate) fn only(settings: &Settings, registration: ProviderSettings) -> Self {
        Self {
            name: ONLY.to_owned(),
            title: host_of(&registration.issuer),
            icon: None,
            domains: Vec::new(),
            registration: Some(registration),
            relying_party: settings.relying_party.clone(),
            joining: settings.joining.clone(),
            login_mode: settings.login_mode,
            widget: settings.widget.clone(),
        }
    }

    /// The provider's issuer; empty until the development provider has started.
    pub fn issuer(&self) -> &str {
        let registration = self.registration.as_ref();
        registration.map_or("", |registration| &registration.issuer)
    }
}

/// The name of the provider of an app that has only one.
const ONLY: &str = "main";

/// The host of a URL, such as `id.example.com`.
fn host_of(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    let host = parsed.as_ref().and_then(Url::host_str);
    host.unwrap_or(url).to_owned()
}

/// The path of one provider's callback, below that of the app. Each provider has its own, so
/// that a response of one never counts as another's (RFC 9700 4.4.2.2).
pub(crate) fn callback_of(login_callback: &str, provider: &str) -> String {
    format!("{}/{provider}", login_callback.trim_end_matches('/'))
}

impl Settings {
    /// Adds one of several providers that people choose from; `name` is in addresses and logs.
    /// Everything else is as in these settings, and can be changed in what is returned.
    ///
    /// ```
    /// # use vestibule::{Secret, Settings};
    /// # fn add(settings: &mut Settings) {
    /// let secret = Secret::new("…");
    /// let google = settings.add_provider("google", "https://accounts.google.com", "id", secret);
    /// google.title = "Google".to_owned();
    /// google.domains = vec!["example.com".to_owned()];
    /// # }
    /// ```
    pub fn add_provider(
        &mut self,
        name: &str,
        issuer: &str,
        client_id: &str,
        client_secret: Secret,
    ) -> &mut NamedProvider {
        let registration = ProviderSettings::new(issuer, client_id, client_secret);
        let mut added = NamedProvider {
            name: name.to_owned(),
            ..NamedProvider::only(self, registration)
        };
        let callback = callback_of(&self.paths.login_callback, name);
        added.relying_party.login_redirect_uri = below(&self.base_url, &callback);
        self.providers.push(added);
        let last = self.providers.len() - 1;
        &mut self.providers[last]
    }
}

/// What is wrong with several providers taken together.
pub(crate) fn clashes(providers: &[NamedProvider]) -> Vec<String> {
    let mut clashes = Vec::new();
    let mut names = BTreeSet::new();
    let mut clients = BTreeMap::new();
    let mut domains = BTreeMap::new();
    for provider in providers {
        let name = &*provider.name;
        if !is_name(name) {
            clashes.push(format!(
                "«{name}» is not a name: use up to {LONGEST_NAME} lowercase letters, digits and \
                 hyphens, and begin with a letter."
            ));
        }
        if !names.insert(name) {
            clashes.push(format!("«{name}» is named twice."));
        }
        if let Some(registration) = &provider.registration
            && let client = (&*registration.issuer, &*registration.client_id)
            && !client.0.is_empty()
            && let Some(other) = clients.insert(client, name)
        {
            clashes.push(format!(
                "«{other}» and «{name}» have the same issuer and client id, so they are one provider."
            ));
        }
        for domain in &provider.domains {
            if let Some(other) = domains.insert(&**domain, name)
                && other != name
            {
                clashes.push(format!(
                    "«{other}» and «{name}» both have the domain {domain}."
                ));
            }
        }
    }
    clashes
}

/// The longest name of a provider, in characters.
const LONGEST_NAME: usize = 32;

fn is_name(name: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(is_of_name)
}

/// Settings that providers never share: who the provider is, and who the app is there.
const OWN: [Setting; 16] = [
    declarations::ISSUER,
    declarations::DIRECT_URL,
    declarations::METADATA_URL,
    declarations::TENANTS,
    declarations::CLIENT_ID,
    declarations::CLIENT_SECRET,
    declarations::CLIENT_AUTH,
    declarations::CLIENT_KEY_FILE,
    declarations::CLIENT_KEY_ID,
    declarations::CLIENT_KEY_ISSUER,
    declarations::CLIENT_KEY_AUDIENCE,
    declarations::LOGIN_REDIRECT_URI,
    declarations::LOGOUT_URL,
    declarations::TITLE,
    declarations::ICON,
    declarations::DOMAINS,
];

/// Stands for a provider's name in settings that only several providers have.
const NAME: &str = "{NAME}";

/// Whether a provider without a value of its own has the one for all of them.
pub(super) fn is_shared(variable: &str) -> bool {
    OWN.iter().all(|own| own.name != variable)
}

/// How the variables of one provider begin.
#[derive(Clone, Debug)]
pub(super) struct Prefix(String);

impl Prefix {
    pub(super) fn of(name: &str) -> Self {
        Self(name.to_ascii_uppercase().replace('-', "_"))
    }

    /// This provider's own variable for a setting; `None`: the setting is the app's.
    pub(super) fn variable(&self, setting: &str) -> Option<String> {
        let rest = setting.strip_prefix("OIDC_")?;
        let named = rest.strip_prefix(NAME).and_then(|it| it.strip_prefix('_'));
        let rest = named.unwrap_or(rest);
        let is_of_app = setting == declarations::PROVIDERS.name;
        (!is_of_app).then(|| format!("OIDC_{}_{rest}", self.0))
    }

    /// A hint with this provider's own variables in it.
    pub(super) fn in_words(&self, hint: &str) -> String {
        let mut settings: Vec<&str> = ALL.iter().map(|one| one.name).collect();
        // One may be the beginning of another.
        settings.sort_by_key(|name| Reverse(name.len()));
        let mut text = String::new();
        let mut rest = hint;
        while let Some(start) = rest.find("OIDC_") {
            text.push_str(&rest[..start]);
            let found = &rest[start..];
            let setting = settings.iter().find(|name| found.starts_with(**name));
            let own = setting.and_then(|name| Some((*name, self.variable(name)?)));
            let (name, own) = own.unwrap_or(("OIDC_", "OIDC_".to_owned()));
            text.push_str(&own);
            rest = &found[name.len()..];
        }
        text + rest
    }
}

impl Environment<'_> {
    /// The providers of `OIDC_PROVIDERS`; empty if it is not set.
    pub(super) fn providers(&mut self, base_url: &Url) -> Vec<NamedProvider> {
        let Some(value) = self.string(declarations::PROVIDERS.name) else {
            return Vec::new();
        };
        let names: Vec<&str> = words(&value).collect();
        self.refuse_ambiguous(&names);
        self.refuse_shared(&names);
        let named = names.iter().map(|name| {
            self.of_provider(Prefix::of(name), |environment| {
                environment.named_provider(name, base_url)
            })
        });
        let providers: Vec<NamedProvider> = named.collect();
        for clash in clashes(&providers) {
            self.fault(declarations::PROVIDERS.name, clash);
        }
        providers
    }

    /// Names that would make one variable mean two things.
    fn refuse_ambiguous(&mut self, names: &[&str]) {
        if names.is_empty() {
            self.fault(declarations::PROVIDERS.name, "names no provider.");
        }
        let mut meanings: BTreeMap<String, &str> = BTreeMap::new();
        for setting in ALL {
            meanings.insert(setting.name.to_owned(), "the app");
        }
        let mut known: Vec<&str> = Vec::new();
        for name in names {
            // The same name twice has a fault of its own.
            if known.contains(name) {
                continue;
            }
            known.push(name);
            let prefix = Prefix::of(name);
            let own = ALL.iter().filter_map(|one| prefix.variable(one.name));
            for variable in own {
                if let Some(other) = meanings.get(&variable).copied() {
                    let hint = format!(
                        "«{name}» cannot be told apart: {variable} is a setting of {other} too. \
                         Choose another name."
                    );
                    self.fault(declarations::PROVIDERS.name, hint);
                    break;
                }
                meanings.insert(variable, name);
            }
        }
    }

    /// One value for all providers would be somebody else's for all but one.
    fn refuse_shared(&mut self, names: &[&str]) {
        let Some(first) = names.first().map(|name| Prefix::of(name)) else {
            return;
        };
        for own in OWN.iter().filter(|own| !own.name.contains(NAME)) {
            if self.string(own.name).is_some()
                && let Some(variable) = first.variable(own.name)
            {
                let hint = format!(
                    "has no effect with OIDC_PROVIDERS, as each provider has its own. Set \
                     {variable} or the like, and leave this out."
                );
                self.fault(own.name, hint);
            }
        }
    }

    fn named_provider(&mut self, name: &str, base_url: &Url) -> NamedProvider {
        let callback = callback_of(&Paths::default().login_callback, name);
        let login_mode = self.login_mode();
        let relying_party = self.relying_party(base_url, &callback);
        self.check_demand(&relying_party.demand, login_mode);
        let (joining, widget) = (self.joining(), self.widget(login_mode));
        let (title, icon) = (self.string(declarations::TITLE.name), self.icon());
        let domains = self.domains(declarations::DOMAINS);
        let registration = self.provider(base_url);
        let host = registration.as_ref().map(|it| host_of(&it.issuer));
        NamedProvider {
            name: name.to_owned(),
            title: title.or(host).unwrap_or_else(|| name.to_owned()),
            icon,
            domains,
            registration,
            relying_party,
            joining,
            login_mode,
            widget,
        }
    }

    fn icon(&mut self) -> Option<String> {
        const VARIABLE: &str = declarations::ICON.name;
        let value = self.string(VARIABLE)?;
        if !value.starts_with('/') || value.starts_with("//") {
            self.fault(
                VARIABLE,
                format!("«{value}» is not a path of this app, such as /static/google.svg."),
            );
        }
        Some(value)
    }
}
