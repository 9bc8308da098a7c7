//! What the check of one RS256 signature costs in openidconnect, which the app uses, and in ring.
//! Reads `{"jwk": …, "modulus": hex, "message": string, "signature": hex}` and prints nanoseconds.

use std::{error::Error, hint::black_box, io::stdin, time::Instant};

use openidconnect::{
    JsonWebKey,
    core::{CoreJsonWebKey, CoreJwsSigningAlgorithm},
};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

const ROUNDS: usize = 41;
const CHECKS: u32 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let input: Value = serde_json::from_reader(stdin())?;
    let key: CoreJsonWebKey = serde_json::from_value(input["jwk"].clone())?;
    let string = |name: &str| input[name].as_str().ok_or(format!("{name} is missing"));
    let bytes = |name: &str| -> Result<Vec<u8>, Box<dyn Error>> { unhex(string(name)?) };
    let (message, signature) = (string("message")?.as_bytes(), bytes("signature")?);
    let (n, e) = (bytes("modulus")?, vec![1, 0, 1]);

    let theirs = || {
        key.verify_signature(
            &CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            black_box(message),
            &signature,
        )
        .is_ok()
    };
    let rings = || {
        RsaPublicKeyComponents { n: &n, e: &e }
            .verify(&RSA_PKCS1_2048_8192_SHA256, black_box(message), &signature)
            .is_ok()
    };
    if !theirs() || !rings() {
        return Err("the signature does not verify".into());
    }
    let (mut openidconnect, mut ring) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        openidconnect.push(time(theirs));
        ring.push(time(rings));
    }
    println!(
        "{}",
        json!({ "openidconnect": median(openidconnect), "ring": median(ring) })
    );
    Ok(())
}

fn time(check: impl Fn() -> bool) -> u128 {
    let start = Instant::now();
    for _ in 0..CHECKS {
        black_box(check());
    }
    start.elapsed().as_nanos() / u128::from(CHECKS)
}

fn median(mut values: Vec<u128>) -> u128 {
    values.sort_unstable();
    values[values.len() / 2]
}

fn unhex(hex: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    (0..hex.len())
        .step_by(2)
        .map(|at| Ok(u8::from_str_radix(hex.get(at..at + 2).ok_or("odd")?, 16)?))
        .collect()
}
