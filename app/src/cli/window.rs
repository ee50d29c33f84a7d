//! No subcommand: the window.

use std::path::PathBuf;

use super::{Failure, Outcome, print};
use crate::app::{App, Options};

/// Size at the first start, points.
const SIZE: [f32; 2] = [1440.0, 900.0];
/// Below it the panes no longer make sense.
const SMALLEST: [f32; 2] = [720.0, 480.0];

pub(super) fn open(workspace: Option<PathBuf>) -> Outcome {
    if let Some(path) = workspace.as_ref().filter(|path| !path.exists()) {
        return Err(print::input(&format!("{}: there is no such file or folder", path.display())));
    }
    let icon = eframe::icon_data::from_png_bytes(include_bytes!("../../../assets/icon.png")).unwrap_or_default();
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Callscope")
            .with_app_id("callscope")
            .with_icon(icon)
            .with_inner_size(SIZE)
            .with_min_inner_size(SMALLEST),
        persist_window: true,
        ..eframe::NativeOptions::default()
    };
    let state =
        directories::ProjectDirs::from("", "", "callscope").map(|folders| folders.data_dir().join("state.json"));
    let options = Options { open: workspace, state, locale: crate::words::system(), ..Options::default() };
    let opened = eframe::run_native("callscope", native, Box::new(|cx| Ok(Box::new(App::new(&cx.egui_ctx, options)?))));
    opened.map_err(|error| {
        print::error(&format!(
            "the window could not be opened: {error}. A display and OpenGL are needed; on a bare Debian install \
             libgl1 libgl1-mesa-dri libxcursor1 libxi6 libxkbcommon-x11-0"
        ));
        Failure::Connection
    })
}
