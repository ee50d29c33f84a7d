//! How Callscope looks: colors, type, measures, icons, and the egui styles made from them.
//!
//! It knows egui and nothing else of the program. Start reading at [`Tokens`].

pub mod font;
pub mod icon;
pub mod size;
mod style;
mod tokens;

pub use tokens::{DARK, LIGHT, Tokens, fade, mix};

use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily, Theme};

/// Installs fonts and both themes. Call once, before the first frame.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    ctx.style_mut_of(Theme::Dark, |style| style::apply(style, &DARK));
    ctx.style_mut_of(Theme::Light, |style| style::apply(style, &LIGHT));
}

/// The colors of the theme in use.
pub fn tokens(ctx: &egui::Context) -> &'static Tokens {
    match ctx.theme() {
        Theme::Dark => &DARK,
        Theme::Light => &LIGHT,
    }
}

/// Makes the few running things (rings, countdowns) step once a second instead of ten times.
pub fn set_reduce_motion(ctx: &egui::Context, reduce: bool) {
    ctx.data_mut(|data| data.insert_temp(reduce_motion_id(), reduce));
}

pub fn reduce_motion(ctx: &egui::Context) -> bool {
    ctx.data(|data| data.get_temp(reduce_motion_id())).unwrap_or(false)
}

fn reduce_motion_id() -> egui::Id {
    egui::Id::unique("callscope reduce motion")
}

fn fonts() -> FontDefinitions {
    let faces: [(&str, &'static [u8]); 9] = [
        ("inter", include_bytes!("../../../assets/fonts/Inter-Regular.otf")),
        (font::MEDIUM, include_bytes!("../../../assets/fonts/Inter-Medium.otf")),
        (font::SEMIBOLD, include_bytes!("../../../assets/fonts/Inter-SemiBold.otf")),
        (font::MONO, include_bytes!("../../../assets/fonts/Mono-Regular.ttf")),
        (font::MONO_MEDIUM, include_bytes!("../../../assets/fonts/Mono-Medium.ttf")),
        (font::ICONS, include_bytes!("../../../assets/fonts/Icons-Regular.ttf")),
        (font::ICONS_FILL, include_bytes!("../../../assets/fonts/Icons-Fill.ttf")),
        (font::ICONS_BOLD, include_bytes!("../../../assets/fonts/Icons-Bold.ttf")),
        ("cjk", include_bytes!("../../../assets/fonts/CJK-Regular.otf")),
    ];
    let mut fonts = FontDefinitions::empty();
    for (name, bytes) in faces {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    // Inter → Chinese → icons; mono → Chinese → Inter, for the marks that the mono lacks.
    let chains: [(FontFamily, &[&str]); 9] = [
        (FontFamily::Proportional, &["inter", "cjk", font::ICONS]),
        (FontFamily::Monospace, &[font::MONO, "cjk", "inter", font::ICONS]),
        (named(font::MEDIUM), &[font::MEDIUM, "cjk", font::ICONS]),
        (named(font::SEMIBOLD), &[font::SEMIBOLD, "cjk", font::ICONS]),
        (named(font::MONO), &[font::MONO, "cjk", "inter", font::ICONS]),
        (named(font::MONO_MEDIUM), &[font::MONO_MEDIUM, "cjk", "inter", font::ICONS]),
        (named(font::ICONS), &[font::ICONS, "inter"]),
        (named(font::ICONS_FILL), &[font::ICONS_FILL, font::ICONS, "inter"]),
        (named(font::ICONS_BOLD), &[font::ICONS_BOLD, font::ICONS, "inter"]),
    ];
    for (family, chain) in chains {
        fonts.families.insert(family, chain.iter().map(|&name| name.to_owned()).collect());
    }
    fonts
}

fn named(name: &str) -> FontFamily {
    FontFamily::Name(name.into())
}

#[cfg(test)]
mod tests {
    use super::{DARK, LIGHT, font, fonts, install, tokens};
    use egui::Theme;

    #[test]
    fn every_family_finds_its_faces() {
        let fonts = fonts();
        for (family, chain) in &fonts.families {
            assert!(!chain.is_empty(), "{family:?}");
            for name in chain {
                assert!(fonts.font_data.contains_key(name), "{family:?} wants {name}");
            }
        }
    }

    #[test]
    fn tokens_follow_the_theme_and_both_styles_are_filled() {
        let ctx = egui::Context::default();
        install(&ctx);
        ctx.set_theme(Theme::Light);
        assert_eq!(tokens(&ctx), &LIGHT);
        assert_eq!(ctx.global_style().visuals.panel_fill, LIGHT.island);
        ctx.set_theme(Theme::Dark);
        assert_eq!(tokens(&ctx), &DARK);
        assert_eq!(ctx.global_style().visuals.window_fill, DARK.float);
        assert_eq!(ctx.global_style().text_styles[&egui::TextStyle::Button], font::label());
    }
}
