//! Numbers and times of the plots as people read them.

use std::time::Duration;

use crate::widget::chip::grouped;

/// Milliseconds without their unit, in two or three digits: `0.21`, `9.1`, `89`, `1,240`.
pub fn millis(value: f64) -> String {
    if value < 0.995 {
        format!("{value:.2}")
    } else if value < 9.95 {
        format!("{value:.1}")
    } else {
        grouped(value.round() as u64)
    }
}

/// A rate or a count that may be below one: `196`, `4.2`, `0`.
pub fn rate(value: f64) -> String {
    if value < 0.05 {
        "0".to_owned()
    } else if value < 9.95 {
        format!("{value:.1}")
    } else {
        grouped(value.round() as u64)
    }
}

/// A share in percent: `0`, `0.2`, `60`.
pub fn percent(value: f64) -> String {
    if value < 0.05 {
        "0".to_owned()
    } else if value < 9.95 && (value - value.round()).abs() >= 0.05 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// A time before the end of the axis: `−2:28`; the end itself is `now`'s business.
pub fn before(seconds: f64) -> String {
    let seconds = seconds.abs().round() as u64;
    let (minutes, rest) = (seconds / 60, seconds % 60);
    if minutes >= 60 {
        format!("−{}:{:02}:{rest:02}", minutes / 60, minutes % 60)
    } else {
        format!("−{minutes}:{rest:02}")
    }
}

/// A wait in words: `800 ms`, `40 s`, `2 min`.
pub fn wait(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 120.0 {
        format!("{} s", seconds.round())
    } else {
        format!("{} min", (seconds / 60.0).round())
    }
}

/// A latency with its unit: `412 ms`, `0.21 ms`, `1.24 s`.
pub fn latency(duration: Duration) -> String {
    let value = duration.as_secs_f64() * 1e3;
    if value >= 10_000.0 { format!("{:.1} s", value / 1e3) } else { format!("{} ms", millis(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!([0.214, 9.12, 88.6, 1240.0].map(millis), ["0.21", "9.1", "89", "1,240"]);
        assert_eq!([0.0, 4.25, 196.3].map(rate), ["0", "4.2", "196"]);
        assert_eq!([0.0, 0.2, 9.0, 60.0].map(percent), ["0", "0.2", "9", "60"]);
        assert_eq!([148.0, 0.0, 3_700.0].map(before), ["−2:28", "−0:00", "−1:01:40"]);
        assert_eq!(wait(Duration::from_millis(800)), "800 ms");
        assert_eq!(wait(Duration::from_secs(40)), "40 s");
        assert_eq!(latency(Duration::from_micros(12_800)), "13 ms");
    }
}
