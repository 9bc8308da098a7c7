//! Asking every route of the app who may reach it.

use std::{fmt, fs, path::Path};

use super::{Browser, Page, StatusCode, TestApp};
use crate::routes::{Access, Question, Route, Routes};

/// Every route of an app, asked; [`TestApp::routes`] makes it.
#[derive(Debug)]
pub struct AskedRoutes {
    known: Routes,
    asked: Vec<AskedRoute>,
}

/// A route, and what it answers strangers. It is shown with its method, its path and who may
/// reach it.
#[derive(Debug)]
pub struct AskedRoute {
    /// The route, with what its guards have done.
    pub route: Route,
    /// What a stranger got, without the body; `None` if nobody could be found to ask, or
    /// nothing needed to be asked.
    pub answer: Option<Page>,
}

impl TestApp {
    /// Every route that the running app has, after a stranger and somebody without roles have
    /// asked each. The app has to mount [`Dev::routes`](crate::Dev::routes), and this crate
    /// needs the feature `introspection`.
    ///
    /// Handlers that let strangers in do what they do for strangers.
    pub async fn routes(&self) -> AskedRoutes {
        let stranger = self.browser();
        let mut answers: Vec<(Question, Page)> = Vec::new();
        for question in self.known_routes(&stranger).await.questions() {
            let page = ask(&stranger, &question).await;
            // Pages may set cookies, and the next route should not know the stranger.
            for name in stranger.cookies().into_keys() {
                stranger.forget_cookie(&name);
            }
            answers.push((question, page));
        }

        // Those behind a guard for a whole table say more to people whom that lets pass.
        let person = self.browser();
        for route in &self.known_routes(&stranger).await.routes {
            if !route.is_complete && matches!(route.access, Access::SignedIn { .. }) {
                if !person.has_cookie("user-session") {
                    let page = person.sign_in_as("bob", &self.paths.login).await;
                    assert!(person.has_cookie("user-session"), "bob got {page:?}");
                }
                ask(&person, &route.question()).await;
            }
        }

        let known = self.known_routes(&stranger).await;
        let asked = known.routes.iter().map(|route| {
            let question = route.question();
            let at = answers.iter().position(|(asked, _)| *asked == question);
            AskedRoute {
                route: route.clone(),
                answer: at.map(|at| answers.swap_remove(at).1),
            }
        });
        AskedRoutes {
            asked: asked.collect(),
            known,
        }
    }

    async fn known_routes(&self, browser: &Browser) -> Routes {
        let page = browser.fetch(&self.below("/dev/routes.json")).await;
        assert_eq!(
            page.status,
            StatusCode::OK,
            "the app does not mount the routes of `vestibule_dev::Dev`, or this crate has not the \
             feature `introspection`: {}",
            page.body
        );
        serde_json::from_str(&page.body)
            .unwrap_or_else(|error| panic!("no routes at {}: {error}: {}", page.url, page.body))
    }

    /// A path of the app as browsers see it.
    fn below(&self, path: &str) -> String {
        format!("{}{path}", self.base.path().trim_end_matches('/'))
    }
}

/// What is said doesn't matter, and a stream would not end.
async fn ask(browser: &Browser, question: &Question) -> Page {
    browser
        .request_head(question.method(), &question.path, |request| {
            question.put(request)
        })
        .await
}

impl AskedRoutes {
    /// The routes, by path.
    pub fn iter(&self) -> impl Iterator<Item = &AskedRoute> {
        self.asked.iter()
    }

    /// Writes them to a file for `vestibule routes --live FILE`, which compares them with the
    /// source.
    pub fn save(&self, file: impl AsRef<Path>) {
        let file = file.as_ref();
        let text = serde_json::to_string_pretty(&self.known).unwrap();
        fs::write(file, text)
            .unwrap_or_else(|error| panic!("{} cannot be written: {error}", file.display()));
    }
}

impl AskedRoute {
    /// Whether it is declared that everybody may reach it.
    pub fn is_public(&self) -> bool {
        matches!(self.route.access, Access::Everybody { declared: true })
    }

    /// Whether a guard has turned the stranger away.
    pub fn is_refused(&self) -> bool {
        let Some(answer) = &self.answer else {
            return false;
        };
        let status = answer.status;
        match self.route.access {
            Access::SignedIn { .. } => {
                status == StatusCode::UNAUTHORIZED
                    || status == StatusCode::FORBIDDEN
                    || status == StatusCode::NOT_FOUND
                    || status == StatusCode::SEE_OTHER
            }
            // Another argument of its handler has failed first.
            Access::Unknown { guarded: true, .. } => status.is_client_error(),
            _ => false,
        }
    }
}

impl fmt::Display for AskedRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.route.fmt(f)?;
        match &self.answer {
            Some(answer) => write!(f, "; a stranger got {}", answer.status),
            None => Ok(()),
        }
    }
}
