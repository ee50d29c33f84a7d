//! A referee: knows the page, not the engines. It reads both directions of a connection as they go by and names the first
//! rule that a sender breaks. Its parser is its own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::Time;
use crate::engine::Side;
use crate::testing::{Moment, Watch};

const HELLO: u8 = 0x01;
const PING: u8 = 0x03;
const GOAWAY: u8 = 0x04;
const WINDOW: u8 = 0x05;
const REQUEST: u8 = 0x10;
const DATA: u8 = 0x11;
const STATUS: u8 = 0x12;
const CANCEL: u8 = 0x13;
const HEADERS: u8 = 0x14;

const END: u8 = 0x01;
const MORE: u8 = 0x02;
const COMP: u8 = 0x04;
const CK: u8 = 0x08;
const ACK: u8 = 0x10;
const MSG: u8 = 0x40;
const ONEWAY: u8 = 0x80;

/// Numbers of HELLO by id: 1 `max_frame`, 2 `max_message`, 3 `max_metadata`, 4 `max_streams`, 5 `stream_window`,
/// 6 `connection_window`.
type Numbers = [i64; 7];
const DEFAULTS: Numbers = [0, 65_536, 4_194_304, 16_384, 1024, 1_048_576, 4_194_304];
const FLOORS: Numbers = [0, 16_384, 16_384, 16_384, 16, 65_536, 65_536];
const CEILINGS: Numbers = [0, 16_777_216, 2_147_483_647, 65_535, 2_147_483_647, 67_108_864, 67_108_864];

#[derive(Clone, Debug)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    meta: Vec<u8>,
    body: Vec<u8>,
    /// Bytes of its direction up to its end.
    end: usize,
}

/// One direction of one call.
#[derive(Debug, Default)]
struct Way {
    /// END or STATUS was sent.
    over: bool,
    /// Inside a message in parts; with COMP or without.
    inside: Option<u8>,
    headers: bool,
    data: bool,
    /// Credit that the sender has left.
    credit: i64,
    /// Cost that has arrived and was not given back.
    owed: i64,
    /// Its END or STATUS has arrived.
    known_over: bool,
    /// And since then its receiver had nothing left to send: no credit is on its way from before.
    settled: bool,
}

#[derive(Debug, Default)]
struct Call {
    one_way: bool,
    /// Its REQUEST names a compression.
    compressed: bool,
    cancelled: bool,
    /// The REQUEST, or the CANCEL, has arrived at the server.
    known: bool,
    cancel_known: bool,
    /// And since then the server had nothing left to send.
    cancel_settled: bool,
    up: Way,
    down: Way,
}

/// What one side sends.
#[derive(Debug, Default)]
struct Line {
    unread: Vec<u8>,
    preface: bool,
    hello: Option<Numbers>,
    /// Codecs and compressions of its HELLO.
    speaks: [Vec<u8>; 2],
    sent: usize,
    arrived: usize,
    travelling: VecDeque<Frame>,
    /// Its own HELLO has arrived at the other side.
    introduced: bool,
    credit: i64,
    owed: i64,
    last_ping: Option<Time>,
    /// Pings that arrived and were not answered.
    unanswered: Vec<Vec<u8>>,
    goodbye: Option<u16>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Referee {
    client: Line,
    server: Line,
    calls: BTreeMap<u32, Call>,
    last_request: u32,
    /// Highest REQUEST that has arrived at the server.
    last_arrived: u32,
    /// What the server's goodbye named as the last call that it takes.
    accepted: Option<u32>,
    /// Frames looked at, by type.
    pub seen: BTreeMap<u8, u64>,
    /// The first rule that was broken.
    pub offense: Option<String>,
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in 0..10 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << (7 * shift);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn tlvs(bytes: &[u8]) -> Option<Vec<(u8, Vec<u8>)>> {
    let (mut at, mut out) = (0, Vec::new());
    while at < bytes.len() {
        let id = bytes[at];
        at += 1;
        let len = usize::try_from(varint(bytes, &mut at)?).ok()?;
        out.push((id, bytes.get(at..at.checked_add(len)?)?.to_vec()));
        at += len;
    }
    Some(out)
}

fn size(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap()
}

/// The page's checksum, bit by bit.
fn crc32c(parts: &[&[u8]]) -> u32 {
    let mut crc = !0_u32;
    for byte in parts.iter().copied().flatten() {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82F6_3B78 } else { crc >> 1 };
        }
    }
    !crc
}

fn u32_of(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

macro_rules! rule {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(format!($($text)+));
        }
    };
}

