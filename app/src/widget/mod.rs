//! Controls and views drawn by hand after the style tokens: what stock egui would get wrong.
//!
//! A widget knows egui and [`crate::theme`]. It must not know the model, commands, sockets or the text catalog: every
//! text a person reads comes as an argument. Start reading at [`button`]; the large ones are [`vtable`], [`hex`] and
//! [`json`].

pub mod button;
pub mod checkbox;
pub mod chip;
pub mod composing;
pub mod dashed;
pub mod edge;
pub mod empty;
pub mod field;
pub mod hex;
pub mod json;
pub mod mark;
pub mod menu;
pub mod meter;
pub mod pane;
pub mod row;
pub mod scroll;
pub mod segmented;
pub mod select;
pub mod splitter;
pub mod subtabs;
pub mod switch;
pub mod tab;
pub mod text;
pub mod toast;
pub mod vtable;

#[cfg(test)]
mod behavior;
#[cfg(test)]
mod gallery;
