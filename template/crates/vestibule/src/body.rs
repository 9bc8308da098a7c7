//! Reading a request's body, which has to arrive in time: one that trickles in would
//! hold a connection for as long as its sender likes.

use std::{future::Future, pin::Pin, time::Duration};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::error::Error;

/// How long a body may take. The forms of the sign-in are small.
const LONGEST: Duration = Duration::from_secs(20);

/// What an extractor reads from the body, if that arrives in time.
pub(crate) struct InTime<T>(pub T);

impl<T: FromRequest + 'static> FromRequest for InTime<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let reading = T::from_request(request, payload);
        Box::pin(async move { in_time(reading).await.map(Self) })
    }
}

/// What is read from a body.
///
/// # Errors
/// It cannot be read, or not in time.
pub(crate) async fn in_time<T, E: Into<actix_web::Error>>(
    reading: impl Future<Output = Result<T, E>>,
) -> Result<T, actix_web::Error> {
    match tokio::time::timeout(LONGEST, reading).await {
        Ok(read) => read.map_err(Into::into),
        Err(_) => {
            let cause = format!("the body did not arrive within {} s", LONGEST.as_secs());
            Err(Error::bad_request(cause).into())
        }
    }
}
