//! The time axis of the waterfall: its scale, its unit and its round ticks. Pure arithmetic.

/// Milliseconds to points, and back.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    pub left: f32,
    pub right: f32,
    /// Milliseconds at `right`.
    pub span: f64,
}

impl Axis {
    pub fn x(self, ms: f64) -> f32 {
        self.left + ((ms / self.span) * f64::from(self.right - self.left)) as f32
    }

    pub fn ms(self, x: f32) -> f64 {
        f64::from((x - self.left) / (self.right - self.left).max(1.0)) * self.span
    }

    /// Round moments about `gap` points apart, each with its label; the first one says the unit.
    pub fn ticks(self, gap: f32) -> Vec<(f64, String)> {
        let room = f64::from((self.right - self.left).max(1.0));
        let step = round_step(self.span * f64::from(gap) / room);
        let (unit, factor) = unit(self.span);
        let decimals = usize::from(step * factor < 1.0);
        (0..=200)
            .map(|index| f64::from(index) * step)
            .take_while(|ms| *ms <= self.span * 1.000_001)
            .map(|ms| {
                let label = if ms == 0.0 { format!("0 {unit}") } else { format!("{:.decimals$}", ms * factor) };
                (ms, label)
            })
            .collect()
    }
}

/// Unit of an axis of this many milliseconds, and what milliseconds are multiplied by for it.
fn unit(span: f64) -> (&'static str, f64) {
    if span < 1.5 {
        ("µs", 1e3)
    } else if span < 2_500.0 {
        ("ms", 1.0)
    } else {
        ("s", 1e-3)
    }
}

/// The next of 1, 2, 5 × a power of ten.
fn round_step(wanted: f64) -> f64 {
    let wanted = wanted.max(1e-6);
    let power = 10_f64.powf(wanted.log10().floor());
    let share = wanted / power;
    let round = if share <= 1.0 {
        1.0
    } else if share <= 2.0 {
        2.0
    } else if share <= 5.0 {
        5.0
    } else {
        10.0
    };
    round * power
}

#[cfg(test)]
mod tests {
    use super::Axis;

    fn labels(span: f64) -> Vec<String> {
        Axis { left: 0.0, right: 880.0, span }.ticks(76.0).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_in_the_unit_of_the_call() {
        assert_eq!(labels(22.0), ["0 ms", "2", "4", "6", "8", "10", "12", "14", "16", "18", "20", "22"]);
        assert_eq!(labels(0.45), ["0 µs", "50", "100", "150", "200", "250", "300", "350", "400", "450"]);
        assert_eq!(labels(30_000.0), ["0 s", "5", "10", "15", "20", "25", "30"]);
    }

    #[test]
    fn a_place_on_the_axis_is_a_moment_and_back() {
        let axis = Axis { left: 100.0, right: 300.0, span: 40.0 };
        assert!((axis.x(10.0) - 150.0).abs() < 0.01);
        assert!((axis.ms(150.0) - 10.0).abs() < 0.01);
    }
}
