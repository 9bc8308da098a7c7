//! What `add route` writes: a handler, its view and its tests, each from a text beside this file.
//! Where they go, and whether they may go there, is not decided here.

mod imports;
mod spec;

use liquid::{ParserBuilder, object};

pub(crate) use spec::{Guard, Kind, Method, NewRole, NewRoute, RoleType};

use self::imports::imports;

/// One line of code is no longer than this.
pub(crate) const WIDTH: usize = 100;
/// No more than this stands in the arguments of a call on one line.
pub(crate) const CALL_WIDTH: usize = 60;

/// A text that can't be rendered, which is never the fault of who asked for it.
#[derive(Debug, thiserror::Error)]
#[error("the text of {what}: {source}")]
pub(crate) struct BadText {
    what: &'static str,
    source: liquid::Error,
}

/// The handler file.
pub(crate) fn handler(route: &NewRoute) -> Result<String, BadText> {
    match route.kind {
        Kind::Page => render(
            "page.rs",
            include_str!("texts/page.rs.liquid"),
            &page_object(route),
        ),
        Kind::Form => render(
            "form.rs",
            include_str!("texts/form.rs.liquid"),
            &form_object(route),
        ),
        Kind::Json => render(
            "json.rs",
            include_str!("texts/json.rs.liquid"),
            &json_object(route),
        ),
    }
}

/// The view; JSON has none.
pub(crate) fn view(route: &NewRoute) -> Result<Option<String>, BadText> {
    let object = common(route);
    let text = match route.kind {
        Kind::Page => render("page.html", include_str!("texts/page.html.liquid"), &object)?,
        Kind::Form => render("form.html", include_str!("texts/form.html.liquid"), &object)?,
        Kind::Json => return Ok(None),
    };
    Ok(Some(text))
}

/// The test file; `library` is the name of the crate that is tested.
pub(crate) fn tests(route: &NewRoute, library: &str) -> Result<String, BadText> {
    let login = format!("{library}::app::PATHS.login");
    let is_at_login = call("assert_eq!", "login.path()", &login);
    render(
        "test.rs",
        include_str!("texts/test.rs.liquid"),
        &with(test_object(route), vec![("is_at_login", is_at_login)]),
    )
}

