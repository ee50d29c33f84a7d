//! Where the panes are: one tree of tiles per view, kept between runs.

use egui::Id;
use egui_tiles::{Container, Linear, LinearDir, Tile, TileId, Tiles, Tree};
use serde::{Deserialize, Serialize};

use crate::command::View;
use crate::model::tabs::TabId;
use crate::theme::size;

/// Raised when a kept layout of an older program would no longer make sense; it is dropped then.
const VERSION: u32 = 1;
/// Share of the height that the bottom dock takes at first.
const DOCK_SHARE: f32 = 0.3;
/// The widest that the sidebar gets.
const SIDEBAR_MAX: f32 = 560.0;

/// What can lie in a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pane {
    /// An open call.
    Call(TabId),
    /// Waterfall of the active call.
    Timeline,
    /// Frames of the active call.
    CallTraffic,
    /// Plots of the active call's service.
    CallPlots,
    /// What happened, in words.
    Log,
    /// All frames.
    TrafficList,
    /// Fields of the selected frame.
    TrafficTree,
    /// Bytes of the selected frame.
    TrafficBytes,
    /// Plots over one time axis.
    Plots,
    /// Breaker and instances beside them.
    PlotsSide,
}

impl Pane {
    const DOCK: [Self; 4] = [Self::Timeline, Self::CallTraffic, Self::CallPlots, Self::Log];
}

/// Where a tab goes when its half is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Right,
    Below,
}

/// The layout of the whole window.
#[derive(Clone, Serialize, Deserialize)]
pub struct Layout {
    version: u32,
    /// The view in front.
    pub view: View,
    /// Whether the sidebar is shown.
    pub sidebar: bool,
    /// What the user made of its width, in a wide window and in a narrow one.
    #[serde(default)]
    sidebar_widths: (Option<f32>, Option<f32>),
    /// Whether the bottom dock is shown.
    pub dock: bool,
    /// Tiles of the calls view: call tabs above, dock below, or wherever they were dragged.
    pub calls: Tree<Pane>,
    /// Tiles of the traffic view.
    pub traffic: Tree<Pane>,
    /// Tiles of the plots view.
    pub plots: Tree<Pane>,
    /// The tab that was brought to the front last: new ones open beside it.
    #[serde(skip)]
    front: Option<TabId>,
}

impl Default for Layout {
    fn default() -> Self {
        let mut calls = Tiles::default();
        let dock = Pane::DOCK.map(|pane| calls.insert_pane(pane)).to_vec();
        let dock = calls.insert_tab_tile(dock);
        let root = calls.insert_vertical_tile(vec![dock]);
        Self {
            version: VERSION,
            view: View::Services,
            sidebar: true,
            sidebar_widths: (None, None),
            dock: true,
            calls: Tree::new(Id::unique("calls tiles"), root, calls),
            traffic: columns(
                "traffic tiles",
                &[(Pane::TrafficList, 2.8), (Pane::TrafficTree, 1.9), (Pane::TrafficBytes, 3.0)],
            ),
            plots: columns("plots tiles", &[(Pane::Plots, 3.0), (Pane::PlotsSide, 1.0)]),
            front: None,
        }
    }
}

fn columns(id: &'static str, panes: &[(Pane, f32)]) -> Tree<Pane> {
    let mut tiles = Tiles::default();
    let mut linear = Linear { dir: LinearDir::Horizontal, ..Linear::default() };
    for &(pane, share) in panes {
        let tile = tiles.insert_pane(pane);
        linear.add_child(tile);
        linear.shares.set_share(tile, share);
    }
    let root = tiles.insert_container(linear);
    Tree::new(Id::unique(id), root, tiles)
}

