//! A plain fuzzer for a stable compiler: mutates the corpus of a target for some seconds, and writes down what breaks it.
//!
//! `cargo run -p callscope-tests --example mutate -- [TARGET|all] [SECONDS]`

#![expect(clippy::print_stdout, reason = "it talks to a terminal")]

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use callscope_tests::fuzz;
use callscope_wire::fuzzing::Target;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or_default() % limit.max(1)
    }
}

/// Values at which decoders change their minds.
const EDGES: [u8; 12] = [0, 1, 0x0f, 0x1f, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xfe, 0xff];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("all", String::as_str);
    let seconds = arguments.get(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    let mut broken = 0;
    for target in fuzz::targets().iter().filter(|target| name == "all" || target.name == name) {
        broken += run(target, Duration::from_secs(seconds));
    }
    std::process::exit(i32::from(broken > 0));
}

/// How many inputs broke it.
fn run(target: &Target, time: Duration) -> usize {
    let mut inputs: Vec<Vec<u8>> = fuzz::corpus(target.name).into_iter().map(|(_, input)| input).collect();
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x9e37_79b9_7f4a_7c15);
    let mut random = Random(seed);
    let (until, mut runs, mut broken) = (Instant::now() + time, 0_u64, 0);
    while Instant::now() < until && broken < 3 {
        for _ in 0..200 {
            let input = mutated(&inputs, &mut random);
            runs += 1;
            let timed = || {
                let begun = Instant::now();
                let fine = catch_unwind(|| (target.run)(&input)).is_ok();
                (fine, begun.elapsed() > Duration::from_secs(2))
            };
            // A busy machine is slow once.
            let (fine, slow) = match timed() {
                (true, true) => timed(),
                other => other,
            };
            if !fine || slow {
                broken += 1;
                let path = fuzz::corpora().join(target.name).join(format!("broken-{:016x}", random.next()));
                std::fs::write(&path, &input).unwrap_or_default();
                println!("{}: {} on {}", target.name, if fine { "slow" } else { "failed" }, path.display());
                break;
            }
            // No coverage to go by: what is longer or newer now and then joins the others.
            if runs.is_multiple_of(500) && input.len() < 4096 {
                if inputs.len() > 200 {
                    let at = random.below(inputs.len());
                    inputs.swap_remove(at);
                }
                inputs.push(input);
            }
        }
    }
    println!("{}: {runs} runs, {broken} broken", target.name);
    broken
}

fn mutated(inputs: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = inputs.get(random.below(inputs.len())).cloned().unwrap_or_default();
    for _ in 0..=random.below(6) {
        let (at, byte) = (random.below(input.len() + 1), random.next() as u8);
        let edge = EDGES.get(random.below(EDGES.len())).copied().unwrap_or_default();
        match random.below(9) {
            0 => input.insert(at, byte),
            1 => input.insert(at, edge),
            2 | 3 => {
                if let Some(place) = input.get_mut(at) {
                    *place = if byte & 1 == 0 { edge } else { *place ^ (1 << (byte >> 5)) };
                }
            }
            4 => {
                let end = (at + random.below(16)).min(input.len());
                input.drain(at.min(end)..end);
            }
            5 => {
                let end = (at + random.below(64)).min(input.len());
                let piece = input.get(at..end).unwrap_or_default().to_vec();
                let to = random.below(input.len() + 1);
                input.splice(to..to, piece);
            }
            6 => {
                let other = inputs.get(random.below(inputs.len())).cloned().unwrap_or_default();
                let from = random.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(other.get(from..).unwrap_or_default());
            }
            7 => input.truncate(at),
            _ => input.extend(std::iter::repeat_n(byte, random.below(40))),
        }
    }
    input.truncate(64 << 10);
    input
}
