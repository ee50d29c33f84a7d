//! Every color of Callscope: two tables of named roles, and the few ways to derive one from another.
//!
//! This is the only file that may construct a color. It must not know which widget uses which role.

#![expect(clippy::disallowed_methods, reason = "this is the table that everyone else must use")]

use egui::Color32;

/// One theme's colors by role. Get the current one from [`crate::theme::tokens`].
#[derive(Debug, PartialEq)]
pub struct Tokens {
    pub dark: bool,
    /// Ground of the window: bars, tab strips, status line.
    pub base: Color32,
    /// A pane lying on the ground.
    pub island: Color32,
    /// A card in a pane, a button, a key cap.
    pub raised: Color32,
    /// An input, sunken.
    pub field: Color32,
    /// A menu, tooltip, toast or palette.
    pub float: Color32,
    pub hover: Color32,
    pub select: Color32,
    /// Hairlines and guides.
    pub line: Color32,
    /// Borders of controls, tracks.
    pub line2: Color32,
    /// Text that is read.
    pub hi: Color32,
    /// Text that supports it.
    pub mid: Color32,
    /// Text that is looked up.
    pub low: Color32,
    /// Disabled text.
    pub dis: Color32,
    pub accent: Color32,
    /// The one primary button of a view.
    pub fill: Color32,
    pub on_fill: Color32,
    pub ok: Color32,
    pub warn: Color32,
    pub cap: Color32,
    pub err: Color32,
    pub idle: Color32,
    pub sent: Color32,
    pub recv: Color32,
    pub key: Color32,
    pub str: Color32,
    pub num: Color32,
    /// `true`, `null` and enum values.
    pub lit: Color32,
    /// `{{variables}}`.
    pub var: Color32,
    pub punct: Color32,
    /// Drawn with the markers ● ◆ ▲ ■ ▼ + in this order.
    pub series: [Color32; 6],
    /// Laid over the window behind the palette and dialogs.
    pub scrim: Color32,
    /// Of floating things only.
    pub shadow: Color32,
    /// No paint at all, for the parts of stock widgets that should not show.
    pub none: Color32,
}

pub const DARK: Tokens = Tokens {
    dark: true,
    base: rgb(0x0B_0D12),
    island: rgb(0x14_171D),
    raised: rgb(0x1C_2028),
    field: rgb(0x0F_1217),
    float: rgb(0x1C_2028),
    hover: rgb(0x20_252E),
    select: rgb(0x28_2644),
    line: rgb(0x23_2831),
    line2: rgb(0x35_3C48),
    hi: rgb(0xE7_EAF0),
    mid: rgb(0xB2_BAC6),
    low: rgb(0x8C_97A7),
    dis: rgb(0x56_5F6D),
    accent: rgb(0xA8_98FF),
    fill: rgb(0x6A_55E0),
    on_fill: rgb(0xFF_FFFF),
    ok: rgb(0x58_D09A),
    warn: rgb(0xF5_D04A),
    cap: rgb(0xF2_934A),
    err: rgb(0xF4_6D6D),
    idle: rgb(0x8C_97A7),
    sent: rgb(0x6F_B4FF),
    recv: rgb(0x43_D1C3),
    key: rgb(0xA9_C7F5),
    str: rgb(0x9C_D69A),
    num: rgb(0xF2_B880),
    lit: rgb(0xC9_A6FF),
    var: rgb(0xF5_D04A),
    punct: rgb(0x8C_97A7),
    series: [rgb(0x6E_C1FF), rgb(0xF4_C466), rgb(0xAE_7AF4), rgb(0x73_E6C7), rgb(0xEE_6590), rgb(0xA0_AABD)],
    scrim: Color32::from_rgba_premultiplied(0, 0, 0, 128),
    shadow: Color32::from_rgba_premultiplied(0, 0, 0, 140),
    none: Color32::TRANSPARENT,
};