/// A role's type, to stand beside the others.
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
    text: &'static str,
    object: &liquid::Object,
) -> Result<String, BadText> {
    let bad = |source| BadText { what, source };
    let parser = ParserBuilder::with_stdlib().build().map_err(bad)?;
    let template = parser.parse(text).map_err(bad)?;
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
        "needs_proof": route.needs_proof(),
        "can_be_told": !matches!(&route.guard, Guard::Role(role) if role.is_decided_here),
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

/// The type of the handler's argument that lets people in.
fn guard_type(guard: &Guard) -> String {
    match guard {
        Guard::Public => "Option<User>".to_owned(),
        Guard::SignedIn => "User".to_owned(),
        Guard::Role(role) => format!("Has<{}>", role.written),
        Guard::Fresh { seconds } => format!("Fresh<{seconds}>"),
    }
}

/// What the handler file imports for its guard.
fn guard_imports(guard: &Guard) -> Vec<String> {
    let mut paths = match guard {
        Guard::Public | Guard::SignedIn => vec!["crate::oidc::guard::User".to_owned()],
        Guard::Role(_) => vec!["crate::oidc::guard::Has".to_owned()],
        Guard::Fresh { .. } => vec!["crate::oidc::guard::Fresh".to_owned()],
    };
    if let Guard::Role(role) = guard {
        paths.push(role.import.clone());
    }
    paths
}

const RESPONSE: &str = "Result<HttpResponse, Refusal>";

fn page_object(route: &NewRoute) -> liquid::Object {
    let mut paths = page_imports(route);
    let mut arguments = vec![
        "request: HttpRequest".to_owned(),
        format!("user: {}", guard_type(&route.guard)),
    ];
    if !route.parameters().is_empty() {
        arguments.push("path: Path<Segments>".to_owned());
        paths.push("serde::Deserialize".to_owned());
    }
    let frame = match route.guard {
        Guard::Public => "Frame::of(&request, user.as_ref())?",
        _ => "Frame::for_user(&request, &user)?",
    };
    with(
        common(route),
        vec![
            ("imports", imports_of(&paths)),
            ("show", signature("pub async fn show", &arguments, RESPONSE)),
            ("frame", frame.to_owned()),
        ],
    )
}

fn page_imports(route: &NewRoute) -> Vec<String> {
    let mut paths: Vec<String> = [
        "actix_web::HttpRequest",
        "actix_web::HttpResponse",
        "askama::Template",
        "crate::oidc::error::Refusal",
        "crate::views::self",
        "crate::views::Frame",
    ]
    .map(str::to_owned)
    .into();
    paths.extend(guard_imports(&route.guard));
    if !route.parameters().is_empty() {
        paths.push("actix_web::web::Path".to_owned());
    }
    paths
}

fn form_object(route: &NewRoute) -> liquid::Object {
    let is_public = matches!(route.guard, Guard::Public);
    let has_parameters = !route.parameters().is_empty();
    let (form, proof) = if is_public {
        (
            "PublicForm",
            "the browser's word that it\n/// comes from a page of this app",
        )
    } else {
        ("SignedForm", "the person's CSRF token")
    };
    let mut paths = page_imports(route);
    paths.push("serde::Deserialize".to_owned());
    paths.push(format!("crate::oidc::csrf::{form}"));
    if !is_public {
        paths.push("crate::oidc::guard::User".to_owned());
    }
    let mut arguments = vec![
        "request: HttpRequest".to_owned(),
        format!("user: {}", guard_type(&route.guard)),
    ];
    let mut given = vec![if is_public {
        "&request, user.as_ref()"
    } else {
        "&request, &user"
    }];
    let mut taken = vec![
        "request: &HttpRequest",
        if is_public {
            "user: Option<&User>"
        } else {
            "user: &User"
        },
    ];
    if has_parameters {
        arguments.push("path: Path<Segments>".to_owned());
        given.push("path.into_inner()");
        taken.push("segments: Segments");
    }
    taken.push("sent: Option<String>");
    let taken: Vec<String> = taken.into_iter().map(str::to_owned).collect();
    let show = signature("pub async fn show", &arguments, RESPONSE);
    arguments.push(format!("form: {form}<Fields>"));
    let given = given.join(", ");
    let frame = if is_public {
        "Frame::of(request, user)?"
    } else {
        "Frame::for_user(request, user)?"
    };
    with(
        common(route),
        vec![
            ("imports", imports_of(&paths)),
            ("show", show),
            ("send", signature("pub async fn send", &arguments, RESPONSE)),
            ("page", signature("fn page", &taken, RESPONSE)),
            ("call_show", format!("page({given}, None)")),
            ("call_send", call("page", &given, "Some(form.fields.text)")),
            ("frame", frame.to_owned()),
            ("proof", proof.to_owned()),
        ],
    )
}

fn json_object(route: &NewRoute) -> liquid::Object {
    let is_public = matches!(route.guard, Guard::Public);
    let mut paths: Vec<String> = [
        "actix_web::web::Json",
        "serde_json::Value",
        "serde_json::json",
    ]
    .map(str::to_owned)
    .into();
    let mut arguments = Vec::new();
    if route.needs_proof() {
        arguments.push("request: HttpRequest".to_owned());
        for path in [
            "actix_web::HttpRequest",
            "crate::oidc::csrf",
            "crate::oidc::error::Refusal",
        ] {
            paths.push(path.to_owned());
        }
    }
    if !is_public {
        arguments.push(format!("user: {}", guard_type(&route.guard)));
        paths.extend(guard_imports(&route.guard));
    }
    if !route.parameters().is_empty() {
        arguments.push("path: Path<Segments>".to_owned());
        paths.push("actix_web::web::Path".to_owned());
        paths.push("serde::Deserialize".to_owned());
    }
    let output = if route.needs_proof() {
        "Result<Json<Value>, Refusal>"
    } else {
        "Json<Value>"
    };
    let name = format!("pub async fn {}", route.method.handler());
    with(
        common(route),
        vec![
            ("imports", imports_of(&paths)),
            ("show", signature(&name, &arguments, output)),
        ],
    )
}

fn test_object(route: &NewRoute) -> liquid::Object {
    let is_public = matches!(route.guard, Guard::Public);
    let is_decided_here = matches!(&route.guard, Guard::Role(role) if role.is_decided_here);
    let mut paths = vec!["reqwest::StatusCode", "crate::support::TestApp"];
    if route.kind == Kind::Json || (route.kind == Kind::Form && !is_decided_here) {
        paths.extend(["crate::support::Browser", "crate::support::Page"]);
    }
    if route.kind == Kind::Json || (route.kind == Kind::Form && is_public) {
        paths.push("reqwest::Method");
    }
    let right_people = match &route.guard {
        Guard::Public => "",
        Guard::SignedIn => {
            paths.push("crate::support::signed_in_as");
            "signed_in_people_get_in"
        }
        Guard::Fresh { .. } => {
            paths.push("crate::support::signed_in_as");
            "people_who_have_just_signed_in_get_in"
        }
        Guard::Role(_) => {
            if !is_decided_here {
                paths.push("serde_json::json");
            }
            "people_with_the_role_get_in"
        }
    };
    with(
        common(route),
        vec![
            ("imports", imports(&paths)),
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

/// A call in a function's body, whose arguments are on one line if they are short.
fn call(name: &str, arguments: &str, last: &str) -> String {
    let one = format!("{arguments}, {last}");
    if one.len() <= CALL_WIDTH {
        return format!("{name}({one})");
    }
    let lines: String = one
        .split(", ")
        .map(|argument| format!("        {argument},\n"))
        .collect();
    format!("{name}(\n{lines}    )")
}