impl Layout {
    /// A kept layout, if it still makes sense: right version, every pane of every view in it exactly once.
    pub fn from_text(text: &str) -> Option<Self> {
        let layout: Self = serde_json::from_str(text).ok()?;
        let whole = |tree: &Tree<Pane>, panes: &[Pane]| {
            panes
                .iter()
                .all(|pane| tree.tiles.tiles().filter(|tile| matches!(tile, Tile::Pane(p) if p == pane)).count() == 1)
        };
        (layout.version == VERSION
            && whole(&layout.calls, &Pane::DOCK)
            && whole(&layout.traffic, &[Pane::TrafficList, Pane::TrafficTree, Pane::TrafficBytes])
            && whole(&layout.plots, &[Pane::Plots, Pane::PlotsSide]))
        .then_some(layout)
    }

    /// The layout as text, to be kept.
    pub fn to_text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// Width of the sidebar.
    pub fn sidebar_width(&self, narrow: bool) -> f32 {
        let (wide, in_narrow) = self.sidebar_widths;
        if narrow { in_narrow.unwrap_or(size::SIDEBAR_MIN) } else { wide.unwrap_or(size::SIDEBAR) }
    }

    /// Makes the sidebar wider, or narrower.
    pub fn widen_sidebar(&mut self, narrow: bool, by: f32) {
        if by == 0.0 {
            return;
        }
        let width = (self.sidebar_width(narrow) + by).clamp(size::SIDEBAR_MIN, SIDEBAR_MAX);
        let (wide, in_narrow) = &mut self.sidebar_widths;
        *(if narrow { in_narrow } else { wide }) = Some(width);
    }

    /// Shows or hides the bottom dock, wherever its panes lie.
    pub fn set_dock(&mut self, shown: bool) {
        self.dock = shown;
        for pane in Pane::DOCK {
            if let Some(tile) = self.calls.tiles.find_pane(&pane) {
                self.calls.set_visible(tile, shown);
            }
        }
    }

    /// Brings a pane of the dock to the front.
    pub fn show_dock_pane(&mut self, pane: Pane) {
        self.set_dock(true);
        self.calls.make_active(|_, tile| matches!(tile, Tile::Pane(found) if *found == pane));
    }

    /// Makes the call tiles those of the open tabs: new ones join the container that holds the others.
    /// Returns `true` when something was added or removed.
    pub fn sync_tabs(&mut self, open: &[TabId]) -> bool {
        let shown: Vec<(TileId, TabId)> = self
            .calls
            .tiles
            .iter()
            .filter_map(|(id, tile)| if let Tile::Pane(Pane::Call(tab)) = tile { Some((*id, *tab)) } else { None })
            .collect();
        let mut changed = false;
        for (tile, tab) in &shown {
            if !open.contains(tab) {
                self.calls.remove_recursively(*tile);
                changed = true;
            }
        }
        if changed {
            self.drop_empty();
        }
        for tab in open {
            if !shown.iter().any(|(_, known)| known == tab) {
                self.insert_tab(*tab);
                changed = true;
            }
        }
        changed
    }

    /// Lets go of containers whose last tab is gone. Painting would, but with no call open nothing paints the tiles,
    /// and the next call would share its height with them.
    fn drop_empty(&mut self) {
        let empty =
            |tile: &Tile<Pane>| matches!(tile, Tile::Container(Container::Tabs(tabs)) if tabs.children.is_empty());
        let gone: Vec<TileId> = self.calls.tiles.iter().filter(|(_, tile)| empty(tile)).map(|(id, _)| *id).collect();
        for tile in gone {
            self.calls.remove_recursively(tile);
        }
    }

    /// Lifts splits out of tabs. Dropped onto the lower part of a pane, a tab lands beside that pane *inside its tab*, with
    /// a strip of its own under the strip of the others; what is meant is beside all of them.
    pub fn lift_splits(&mut self) {
        // One drop makes one; a layout kept by an older program may hold some more.
        for _ in 0..8 {
            let tiles = &self.calls.tiles;
            let found = tiles.iter().find_map(|(id, tile)| {
                let Tile::Container(Container::Tabs(tabs)) = tile else { return None };
                let split = |child: &&TileId| matches!(tiles.get(**child), Some(Tile::Container(Container::Linear(_))));
                Some((*id, *tabs.children.iter().find(split)?))
            });
            let Some((strip, split)) = found else { return };
            if !self.lift(strip, split) {
                return;
            }
        }
    }

