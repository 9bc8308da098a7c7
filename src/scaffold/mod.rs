//! What `add route` writes: a handler, its view and its tests, each from a template in `texts/`.
//! Where they go, and whether they may go there, is not decided here.

mod imports;
mod spec;

use liquid::{ParserBuilder, object};

pub(crate) use spec::{Guard, Kind, Method, NewRole, NewRoute, RoleType, Style, title_of};

use self::imports::imports;
use crate::source::GuardNames;

/// One line of code is no longer than this.
pub(crate) const WIDTH: usize = 100;
/// The arguments of a call on one line are no longer than this.
pub(crate) const CALL_WIDTH: usize = 60;

/// A file that can't be rendered, which is never the user's fault.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
pub(crate) struct BadScaffold {
    pub(crate) what: &'static str,
    pub(crate) source: liquid::Error,
}

/// The handler file.
pub(crate) fn handler(route: &NewRoute, names: &GuardNames) -> Result<String, BadScaffold> {
    match route.kind {
        Kind::Page if !route.style.has_views => render(
            "plain_page.rs",
            include_str!("texts/plain_page.rs.liquid"),
            &plain_page_object(route, names),
        ),
        Kind::Page => render(
            "page.rs",
            include_str!("texts/page.rs.liquid"),
            &page_object(route, names),
        ),
        Kind::Form => render(
            "form.rs",
            include_str!("texts/form.rs.liquid"),
            &form_object(route, names),
        ),
        Kind::Json => render(
            "json.rs",
            include_str!("texts/json.rs.liquid"),
            &json_object(route, names),
        ),
    }
}

/// The view; JSON has none.
pub(crate) fn view(route: &NewRoute) -> Result<Option<String>, BadScaffold> {
    if !route.style.has_views {
        return Ok(None);
    }
    let object = common(route);
    let view = match route.kind {
        Kind::Page => render("page.html", include_str!("texts/page.html.liquid"), &object)?,
        Kind::Form => render("form.html", include_str!("texts/form.html.liquid"), &object)?,
        Kind::Json => return Ok(None),
    };
    Ok(Some(view))
}

/// The test file.
pub(crate) fn tests(route: &NewRoute, names: &GuardNames) -> Result<String, BadScaffold> {
    render(
        "test.rs",
        include_str!("texts/test.rs.liquid"),
        &test_object(route, names),
    )
}

/// The call that shows a page in the gallery, as rustfmt writes it on a chain; `sample` is the
/// path of the function that renders it.
pub(crate) fn state(route: &NewRoute, sample: &str) -> String {
    let when = match route.kind {
        Kind::Form => "a field has a mistake",
        Kind::Page | Kind::Json => "as people see it",
    };
    let arguments = [
        format!("\"{}\"", route.module.replace('_', "-")),
        format!("\"{}.html\"", route.module),
        format!("\"{when}\""),
        sample.to_owned(),
    ];
    call(".state", &arguments)
}

/// The element that links to a page in the bar.
pub(crate) fn link(route: &NewRoute) -> String {
    let audience = match &route.guard {
        Guard::Public => "Audience::Everybody".to_owned(),
        Guard::Role(role) if !role.is_decided_by_app => format!("Audience::Role({:?})", role.name),
        Guard::SignedIn | Guard::Role(_) | Guard::Fresh { .. } => "Audience::SignedIn".to_owned(),
    };
    let arguments = [
        format!("{:?}", route.title()),
        format!("{:?}", route.path),
        audience,
    ];
    call("Link::to", &arguments)
}

/// A call with its arguments on one line if they are short.
fn call(name: &str, arguments: &[String]) -> String {
    let one = arguments.join(", ");
    if one.len() <= CALL_WIDTH {
        return format!("{name}({one})");
    }
    let lines: String = arguments
        .iter()
        .map(|argument| format!("    {argument},\n"))
        .collect();
    format!("{name}(\n{lines})")
}

/// A role's type, to go next to the others.
pub(crate) fn role(role: &NewRole) -> String {
    let NewRole {
        type_name,
        name,
        trait_path,
    } = role;
    format!(
        "/// The role that pages ask for with `Has<{type_name}>`.\n\
         pub struct {type_name};\n\
         \n\
         impl {trait_path} for {type_name} {{\n    \
             const NAME: &'static str = \"{name}\";\n\
         }}\n"
    )
}

fn render(
    what: &'static str,
    liquid: &'static str,
    object: &liquid::Object,
) -> Result<String, BadScaffold> {
    let bad = |source| BadScaffold { what, source };
    let parser = ParserBuilder::with_stdlib().build().map_err(bad)?;
    let template = parser.parse(liquid).map_err(bad)?;
    template.render(object).map_err(bad)
}