impl Referee {
    /// A referee, and the eye to give to a pair.
    pub fn watching() -> (Arc<Mutex<Self>>, Watch) {
        let referee = Arc::new(Mutex::new(Self::default()));
        let eye = referee.clone();
        (referee, Box::new(move |moment| eye.lock().unwrap().moment(moment)))
    }

    fn moment(&mut self, moment: Moment<'_>) {
        if self.offense.is_some() {
            return;
        }
        let verdict = match moment {
            Moment::Sent(side, bytes, now) => self.sent(side, bytes, now),
            Moment::Arrived(side, len) => self.arrived(side, len),
            Moment::Drained(side) => {
                for call in self.calls.values_mut() {
                    let from = if side == Side::Client { &mut call.down } else { &mut call.up };
                    from.settled = from.known_over;
                    call.cancel_settled |= call.cancel_known && side == Side::Server;
                }
                Ok(())
            }
        };
        self.offense = verdict.err();
    }

    fn line(&mut self, side: Side) -> &mut Line {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// What this side has to keep to now: the agreed numbers once it has the other's HELLO, the floors before.
    fn numbers(&self, side: Side) -> Numbers {
        let (own, other) = match side {
            Side::Client => (&self.client, &self.server),
            Side::Server => (&self.server, &self.client),
        };
        match (&own.hello, &other.hello) {
            (Some(own), Some(peer)) if other.introduced => std::array::from_fn(|id| own[id].min(peer[id])),
            _ => FLOORS,
        }
    }

    fn sent(&mut self, side: Side, bytes: &[u8], now: Time) -> Result<(), String> {
        let line = self.line(side);
        line.unread.extend_from_slice(bytes);
        if !line.preface {
            if line.unread.len() < 8 {
                return Ok(());
            }
            rule!(line.unread[..8] == [0x89, 0x52, 0x50, 0x43, 1, 1, 0, 0], "{side:?}: preface");
            line.preface = true;
            line.unread.drain(..8);
            line.sent = 8;
        }
        loop {
            let line = self.line(side);
            if line.unread.len() < 16 {
                return Ok(());
            }
            let len = u32_of(&line.unread[..4]) as usize;
            if line.unread.len() < 16 + len {
                return Ok(());
            }
            let raw: Vec<u8> = line.unread.drain(..16 + len).collect();
            line.sent += raw.len();
            let meta_len = usize::from(raw[6]) << 8 | usize::from(raw[7]);
            rule!(meta_len <= len, "{side:?}: meta_len {meta_len} above len {len}");
            let frame = Frame {
                kind: raw[4],
                flags: raw[5],
                stream: u32_of(&raw[8..12]),
                meta: raw[16..16 + meta_len].to_vec(),
                body: raw[16 + meta_len..].to_vec(),
                end: line.sent,
            };
            *self.seen.entry(frame.kind).or_default() += 1;
            let check = u32_of(&raw[12..16]);
            if frame.flags & CK == 0 {
                rule!(check == 0, "{side:?}: {frame:?} has a check and no CK");
            } else {
                rule!(check == crc32c(&[&raw[..12], &raw[16..]]), "{side:?}: {frame:?} has a wrong checksum");
            }
            self.frame(side, &frame, now).map_err(|why| {
                format!("{side:?}, {:#04x} flags {:#04x} stream {}: {why}", frame.kind, frame.flags, frame.stream)
            })?;
            self.line(side).travelling.push_back(frame);
        }
    }

    fn frame(&mut self, side: Side, frame: &Frame, now: Time) -> Result<(), String> {
        let numbers = self.numbers(side);
        rule!(self.line(side).hello.is_some() || frame.kind == HELLO, "the first frame is not HELLO");
        rule!(size(&frame.body) <= numbers[1].max(FLOORS[1]), "a body of {}", frame.body.len());
        rule!(size(&frame.meta) <= numbers[3], "metadata of {}", frame.meta.len());
        rule!(frame.flags & CK != 0, "no checksum where both offer them");
        rule!(self.line(side).goodbye.is_none_or(|code| code == 0), "a frame behind a goodbye with a code");
        let (flags, from, of_call) = match frame.kind {
            HELLO | GOAWAY => (CK, None, Some(false)),
            PING => (CK | ACK, None, Some(false)),
            WINDOW => (CK, None, None),
            REQUEST => (CK | END | MORE | COMP | MSG | ONEWAY, Some(Side::Client), Some(true)),
            DATA => (CK | END | MORE | COMP | MSG, None, Some(true)),
            STATUS | HEADERS => (CK, Some(Side::Server), Some(true)),
            CANCEL => (CK, Some(Side::Client), Some(true)),
            kind => return Err(format!("type {kind:#04x} is not of this version")),
        };
        rule!(frame.flags & !flags == 0, "a flag without a meaning");
        rule!(from.is_none_or(|from| from == side), "from the wrong side");
        rule!(of_call.is_none_or(|of_call| of_call == (frame.stream != 0)), "on the wrong stream");
        if !matches!(frame.kind, REQUEST | DATA | STATUS | HEADERS) {
            rule!(frame.meta.is_empty(), "metadata where none has a meaning");
        }
        let meta = tlvs(&frame.meta).ok_or("metadata that cannot be read")?;
        let allowed: &[u8] = match (frame.kind, side) {
            (REQUEST, _) => &[1, 3, 4, 5, 6, 7, 8, 9, 10, 15, 16, 255],
            (STATUS, _) => &[2, 11, 12, 13, 14, 15, 255],
            (DATA, Side::Server) if frame.flags & END != 0 => &[13, 15, 255],
            (HEADERS, _) => &[15, 255],
            _ => &[15],
        };
        for (id, _) in &meta {
            rule!(allowed.contains(id), "metadata {id} does not belong here");
        }
        match frame.kind {
            HELLO => self.hello(side, frame),
            PING => self.ping(side, frame, now),
            GOAWAY => self.goaway(side, frame),
            WINDOW => self.window(side, frame),
            REQUEST => self.request(frame, &meta).and_then(|()| self.message(side, frame)),
            DATA => self.message(side, frame),
            CANCEL => self.cancel(frame),
            _ => self.of_server(frame),
        }
    }

    fn hello(&mut self, side: Side, frame: &Frame) -> Result<(), String> {
        let knows = side == Side::Client || self.client.introduced;
        rule!(knows, "a server says HELLO when it has the client's");
        let line = self.line(side);
        rule!(line.hello.is_none(), "a second HELLO");
        let mut numbers = DEFAULTS;
        let body = tlvs(&frame.body).ok_or("a body that cannot be read")?;
        for (id, value) in &body {
            if let 1..=6 = *id {
                rule!(value.len() == 4, "number {id} has {} bytes", value.len());
                let at = usize::from(*id);
                numbers[at] = i64::from(u32_of(value)).clamp(FLOORS[at], CEILINGS[at]);
            }
        }
        line.hello = Some(numbers);
        let list = |wanted: u8| body.iter().find(|(id, _)| *id == wanted).map(|(_, value)| value.clone());
        line.speaks = [list(7).unwrap_or_default(), list(8).unwrap_or_default()];
        // A client may be early, within the floors; a server knows what is agreed.
        line.credit = FLOORS[6];
        if side == Side::Server {
            let agreed = self.numbers(side);
            self.server.credit = agreed[6];
            for call in self.calls.values_mut().filter(|call| call.known) {
                call.down.credit = agreed[5];
            }
        }
        Ok(())
    }

    fn ping(&mut self, side: Side, frame: &Frame, now: Time) -> Result<(), String> {
        rule!(frame.body.len() == 8, "a body of {}", frame.body.len());
        let line = self.line(side);
        if frame.flags & ACK != 0 {
            let at = line.unanswered.iter().position(|ping| *ping == frame.body).ok_or("an answer to no ping")?;
            line.unanswered.remove(at);
            return Ok(());
        }
        let soon = line.last_ping.is_some_and(|last| now.since(last) < Duration::from_secs(10));
        rule!(!soon, "more than one ping in 10 s");
        line.last_ping = Some(now);
        Ok(())
    }

    fn goaway(&mut self, side: Side, frame: &Frame) -> Result<(), String> {
        rule!(frame.body.len() >= 6, "a body of {}", frame.body.len());
        rule!(std::str::from_utf8(&frame.body[6..]).is_ok(), "a reason that is not utf-8");
        let last = u32_of(&frame.body[..4]);
        let highest = if side == Side::Client { 0 } else { self.last_arrived.min(self.accepted.unwrap_or(u32::MAX)) };
        rule!(last <= highest, "last_stream {last} above {highest}");
        if side == Side::Server {
            self.accepted = Some(last);
        }
        self.line(side).goodbye = Some(u32_of(&frame.body[4..6]) as u16);
        Ok(())
    }

    /// Credit that `side` gives to the other.
    fn window(&mut self, side: Side, frame: &Frame) -> Result<(), String> {
        rule!(frame.body.len() == 4, "a body of {}", frame.body.len());
        let credit = i64::from(u32_of(&frame.body));
        rule!(credit > 0, "credit of nothing");
        if frame.stream == 0 {
            let owed = match side {
                Side::Client => &mut self.server.owed,
                Side::Server => &mut self.client.owed,
            };
            *owed -= credit;
            rule!(*owed >= 0, "{credit} given back, {} more than came", -*owed);
            return Ok(());
        }
        let call = self.calls.get_mut(&frame.stream).ok_or("credit for a call that is not there")?;
        let (from, own) = if side == Side::Client { (&mut call.down, &call.up) } else { (&mut call.up, &call.down) };
        from.owed -= credit;
        rule!(from.owed >= 0, "{credit} given back, {} more than came", -from.owed);
        rule!(!from.settled, "credit to a stream whose sender has ended it");
        rule!(side == Side::Client || !own.over, "credit to a call that the server has ended");
        rule!(side == Side::Server || !call.cancelled, "credit to a call that the client has cancelled");
        Ok(())
    }

    fn request(&mut self, frame: &Frame, meta: &[(u8, Vec<u8>)]) -> Result<(), String> {
        rule!(frame.stream % 2 == 1, "an even number");
        rule!(frame.stream > self.last_request && frame.stream < 1 << 31, "a number that does not rise");
        rule!(self.client.goodbye.is_none(), "a call behind the client's goodbye");
        rule!(meta.iter().any(|(id, _)| *id == 1), "no method");
        let one_way = frame.flags & ONEWAY != 0;
        rule!(!one_way || frame.flags & END != 0, "ONEWAY without END");
        self.last_request = frame.stream;
        let numbers = self.numbers(Side::Client);
        let open = |call: &&Call| !(call.one_way || call.cancelled || call.down.known_over);
        let open = self.calls.values().filter(open).count();
        rule!(i64::try_from(open).is_ok_and(|open| open < numbers[4]), "{open} calls are open already");
        // What everybody speaks, and what the other side's HELLO, which has arrived, has in common with its own.
        let agreed = |list: usize, common: u8, id: u8| {
            let (own, peer) = (&self.client.speaks[list], &self.server.speaks[list]);
            id == common || (self.server.introduced && own.contains(&id) && peer.contains(&id))
        };
        let named =
            |wanted: u8| meta.iter().rfind(|(id, _)| *id == wanted).and_then(|(_, value)| value.first().copied());
        let (codec, compression) = (named(6).unwrap_or(1), named(16).unwrap_or(0));
        rule!(agreed(0, 1, codec), "codec {codec}, which was not agreed");
        rule!(agreed(1, 0, compression), "compression {compression}, which was not agreed");
        let mut call = Call { one_way, compressed: compression != 0, ..Call::default() };
        call.up.credit = numbers[5];
        self.calls.insert(frame.stream, call);
        Ok(())
    }

    /// REQUEST and DATA: parts, ends, credit.
    fn message(&mut self, side: Side, frame: &Frame) -> Result<(), String> {
        let [end, more, msg] = [END, MORE, MSG].map(|flag| frame.flags & flag != 0);
        rule!(!(more && end), "MORE with END");
        rule!(!more || msg, "MORE without MSG");
        rule!(msg || frame.body.is_empty(), "a body without MSG");
        rule!(msg || end || frame.kind == REQUEST, "nothing in it");
        rule!(msg || frame.flags & COMP == 0, "COMP without MSG");
        let line = self.line(side);
        let cost = size(&frame.body) + 16;
        line.credit -= cost;
        rule!(line.credit >= 0, "{} bytes of the connection's credit too many", -line.credit);
        let call = self.calls.get_mut(&frame.stream).ok_or("on a call that is not there")?;
        let accepted = self.accepted.is_none_or(|last| frame.stream <= last);
        rule!(side == Side::Client || accepted, "an answer to a call that was not accepted");
        rule!(side == Side::Client || (call.known && !call.one_way), "on a call that it does not know, or one-way");
        rule!(side == Side::Server || !call.cancelled, "behind CANCEL");
        rule!(side == Side::Server || !call.down.known_over, "on a call that the server has ended");
        rule!(side == Side::Client || !call.cancel_settled, "an answer to CANCEL");
        rule!(frame.flags & COMP == 0 || call.compressed, "COMP on a call without a compression");
        let way = if side == Side::Client { &mut call.up } else { &mut call.down };
        rule!(!way.over, "behind its END");
        if let Some(comp) = way.inside {
            rule!(msg, "DATA without MSG inside a message in parts");
            rule!(comp == frame.flags & COMP, "COMP differs from the first part's");
        }
        way.inside = more.then_some(frame.flags & COMP);
        way.over = end;
        way.data = true;
        way.credit -= cost;
        rule!(way.credit >= 0, "{} bytes of the stream's credit too many", -way.credit);
        Ok(())
    }

    fn cancel(&mut self, frame: &Frame) -> Result<(), String> {
        rule!(frame.body.len() == 2 && (1..=4).contains(&u32_of(&frame.body)), "reason {:?}", frame.body);
        let call = self.calls.get_mut(&frame.stream).ok_or("on a call that is not there")?;
        rule!(!call.cancelled, "CANCEL twice");
        rule!(!call.one_way && !call.down.settled, "CANCEL of a call that is over");
        call.cancelled = true;
        Ok(())
    }

    fn of_server(&mut self, frame: &Frame) -> Result<(), String> {
        rule!(self.accepted.is_none_or(|last| frame.stream <= last), "an answer to a call that was not accepted");
        let call = self.calls.get_mut(&frame.stream).ok_or("on a call that is not there")?;
        rule!(!call.one_way, "an answer to a one-way call");
        rule!(call.known, "on a call that it does not know");
        rule!(!call.cancel_settled, "an answer to CANCEL");
        rule!(!call.down.over, "behind the end of the call");
        if frame.kind == HEADERS {
            rule!(frame.body.is_empty(), "a body");
            rule!(!call.down.headers && !call.down.data, "HEADERS twice, or behind DATA");
            call.down.headers = true;
        } else {
            rule!(frame.body.len() == 3 && frame.body[2] & !1 == 0, "body {:?}", frame.body);
            call.down.over = true;
        }
        Ok(())
    }

    fn arrived(&mut self, side: Side, len: usize) -> Result<(), String> {
        let from = if side == Side::Client { Side::Server } else { Side::Client };
        self.line(from).arrived += len;
        loop {
            let line = self.line(from);
            if line.travelling.front().is_none_or(|frame| frame.end > line.arrived) {
                return Ok(());
            }
            let Some(frame) = line.travelling.pop_front() else { return Ok(()) };
            self.known(from, &frame)?;
        }
    }

    /// A frame has arrived whole: what its receiver knows now.
    fn known(&mut self, from: Side, frame: &Frame) -> Result<(), String> {
        let cost = size(&frame.body) + 16;
        match frame.kind {
            HELLO => {
                self.line(from).introduced = true;
                if from == Side::Server {
                    let agreed = self.numbers(Side::Client);
                    self.client.credit += agreed[6] - FLOORS[6];
                    for call in self.calls.values_mut() {
                        call.up.credit += agreed[5] - FLOORS[5];
                    }
                }
            }
            PING if frame.flags & ACK == 0 => {
                let back = if from == Side::Client { &mut self.server } else { &mut self.client };
                back.unanswered.push(frame.body.clone());
            }
            WINDOW => {
                let to = if from == Side::Client { Side::Server } else { Side::Client };
                let numbers = self.numbers(to);
                let credit = i64::from(u32_of(&frame.body));
                let (level, window) = if frame.stream == 0 {
                    let line = self.line(to);
                    line.credit += credit;
                    (line.credit, numbers[6])
                } else {
                    let Some(call) = self.calls.get_mut(&frame.stream) else { return Ok(()) };
                    let way = if to == Side::Client { &mut call.up } else { &mut call.down };
                    way.credit += credit;
                    (way.credit, numbers[5])
                };
                rule!(level <= window, "WINDOW on {} lifts it to {level} of {window}", frame.stream);
            }
            REQUEST | DATA => {
                self.line(from).owed += cost;
                let window = self.numbers(Side::Server)[5];
                let call = self.calls.get_mut(&frame.stream).ok_or("a call came from nowhere")?;
                if frame.kind == REQUEST {
                    call.known = true;
                    call.down.credit = window;
                    self.last_arrived = frame.stream;
                }
                let way = if from == Side::Client { &mut call.up } else { &mut call.down };
                way.owed += cost;
                way.known_over |= frame.flags & END != 0;
            }
            STATUS => {
                if let Some(call) = self.calls.get_mut(&frame.stream) {
                    call.down.known_over = true;
                }
            }
            CANCEL => {
                if let Some(call) = self.calls.get_mut(&frame.stream) {
                    call.cancel_known = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Once everything was taken: nobody holds back more than half a window.
    pub fn settled(&self) -> Result<(), String> {
        for (line, side) in [(&self.client, Side::Client), (&self.server, Side::Server)] {
            let window = self.numbers(side)[6];
            rule!(
                line.owed <= window / 2,
                "{} of a window of {window} were never given back to the {side:?}",
                line.owed
            );
            rule!(line.unanswered.is_empty(), "a ping was not answered");
        }
        Ok(())
    }
}
