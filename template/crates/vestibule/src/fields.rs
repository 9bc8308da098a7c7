//! Reading the fields of a request's body, and saying which of them cannot be used.

use std::fmt;

use actix_web::error::{JsonPayloadError, PayloadError, UrlencodedError};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use url::form_urlencoded;

use crate::error::ErrorKind;

/// A longer name is cut: whoever sends a body also chooses the names in it.
const LONGEST_NAME: usize = 100;

/// A field of a body that is missing or wrong.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldError {
    name: Option<String>,
    detail: Option<String>,
}

impl FieldError {
    /// What is wrong with the field of this name.
    pub fn new(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            detail: Some(detail.into()),
        }
    }

    /// What serde says, in a list that is empty if that is nothing. Its message may
    /// quote what was sent, so only debug builds keep it.
    fn read(name: Option<&str>, message: &str) -> Vec<Self> {
        let name = match (name, named_field(message)) {
            (Some(within), Some(name)) => Some(format!("{within}.{name}")),
            (name, named) => named.or(name).map(str::to_owned),
        };
        let field = Self {
            name: name.map(|name| name.chars().take(LONGEST_NAME).collect()),
            detail: cfg!(debug_assertions).then(|| message.to_owned()),
        };
        let is_known = field.name.is_some() || field.detail.is_some();
        is_known.then_some(field).into_iter().collect()
    }

    /// The field, such as `amount` or `items[0].amount`. `None` if it is the body as a
    /// whole, or if whoever found the error does not say.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What is wrong with it. Release builds do not say that of bodies that could not
    /// be read into a handler's type.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

/// As people read it: `amount: must be more than 0`.
impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.detail) {
            (Some(name), Some(detail)) => write!(f, "{name}: {detail}"),
            (Some(known), None) | (None, Some(known)) => f.write_str(known),
            (None, None) => Ok(()),
        }
    }
}

/// Without the detail, which may quote what was sent.
impl fmt::Debug for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldError")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The field that serde misses or has seen before. Its message is all that names it
/// then.
fn named_field(message: &str) -> Option<&str> {
    let missing = message.strip_prefix("missing field `");
    let rest = missing.or_else(|| message.strip_prefix("duplicate field `"))?;
    let (name, _) = rest.split_once('`')?;
    Some(name)
}

/// Reads a form (WHATWG URL, application/x-www-form-urlencoded parsing).
pub(crate) fn from_form<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorKind> {
    if std::str::from_utf8(body).is_err() {
        return Err(ErrorKind::BodySyntax("the form is not UTF-8".to_owned()));
    }
    let form = serde_urlencoded::Deserializer::new(form_urlencoded::parse(body));
    serde_path_to_error::deserialize(form)
        .map_err(|error| wrong_form(place(error.path()).as_deref(), &error.inner().to_string()))
}

/// Reads JSON (RFC 8259).
pub(crate) fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorKind> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let fields = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| wrong_json(place(error.path()).as_deref(), error.inner()))?;
    json.end().map_err(|error| wrong_json(None, &error))?;
    Ok(fields)
}

/// A path in a body; `None` for the body as a whole.
fn place(path: &serde_path_to_error::Path) -> Option<String> {
    path.iter().next().map(|_| path.to_string())
}

fn wrong_form(name: Option<&str>, message: &str) -> ErrorKind {
    ErrorKind::invalid_fields(FieldError::read(name, message))
}

fn wrong_json(name: Option<&str>, error: &serde_json::Error) -> ErrorKind {
    match error.classify() {
        Category::Data => {
            let fields = FieldError::read(name, &error.to_string());
            let name = fields.iter().find_map(FieldError::name);
            let name = name.unwrap_or("a field");
            let (line, column) = (error.line(), error.column());
            let cause = format!("{name} at line {line} column {column}");
            ErrorKind::InvalidFields(fields, cause)
        }
        // These quote nothing of what was sent.
        Category::Syntax | Category::Eof | Category::Io => ErrorKind::BodySyntax(error.to_string()),
    }
}

/// What an error of Actix's own extractors means; `None` if its status says so.
pub(crate) fn of_extractor(error: &actix_web::Error) -> Option<ErrorKind> {
    if let Some(error) = error.as_error::<JsonPayloadError>() {
        return of_json(error);
    }
    if let Some(error) = error.as_error::<UrlencodedError>() {
        return of_form(error);
    }
    of_payload(error.as_error::<PayloadError>()?)
}

fn of_json(error: &JsonPayloadError) -> Option<ErrorKind> {
    match error {
        JsonPayloadError::ContentType => {
            Some(ErrorKind::BodyType("the page reads JSON".to_owned()))
        }
        JsonPayloadError::Deserialize(error) => Some(wrong_json(None, error)),
        _ => None,
    }
}

fn of_form(error: &UrlencodedError) -> Option<ErrorKind> {
    match error {
        UrlencodedError::Parse(error) => Some(wrong_form(None, &error.to_string())),
        UrlencodedError::Encoding => Some(ErrorKind::BodySyntax(error.to_string())),
        _ => None,
    }
}

fn of_payload(error: &PayloadError) -> Option<ErrorKind> {
    match error {
        PayloadError::Overflow => Some(ErrorKind::BodyTooLarge(
            "it exceeds the limit of its extractor".to_owned(),
        )),
        _ => None,
    }
}
