//! A call and what it caused elsewhere, as a tree of lines. Drawn only from what was told: of servers in other
//! processes nothing is known but their answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use callscope_wire::FlowId;
use callscope_wire::capture::{Attempt, Flow};

use super::print;

/// The tree below `root`; `None`: it caused nothing that is known.
pub(super) fn tree(root: &Flow, others: &BTreeMap<FlowId, Flow>) -> Option<String> {
    others.values().find(|other| root.made(other))?;
    let mut text = String::new();
    line(&mut text, "", &format!("{}  {}", root.method, outcome(root)));
    below(&mut text, "", root, others);
    Some(text.trim_end().to_owned())
}

/// Attempts have lines of their own where there are several.
fn below(text: &mut String, indent: &str, flow: &Flow, others: &BTreeMap<FlowId, Flow>) {
    let attempts: Vec<&Attempt> = flow.attempts.iter().filter(|attempt| !attempt.instance.is_empty()).collect();
    if let [only] = attempts.as_slice() {
        children(text, indent, only, others);
        return;
    }
    for (place, attempt) in attempts.iter().enumerate() {
        let (branch, deeper) = branch(indent, place + 1 == attempts.len());
        let status = attempt.status.as_ref().map_or_else(|| "running".to_owned(), |status| status.code.to_string());
        line(text, &branch, &format!("attempt {} on {}  {status}", attempt.number, attempt.instance));
        children(text, &deeper, attempt, others);
    }
}

fn children(text: &mut String, indent: &str, attempt: &Attempt, others: &BTreeMap<FlowId, Flow>) {
    let parent = |flow: &Flow| flow.trace.and_then(|trace| trace.parent);
    let made: Vec<&Flow> =
        others.values().filter(|other| attempt.span.is_some() && parent(other) == attempt.span).collect();
    for (place, child) in made.iter().enumerate() {
        let (branch, deeper) = branch(indent, place + 1 == made.len());
        let instance = child.attempts.last().map_or("", |attempt| attempt.instance.as_str());
        line(text, &branch, &format!("{} on {instance}  {}", child.method, outcome(child)));
        below(text, &deeper, child, others);
    }
}

fn branch(indent: &str, last: bool) -> (String, String) {
    let (branch, deeper) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
    (format!("{indent}{branch}"), format!("{indent}{deeper}"))
}

fn outcome(flow: &Flow) -> String {
    let status = flow.status.as_ref().map_or_else(|| "running".to_owned(), |status| status.code.to_string());
    format!("{status}  {}", print::ms(flow.duration(flow.ended.unwrap_or(flow.started))))
}

fn line(text: &mut String, indent: &str, words: &str) {
    // Writing to a string cannot fail.
    writeln!(text, "{indent}{words}").ok();
}
