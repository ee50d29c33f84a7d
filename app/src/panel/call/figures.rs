//! How numbers and outcomes of calls are written and marked: durations, sizes, statuses, metadata values.
//!
//! Pure functions; they know nothing of egui but the widgets' [`Mark`].

use std::time::Duration;

use callscope_wire::policy::{BreakerState, duration_text};
use callscope_wire::status::Severity;
use callscope_wire::{Code, Health};

use crate::widget::mark::Mark;

/// A measured duration with three digits at most: `340 µs`, `12.8 ms`, `1.24 s`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let millis = seconds * 1e3;
    if duration.is_zero() {
        "0 ms".to_owned()
    } else if millis < 0.9995 {
        format!("{} µs", digits(millis * 1e3))
    } else if millis < 999.5 {
        format!("{} ms", digits(millis))
    } else if seconds < 99.5 {
        format!("{} s", digits(seconds))
    } else {
        format!("{} m {:02} s", (seconds / 60.0) as u64, (seconds % 60.0) as u64)
    }
}

/// A duration that somebody chose, exactly: `800 ms`.
pub fn setting(duration: Duration) -> String {
    let text = duration_text::format(duration);
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    format!("{number} {}", if unit == "us" { "µs" } else { unit })
}

/// `9.87`, `12.8`, `214`.
pub fn digits(number: f64) -> String {
    if number < 9.995 {
        let text = format!("{number:.2}");
        text.strip_suffix('0').map_or(text.clone(), str::to_owned)
    } else if number < 99.95 {
        format!("{number:.1}")
    } else {
        format!("{number:.0}")
    }
}

/// A share in percent: `0.7`, `12.5`, `70`.
pub fn percent(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// `214 B`, `3.2 kB`, `1.5 MB`.
pub fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..100_000 => format!("{:.1} kB", count as f64 / 1e3),
        100_000..1_000_000 => format!("{:.0} kB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}

/// Metadata is bytes; what is no text is written as hex.
pub fn metadata_value(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => value.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
    }
}

/// Shape and color of a status.
pub fn mark_of(code: Code) -> Mark {
    match code.severity() {
        Severity::Ok => Mark::Ok,
        Severity::Cancelled => Mark::Idle,
        Severity::Caller => Mark::Warn,
        Severity::Capacity => Mark::Cap,
        Severity::Failure => Mark::Err,
        Severity::Redirect => Mark::Info,
    }
}

pub fn mark_of_breaker(state: BreakerState) -> Mark {
    match state {
        BreakerState::Closed => Mark::Ok,
        BreakerState::HalfOpen => Mark::Half,
        BreakerState::Open => Mark::Err,
    }
}

pub fn mark_of_health(health: Health) -> Mark {
    match health {
        Health::Healthy => Mark::Ok,
        Health::Degraded => Mark::Warn,
        Health::Down => Mark::Err,
        Health::Unknown => Mark::Idle,
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, duration, metadata_value, setting};
    use std::time::Duration;

    #[test]
    fn durations_have_three_digits_and_their_unit() {
        for (micros, text) in [
            (0, "0 ms"),
            (340, "340 µs"),
            (9, "9.0 µs"),
            (999, "999 µs"),
            (1_000, "1.0 ms"),
            (1_240, "1.24 ms"),
            (12_800, "12.8 ms"),
            (214_000, "214 ms"),
            (1_240_000, "1.24 s"),
            (12_400_000, "12.4 s"),
            (125_000_000, "2 m 05 s"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), text);
        }
        assert_eq!(setting(Duration::from_millis(800)), "800 ms");
        assert_eq!(setting(Duration::from_micros(250)), "250 µs");
    }

    #[test]
    fn sizes_and_values_are_readable() {
        assert_eq!(bytes(214), "214 B");
        assert_eq!(bytes(3_210), "3.2 kB");
        assert_eq!(bytes(317_700), "318 kB");
        assert_eq!(bytes(1_540_000), "1.5 MB");
        assert_eq!(metadata_value("上海".as_bytes()), "上海");
        assert_eq!(metadata_value(&[0, 0xff]), "00 ff");
    }
}
