//! `demo.Chat`: both sides talk when they like. Mira answers everything, Chinese in Chinese.

use std::time::Duration;

use callscope_wire::schema::{Service, TypeDef, TypeRef};
use callscope_wire::{Shape, Status};
use serde::Deserialize;
use serde_json::json;

use crate::describe::{field, method, record, service};
use crate::server::{Inbound, Outbound, Router, decode};

const PERSONA: &str = "mira";

/// Nobody types faster.
const TYPING: Duration = Duration::from_millis(120);

pub(super) fn add_to(router: &mut Router) {
    let (service, types) = declared();
    router.service(service, types);
    router.bidi("demo.Chat/Talk", |_, inbound, outbound| talk(inbound, outbound));
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    from: String,
    text: String,
}

async fn talk(mut inbound: Inbound, mut outbound: Outbound) -> Result<(), Status> {
    let mut heard = 0_u64;
    let mut chinese = false;
    while let Some(message) = inbound.next().await? {
        let Said { from, text } = decode(message)?;
        heard += 1;
        chinese = is_chinese(&text);
        tokio::time::sleep(TYPING).await;
        outbound.send(json!({ "from": PERSONA, "text": reply(from.trim(), text.trim(), heard) })).await?;
    }
    let goodbye = match (heard, chinese) {
        (0, _) => return Ok(()),
        (_, true) => format!("再见！你说了 {heard} 句话。"),
        (1, false) => "Goodbye! That was one message.".to_owned(),
        (_, false) => format!("Goodbye! Those were {heard} messages."),
    };
    outbound.send(json!({ "from": PERSONA, "text": goodbye })).await
}

/// What Mira makes of it.
fn reply(from: &str, text: &str, heard: u64) -> String {
    let lower = text.to_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if is_chinese(text) {
        let name = if from.is_empty() { "朋友" } else { from };
        return if is(&["你好", "您好"]) {
            format!("你好，{name}！今天想聊什么？")
        } else if is(&["谢谢", "多谢"]) {
            "不客气！".to_owned()
        } else if is(&["再见", "拜拜"]) {
            format!("再见，{name}！")
        } else if lower.ends_with(['?', '？', '吗', '呢']) {
            format!("好问题。我想想……“{text}”？我也不知道。")
        } else {
            format!("我听到了：“{text}”。")
        };
    }
    let name = if from.is_empty() { "friend" } else { from };
    if text.is_empty() {
        "You are very quiet.".to_owned()
    } else if is(&["hello", "hi ", "hey", "good morning"]) || lower == "hi" {
        format!("Hello, {name}! I am Mira. Say something, and I answer.")
    } else if is(&["anybody", "anyone", "are you there"]) {
        format!("I am here, {name}.")
    } else if is(&["thank"]) {
        "You are welcome!".to_owned()
    } else if is(&["bye"]) {
        format!("Bye, {name}! Press Done sending when you have said everything.")
    } else if lower.ends_with('?') {
        format!("Good question, {name}. I only know that it was your message {heard}.")
    } else {
        format!("I heard \"{text}\".")
    }
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

fn declared() -> (Service, Vec<TypeDef>) {
    let service = service(
        "demo.Chat",
        "A conversation: both sides send when they like.",
        vec![method(
            "Talk",
            Shape::Bidi,
            "demo.ChatMessage",
            "demo.ChatMessage",
            "Mira answers every message, Chinese in Chinese, and says goodbye after Done sending.",
        )],
    );
    let types = vec![record(
        "demo.ChatMessage",
        "Something that somebody said.",
        vec![
            field("from", TypeRef::String, "Who said it.", json!("ada")),
            field("text", TypeRef::String, "What was said.", json!("Hello, is anybody there?")),
        ],
    )];
    (service, types)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mira_answers_in_the_language_that_she_is_addressed_in() {
        assert_eq!(reply("ada", "Hello", 1), "Hello, ada! I am Mira. Say something, and I answer.");
        assert_eq!(reply("ada", "Is anybody there?", 2), "I am here, ada.");
        assert_eq!(reply("ada", "你好", 3), "你好，ada！今天想聊什么？");
        assert_eq!(reply("", "吃了吗", 4), "好问题。我想想……“吃了吗”？我也不知道。");
        assert_eq!(reply("", "What is 6 × 7?", 5), "Good question, friend. I only know that it was your message 5.");
    }
}
