//! Every decoder on everything in its corpus: small seeds, and whatever once broke it.

use std::collections::BTreeSet;
use std::path::Path;

use callscope_tests::fuzz;

#[test]
fn every_decoder_survives_its_corpus() {
    let targets = fuzz::targets();
    for target in &targets {
        let corpus = fuzz::corpus(target.name);
        assert!(!corpus.is_empty(), "`{}` has no corpus in {}", target.name, fuzz::corpora().display());
        for (name, input) in corpus {
            let run = std::panic::catch_unwind(|| (target.run)(&input));
            assert!(run.is_ok(), "`{}` fails on tests/data/corpus/{0}/{name}", target.name);
        }
    }
    let names: BTreeSet<String> = targets.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names.len(), targets.len(), "two targets have one name");
    let folders: BTreeSet<String> = (std::fs::read_dir(fuzz::corpora()).unwrap().flatten())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(folders, names, "a corpus without a target");
}

#[test]
fn every_target_has_its_file_for_cargo_fuzz() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let mut files: BTreeSet<String> = (std::fs::read_dir(folder.join("targets")).unwrap().flatten())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    for target in fuzz::targets() {
        let name = target.name;
        assert!(files.remove(&format!("{name}.rs")), "tests/fuzz/targets has no {name}.rs");
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"targets/{name}.rs\"")), "{name} is no [[bin]]");
        let text = std::fs::read_to_string(folder.join(format!("targets/{name}.rs"))).unwrap();
        assert!(text.contains(&format!("\"{name}\"")), "{name}.rs runs another target");
    }
    assert!(files.is_empty(), "files without a target: {files:?}");
}