    fn lift(&mut self, strip: TileId, split: TileId) -> bool {
        let tiles = &mut self.calls.tiles;
        // What was dropped keeps its number; the pane that made room got a new one, and stays among its neighbors.
        let stays = match tiles.get(split) {
            Some(Tile::Container(Container::Linear(linear))) => linear.children.iter().copied().max_by_key(|id| id.0),
            _ => None,
        };
        let Some(stays) = stays else { return false };
        let (Some(Tile::Container(Container::Linear(mut linear))), Some(Tile::Container(Container::Tabs(mut tabs)))) =
            (tiles.remove(split), tiles.remove(strip))
        else {
            return false;
        };
        let back = match tiles.get(stays) {
            Some(Tile::Container(Container::Tabs(inner))) => inner.children.clone(),
            _ => vec![stays],
        };
        if !back.contains(&stays) {
            tiles.remove(stays);
        }
        tabs.active = back.first().copied();
        let at = tabs.children.iter().position(|child| *child == split).unwrap_or_default();
        tabs.children.splice(at..=at, back);
        let tabs = tiles.insert_container(tabs);
        for child in &mut linear.children {
            if *child == stays {
                *child = tabs;
            } else if matches!(tiles.get(*child), Some(Tile::Pane(_))) {
                *child = tiles.insert_tab_tile(vec![*child]);
            }
        }
        let linear = Linear { dir: linear.dir, children: linear.children, ..Linear::default() };
        // In the place of the strip, so that nothing around it notices.
        tiles.insert(strip, Tile::Container(Container::Linear(linear)));
        true
    }

    /// Whether the strip of this tab holds others, too.
    pub fn has_neighbors(&self, tab: TabId) -> bool {
        self.strip_of(tab).is_some_and(|(_, _, count)| count > 1)
    }

    /// The tile of a tab, the strip that it is in, and how many tabs that has.
    fn strip_of(&self, tab: TabId) -> Option<(TileId, TileId, usize)> {
        let tile = self.calls.tiles.find_pane(&Pane::Call(tab))?;
        let strip = self.calls.tiles.parent_of(tile)?;
        match self.calls.tiles.get(strip)? {
            Tile::Container(Container::Tabs(tabs)) => Some((tile, strip, tabs.children.len())),
            _ => None,
        }
    }

    /// Takes a tab out of its strip, which must hold others, and puts it beside that strip, in a strip of its own.
    pub fn split(&mut self, tab: TabId, side: Side) {
        let Some((tile, strip, count)) = self.strip_of(tab) else { return };
        let parent = self.calls.tiles.parent_of(strip);
        let Some(Tile::Container(Container::Tabs(tabs))) = self.calls.tiles.get_mut(strip).filter(|_| count > 1) else {
            return;
        };
        let at = tabs.children.iter().position(|child| *child == tile).unwrap_or_default();
        tabs.children.retain(|child| *child != tile);
        tabs.active = tabs.children.get(at.saturating_sub(1)).or_else(|| tabs.children.first()).copied();
        let beside = self.calls.tiles.insert_tab_tile(vec![tile]);
        let dir = match side {
            Side::Right => LinearDir::Horizontal,
            Side::Below => LinearDir::Vertical,
        };
        if let Some(Tile::Container(Container::Linear(linear))) =
            parent.and_then(|parent| self.calls.tiles.get_mut(parent))
            && linear.dir == dir
            && let Some(at) = linear.children.iter().position(|child| *child == strip)
        {
            // Both get half of what the strip had; what is around them keeps its own.
            let share = linear.shares.iter().find(|(id, _)| **id == strip).map_or(1.0, |(_, share)| *share) / 2.0;
            linear.children.insert(at + 1, beside);
            linear.shares.set_share(strip, share);
            linear.shares.set_share(beside, share);
            return;
        }
        // In the place of the strip, so that nothing around it notices.
        let Some(old) = self.calls.tiles.remove(strip) else { return };
        let moved = self.calls.tiles.insert_new(old);
        let both = Linear { dir, children: vec![moved, beside], ..Linear::default() };
        self.calls.tiles.insert(strip, Tile::Container(Container::Linear(both)));
    }

