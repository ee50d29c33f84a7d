//! A renderer for `egui_kittest` on the processor: no graphics card, no display, the same pixels everywhere.
//!
//! It draws the tessellated triangles of a frame into an image. It knows nothing of Callscope. Slow (about a second
//! for a whole window in a debug build) and exact to 1/255 against a real one.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use egui::epaint::{ImageData, Primitive, Vertex};
use egui::{ColorImage, Mesh, Rect, TextureId, TexturesDelta, pos2};
use egui_kittest::TestRenderer;
use image::RgbaImage;

/// Give it to `Harness::builder().renderer(Raster::default())`, then call `harness.render()`.
#[derive(Default)]
pub struct Raster {
    textures: HashMap<TextureId, ColorImage>,
}

/// Writes `image` to `path`, creating its folder.
pub fn save(image: &RgbaImage, path: &Path) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    image.save(path).map_err(|error| error.to_string())
}

impl TestRenderer for Raster {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, images) in delta.set.drain() {
            for patch in images {
                let ImageData::Color(source) = &patch.image;
                match patch.pos {
                    None => {
                        self.textures.insert(id, (**source).clone());
                    }
                    Some([left, top]) => {
                        if let Some(texture) = self.textures.get_mut(&id) {
                            copy_into(texture, source, left, top);
                        }
                    }
                }
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn render(&mut self, ctx: &egui::Context, output: &egui::FullOutput) -> Result<RgbaImage, String> {
        let scale = output.pixels_per_point;
        let size = ctx.content_rect().size() * scale;
        let mut canvas = Canvas::new(size.x.round() as usize, size.y.round() as usize);
        for clipped in ctx.tessellate(output.shapes.clone(), scale) {
            let Primitive::Mesh(mesh) = &clipped.primitive else {
                return Err("paint callbacks need a graphics card".to_owned());
            };
            let texture = self.textures.get(&mesh.texture_id).ok_or("a mesh wants a texture that was never sent")?;
            canvas.mesh(mesh, texture, clipped.clip_rect, scale);
        }
        canvas.into_image()
    }
}

fn copy_into(target: &mut ColorImage, source: &ColorImage, left: usize, top: usize) {
    let (width, height) = (source.size[0], source.size[1]);
    for row in 0..height {
        let from = row * width;
        let to = (top + row) * target.size[0] + left;
        if let (Some(target), Some(source)) =
            (target.pixels.get_mut(to..to + width), source.pixels.get(from..from + width))
        {
            target.copy_from_slice(source);
        }
    }
}

/// Premultiplied colors in gamma space, as egui blends them.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 4]>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0, 0, 0, 255]; width * height] }
    }

    fn into_image(self) -> Result<RgbaImage, String> {
        let bytes = self.pixels.into_iter().flatten().collect();
        RgbaImage::from_raw(self.width as u32, self.height as u32, bytes)
            .ok_or_else(|| "the canvas has the wrong size".to_owned())
    }

    fn mesh(&mut self, mesh: &Mesh, texture: &ColorImage, clip: Rect, scale: f32) {
        let clip = [
            (clip.min.x * scale).round().max(0.0) as usize,
            (clip.min.y * scale).round().max(0.0) as usize,
            ((clip.max.x * scale).round().max(0.0) as usize).min(self.width),
            ((clip.max.y * scale).round().max(0.0) as usize).min(self.height),
        ];
        for corners in mesh.indices.chunks_exact(3) {
            let corner = |at: usize| {
                let index = *corners.get(at)? as usize;
                let mut vertex = *mesh.vertices.get(index)?;
                vertex.pos = pos2(vertex.pos.x * scale, vertex.pos.y * scale);
                Some(vertex)
            };
            if let (Some(a), Some(b), Some(c)) = (corner(0), corner(1), corner(2)) {
                self.triangle([a, b, c], texture, clip);
            }
        }
    }

    fn triangle(&mut self, corners: [Vertex; 3], texture: &ColorImage, clip: [usize; 4]) {
        let [a, mut b, mut c] = corners;
        let mut area = cross(a, b, c.pos.x, c.pos.y);
        if area == 0.0 || !area.is_finite() {
            return;
        }
        if area < 0.0 {
            std::mem::swap(&mut b, &mut c);
            area = -area;
        }
        let [clip_left, clip_top, clip_right, clip_bottom] = clip;
        let columns = span([a.pos.x, b.pos.x, c.pos.x], clip_left, clip_right);
        let rows = span([a.pos.y, b.pos.y, c.pos.y], clip_top, clip_bottom);
        // A pixel on the edge that two triangles share must be drawn by exactly one of them.
        let own = [owns(b, c), owns(c, a), owns(a, b)];
        let flat = (a.uv == b.uv && b.uv == c.uv && a.color == b.color && b.color == c.color)
            .then(|| shade(channels(a), texture, a.uv.x, a.uv.y));
        let colors = [channels(a), channels(b), channels(c)];
        for row in rows {
            let py = row as f32 + 0.5;
            for column in columns.clone() {
                let px = column as f32 + 0.5;
                let weights = [cross(b, c, px, py), cross(c, a, px, py), cross(a, b, px, py)];
                let inside = weights.iter().zip(own).all(|(weight, own)| *weight > 0.0 || (*weight == 0.0 && own));
                if !inside {
                    continue;
                }
                let source = flat.unwrap_or_else(|| {
                    let shares = weights.map(|weight| weight / area);
                    let [wa, wb, wc] = shares;
                    let uv = a.uv.to_vec2() * wa + b.uv.to_vec2() * wb + c.uv.to_vec2() * wc;
                    shade(weighted(colors, shares), texture, uv.x, uv.y)
                });
                self.blend(column, row, source);
            }
        }
    }

    fn blend(&mut self, column: usize, row: usize, source: [f32; 4]) {
        let Some(pixel) = self.pixels.get_mut(row * self.width + column) else {
            return;
        };
        let [.., alpha] = source;
        let rest = 1.0 - alpha / 255.0;
        for (value, added) in pixel.iter_mut().zip(source) {
            *value = (added + f32::from(*value) * rest + 0.5).min(255.0) as u8;
        }
    }
}

