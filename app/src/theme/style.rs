//! Fills an egui `Style` from tokens, so that stock widgets and our own agree.

use egui::style::{HandleShape, ScrollStyle, Selection, WidgetVisuals, Widgets};
use egui::{Color32, CornerRadius, Margin, Shadow, Stroke, Style, TextStyle, vec2};

use super::{Tokens, font, mix, size};

pub(super) fn apply(style: &mut Style, t: &Tokens) {
    style.text_styles = [
        (TextStyle::Heading, font::title()),
        (TextStyle::Body, font::body()),
        (TextStyle::Button, font::label()),
        (TextStyle::Small, font::small()),
        (TextStyle::Monospace, font::code_small()),
    ]
    .into();
    style.animation_time = 0.09;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
    spacing(style);
    visuals(style, t);
}

fn spacing(style: &mut Style) {
    let s = &mut style.spacing;
    s.item_spacing = vec2(8.0, 4.0);
    s.button_padding = vec2(size::BUTTON_PADDING, 4.0);
    s.interact_size = vec2(size::CONTROL, size::CONTROL);
    s.indent = size::INDENT;
    s.menu_margin = Margin::same(4);
    s.window_margin = Margin::same(12);
    s.menu_spacing = 4.0;
    s.slider_rail_height = size::METER;
    s.icon_width = 16.0;
    s.tooltip_width = 360.0;
    s.scroll = ScrollStyle {
        floating: true,
        bar_width: 8.0,
        floating_width: 4.0,
        floating_allocated_width: 0.0,
        bar_inner_margin: 2.0,
        bar_outer_margin: 2.0,
        handle_min_length: 24.0,
        foreground_color: false,
        dormant_background_opacity: 0.0,
        active_background_opacity: 0.0,
        interact_background_opacity: 0.0,
        dormant_handle_opacity: 0.6,
        active_handle_opacity: 0.8,
        interact_handle_opacity: 1.0,
        ..ScrollStyle::floating()
    };
    // Content that fades at the edge of a list looks disabled.
    s.scroll.fade.strength = 0.0;
}

fn visuals(style: &mut Style, t: &Tokens) {
    let v = &mut style.visuals;
    v.dark_mode = t.dark;
    // Even, crisp columns of text at 1x.
    v.text_options.subpixel_binning = false;
    v.text_options.font_hinting = true;
    v.override_text_color = None;
    v.weak_text_color = Some(t.low);
    v.hyperlink_color = t.accent;
    v.faint_bg_color = t.hover;
    v.extreme_bg_color = t.field;
    v.text_edit_bg_color = Some(t.field);
    v.code_bg_color = t.raised;
    v.warn_fg_color = t.warn;
    v.error_fg_color = t.err;
    v.panel_fill = t.island;
    v.window_fill = t.float;
    v.window_stroke = Stroke::new(size::HAIRLINE, t.line2);
    v.window_corner_radius = CornerRadius::same(size::ISLAND_RADIUS);
    v.menu_corner_radius = CornerRadius::same(size::ISLAND_RADIUS);
    v.window_highlight_topmost = false;
    let shadow = Shadow { offset: [0, 6], blur: 20, spread: 0, color: t.shadow };
    v.window_shadow = shadow;
    v.popup_shadow = shadow;
    v.selection = Selection { bg_fill: t.select, stroke: Stroke::new(1.0, t.accent) };
    // A blinking caret would paint twice a second while nothing happens.
    v.text_cursor.blink = false;
    v.text_cursor.stroke = Stroke::new(size::CARET, t.accent);
    v.ime_composition.active_underline_stroke = Stroke::new(2.0, t.accent);
    v.ime_composition.inactive_underline_stroke = Stroke::new(1.0, t.low);
    v.button_frame = true;
    v.striped = false;
    v.slider_trailing_fill = true;
    v.handle_shape = HandleShape::Circle;
    v.indent_has_left_vline = true;
    v.widgets = Widgets {
        noninteractive: widget(t.island, t.island, t.line, t.mid),
        inactive: widget(t.line2, t.raised, t.line2, t.hi),
        hovered: widget(t.line2, t.raised_hover(), mix(t.line2, t.low, 0.4), t.hi),
        active: widget(t.line2, t.hover, t.accent, t.hi),
        open: widget(t.line2, t.hover, t.line2, t.hi),
    };
}

fn widget(fill: Color32, button: Color32, border: Color32, text: Color32) -> WidgetVisuals {
    WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: button,
        bg_stroke: Stroke::new(size::HAIRLINE, border),
        corner_radius: CornerRadius::same(size::CONTROL_RADIUS),
        fg_stroke: Stroke::new(1.0, text),
        // The wobble is what says "egui".
        expansion: 0.0,
    }
}