    /// Puts a tab into the next strip with calls; `false`: there is no other.
    pub fn move_to_next_half(&mut self, tab: TabId) -> bool {
        let Some((tile, strip, _)) = self.strip_of(tab) else { return false };
        let mut strips: Vec<TileId> = Vec::new();
        for other in self.tab_order() {
            strips.extend(self.strip_of(other).map(|(_, strip, _)| strip));
        }
        strips.dedup();
        let here = strips.iter().position(|known| *known == strip).unwrap_or_default();
        let Some(next) = strips.iter().copied().cycle().nth(here + 1).filter(|next| *next != strip) else {
            return false;
        };
        if let Some(Tile::Container(Container::Tabs(tabs))) = self.calls.tiles.get_mut(strip) {
            tabs.children.retain(|child| *child != tile);
            tabs.active = tabs.children.first().copied();
        }
        if let Some(Tile::Container(container)) = self.calls.tiles.get_mut(next) {
            container.add_child(tile);
        }
        self.drop_empty();
        true
    }

    /// Brings the tab's tile to the front.
    pub fn activate(&mut self, tab: TabId) {
        self.front = Some(tab);
        self.calls.make_active(|_, tile| matches!(tile, Tile::Pane(Pane::Call(found)) if *found == tab));
    }

    /// The tab in front of the container that also holds `tab`, after a click or drag.
    pub fn active_tabs(&self) -> Vec<TabId> {
        self.calls
            .active_tiles()
            .into_iter()
            .filter_map(|tile| match self.calls.tiles.get_pane(&tile) {
                Some(Pane::Call(tab)) => Some(*tab),
                _ => None,
            })
            .collect()
    }

    /// Tabs in the order in which they lie on screen.
    pub fn tab_order(&self) -> Vec<TabId> {
        let mut order = Vec::new();
        if let Some(root) = self.calls.root() {
            self.collect(root, &mut order);
        }
        order
    }

    fn collect(&self, tile: TileId, order: &mut Vec<TabId>) {
        match self.calls.tiles.get(tile) {
            Some(Tile::Pane(Pane::Call(tab))) => order.push(*tab),
            Some(Tile::Container(container)) => {
                for child in container.children() {
                    self.collect(*child, order);
                }
            }
            _ => {}
        }
    }