/// The pixels whose middles may lie between the least and the greatest of three coordinates.
fn span(ends: [f32; 3], least: usize, limit: usize) -> std::ops::Range<usize> {
    let low = ends.into_iter().fold(f32::MAX, f32::min);
    let high = ends.into_iter().fold(f32::MIN, f32::max);
    let start = ((low - 0.5).ceil().max(0.0) as usize).max(least);
    start..((high + 0.5).floor().max(0.0) as usize).min(limit)
}

fn channels(vertex: Vertex) -> [f32; 4] {
    vertex.color.to_array().map(f32::from)
}

fn weighted<const N: usize>(colors: [[f32; 4]; N], weights: [f32; N]) -> [f32; 4] {
    let mut sum = [0.0; 4];
    for (color, weight) in colors.into_iter().zip(weights) {
        for (value, channel) in sum.iter_mut().zip(color) {
            *value += channel * weight;
        }
    }
    sum
}

/// Twice the area of the triangle (a, b, p); positive when p lies on the inner side of a → b.
fn cross(a: Vertex, b: Vertex, px: f32, py: f32) -> f32 {
    (b.pos.x - a.pos.x) * (py - a.pos.y) - (b.pos.y - a.pos.y) * (px - a.pos.x)
}

/// The top-left rule.
fn owns(a: Vertex, b: Vertex) -> bool {
    let (dx, dy) = (b.pos.x - a.pos.x, b.pos.y - a.pos.y);
    dy < 0.0 || (dy == 0.0 && dx > 0.0)
}

/// The texture at (u, v), bilinear, times the vertex color.
fn shade(color: [f32; 4], texture: &ColorImage, u: f32, v: f32) -> [f32; 4] {
    let [width, height] = texture.size;
    let (x, y) = (u * width as f32 - 0.5, v * height as f32 - 0.5);
    let (fx, fy) = (x - x.floor(), y - y.floor());
    let texel = |dx: f32, dy: f32| {
        let column = ((x.floor() + dx).max(0.0) as usize).min(width.saturating_sub(1));
        let row = ((y.floor() + dy).max(0.0) as usize).min(height.saturating_sub(1));
        texture.pixels.get(row * width + column).map_or([0.0; 4], |texel| texel.to_array().map(f32::from))
    };
    let corners = [texel(0.0, 0.0), texel(1.0, 0.0), texel(0.0, 1.0), texel(1.0, 1.0)];
    let weights = [(1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy];
    let mut shaded = weighted(corners, weights);
    for (value, channel) in shaded.iter_mut().zip(color) {
        *value *= channel / 255.0;
    }
    shaded
}
