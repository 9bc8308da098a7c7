//! Logs: one line an event on standard error, filtered by `RUST_LOG`.

use std::{fmt, time::Instant};

use actix_web::{
    Error,
    dev::{Service, ServiceRequest, ServiceResponse},
};
use tracing::Level;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::{
        format::Writer,
        layer,
        time::{FormatTime, SystemTime},
    },
    layer::SubscriberExt,
    util::SubscriberInitExt,
};
use vestibule::{RequestId, settings::Environment};

/// Which log lines are written: what `RUST_LOG` says, or else all from `info`.
/// A word by itself is a level. Elsewhere it may be a target, so that a mistyped
/// level silences everything.
pub fn filter(env: &mut Environment) -> Targets {
    let wanted = env.string("RUST_LOG").unwrap_or_default();
    let mut parts = wanted
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|part| !part.is_empty())
        .peekable();
    if parts.peek().is_none() {
        // At `info` the server tells only how many workers it starts.
        return Targets::new()
            .with_default(LevelFilter::INFO)
            .with_target("actix_server", LevelFilter::WARN);
    }
    let mut filter = Targets::new();
    for part in parts {
        let (target, level) = match part.split_once('=') {
            Some((target, level)) => (Some(target), level),
            None => (None, part),
        };
        filter = match (level.parse::<LevelFilter>(), target) {
            (Ok(level), None) => filter.with_default(level),
            (Ok(level), Some(target)) => filter.with_target(target, level),
            (Err(_), _) => {
                let hint = format!(
                    "«{level}» is not a level. Use off, error, warn, info, debug or trace, and \
                     TARGET=LEVEL for one part of the app, such as warn,app=debug."
                );
                env.fault("RUST_LOG", hint);
                return filter;
            }
        };
    }
    filter
}

/// Starts logging. Called once.
pub fn start(filter: Targets) {
    let lines = layer()
        .with_writer(std::io::stderr)
        .with_timer(TimeAndRequest)
        .with_target(false);
    // Fails only if logging has been started before, as tests may have done.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .try_init();
}

/// What each line begins with: the time, and the request that it belongs to. A
/// span would say the same, but every request would pay for it, logged or not.
struct TimeAndRequest;

impl FormatTime for TimeAndRequest {
    fn format_time(&self, line: &mut Writer<'_>) -> fmt::Result {
        SystemTime.format_time(line)?;
        match RequestId::current() {
            Some(id) => write!(line, " request={id}"),
            None => Ok(()),
        }
    }
}

/// Middleware that logs each answer.
pub fn log_request<S, B>(
    request: ServiceRequest,
    app: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    // A HEAD is answered as a GET from here on.
    let asked = tracing::enabled!(Level::INFO).then(|| (Instant::now(), request.method().clone()));
    let answering = app.call(request);
    async move {
        let response = answering.await?;
        if let Some((began, method)) = asked {
            let request = response.request();
            tracing::info!(
                %method,
                path = request.path(),
                status = response.status().as_u16(),
                micros = began.elapsed().as_micros(),
                "answered"
            );
        }
        Ok(response)
    }
}
