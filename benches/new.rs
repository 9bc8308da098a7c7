//! What `vestibule new` costs, beside cargo-generate on the same template: wall-clock time and
//! peak memory of whole processes, started in turns so that other load meets both alike.
//!
//! `cargo bench --manifest-path tests/parity/Cargo.toml --bench new`

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

const ROUNDS: usize = 41;
const TIME_BUDGET: Duration = Duration::from_millis(50);
const MEMORY_BUDGET: u64 = 15 * 1024 * 1024;

/// One run of one program.
#[derive(Debug, Clone, Copy)]
struct Sample {
    wall: Duration,
    /// In bytes.
    peak_memory: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let vestibule = build(&repository)?;
    let room = tempfile::tempdir()?;
    let source = source(&repository, room.path())?;
    let config = room.path().join("cargo-generate-config.toml");
    fs::write(&config, "")?;

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let folder = room.path().join(round.to_string());
        fs::create_dir(&folder)?;
        let our_sample = measure(
            Command::new(&vestibule)
                .args(["new", "my-app", "--no-input", "--no-git"])
                .current_dir(&folder),
        )?;
        let generated = folder.join("generated");
        fs::create_dir(&generated)?;
        let their_sample = measure(
            Command::new(env!("CARGO_BIN_EXE_vestibule-parity"))
                .args(["generate", "--silent", "--vcs", "none", "--name", "my-app"])
                .args(["--config".as_ref(), config.as_os_str()])
                .args(["--destination".as_ref(), generated.as_os_str()])
                .args(["--path".as_ref(), source.as_os_str()])
                .env("USER", "somebody")
                .current_dir(&folder),
        )?;
        // The first round fills the caches.
        if round > 0 {
            ours.push(our_sample);
            theirs.push(their_sample);
        }
        fs::remove_dir_all(folder)?;
    }
    report(&ours, &theirs);
    Ok(())
}

/// Builds the CLI as it is installed.
fn build(repository: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let target = repository.join("target");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(target, PathBuf::from);
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--bin", "vestibule", "--target-dir"])
        .arg(&target)
        .current_dir(repository)
        .status()?;
    if !status.success() {
        return Err("the CLI does not build".into());
    }
    Ok(target
        .join("release")
        .join(format!("vestibule{}", std::env::consts::EXE_SUFFIX)))
}

/// What cargo-generate gets: the configuration and the template, without all else.
fn source(repository: &Path, room: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let source = room.join("source");
    fs::create_dir(&source)?;
    fs::copy(
        repository.join("cargo-generate.toml"),
        source.join("cargo-generate.toml"),
    )?;
    copy(&repository.join("template"), &source.join("template"))?;
    Ok(source)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn measure(command: &mut Command) -> Result<Sample, Box<dyn Error>> {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let used = child.wait4()?;
    let wall = start.elapsed();
    if !used.status.success() {
        return Err(format!("{command:?} failed").into());
    }
    Ok(Sample {
        wall,
        peak_memory: used.rusage.maxrss,
    })
}

fn median<T: Ord + Copy>(samples: &[Sample], value: impl Fn(&Sample) -> T) -> T {
    let mut values: Vec<T> = samples.iter().map(value).collect();
    values.sort_unstable();
    values[values.len() / 2]
}

fn report(ours: &[Sample], theirs: &[Sample]) {
    let mebibytes = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    println!("| median of {ROUNDS} | wall ms | min | peak MiB |");
    println!("| --- | ---: | ---: | ---: |");
    for (name, samples) in [("vestibule new", ours), ("cargo-generate 0.26", theirs)] {
        let fastest = samples
            .iter()
            .map(|sample| sample.wall)
            .min()
            .unwrap_or_default();
        println!(
            "| {name} | {:.1} | {:.1} | {:.1} |",
            milliseconds(median(samples, |sample| sample.wall)),
            milliseconds(fastest),
            mebibytes(median(samples, |sample| sample.peak_memory)),
        );
    }
    let wall = median(ours, |sample| sample.wall);
    let memory = median(ours, |sample| sample.peak_memory);
    println!(
        "\nratio: {:.2} of the time, {:.2} of the memory",
        wall.as_secs_f64() / median(theirs, |sample| sample.wall).as_secs_f64(),
        memory as f64 / median(theirs, |sample| sample.peak_memory) as f64,
    );
    let verdict = |good: bool| if good { "kept" } else { "MISSED" };
    println!(
        "budget: {} ms {}, {:.0} MiB {}",
        TIME_BUDGET.as_millis(),
        verdict(wall < TIME_BUDGET),
        mebibytes(MEMORY_BUDGET),
        verdict(memory < MEMORY_BUDGET),
    );
}
