//! A long list of points that is cheap to hand to another thread: it lies in blocks that are shared, and only the last one is
//! ever written to.

use std::collections::VecDeque;
use std::sync::Arc;

use super::series::Point;

/// Points of a block. A list that was handed over copies as many at most when it goes on.
const BLOCK: usize = 1024;

/// Points, oldest first. A clone shares them.
#[derive(Clone, Debug, Default)]
pub struct Points {
    blocks: VecDeque<Arc<Vec<Point>>>,
    /// Points at the front of the first block that are gone.
    gone: usize,
    len: usize,
}

impl Points {
    /// Appends a point.
    pub fn push_back(&mut self, point: Point) {
        self.len += 1;
        match self.blocks.back_mut() {
            Some(last) if last.len() < BLOCK => Arc::make_mut(last).push(point),
            _ => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(point);
                self.blocks.push_back(Arc::new(block));
            }
        }
    }

    /// Drops the oldest.
    pub fn pop_front(&mut self) {
        let Some(first) = self.blocks.front().filter(|_| self.len > 0) else { return };
        self.gone += 1;
        self.len -= 1;
        // The last block goes when the next one is begun.
        if self.gone == first.len() && first.len() == BLOCK {
            self.blocks.pop_front();
            self.gone = 0;
        }
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// One of them; 0 is the oldest.
    pub fn get(&self, at: usize) -> Option<&Point> {
        if at >= self.len {
            return None;
        }
        let at = at + self.gone;
        self.blocks.get(at / BLOCK)?.get(at % BLOCK)
    }

    /// The newest.
    pub fn back(&self) -> Option<&Point> {
        self.get(self.len.checked_sub(1)?)
    }

    /// All, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Point> {
        self.since(0)
    }

    /// From this one on.
    pub fn since(&self, first: usize) -> impl DoubleEndedIterator<Item = &Point> {
        (first..self.len).filter_map(|at| self.get(at))
    }

    /// Where those begin that `before` does not hold of; it must hold of all in front of them.
    pub fn partition_point(&self, before: impl Fn(&Point) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.get(middle).is_some_and(&before) { low = middle + 1 } else { high = middle }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use callscope_wire::{Code, FlowId, Time};

    use super::*;

    fn point(number: u64) -> Point {
        Point {
            flow: FlowId(number),
            at: Time(number),
            latency: Duration::ZERO,
            code: Code::OK,
            target: "".into(),
            method: "".into(),
            instance: "".into(),
            attempts: 1,
            earlier: Box::default(),
        }
    }

    #[test]
    fn it_is_a_queue_whatever_the_blocks_and_a_clone_stays_as_it_was() {
        let (mut points, mut expected) = (Points::default(), VecDeque::new());
        let mut kept = Vec::new();
        for number in 0..4 * BLOCK as u64 {
            points.push_back(point(number));
            expected.push_back(number);
            // Grows for a while, then shrinks to nothing in the middle of a block, and begins again.
            for _ in 0..if number == 1500 { 1501 } else { usize::from(number > 2500) * 2 } {
                points.pop_front();
                expected.pop_front();
            }
            if number % 777 == 0 {
                kept.push((points.clone(), expected.clone()));
            }
        }
        kept.push((points, expected));
        for (points, expected) in kept {
            let ids: Vec<u64> = points.iter().map(|point| point.flow.0).collect();
            assert!(ids.iter().eq(expected.iter()), "{} and {} ids", ids.len(), expected.len());
            assert_eq!((points.len(), points.is_empty()), (expected.len(), expected.is_empty()));
            assert_eq!(points.back().map(|point| point.flow.0), expected.back().copied());
            let half = expected.get(expected.len() / 2).copied().unwrap_or_default();
            assert_eq!(
                points.partition_point(|point| point.at < Time(half)),
                expected.partition_point(|id| *id < half)
            );
        }
    }
}
