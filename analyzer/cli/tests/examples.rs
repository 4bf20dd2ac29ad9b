//! Every example in the help and the documents is run: on a trace, as it stands there. What it says is not compared, but it
//! must be what the command understands.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn analyze(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_analyze"))
        .args(args)
        .output()
        .expect("analyze runs")
}

/// Names of the sub-commands.
fn commands() -> Vec<String> {
    let help = String::from_utf8(analyze(&["--help"]).stdout).expect("UTF-8");
    let listed = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let names = listed.take_while(|line| !line.is_empty());
    let names: Vec<String> = names
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect();
    assert!(names.len() > 10, "{names:?}");
    names
}

/// Lines that begin with the command, in help and documents, without what stands behind them for people.
fn examples() -> BTreeSet<String> {
    let mut texts = vec![String::from_utf8(analyze(&["--help"]).stdout).expect("UTF-8")];
    for command in commands() {
        texts.push(String::from_utf8(analyze(&[&command, "--help"]).stdout).expect("UTF-8"));
    }
    texts.push(fs::read_to_string(repository().join("README.md")).expect("the README"));
    for entry in fs::read_dir(repository().join("docs")).expect("the documents") {
        let path = entry.expect("a document").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            texts.push(fs::read_to_string(path).expect("a document"));
        }
    }
    let mut found = BTreeSet::new();
    for text in &texts {
        // A line that ends with a backslash goes on.
        for line in text.replace("\\\n", " ").lines() {
            let line = line.trim_start();
            let line = line.strip_prefix("$ ").unwrap_or(line);
            if line.starts_with("analyze ") && !line.contains('…') {
                found.insert(line.to_owned());
            }
        }
    }
    found
}

/// Words as a shell takes them: quotes are enough here. What stands behind two blanks or a `#` is for people; a pipe or a
/// redirection ends the command.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
    let mut blanks = 0;
    for c in line.chars() {
        if c == ' ' && quote.is_none() {
            blanks += 1;
            if begun {
                words.push(std::mem::take(&mut word));
                begun = false;
            }
            if blanks == 2 {
                return words;
            }
            continue;
        }
        blanks = 0;
        match (quote, c) {
            (None, '#' | '|' | '>') if !begun => return words,
            (None, '\'' | '"') => (quote, begun) = (Some(c), true),
            (Some(open), c) if open == c => quote = None,
            (_, c) => {
                word.push(c);
                begun = true;
            }
        }
    }
    assert!(quote.is_none(), "{line}: a quote is open");
    if begun {
        words.push(word);
    }
    words
}

/// The command line with files that exist in place of those that it names.
fn with_files(line: &str, folder: &Path) -> Option<Vec<String>> {
    let sample = repository().join("samples/incident.scap");
    let rules = folder.join("rules.yaml");
    let text =
        "- macro: spawned\n  condition: evt.type = execve\n- rule: Terminal shell in container\n  condition: spawned\n";
    fs::write(&rules, text).expect("room on the disk");
    let mut out = Vec::new();
    let words = words(line);
    let mut after = "";
    for word in words.iter().skip(1) {
        // Placeholders of a synopsis, and files that only their document has.
        if word.starts_with(['[', '<'])
            || matches!(word.as_str(), "SHELL" | "TARGET" | "IN.scap")
            || word.ends_with(']') && !word.contains('=') && !word.contains("aname[")
        {
            return None;
        }
        let is_output = matches!(after, "-o" | "--output" | "--extract");
        let word = match word.as_str() {
            "FILE" => sample.to_string_lossy().into_owned(),
            "EXPR" => "evt.type = execve".to_owned(),
            word if is_output => {
                let name = Path::new(word).file_name().unwrap_or_default();
                folder
                    .join(format!("out-{}", out.len()))
                    .join(name)
                    .to_string_lossy()
                    .into_owned()
            }
            word if word.starts_with("samples/") => repository().join(word).to_string_lossy().into_owned(),
            word if word.ends_with(".scap") || word.ends_with(".scap.gz") => sample.to_string_lossy().into_owned(),
            word if word.ends_with(".yaml") => rules.to_string_lossy().into_owned(),
            word => word.to_owned(),
        };
        if is_output {
            fs::create_dir_all(Path::new(&word).parent()?).ok()?;
        }
        out.push(word);
        after = out.last().map_or("", String::as_str);
        after = match after {
            "-o" => "-o",
            "--output" => "--output",
            "--extract" => "--extract",
            _ => "",
        };
    }
    Some(out)
}

#[test]
fn every_example_is_understood() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut ran, mut left_out, mut wrong) = (0, Vec::new(), Vec::new());
    for example in examples() {
        // What only a terminal shows, and what needs a key or a damaged file.
        let needs_more = ["--key", "--identity", "--sign-key", "./info", "--follow", "recover"];
        let Some(args) =
            with_files(&example, folder.path()).filter(|_| needs_more.iter().all(|what| !example.contains(what)))
        else {
            left_out.push(example);
            continue;
        };
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let output = analyze(&args);
        let said = String::from_utf8_lossy(&output.stderr);
        // A process, event or time of another trace is not there; everything else has to be right.
        let not_there = [
            "there is no container called",
            "has no event",
            "no attachment",
            "there is no process",
            "the trace begins later",
            "the trace ends",
            // The sample is no capture of sysdig's.
            "is no sysdig capture",
        ];
        let right = matches!(output.status.code(), Some(0 | 3)) || not_there.iter().any(|text| said.contains(text));
        // An error is shown on purpose.
        let wrong_on_purpose = example.contains("fd.nam ");
        if !right && !wrong_on_purpose {
            wrong.push(format!(
                "{example}
{args:?}
{:?} {said}",
                output.status
            ));
        }
        ran += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran > 50, "{ran} examples ran; left out: {left_out:#?}");
}

#[test]
fn the_document_of_fields_is_up_to_date() {
    let path = repository().join("docs/fields.md");
    let written = String::from_utf8(analyze(&["fields", "--markdown"]).stdout).expect("UTF-8");
    if std::env::var_os("AFTERIMAGE_WRITE_DOCS").is_some() {
        fs::write(&path, &written).expect("room on the disk");
    }
    let document = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        document == written,
        "docs/fields.md is old: `cargo xtask docs fields` writes it"
    );
}

#[test]
fn words_are_those_of_a_shell() {
    assert_eq!(
        words("analyze query t.scap -f 'a = \"b c\"' -p \"%x y\"   what it does"),
        ["analyze", "query", "t.scap", "-f", "a = \"b c\"", "-p", "%x y"]
    );
    assert_eq!(words("analyze fields > /tmp/x"), ["analyze", "fields"]);
}
