//! What globs of other crates bring: their source isn't read, so the names that matter here are
//! data.

/// What `use vestibule::*` brings.
const LIBRARY: [&str; 19] = [
    "Assurance",
    "Assured",
    "Error",
    "Fresh",
    "Has",
    "Hooks",
    "Oidc",
    "Pages",
    "Paths",
    "ProtectedConfig",
    "PublicConfig",
    "PublicForm",
    "Role",
    "SignedForm",
    "User",
    "declare_public",
    "ensure_authenticated",
    "redirect_to",
    "sign_in_silently",
];

/// The same for `use actix_web::*`.
const ACTIX: [&str; 29] = [
    "App",
    "Either",
    "Error",
    "FromRequest",
    "HttpRequest",
    "HttpResponse",
    "HttpServer",
    "Resource",
    "Responder",
    "Result",
    "Route",
    "Scope",
    "connect",
    "delete",
    "dev",
    "error",
    "get",
    "guard",
    "head",
    "http",
    "main",
    "middleware",
    "options",
    "patch",
    "post",
    "put",
    "route",
    "routes",
    "web",
];

/// The same for `use actix_web::web::*`.
const ACTIX_WEB: [&str; 24] = [
    "Bytes",
    "Data",
    "Form",
    "Header",
    "Json",
    "Path",
    "Payload",
    "Query",
    "ReqData",
    "ServiceConfig",
    "ThinData",
    "delete",
    "get",
    "head",
    "method",
    "patch",
    "post",
    "put",
    "redirect",
    "resource",
    "route",
    "scope",
    "to",
    "trace",
];

/// Whether everything of this path brings a name that matters.
pub(super) fn brought_by_glob(path: &[String], library: &str, name: &str) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path[..] {
        [first] if first == library => LIBRARY.contains(&name),
        ["actix_web"] => ACTIX.contains(&name),
        ["actix_web", "web"] => ACTIX_WEB.contains(&name),
        _ => false,
    }
}

/// Whether it is known what everything of this path brings, as far as it matters.
pub(super) fn is_well_known(path: &[String], library: &str) -> bool {
    path.first().is_some_and(|first| {
        matches!(first.as_str(), "actix_web" | "alloc" | "core" | "std") || first == library
    })
}