fn common(route: &NewRoute) -> liquid::Object {
    let (role, seconds) = match &route.guard {
        Guard::Role(role) => (role.name.clone(), 0),
        Guard::Fresh { seconds } => (String::new(), *seconds),
        Guard::Public | Guard::SignedIn => (String::new(), 0),
    };
    object!({
        "name": route.module,
        "path": route.path,
        "example": route.example(),
        "title": route.title(),
        "who": route.guard.who("`"),
        "who_in_view": who_in_view(route),
        "parameters": route.parameters(),
        "has_parameters": !route.parameters().is_empty(),
        "method": route.method.name(),
        "is_public": matches!(route.guard, Guard::Public),
        "is_role": matches!(route.guard, Guard::Role(_)),
        "is_fresh": matches!(route.guard, Guard::Fresh { .. }),
        "is_form": route.kind == Kind::Form,
        "is_json": route.kind == Kind::Json,
        "is_get": route.method == Method::Get,
        "has_body": route.has_body(),
        "has_sample": route.has_sample(),
        "needs_token": route.needs_token(),
        "is_known_who": !matches!(&route.guard, Guard::Role(role) if role.is_decided_by_app),
        "role": role,
        "seconds": seconds,
    })
}

fn who_in_view(route: &NewRoute) -> String {
    match &route.guard {
        Guard::Role(role) => format!("people with the role <code>{}</code>", role.name),
        guard => guard.who(""),
    }
}