pub const LIGHT: Tokens = Tokens {
    dark: false,
    base: rgb(0xE9_EBF0),
    island: rgb(0xFF_FFFF),
    raised: rgb(0xF4_F5F8),
    field: rgb(0xF8_F9FB),
    float: rgb(0xFF_FFFF),
    hover: rgb(0xEE_F0F4),
    select: rgb(0xE9_E5FF),
    line: rgb(0xE3_E6EC),
    line2: rgb(0xC9_CFD9),
    hi: rgb(0x16_1A22),
    mid: rgb(0x45_4D5A),
    low: rgb(0x5E_6775),
    dis: rgb(0xA1_A9B5),
    accent: rgb(0x5A_43D0),
    fill: rgb(0x5A_43D0),
    on_fill: rgb(0xFF_FFFF),
    ok: rgb(0x0B_7340),
    warn: rgb(0x80_6000),
    cap: rgb(0x96_3800),
    err: rgb(0xB0_1530),
    idle: rgb(0x5E_6775),
    sent: rgb(0x15_61BA),
    recv: rgb(0x0A_706B),
    key: rgb(0x1F_4E9E),
    str: rgb(0x1D_6B2C),
    num: rgb(0x9A_4A00),
    lit: rgb(0x6B_35B8),
    var: rgb(0x7A_5200),
    punct: rgb(0x5E_6775),
    series: [rgb(0x1F_63D6), rgb(0x8C_5E00), rgb(0x5A_2A96), rgb(0x04_785F), rgb(0xA3_174F), rgb(0x5E_6B86)],
    scrim: Color32::from_rgba_premultiplied(0, 0, 0, 69),
    shadow: Color32::from_rgba_premultiplied(0, 0, 0, 40),
    none: Color32::TRANSPARENT,
};

impl Tokens {
    /// `color` as a quiet background: 15 % (dark) or 10 % (light) over the island.
    pub fn tint(&self, color: Color32) -> Color32 {
        self.over(color, 0.15, 0.10)
    }

    /// `color` over the island with one strength per theme: the light theme needs less of it.
    pub fn over(&self, color: Color32, dark: f32, light: f32) -> Color32 {
        mix(self.island, color, if self.dark { dark } else { light })
    }

    /// Border of a chosen button or of the active thing: accent 45 % over the selection.
    pub fn chosen_line(&self) -> Color32 {
        mix(self.select, self.accent, 0.45)
    }

    /// The outer, soft half of the focus ring.
    pub fn halo(&self, color: Color32) -> Color32 {
        fade(color, 0.25)
    }

    /// A series color; wraps around, so any counter may be the index.
    pub fn series(&self, index: usize) -> Color32 {
        let [first, ..] = self.series;
        self.series.get(index % self.series.len()).copied().unwrap_or(first)
    }

    /// A filled button under the pointer.
    pub fn fill_hover(&self) -> Color32 {
        mix(self.fill, self.on_fill, 0.10)
    }

    /// A normal button under the pointer.
    pub fn raised_hover(&self) -> Color32 {
        mix(self.raised, self.hi, 0.05)
    }
}

/// `a` with a share `t` of `b`, in gamma space: what the eye and the contrast table expect.
pub fn mix(a: Color32, b: Color32, t: f32) -> Color32 {
    a.lerp_to_gamma(b, t.clamp(0.0, 1.0))
}

/// Transparency, for shadows, halos and scatter points only; elsewhere [`mix`] opaque colors.
pub fn fade(color: Color32, alpha: f32) -> Color32 {
    color.gamma_multiply(alpha.clamp(0.0, 1.0))
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

#[cfg(test)]
mod tests {
    use super::{DARK, LIGHT, Tokens, mix};
    use egui::Color32;

    fn luminance(color: Color32) -> f32 {
        let channel = |byte: u8| {
            let v = f32::from(byte) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(color.r()) + 0.7152 * channel(color.g()) + 0.0722 * channel(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn grounds(t: &Tokens) -> [Color32; 6] {
        [t.base, t.island, t.raised, t.field, t.hover, t.select]
    }

    #[test]
    fn text_meets_aa_on_every_ground_of_both_themes() {
        for t in [&DARK, &LIGHT] {
            for text in [
                t.hi, t.mid, t.low, t.accent, t.ok, t.warn, t.cap, t.err, t.idle, t.sent, t.recv, t.key, t.str, t.num,
                t.lit, t.var, t.punct,
            ] {
                for ground in grounds(t).into_iter().chain([t.tint(text)]) {
                    let ratio = contrast(text, ground);
                    assert!(ratio >= 4.5, "{text:?} on {ground:?}: {ratio}");
                }
            }
            assert!(contrast(t.on_fill, t.fill) >= 4.5);
        }
    }

    #[test]
    fn graphics_meet_three_to_one() {
        for t in [&DARK, &LIGHT] {
            for index in 0..t.series.len() {
                for ground in grounds(t) {
                    assert!(contrast(t.series(index), ground) >= 3.0);
                }
            }
            // The segmented control's thumb and the switch that is off.
            assert!(contrast(mix(t.select, t.accent, 0.75), t.field) >= 3.0);
            assert!(contrast(mix(t.line2, t.low, 0.60), t.island) >= 2.9);
        }
    }

    #[test]
    fn mixing_ends_at_its_ends_and_series_wrap() {
        assert_eq!(mix(DARK.base, DARK.hi, 0.0), DARK.base);
        assert_eq!(mix(DARK.base, DARK.hi, 1.0), DARK.hi);
        assert_eq!(DARK.series(6), DARK.series(0));
    }
}