    fn insert_tab(&mut self, tab: TabId) {
        let tile = self.calls.tiles.insert_pane(Pane::Call(tab));
        let strip_of = |wanted: Option<TabId>| {
            let holds = |child: &TileId| matches!(self.calls.tiles.get_pane(child), Some(Pane::Call(tab)) if wanted.is_none_or(|wanted| wanted == *tab));
            let strips = self.calls.tiles.iter().filter_map(|(id, tile)| match tile {
                Tile::Container(Container::Tabs(tabs)) => tabs.children.iter().any(holds).then_some(*id),
                _ => None,
            });
            strips.min_by_key(|id| id.0)
        };
        let home = self.front.and_then(|front| strip_of(Some(front))).or_else(|| strip_of(None));
        if let Some(home) = home {
            if let Some(Tile::Container(container)) = self.calls.tiles.get_mut(home) {
                container.add_child(tile);
            }
            return;
        }
        // The first call: its container goes above whatever is there.
        let above = self.calls.tiles.insert_tab_tile(vec![tile]);
        let Some(below) = self.calls.root() else {
            self.calls = Tree::new(Id::unique("calls tiles"), above, std::mem::take(&mut self.calls.tiles));
            return;
        };
        if let Some(Tile::Container(Container::Linear(linear))) = self.calls.tiles.get_mut(below)
            && linear.dir == LinearDir::Vertical
        {
            linear.children.insert(0, above);
            // What is there keeps its proportions, whatever dragging and closing made of them.
            let share =
                |child: &TileId| linear.shares.iter().find(|(id, _)| *id == child).map_or(1.0, |(_, share)| *share);
            let rest: f32 = linear.children.iter().skip(1).map(share).sum();
            linear.shares.set_share(above, rest * (1.0 - DOCK_SHARE) / DOCK_SHARE);
            return;
        }
        let root = self.calls.tiles.insert_container(Linear::new_binary(
            LinearDir::Vertical,
            [above, below],
            1.0 - DOCK_SHARE,
        ));
        self.calls = Tree::new(Id::unique("calls tiles"), root, std::mem::take(&mut self.calls.tiles));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_come_and_go_and_the_layout_survives_being_kept() {
        let mut layout = Layout::default();
        assert!(layout.sync_tabs(&[TabId(1), TabId(2)]));
        assert!(!layout.sync_tabs(&[TabId(1), TabId(2)]), "nothing new");
        assert_eq!(layout.tab_order(), [TabId(1), TabId(2)]);
        layout.activate(TabId(2));
        assert_eq!(layout.active_tabs(), [TabId(2)]);

        let kept = layout.to_text().unwrap();
        let mut again = Layout::from_text(&kept).unwrap();
        assert_eq!(again.tab_order(), layout.tab_order());
        assert!(again.sync_tabs(&[]));
        assert_eq!(again.tab_order(), []);
        assert!(again.sync_tabs(&[TabId(7)]), "after the last one was closed a new one finds its place");
        assert_eq!(again.tab_order(), [TabId(7)]);
    }

    #[test]
    fn a_tab_dropped_onto_a_pane_stands_beside_all_its_tabs() {
        let mut layout = Layout::default();
        layout.sync_tabs(&[TabId(1), TabId(2), TabId(3)]);
        // As egui_tiles leaves it: 3 was dropped onto the right half of 2, which got a new tile inside its own tab.
        let tiles = &mut layout.calls.tiles;
        let tile = |tiles: &Tiles<Pane>, tab| tiles.find_pane(&Pane::Call(TabId(tab))).unwrap();
        let (two, three) = (tile(tiles, 2), tile(tiles, 3));
        let strip = tiles.parent_of(two).unwrap();
        let Some(Tile::Container(Container::Tabs(tabs))) = tiles.get_mut(strip) else { panic!("no strip") };
        tabs.children.retain(|child| *child != three);
        let pane = tiles.remove(two).unwrap();
        let moved = tiles.insert_new(pane);
        let split = Linear { dir: LinearDir::Horizontal, children: vec![moved, three], ..Linear::default() };
        tiles.insert(two, Tile::Container(Container::Linear(split)));

        layout.lift_splits();

        let tiles = &layout.calls.tiles;
        let strip_of = |tab| tiles.parent_of(tile(tiles, tab)).unwrap();
        assert_eq!(strip_of(1), strip_of(2), "2 went back among its neighbors");
        assert_ne!(strip_of(3), strip_of(1));
        assert_eq!(tiles.parent_of(strip_of(3)), tiles.parent_of(strip_of(1)), "side by side");
        assert_eq!(layout.tab_order(), [TabId(1), TabId(2), TabId(3)]);
        assert_eq!(layout.active_tabs(), [TabId(2), TabId(3)]);

        layout.activate(TabId(3));
        layout.sync_tabs(&[TabId(1), TabId(2), TabId(3), TabId(4)]);
        assert_eq!(layout.tab_order(), [TabId(1), TabId(2), TabId(3), TabId(4)], "a new one opens beside the front");
        layout.activate(TabId(1));
        layout.sync_tabs(&[TabId(1), TabId(2), TabId(3), TabId(4), TabId(5)]);
        assert_eq!(layout.tab_order(), [TabId(1), TabId(2), TabId(5), TabId(3), TabId(4)]);
    }

    #[test]
    fn a_tab_is_split_off_by_command_and_comes_back() {
        let mut layout = Layout::default();
        layout.sync_tabs(&[TabId(1), TabId(2), TabId(3)]);
        layout.activate(TabId(2));
        layout.split(TabId(2), Side::Right);
        assert_eq!(layout.tab_order(), [TabId(1), TabId(3), TabId(2)]);
        assert_eq!(layout.active_tabs(), [TabId(1), TabId(2)], "its neighbor is in front of the others");
        assert!(!layout.has_neighbors(TabId(2)) && layout.has_neighbors(TabId(1)));
        layout.split(TabId(3), Side::Right);
        assert_eq!(layout.active_tabs(), [TabId(1), TabId(3), TabId(2)], "three in a row");
        let row = |layout: &Layout, tab| layout.calls.tiles.parent_of(layout.strip_of(TabId(tab)).unwrap().1).unwrap();
        assert_eq!(row(&layout, 1), row(&layout, 2));

        // The dock stays below all of them.
        let root = layout.calls.root().unwrap();
        let Some(Tile::Container(Container::Linear(linear))) = layout.calls.tiles.get(root) else { panic!() };
        assert_eq!((linear.dir, linear.children.len()), (LinearDir::Vertical, 2));

        assert!(layout.move_to_next_half(TabId(2)), "from the last to the first");
        layout.activate(TabId(2));
        assert_eq!(layout.tab_order(), [TabId(1), TabId(2), TabId(3)]);
        assert!(layout.move_to_next_half(TabId(3)));
        layout.activate(TabId(3));
        assert_eq!(layout.active_tabs(), [TabId(3)]);
        assert!(!layout.move_to_next_half(TabId(3)), "there is one half only");

        layout.split(TabId(1), Side::Below);
        assert_eq!(layout.tab_order(), [TabId(2), TabId(3), TabId(1)]);
        assert!(Layout::from_text(&layout.to_text().unwrap()).is_some());
    }

    #[test]
    fn the_dock_has_its_height_again_after_all_tabs_were_closed() {
        let height = |layout: &Layout| {
            let root = layout.calls.root().unwrap();
            let Some(Tile::Container(Container::Linear(linear))) = layout.calls.tiles.get(root) else { panic!() };
            let shares: Vec<f32> = linear.shares.split(&linear.children, 100.0);
            shares.last().copied().unwrap()
        };
        let mut layout = Layout::default();
        layout.sync_tabs(&[TabId(1)]);
        let first = height(&layout);
        assert!((first - 30.0).abs() < 1.0, "{first}");
        // What a drag leaves behind: shares that do not add up to anything round.
        let root = layout.calls.root().unwrap();
        if let Some(Tile::Container(Container::Linear(linear))) = layout.calls.tiles.get_mut(root) {
            let dock = *linear.children.last().unwrap();
            linear.shares.set_share(dock, 0.4);
        }
        layout.sync_tabs(&[]);
        layout.sync_tabs(&[TabId(2)]);
        let again = height(&layout);
        assert!((again - 30.0).abs() < 1.0, "{again}");
    }

    #[test]
    fn a_layout_with_a_pane_missing_is_not_taken() {
        let kept = Layout::default().to_text().unwrap().replace("\"Timeline\"", "\"Log\"");
        assert!(Layout::from_text(&kept).is_none());
        assert!(Layout::from_text("{").is_none());
    }
}