fn with(mut object: liquid::Object, pairs: Vec<(&'static str, String)>) -> liquid::Object {
    for (key, value) in pairs {
        object.insert(key.into(), liquid::model::Value::scalar(value));
    }
    object
}

/// The type of the handler's argument that lets people in, and what is imported for it.
fn guard_type(guard: &Guard, names: &GuardNames) -> (String, Vec<String>) {
    let (name, written) = match guard {
        Guard::Public => (&names.user, format!("Option<{}>", names.user.with(None))),
        Guard::SignedIn => (&names.user, names.user.with(None)),
        Guard::Role(role) => (&names.has, names.has.with(Some(&role.written))),
        Guard::Fresh { seconds } => (&names.fresh, names.fresh.with(Some(&seconds.to_string()))),
    };
    let mut imports: Vec<String> = name.imports().map(str::to_owned).collect();
    if let Guard::Role(role) = guard {
        imports.extend(role.import.clone());
    }
    (written, imports)
}

const RESPONSE: &str = "Result<HttpResponse, Error>";

/// What page and form handlers have in common: their imports and the arguments of the first.
fn page_parts(route: &NewRoute, names: &GuardNames) -> (Vec<String>, Vec<String>) {
    let (guard, imports) = guard_type(&route.guard, names);
    let mut paths: Vec<String> = [
        "actix_web::HttpRequest",
        "actix_web::HttpResponse",
        "askama::Template",
        "crate::views::self",
        "crate::views::Frame",
    ]
    .map(str::to_owned)
    .into();
    paths.push(format!("{}::Error", names.library));
    paths.extend(imports);
    let mut arguments = vec!["request: HttpRequest".to_owned(), format!("_: {guard}")];
    take_segments(route, &mut paths, &mut arguments);
    (paths, arguments)
}

/// The argument for the segments of the path, if it has any.
fn take_segments(route: &NewRoute, paths: &mut Vec<String>, arguments: &mut Vec<String>) {
    if !route.parameters().is_empty() {
        arguments.push("path: Path<Segments>".to_owned());
        paths.push("actix_web::web::Path".to_owned());
        paths.push("serde::Deserialize".to_owned());
    }
}

/// The argument that lets people in; nothing if everybody may.
fn take_guard(
    name: &str,
    route: &NewRoute,
    names: &GuardNames,
    paths: &mut Vec<String>,
    arguments: &mut Vec<String>,
) {
    if !matches!(route.guard, Guard::Public) {
        let (guard, imports) = guard_type(&route.guard, names);
        arguments.push(format!("{name}: {guard}"));
        paths.extend(imports);
    }
}

fn page_object(route: &NewRoute, names: &GuardNames) -> liquid::Object {
    let (paths, arguments) = page_parts(route, names);
    with(
        common(route),
        vec![
            ("imports", imports_of(&paths)),
            ("show", signature("pub async fn show", &arguments, RESPONSE)),
        ],
    )
}

fn plain_page_object(route: &NewRoute, names: &GuardNames) -> liquid::Object {
    let mut paths = vec!["actix_web::web::Html".to_owned()];
    let mut arguments = Vec::new();
    take_guard("_", route, names, &mut paths, &mut arguments);
    let attribute = attribute(route, &mut paths);
    with(
        common(route),
        vec![
            ("imports", imports_of(&paths)),
            ("attribute", attribute),
            ("show", signature("pub async fn show", &arguments, "Html")),
        ],
    )
}

/// The line above a handler that says where it is reached, if its app has such.
fn attribute(route: &NewRoute, paths: &mut Vec<String>) -> String {
    let Some(path) = &route.style.attribute else {
        return String::new();
    };
    let method = route.method.function();
    paths.push(format!("actix_web::{method}"));
    format!("#[{method}(\"{path}\")]\n")
}

fn form_object(route: &NewRoute, names: &GuardNames) -> liquid::Object {
    let (mut paths, mut arguments) = page_parts(route, names);
    paths.push("serde::Deserialize".to_owned());
    let (form, proof) = if matches!(route.guard, Guard::Public) {
        paths.push(format!("{}::PublicForm", names.library));
        let proof = "the browser's word that it\n/// comes from a page of this app";
        ("PublicForm<Fields>".to_owned(), proof)
    } else {
        let form = &names.signed_form;
        paths.extend(form.imports().map(str::to_owned));
        (form.with(Some("Fields")), "the person's CSRF token")
    };
    let show = signature("pub async fn show", &arguments, RESPONSE);
    paths.push("actix_web::http::StatusCode".to_owned());
    arguments.push(format!("form: {form}"));
    with(
        common(route),
        vec![
            ("imports", imports_of(&paths)),
            ("show", show),
            ("send", signature("pub async fn send", &arguments, RESPONSE)),
            ("proof", proof.to_owned()),
        ],
    )
}

fn json_object(route: &NewRoute, names: &GuardNames) -> liquid::Object {
    let mut paths: Vec<String> = [
        "actix_web::web::Json",
        "serde_json::Value",
        "serde_json::json",
    ]
    .map(str::to_owned)
    .into();
    let mut arguments = Vec::new();
    let checks_token = route.needs_token() && !route.has_body();
    if checks_token {
        arguments.push("request: HttpRequest".to_owned());
        paths.push("actix_web::HttpRequest".to_owned());
        paths.push(format!("{}::csrf", names.library));
    }
    take_guard("user", route, names, &mut paths, &mut arguments);
    take_segments(route, &mut paths, &mut arguments);
    if route.has_body() {
        let body = if route.needs_token() {
            let form = &names.signed_form;
            paths.extend(form.imports().map(str::to_owned));
            form.with(Some("Fields"))
        } else {
            "Json<Fields>".to_owned()
        };
        arguments.push(format!("body: {body}"));
        paths.push("serde::Deserialize".to_owned());
        paths.push(format!("{}::FieldError", names.library));
    }
    let output = if checks_token || route.has_body() {
        paths.push(format!("{}::Error", names.library));
        "Result<Json<Value>, Error>"
    } else {
        "Json<Value>"
    };
    let name = format!("pub async fn {}", route.method.handler());
    let attribute = attribute(route, &mut paths);
    with(
        common(route),
        vec![
            ("imports", imports_of(&paths)),
            ("attribute", attribute),
            ("show", signature(&name, &arguments, output)),
        ],
    )
}

/// What the test file imports depends on which tests are in it.
fn test_object(route: &NewRoute, names: &GuardNames) -> liquid::Object {
    let guard = &route.guard;
    let is_public = *guard == Guard::Public;
    let is_signed_in = *guard == Guard::SignedIn;
    let is_known_who = !matches!(guard, Guard::Role(role) if role.is_decided_by_app);
    let is_form = route.kind == Kind::Form;
    let is_json = route.kind == Kind::Json;
    let is_get = route.method == Method::Get;
    // Who has such a role isn't known, so all that can be tested is that strangers don't get in.
    let has_ask = is_json && (is_known_who || !is_get);
    let has_send = is_form && is_known_who;
    let testing = format!("{}::testing", names.dev_library);
    let support = "crate::support".to_owned();
    let mut paths: Vec<String> = [
        ("Browser", has_ask || has_send),
        ("Method", is_json && !is_get || is_form && is_public),
        ("Page", has_ask || has_send),
        ("StatusCode", is_known_who || is_form || is_json && !is_get),
        ("app", is_known_who && !is_signed_in),
        ("assert_needs_sign_in", !is_public && is_get),
        (
            "signed_in_as",
            is_signed_in || matches!(guard, Guard::Fresh { .. }),
        ),
        ("signed_out", is_form || !is_get && !is_public),
    ]
    .into_iter()
    .filter(|(_, is_used)| *is_used)
    .map(|(name, _)| {
        // Types come from the library, functions from the app.
        let is_type = name.starts_with(|first: char| first.is_uppercase());
        let module = if is_type { &testing } else { &support };
        format!("{module}::{name}")
    })
    .collect();
    if matches!(guard, Guard::Role(_)) && is_known_who || route.has_body() && has_ask {
        paths.push("serde_json::json".to_owned());
    }
    let right_people = match guard {
        Guard::Public => "",
        Guard::SignedIn => "signed_in_people_get_in",
        Guard::Fresh { .. } => "people_who_have_just_signed_in_get_in",
        Guard::Role(_) => "people_with_the_role_get_in",
    };
    let mut object = common(route);
    object.insert("has_ask".into(), liquid::model::Value::scalar(has_ask));
    with(
        object,
        vec![
            ("imports", imports_of(&paths)),
            ("right_people", right_people.to_owned()),
        ],
    )
}

fn imports_of(paths: &[String]) -> String {
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    imports(&paths)
}

/// A function's head, on one line if it fits there.
fn signature(name: &str, arguments: &[String], output: &str) -> String {
    let one = format!("{name}({}) -> {output}", arguments.join(", "));
    // The opening brace belongs to the line.
    if one.len() + 2 <= WIDTH {
        return one;
    }
    let lines: String = arguments
        .iter()
        .map(|argument| format!("    {argument},\n"))
        .collect();
    format!("{name}(\n{lines}) -> {output}")
}
