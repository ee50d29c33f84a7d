//! Flow-control windows: what may still be sent, and what was received and not given back.
//!
//! One [`SendWindow`] and one [`ReceiveWindow`] per level (stream, connection) and direction. Between the two ends
//! every byte of a window is at any time exactly one of: credit that the sender still has, on its way, waiting for the
//! application, or credit that gathers for the next batch. Knows numbers only, no frames.

/// Credit that this side may spend.
#[derive(Clone, Copy, Debug)]
pub struct SendWindow {
    size: usize,
    left: usize,
}

/// The peer gave credit that the window has no room for, or none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditError {
    /// A credit of nothing.
    #[error("a credit of 0")]
    Zero,
    /// The window would pass its size.
    #[error("a credit of {credit} lifts a window of {size} with {left} left above its size")]
    Overflow {
        /// What was given.
        credit: u32,
        /// What there was.
        left: usize,
        /// The window's size.
        size: usize,
    },
}

impl SendWindow {
    /// A full window.
    pub const fn new(size: u32) -> Self {
        Self { size: size as usize, left: size as usize }
    }

    /// What may be spent now.
    pub const fn left(&self) -> usize {
        self.left
    }

    /// The agreed size.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Spends `cost`; the caller has looked at [`Self::left`] before.
    pub const fn spend(&mut self, cost: usize) {
        self.left = self.left.saturating_sub(cost);
    }

    /// Takes credit from the peer.
    pub const fn credit(&mut self, credit: u32) -> Result<(), CreditError> {
        if credit == 0 {
            return Err(CreditError::Zero);
        }
        let lifted = self.left.saturating_add(credit as usize);
        if lifted > self.size {
            return Err(CreditError::Overflow { credit, left: self.left, size: self.size });
        }
        self.left = lifted;
        Ok(())
    }

    /// The handshake settled a larger size.
    pub const fn grow(&mut self, size: u32) {
        let more = (size as usize).saturating_sub(self.size);
        self.size += more;
        self.left += more;
    }
}

/// Credit that the peer may spend, and what becomes of it.
///
/// Parts of an incomplete message are *lent*: their credit goes back although they stay in memory, so that a message may be larger
/// than the window. When the message is complete what was lent becomes debt: until the application has taken as much, credit of
/// further parts pays the debt (beyond `slack`) instead of going back. So memory stays bounded, and an
/// incomplete message always gets on once the application takes the complete ones before it.
#[derive(Clone, Copy, Debug)]
pub struct ReceiveWindow {
    size: usize,
    left: usize,
    gathered: usize,
    debt: usize,
    slack: usize,
}

/// The peer spent more than it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cost} bytes spent of a window with {left} left")]
pub struct Overspent {
    /// What it spent.
    pub cost: usize,
    /// What it had.
    pub left: usize,
}

impl ReceiveWindow {
    /// A window that the peer may spend wholly; debt up to `slack` does not hold back its credit.
    pub const fn new(size: u32, slack: usize) -> Self {
        Self { size: size as usize, left: size as usize, gathered: 0, debt: 0, slack }
    }

    /// What the peer may still spend.
    pub const fn left(&self) -> usize {
        self.left
    }

    /// Received: the peer spent `cost`.
    pub const fn spend(&mut self, cost: usize) -> Result<(), Overspent> {
        match self.left.checked_sub(cost) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Overspent { cost, left: self.left }),
        }
    }

    /// Buffered as a part of an incomplete message.
    pub const fn lend(&mut self, cost: usize) {
        let over = self.debt.saturating_sub(self.slack);
        let pays = if over < cost { over } else { cost };
        self.debt -= pays;
        self.gathered += cost - pays;
    }

    /// A message is complete whose earlier parts had cost `lent`.
    pub const fn complete(&mut self, lent: usize) {
        self.debt = self.debt.saturating_add(lent);
    }

    /// Taken by the application, or discarded: what all parts of complete messages had cost.
    pub const fn release(&mut self, cost: usize) {
        let pays = if self.debt < cost { self.debt } else { cost };
        self.debt -= pays;
        self.gathered += cost - pays;
    }

    /// The credit to send now: what has gathered, if that is at least a quarter of the window. A sender may count on half of
    /// it; the rest is for owners that do not report at once what was taken.
    pub const fn credit(&mut self) -> Option<u32> {
        if self.gathered == 0 || self.gathered * 4 < self.size {
            return None;
        }
        let credit = self.gathered;
        self.gathered = 0;
        self.left += credit;
        Some(credit as u32)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn credit_of_nothing_and_credit_above_the_window_are_refused() {
        let mut window = SendWindow::new(100);
        window.spend(40);
        assert_eq!(window.credit(0), Err(CreditError::Zero));
        assert_eq!(window.credit(41), Err(CreditError::Overflow { credit: 41, left: 60, size: 100 }));
        assert_eq!(window.credit(u32::MAX), Err(CreditError::Overflow { credit: u32::MAX, left: 60, size: 100 }));
        assert_eq!(window.credit(40), Ok(()));
        assert_eq!(window.left(), 100);
    }

    #[test]
    fn half_a_window_is_a_senders_whatever_its_receiver_has_not_reported_yet() {
        // The smallest window; owners report what was taken at 16 KiB at the latest.
        let (size, unreported) = (65_536, 16_383);
        for gathered in [1, 16_383, 16_384, 32_767] {
            let mut window = ReceiveWindow::new(size, 0);
            window.spend(gathered + unreported).unwrap();
            window.release(gathered);
            window.credit();
            assert!(window.left() >= 32_768, "{window:?}");
        }
    }

    #[test]
    fn a_message_may_be_larger_than_the_window() {
        let mut window = ReceiveWindow::new(100, 0);
        for _ in 0..20 {
            window.spend(50).unwrap();
            window.lend(50);
            assert_eq!(window.credit(), Some(50));
        }
        window.spend(10).unwrap();
        window.complete(1000);
        // The application has not taken it: a next large message is held back once the window is used up.
        window.spend(90).unwrap();
        window.lend(90);
        assert_eq!(window.credit(), None);
        assert_eq!(window.spend(1), Err(Overspent { cost: 1, left: 0 }));
        window.release(1010);
        assert_eq!(window.credit(), Some(100));
    }

    proptest! {
        /// Whatever comes in whatever order: once everything is taken, nothing is lost and nothing was made up.
        #[test]
        fn everything_is_given_back(messages in prop::collection::vec((prop::collection::vec(1..200_usize, 1..12), any::<bool>()), 0..40), slack in 0..500_usize) {
            let mut window = ReceiveWindow::new(1000, slack);
            let mut untaken: Vec<usize> = Vec::new();
            for (parts, take) in messages {
                let (last, first) = parts.split_last().unwrap();
                let mut lent = 0;
                for part in first.iter().chain([last]) {
                    while window.spend(*part).is_err() {
                        // The sender waits: taking what is complete must bring credit.
                        prop_assert!(!untaken.is_empty(), "stuck with {window:?}");
                        window.release(untaken.remove(0));
                        window.credit();
                    }
                    if std::ptr::eq(part, last) {
                        window.complete(lent);
                        untaken.push(lent + part);
                    } else {
                        window.lend(*part);
                        lent += part;
                    }
                    window.credit();
                    prop_assert!(window.left() <= 1000);
                }
                if take {
                    window.release(untaken.remove(0));
                    window.credit();
                }
            }
            for cost in untaken {
                window.release(cost);
            }
            prop_assert_eq!((window.left + window.gathered, window.debt), (1000, 0));
        }
    }
}
