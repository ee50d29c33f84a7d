//! The boundaries between tiles: named, dragged by the pointer, moved by the arrow keys.
//!
//! The tiles have their own, which the keyboard and assistive programs cannot use.

use egui::{Rect, Ui, pos2};
use egui_tiles::{Container, LinearDir, Tile, TileId, Tree};
use rust_i18n::t;

use super::layout::Pane;
use crate::widget::splitter::{Line, splitter};

/// No part becomes smaller than this.
pub(super) const LEAST: f32 = 96.0;

/// Two neighbors and where the line between them is.
struct Boundary {
    container: TileId,
    dir: LinearDir,
    first: TileId,
    second: TileId,
    line: Rect,
    /// Their lengths.
    lengths: (f32, f32),
}

/// Paints the boundaries of a tree that was just painted, and moves what is moved.
pub(super) fn ui(ui: &Ui, tree: &mut Tree<Pane>) {
    for boundary in boundaries(tree) {
        let along = if boundary.dir == LinearDir::Horizontal { Line::Vertical } else { Line::Horizontal };
        let id = ui.scope_id().with(("boundary", boundary.first, boundary.second));
        let by = splitter(ui, id, boundary.line, along, &t!("shell.splitter"));
        if by.abs() < f32::EPSILON {
            continue;
        }
        let (first, second) = boundary.lengths;
        let least = LEAST.min(f32::midpoint(first, second));
        let new = (first + by).clamp(least, (first + second - least).max(least));
        let Some(Tile::Container(Container::Linear(linear))) = tree.tiles.get_mut(boundary.container) else { continue };
        let share = |of: TileId| linear.shares.iter().find(|(id, _)| **id == of).map_or(1.0, |(_, share)| *share);
        let both = share(boundary.first) + share(boundary.second);
        let part = new / (first + second).max(1.0);
        linear.shares.set_share(boundary.first, both * part);
        linear.shares.set_share(boundary.second, both * (1.0 - part));
        ui.ctx().request_repaint();
    }
}

fn boundaries(tree: &Tree<Pane>) -> Vec<Boundary> {
    let mut found = Vec::new();
    let mut open: Vec<TileId> = tree.root().into_iter().collect();
    while let Some(id) = open.pop() {
        match tree.tiles.get(id) {
            Some(Tile::Container(Container::Linear(linear))) => {
                let shown: Vec<TileId> =
                    linear.children.iter().copied().filter(|child| tree.tiles.is_visible(*child)).collect();
                for (first, second) in shown.iter().zip(shown.iter().skip(1)) {
                    let (Some(one), Some(two)) = (tree.tiles.rect(*first), tree.tiles.rect(*second)) else { continue };
                    let (line, lengths) = if linear.dir == LinearDir::Horizontal {
                        let line = Rect::from_min_max(pos2(one.right(), one.top()), pos2(two.left(), one.bottom()));
                        (line, (one.width(), two.width()))
                    } else {
                        let line = Rect::from_min_max(pos2(one.left(), one.bottom()), pos2(one.right(), two.top()));
                        (line, (one.height(), two.height()))
                    };
                    found.push(Boundary {
                        container: id,
                        dir: linear.dir,
                        first: *first,
                        second: *second,
                        line,
                        lengths,
                    });
                }
                open.extend(shown);
            }
            Some(Tile::Container(Container::Tabs(tabs))) => open.extend(tabs.active),
            _ => {}
        }
    }
    found
}
