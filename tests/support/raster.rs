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
        let low = |p: f32, q: f32, r: f32, limit: usize| ((p.min(q).min(r) - 0.5).ceil().max(0.0) as usize).max(limit);
        let high =
            |p: f32, q: f32, r: f32, limit: usize| ((p.max(q).max(r) + 0.5).floor().max(0.0) as usize).min(limit);
        let (left, right) = (low(a.pos.x, b.pos.x, c.pos.x, clip[0]), high(a.pos.x, b.pos.x, c.pos.x, clip[2]));
        let (top, bottom) = (low(a.pos.y, b.pos.y, c.pos.y, clip[1]), high(a.pos.y, b.pos.y, c.pos.y, clip[3]));
        // A pixel on the edge that two triangles share must be drawn by exactly one of them.
        let [own_a, own_b, own_c] = [owns(b, c), owns(c, a), owns(a, b)];
        let flat = (a.uv == b.uv && b.uv == c.uv && a.color == b.color && b.color == c.color)
            .then(|| shade(a.color.to_array().map(f32::from), texture, a.uv.x, a.uv.y));
        let colors = [a, b, c].map(|vertex| vertex.color.to_array().map(f32::from));
        for y in top..bottom {
            let py = y as f32 + 0.5;
            for x in left..right {
                let px = x as f32 + 0.5;
                let wa = cross(b, c, px, py);
                let wb = cross(c, a, px, py);
                let wc = cross(a, b, px, py);
                let inside = |weight: f32, own: bool| weight > 0.0 || (weight == 0.0 && own);
                if !(inside(wa, own_a) && inside(wb, own_b) && inside(wc, own_c)) {
                    continue;
                }
                let source = flat.unwrap_or_else(|| {
                    let (wa, wb, wc) = (wa / area, wb / area, wc / area);
                    let mut color = [0.0; 4];
                    for (channel, value) in color.iter_mut().enumerate() {
                        *value = colors[0][channel] * wa + colors[1][channel] * wb + colors[2][channel] * wc;
                    }
                    let u = a.uv.x * wa + b.uv.x * wb + c.uv.x * wc;
                    let v = a.uv.y * wa + b.uv.y * wb + c.uv.y * wc;
                    shade(color, texture, u, v)
                });
                self.blend(x, y, source);
            }
        }
    }

    fn blend(&mut self, x: usize, y: usize, source: [f32; 4]) {
        let Some(pixel) = self.pixels.get_mut(y * self.width + x) else {
            return;
        };
        let rest = 1.0 - source[3] / 255.0;
        for (channel, value) in pixel.iter_mut().enumerate() {
            *value = (source[channel] + f32::from(*value) * rest + 0.5).min(255.0) as u8;
        }
    }
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
    let (nw, ne, sw, se) = (texel(0.0, 0.0), texel(1.0, 0.0), texel(0.0, 1.0), texel(1.0, 1.0));
    let mut shaded = [0.0; 4];
    for (channel, value) in shaded.iter_mut().enumerate() {
        let top = nw[channel] * (1.0 - fx) + ne[channel] * fx;
        let bottom = sw[channel] * (1.0 - fx) + se[channel] * fx;
        *value = (top * (1.0 - fy) + bottom * fy) * color[channel] / 255.0;
    }
    shaded
}
