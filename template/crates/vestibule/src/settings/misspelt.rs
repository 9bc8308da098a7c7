//! Variables that look like a setting which is not set.

use std::collections::BTreeSet;

use super::{Fault, declarations::ALL};

/// How alike two names are from which on one may have been meant for the other
/// (Jaro-Winkler).
const ALIKE: f64 = 0.94;

/// Names the settings that variables of the environment may have been meant for.
/// `read` is what the library and the app have looked up. It is never more than a
/// warning, since the environment also holds what other programs put there.
pub(super) fn warnings(
    read: &BTreeSet<String>,
    environment: impl Iterator<Item = String>,
) -> Vec<Fault> {
    let environment: BTreeSet<String> = environment.collect();
    // Those of several providers are only among what was read.
    let of_providers = read.iter().filter(|name| name.starts_with("OIDC_"));
    let settings: BTreeSet<&str> = ALL
        .iter()
        .map(|setting| setting.name)
        .filter(|name| !name.contains('{'))
        .chain(of_providers.map(String::as_str))
        .collect();
    let unset = || {
        let names = settings.iter().copied();
        names.filter(|name| !environment.contains(*name))
    };
    let unknown = environment.iter().filter(|name| !read.contains(*name));
    unknown
        .filter_map(|name| {
            let upper = name.to_uppercase();
            let meant = unset()
                .map(|setting| (strsim::jaro_winkler(&upper, setting), setting))
                .filter(|(likeness, _)| *likeness >= ALIKE)
                .max_by(|(one, _), (other, _)| one.total_cmp(other));
            let (_, setting) = meant?;
            Some(Fault {
                variable: name.clone(),
                hint: format!("is not a setting, and {setting} is not set. Did you mean that?"),
            })
        })
        .collect()
}
