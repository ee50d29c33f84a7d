//! What a value must keep to beyond its type: bounds of numbers, and of lengths.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::Value;

/// Bounds, all of them inclusive; what is `None` is free.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// The least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least: Option<Number>,
    /// The greatest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<Number>,
    /// The least length: characters of a text, bytes, items of a list, entries of a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// The greatest length, counted likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
}

/// How a value breaks a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Breach {
    /// The number is below this.
    Below(Number),
    /// The number is above this.
    Above(Number),
    /// So long, and should be at least the second.
    Short(usize, u32),
    /// So long, and should be at most the second.
    Long(usize, u32),
}

impl Rule {
    /// Whether everything is free.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A number from `least` to `most`.
    pub fn between(least: impl Into<Number>, most: impl Into<Number>) -> Self {
        Self { least: Some(least.into()), most: Some(most.into()), ..Self::default() }
    }

    /// A length from `min` to `max`.
    pub fn length(min: u32, max: u32) -> Self {
        Self { min_length: Some(min), max_length: Some(max), ..Self::default() }
    }

    /// In signs that need no language: `1 ≤ qty ≤ 1000`, `1 ≤ #name ≤ 40`, `#` standing for the length.
    pub fn written(&self, name: &str) -> String {
        let mut out = String::new();
        let mut put = |least: Option<String>, what: &str, most: Option<String>| {
            if least.is_none() && most.is_none() {
                return;
            }
            let comma = if out.is_empty() { "" } else { ", " };
            let least = least.map(|least| format!("{least} ≤ ")).unwrap_or_default();
            let most = most.map(|most| format!(" ≤ {most}")).unwrap_or_default();
            for part in [comma, &least, what, &most] {
                out.push_str(part);
            }
        };
        put(self.least.as_ref().map(Number::to_string), name, self.most.as_ref().map(Number::to_string));
        let written = |length: Option<u32>| length.map(|length| length.to_string());
        put(written(self.min_length), &format!("#{name}"), written(self.max_length));
        out
    }

    /// The first bound that a value of the right type is beyond. `length` is that of its bytes, where it stands for bytes.
    pub fn breach(&self, value: &Value, length: Option<usize>) -> Option<Breach> {
        // 64-bit numbers travel as texts, too.
        let number = match value {
            Value::Number(number) => Some(number.clone()),
            Value::String(text) if self.least.is_some() || self.most.is_some() => number(text),
            _ => None,
        };
        if let Some(number) = number {
            if let Some(least) = self.least.as_ref().filter(|least| compare(&number, least) == Ordering::Less) {
                return Some(Breach::Below(least.clone()));
            }
            let most = self.most.as_ref().filter(|most| compare(&number, most) == Ordering::Greater);
            return most.map(|most| Breach::Above(most.clone()));
        }
        if self.min_length.is_none() && self.max_length.is_none() {
            return None;
        }
        let length = length.or_else(|| match value {
            Value::String(text) => Some(text.chars().count()),
            Value::Array(items) => Some(items.len()),
            Value::Object(entries) => Some(entries.len()),
            _ => None,
        })?;
        if let Some(min) = self.min_length.filter(|min| length < *min as usize) {
            return Some(Breach::Short(length, min));
        }
        self.max_length.filter(|max| length > *max as usize).map(|max| Breach::Long(length, max))
    }

    /// The number nearest to 0 that the bounds allow.
    pub fn nearest_to_zero(&self) -> Number {
        let zero = Number::from(0);
        match (&self.least, &self.most) {
            (Some(least), _) if compare(&zero, least) == Ordering::Less => least.clone(),
            (_, Some(most)) if compare(&zero, most) == Ordering::Greater => most.clone(),
            _ => zero,
        }
    }
}

/// A number written as text.
fn number(text: &str) -> Option<Number> {
    serde_json::from_str(text).ok()
}

/// Whole numbers exactly, others as floating point.
fn compare(a: &Number, b: &Number) -> Ordering {
    let whole = |number: &Number| number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bounds_include_their_ends_and_count_characters() {
        let qty = Rule::between(1, 1000);
        let breach = |value: Value| qty.breach(&value, None);
        assert_eq!([breach(json!(1)), breach(json!(1000)), breach(json!(2.5))], [None, None, None]);
        assert_eq!(breach(json!(0)), Some(Breach::Below(1.into())));
        assert_eq!(breach(json!("1001")), Some(Breach::Above(1000.into())));
        let large = Rule { most: Some(u64::MAX.into()), ..Rule::between(u64::MAX - 1, 0) };
        assert_eq!(large.breach(&json!(u64::MAX - 2), None), Some(Breach::Below((u64::MAX - 1).into())));

        let name = Rule::length(2, 3);
        assert_eq!(name.breach(&json!("王小明"), None), None);
        assert_eq!(name.breach(&json!("王"), None), Some(Breach::Short(1, 2)));
        assert_eq!(name.breach(&json!([1, 2, 3, 4]), None), Some(Breach::Long(4, 3)));
        assert_eq!(name.breach(&json!("AAAA"), Some(3)), None, "three bytes in base64");
    }

    #[test]
    fn a_rule_is_written_in_signs() {
        assert_eq!(Rule::between(1, 1000).written("qty"), "1 ≤ qty ≤ 1000");
        assert_eq!(Rule::length(1, 40).written("name"), "1 ≤ #name ≤ 40");
        assert_eq!(Rule { max_length: Some(8), ..Rule::default() }.written("tags"), "#tags ≤ 8");
        assert_eq!(Rule::default().written("any"), "");
        assert_eq!(Rule::between(5, 9).nearest_to_zero(), 5.into());
        assert_eq!(Rule::between(-9, -5).nearest_to_zero(), Number::from(-5));
    }

    #[test]
    fn free_bounds_do_not_travel() {
        assert_eq!(serde_json::to_value(Rule::length(1, 2)).unwrap(), json!({"min_length": 1, "max_length": 2}));
        assert_eq!(serde_json::from_value::<Rule>(json!({})).unwrap(), Rule::default());
    }
}
