//! Tables of routes that `build.rs` makes up, as Actix runs them with the library, and as
//! `vestibule routes` reads them: every answer is in the listing, with whom it is for, and every
//! line of the listing is answered.

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

mod asked;
mod listed;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use asked::{Answer, People};
use listed::{Listing, Row};

/// The source of all tables: what is compiled above is what the listing is made from.
const SOURCE: &str = include_str!(concat!(env!("OUT_DIR"), "/tables.rs"));
const PROBES: &str = include_str!(concat!(env!("OUT_DIR"), "/probes.txt"));
const SEED: &str = env!("TABLES_SEED");

/// How many failing tables are shown whole.
const SHOWN: usize = 5;

#[actix_web::test]
async fn the_listing_says_who_gets_which_answer() {
    let listing = Listing::read(SOURCE);
    let people = People::sign_in().await;
    let oidc = people.oidc();
    let app = actix_web::test::init_service(
        App::new()
            .wrap(oidc.middleware())
            .configure(|cfg| all(cfg, oidc)),
    )
    .await;
    let mut count = Count::default();
    let mut faults: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for line in PROBES.lines() {
        let mut words = line.split(' ');
        let number: usize = words.next().unwrap().parse().unwrap();
        let is_odd = words.next().unwrap() == "odd";
        let rows = listing.rows_of(number);
        let probes = words.map(str::to_owned);
        let mut paths: Vec<String> = probes
            .chain(rows.iter().filter_map(|row| row.example()))
            .collect();
        paths.sort();
        paths.dedup();
        let mut answers = Vec::new();
        for path in &paths {
            answers.extend(people.ask(&app, path).await);
        }
        count.asked += paths.len();
        count.tables += 1;
        let mut wrong = Vec::new();
        match listing.unclear(number) {
            Some(reason) if !is_odd => wrong.push(format!("it isn't read whole: {reason}")),
            Some(_) => {}
            None => {
                count.clear += 1;
                count.answered += answers.len();
                count.rows += rows.len();
                wrong.extend(unlisted(&rows, &answers));
                wrong.extend(unanswered(&rows, &answers));
            }
        }
        if !wrong.is_empty() {
            faults.insert(number, wrong);
        }
    }
    println!(
        "seed {SEED}: {} tables, {} of them read whole; there {} answers on {} paths were compared \
         with {} lines of the listing",
        count.tables, count.clear, count.answered, count.asked, count.rows
    );
    assert!(faults.is_empty(), "{}", told(&faults));
    // What is hardly ever read or answered would pass too.
    assert!(count.clear * 5 > count.tables * 3);
    assert!(count.answered > count.tables * 5);
    assert!(count.rows > count.tables * 5);
}

#[derive(Default)]
struct Count {
    tables: usize,
    clear: usize,
    asked: usize,
    answered: usize,
    rows: usize,
}

/// Answers that the listing doesn't have, or has for others.
fn unlisted(rows: &[&Row], answers: &[Answer]) -> Vec<String> {
    let wrong = answers.iter().filter(|answer| {
        let mut rows = rows.iter();
        !rows.any(|row| row.is(answer))
    });
    wrong
        .map(|answer| {
            let near = rows.iter().filter(|row| row.matches(&answer.path));
            let near: Vec<String> = near.map(ToString::to_string).collect();
            format!("{answer}, where the listing has: {}", near.join("; "))
        })
        .collect()
}

/// Lines of the listing that nothing answers, although nothing that was registered before can have
/// taken their requests.
fn unanswered(rows: &[&Row], answers: &[Answer]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let Some(example) = row.example() else {
            continue;
        };
        let may_be_taken = rows[..index].iter().any(|before| before.matches(&example));
        let is_answered = answers
            .iter()
            .any(|answer| answer.path == example && row.is(answer));
        // Of two scopes with one path, the second gets nothing.
        if !(row.may_be_left_out() || may_be_taken || is_answered || example.contains("/twin")) {
            wrong.push(format!("nothing answers as the listing says: {row}"));
        }
    }
    wrong
}

fn told(faults: &BTreeMap<usize, Vec<String>>) -> String {
    let mut told = format!("{} tables are not as the listing says.\n", faults.len());
    for (shown, (number, wrong)) in faults.iter().enumerate() {
        let _ = write!(
            told,
            "\nTABLES=1 TABLES_FROM={number} TABLES_SEED={SEED} makes this table alone:\n{}\n",
            wrong.join("\n")
        );
        if shown < SHOWN {
            told.push_str(&listed::table(SOURCE, *number));
        }
    }
    told
}
