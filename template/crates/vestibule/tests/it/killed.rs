//! The app is killed at random moments while people sign in and out. What it
//! has acknowledged still holds when it runs again, on the embedded store.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use reqwest::StatusCode;

use crate::{
    processes::Instances,
    support::{PATHS, client},
};

/// The cookies of sign-ins, by what the app has acknowledged of them.
#[derive(Default)]
struct Acknowledged {
    signed_in: Vec<String>,
    signed_out: Vec<String>,
}

impl Acknowledged {
    fn count(&self) -> usize {
        self.signed_in.len() + self.signed_out.len()
    }
}

const ROUNDS: u64 = 12;

#[tokio::test]
async fn what_was_acknowledged_outlives_every_kill() {
    let mut instances = Instances::start(1, "embedded:data/sessions.redb", &[]).await;
    let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
    for round in 0..ROUNDS {
        let stop = Arc::new(AtomicBool::new(false));
        let people: Vec<_> = (0..6)
            .map(|number| {
                let visitor = Visitor {
                    base: instances.at(0, ""),
                    public_base: instances.app.base.to_string(),
                    session_cookie: instances.app.cookie("user-session"),
                    provider: instances.app.provider.clone(),
                    acknowledged: Arc::clone(&acknowledged),
                };
                let stop = Arc::clone(&stop);
                tokio::spawn(async move {
                    let mut signs_out = number % 2 == 0;
                    while !stop.load(Ordering::Relaxed)
                        && visitor.come_and_go(signs_out).await.is_some()
                    {
                        signs_out = !signs_out;
                    }
                })
            })
            .collect();
        // Into the middle of sign-ins, each time elsewhere.
        let enough = acknowledged.lock().unwrap().count() + 4;
        let is_busy = async || acknowledged.lock().unwrap().count() >= enough;
        instances.app.eventually(is_busy).await;
        tokio::time::sleep(Duration::from_millis(round * 37 % 100)).await;
        instances.kill(0);
        stop.store(true, Ordering::Relaxed);
        for person in people {
            person.await.unwrap();
        }
        assert!(instances.folder().join("data/sessions.redb").exists());
        instances.start_one(0);
        check(&instances, &acknowledged).await;
    }
    assert!(!acknowledged.lock().unwrap().signed_out.is_empty());
}

async fn check(instances: &Instances, acknowledged: &Mutex<Acknowledged>) {
    let (signed_in, signed_out) = {
        let acknowledged = acknowledged.lock().unwrap();
        (
            acknowledged.signed_in.clone(),
            acknowledged.signed_out.clone(),
        )
    };
    let browser = instances.app.browser();
    for (cookies, holds) in [(signed_in, true), (signed_out, false)] {
        for cookie in cookies {
            browser.set_cookie(&browser.app.cookie("user-session"), &cookie);
            assert_eq!(instances.signed_in_at_each(&browser).await, [holds]);
        }
    }
}

/// Somebody who signs in, and perhaps out, without caring for pages.
struct Visitor {
    /// Where the instance listens.
    base: String,
    /// Where the provider thinks that it is.
    public_base: String,
    session_cookie: String,
    provider: vestibule_dev::provider::DevProvider,
    acknowledged: Arc<Mutex<Acknowledged>>,
}

impl Visitor {
    /// `None`: the app was gone in the middle of it.
    async fn come_and_go(&self, signs_out: bool) -> Option<()> {
        let client = client();
        let login = client
            .get(format!("{}{}", self.base, PATHS.login))
            .send()
            .await;
        let login = login.ok()?;
        let transaction = cookie(&login);
        let location = login.headers()["location"].to_str().unwrap();
        let callback = self.provider.sign_in(location, "alice").unwrap();
        let callback = callback.replace(self.public_base.trim_end_matches('/'), &self.base);
        let answer = client
            .get(callback)
            .header("cookie", transaction)
            .send()
            .await;
        let answer = answer.ok()?;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookies = answer.headers().get_all("set-cookie");
        let value = cookies
            .iter()
            .find_map(|cookie| {
                let cookie = cookie.to_str().ok()?.strip_prefix(&self.session_cookie)?;
                cookie.strip_prefix('=')
            })
            .and_then(|cookie| cookie.split(';').next())
            .unwrap()
            .to_owned();
        if !signs_out {
            self.acknowledged.lock().unwrap().signed_in.push(value);
            return Some(());
        }
        let cookie = format!("{}={value}", self.session_cookie);
        let me = client.get(format!("{}/api/me", self.base));
        let me = me.header("cookie", &cookie).send().await.ok()?;
        let me: serde_json::Value = serde_json::from_str(&me.text().await.ok()?).unwrap();
        let form = format!("csrf_token={}", me["csrf_token"].as_str().unwrap());
        let logout = client
            .post(format!("{}{}", self.base, PATHS.logout))
            .header("cookie", cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer = logout.send().await.ok()?;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        self.acknowledged.lock().unwrap().signed_out.push(value);
        Some(())
    }
}

fn cookie(answer: &reqwest::Response) -> String {
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}
