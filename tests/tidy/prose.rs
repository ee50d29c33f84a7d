//! READMEs: what they name is there.

use crate::source::{files, report, root};

#[test]
fn paths_that_readmes_name_exist() {
    let mut offenses = Vec::new();
    for readme in files("", &["README.md"]) {
        let folder = readme.path.trim_end_matches("README.md");
        for quoted in readme.text.split('`').skip(1).step_by(2) {
            let is_path = quoted.contains('/')
                // `<name>` stands for any.
                && !quoted.contains(|c: char| c.is_whitespace() || c == '<' || c == '{')
                && quoted.ends_with(|c: char| c == '/' || c.is_ascii_alphanumeric())
                && ["app/", "protocol/", "tests/", "assets/", ".ci/"].iter().any(|start| quoted.starts_with(start));
            if is_path && !root().join(quoted).exists() && !root().join(folder).join(quoted).exists() {
                offenses.push(format!("{}: `{quoted}` does not exist", readme.path));
            }
        }
    }
    report("a README names what is not there", &offenses);
}
