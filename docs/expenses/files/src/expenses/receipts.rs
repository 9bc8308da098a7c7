//! Receipts: at most 5 MB, written to the disk as they arrive.

use std::{
    fs,
    io::{self, Read as _, Seek as _, Write as _},
    path::Path as FilePath,
};

use actix_multipart::{Field, Multipart};
use actix_web::{
    HttpRequest, HttpResponse, Responder,
    http::{StatusCode, header::CONTENT_DISPOSITION},
    web::{self, Data, Path, Redirect},
};
use futures_util::TryStreamExt as _;
use tempfile::NamedTempFile;
use vestibule::{Error, Oidc, csrf};

use super::{
    Expenses,
    claims::{self, Claim},
    filing::{account_of, find_for},
    views::{ClaimPage, respond_with},
};
use crate::{database::Pool, hooks::User};

/// How large a receipt may be, in bytes.
pub const LARGEST: usize = 5 * 1024 * 1024;

/// A CSRF token is shorter, in bytes.
const LONGEST_TOKEN: usize = 200;

/// What a receipt may be: how the file begins, its media type, and how its name ends.
const KINDS: [(&[u8], &str, &str); 3] = [
    (b"%PDF-", "application/pdf", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
];

/// POST `/expenses/{number}`: a form with a file. Browsers send its fields in
/// their order, so that the token comes first.
pub async fn upload(
    request: HttpRequest,
    user: User,
    mut fields: Multipart,
    number: Path<i64>,
    oidc: Oidc,
    database: Data<Pool>,
    expenses: Data<Expenses>,
) -> Result<HttpResponse, actix_web::Error> {
    let token = match fields.try_next().await? {
        Some(first) if first.name() == Some("csrf_token") => Some(token(first).await?),
        _ => None,
    };
    csrf::check(&request, &user, token.as_deref())?;
    let claim = find_for(&user, &database, *number).await?;
    if claim.account != account_of(&user) {
        return Err(Error::not_found().into());
    }
    let mut received = Received::Refused(StatusCode::UNPROCESSABLE_ENTITY, "Choose a file.");
    while let Some(field) = fields.try_next().await? {
        if field.name() == Some("receipt") {
            received = receive(field, &expenses.receipts).await?;
            // What else there may be isn't read.
            break;
        }
    }
    let (file, media_type) = match received {
        Received::File(file, media_type) => (file, media_type),
        Received::Refused(status, mistake) => {
            let mut page = ClaimPage::new(&request, &user, claim)?;
            page.mistake = Some(mistake);
            return Ok(respond_with(status, &page)?);
        }
    };
    let path = file.path().to_owned();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let noted = claims::set_receipt(&database, &claim, &name, media_type).await;
    if noted.map_err(Error::from)? {
        // Deleted again unless it gets here.
        file.keep().map_err(|error| error.error)?;
        if let Some(former) = &claim.receipt {
            fs::remove_file(expenses.receipts.join(former)).ok();
        }
    }
    Ok(Redirect::to(oidc.path(&format!("/expenses/{number}")))
        .see_other()
        .respond_to(&request)
        .map_into_boxed_body())
}

async fn token(mut field: Field) -> Result<String, actix_web::Error> {
    let too_long = |_| Error::bad_request("the CSRF token is too long");
    let token = field.bytes(LONGEST_TOKEN).await.map_err(too_long)??;
    Ok(String::from_utf8_lossy(&token).into_owned())
}

/// What came of a file that somebody sent.
enum Received {
    File(NamedTempFile, &'static str),
    Refused(StatusCode, &'static str),
}

/// Writes a file under a name of its own: the one that the sender gives it may lead
/// anywhere. What it is said to be doesn't count either, but how it begins.
async fn receive(mut field: Field, folder: &FilePath) -> Result<Received, actix_web::Error> {
    let mut file = tempfile::Builder::new()
        .prefix("receipt-")
        .rand_bytes(16)
        .tempfile_in(folder)?;
    let mut size = 0;
    while let Some(chunk) = field.try_next().await? {
        size += chunk.len();
        if size > LARGEST {
            let mistake = "The file is larger than 5 MB.";
            return Ok(Received::Refused(StatusCode::PAYLOAD_TOO_LARGE, mistake));
        }
        file = web::block(move || file.write_all(&chunk).map(|()| file)).await??;
    }
    let (file, beginning) = web::block(move || beginning(file)).await??;
    let kind = KINDS
        .iter()
        .find(|(magic, ..)| beginning.starts_with(magic));
    Ok(match kind {
        Some((_, media_type, _)) => Received::File(file, media_type),
        None => Received::Refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Choose a PDF, a PNG or a JPEG.",
        ),
    })
}

/// The file, and its first bytes. All of it is on the disk then.
fn beginning(mut file: NamedTempFile) -> io::Result<(NamedTempFile, Vec<u8>)> {
    file.as_file().sync_all()?;
    file.rewind()?;
    let mut beginning = Vec::new();
    file.as_file().take(8).read_to_end(&mut beginning)?;
    Ok((file, beginning))
}

/// GET `/expenses/{number}/receipt`: a download, so that nothing in the file acts as a
/// page of this app.
pub async fn download(
    user: User,
    number: Path<i64>,
    database: Data<Pool>,
    expenses: Data<Expenses>,
) -> Result<HttpResponse, actix_web::Error> {
    let claim = find_for(&user, &database, *number).await?;
    let (Some(file), Some(media_type)) = (&claim.receipt, &claim.receipt_type) else {
        return Err(Error::not_found().into());
    };
    let path = expenses.receipts.join(file);
    let receipt = web::block(move || fs::read(path)).await??;
    let disposition = format!("attachment; filename=\"{}\"", file_name(&claim));
    Ok(HttpResponse::Ok()
        .content_type(media_type.as_str())
        .insert_header((CONTENT_DISPOSITION, disposition))
        .body(receipt))
}

fn file_name(claim: &Claim) -> String {
    let kind = claim.receipt_type.as_deref();
    let kind = KINDS
        .iter()
        .find(|(_, media_type, _)| kind == Some(*media_type));
    let ending = kind.map_or("bin", |(_, _, ending)| ending);
    format!("receipt-{}.{ending}", claim.number)
}
